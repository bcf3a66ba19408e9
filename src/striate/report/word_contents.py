"""What is seen of sentences, as plain data: words with what they did, phrases that filters answer to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from striate.text.shown_sentence import ShownSentence


class ScoredWord(NamedTuple):
    """A word as it is written, and what it did for the class that is asked about."""

    written: str
    score: float | None  # above 0 it speaks for the class, below against it; None: the network does not see it
    known: bool = True  # whether the vocabulary has it; of a word of several signs, all of them

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON types."""
        return {"word": self.written, "score": self.score, "known": self.known}


class SeenPhrase(NamedTuple):
    """A phrase, and what a filter answered to it."""

    words: tuple[str, ...]  # "" where the window hangs over the sentence's ends
    activation: float
    sentence: str  # the first one with it, shortened
    sentences: int  # how many of the strongest windows have it

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON types."""
        return {
            "words": list(self.words),
            "activation": self.activation,
            "sentence": self.sentence,
            "sentences": self.sentences,
        }


@dataclass(frozen=True)
class FilterPhrases:
    """A filter, and its strongest phrases."""

    filter: int
    window: int  # words
    speaks_for: str  # the class that its answer raises most
    weight: float  # by how much, in logits, one unit of its answer raises that class over the mean of the others
    phrases: Sequence[SeenPhrase]

    @property
    def title(self) -> str:
        """What stands above them."""
        return f"filter {self.filter}, {self.window} words, for {self.speaks_for}"

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON types."""
        return {
            "filter": self.filter,
            "window": self.window,
            "speaks_for": self.speaks_for,
            "weight": self.weight,
            "phrases": [phrase.to_dict() for phrase in self.phrases],
        }


def scored_words(shown: ShownSentence, scores: Sequence[float]) -> tuple[ScoredWord, ...]:
    """All words of a sentence, those that the network sees with their scores, which come in this order.

    Example:
        >>> scored_words(ShownSentence(("a", "-"), ((0,), ()), (True, True)), [0.5])
        (ScoredWord(written='a', score=0.5, known=True), ScoredWord(written='-', score=None, known=True))
    """
    numbers = iter(scores)
    return tuple(
        ScoredWord(word, next(numbers) if places else None, known)
        for word, places, known in zip(shown.written, shown.positions, shown.known, strict=True)
    )


def strength(words: Sequence[ScoredWord]) -> float:
    """The largest score without its sign: what a word must have to be drawn strongest; 1 where all are 0."""
    return max((abs(word.score) for word in words if word.score is not None), default=0.0) or 1.0


def signed(score: float) -> str:
    """A score with its sign, in two figures or three.

    Example:
        >>> signed(0.1234), signed(-12.3), signed(0.0), signed(-0.0004)
        ('+0.123', '-12.3', '0', '-0.000')
    """
    if score == 0:
        return "0"
    return f"{score:+.1f}" if abs(score) >= 10 else f"{score:+.2f}" if abs(score) >= 1 else f"{score:+.3f}"
