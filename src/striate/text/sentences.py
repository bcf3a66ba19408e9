"""The encoding of sentences: each becomes the ids of its words, as many as the longest of the training sentences has."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from striate.choosing import evenly
from striate.errors import ItemError, UsageError
from striate.text.reading import read_text
from striate.text.words import LONGEST_WORD, RULE, split_words

PADDING, UNKNOWN = 0, 1
"""The ids of what fills a sentence up, and of words that the vocabulary has not; its words have the following ones."""

MOST_WORDS = 50_000
"""A vocabulary's, unless more are asked for: of more, the rarest are unknown."""

LONGEST, SHORTEST = 400, 5
"""Words of a sentence that a network sees at most, and the fewest that it is given: the widest filter has five."""

LARGEST_VOCABULARY, LARGEST_LENGTH = 1_000_000, 10_000
"""That a contract may have."""

MOST_CHARACTERS = 1_000_000
"""Of one text."""


@dataclass(frozen=True)
class SentenceEncoding:
    """A sentence as the ids of its words: `length` of them, what is missing at its end filled up, what is too much cut off.

    Example:
        >>> encoding = SentenceEncoding(words=("a", "good", "film"), length=5)
        >>> encoding.encode("A good, bad film").tolist()
        [2, 3, 1, 1, 4]
    """

    words: tuple[str, ...]
    """The vocabulary; the first one's id is 2."""
    length: int
    rule: int = RULE
    """By which version of `split_words` sentences are taken apart."""

    kind: ClassVar[str] = "text"
    dtype: ClassVar[np.dtype[np.int32]] = np.dtype(np.int32)
    canary_files: ClassVar[tuple[str, ...]] = (
        "first.txt",
        "second.txt",
        "short.txt",
        "long.txt",
        "unknown.txt",
        "signs.txt",
    )

    def __post_init__(self) -> None:
        if self.rule != RULE:
            raise UsageError(f"sentences are taken apart by version {RULE} of the rule here, got version {self.rule!r}")
        if not SHORTEST <= self.length <= LARGEST_LENGTH:
            raise UsageError(f"length must lie in {SHORTEST}..{LARGEST_LENGTH:,} words, got {self.length!r}")
        if not 1 <= len(self.words) <= LARGEST_VOCABULARY:
            raise UsageError(f"a vocabulary has 1 to {LARGEST_VOCABULARY:,} words, got {len(self.words):,}")
        odd = next((word for word in self.words if not 0 < len(word) <= LONGEST_WORD or word.split() != [word]), None)
        if odd is not None or len(set(self.words)) != len(self.words):
            what = "one word twice" if odd is None else f"{odd[:LONGEST_WORD]!r}, which is no word"
            raise UsageError(f"the vocabulary holds {what}")

    @classmethod
    def of(cls, sentences: Iterable[str], *, most: int = MOST_WORDS, longest: int = LONGEST) -> SentenceEncoding:
        """The vocabulary and length of these sentences: the commonest words first, equally common ones by their signs.

        Args:
            sentences: Those that training learns from.
            most: Words of the vocabulary at most.
            longest: Words of a sentence at most.

        Raises:
            UsageError: There is no word in them.
        """
        counts: Counter[str] = Counter()
        length = SHORTEST
        for sentence in sentences:
            words = split_words(sentence)
            counts.update(words)
            length = max(length, len(words))
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        return cls(tuple(ordered[:most]), min(length, longest))

    @property
    def shape(self) -> tuple[int, ...]:
        """(length,)."""
        return (self.length,)

    @property
    def channels(self) -> int:
        """Rows of the network's table of words: the vocabulary's, one that fills up, one for every unknown word."""
        return len(self.words) + 2

    @property
    def largest(self) -> tuple[int, ...]:
        """(length,)."""
        return self.shape

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of `to_dict()`."""
        return hashlib.sha256(json.dumps(self.to_dict(), sort_keys=True).encode()).hexdigest()

    @property
    def stored_digest(self) -> str:
        """The same: all of it decides what is stored."""
        return self.digest

    @cached_property
    def ids(self) -> Mapping[str, int]:
        """Of each word of the vocabulary."""
        return {word: place + 2 for place, word in enumerate(self.words)}

    def to_dict(self) -> dict[str, Any]:
        """All of it in JSON's types."""
        return {"rule": self.rule, "length": self.length, "words": list(self.words)}

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> SentenceEncoding:
        """Reads what `to_dict` gives.

        Raises:
            UsageError: It makes no sense.
        """
        if table.keys() != {"rule", "length", "words"}:
            raise UsageError("the preprocessing of sentences has rule, length and words, and no more")
        rule, length, words = table["rule"], table["length"], table["words"]
        if type(rule) is not int or type(length) is not int or not isinstance(words, list):
            raise UsageError("of the preprocessing of sentences, rule and length are whole numbers and words is a list")
        if not all(isinstance(word, str) for word in words):
            raise UsageError("the vocabulary holds something that is no text")
        return cls(tuple(words), length, rule)

    def encode(self, item: Any, *, name: str | None = None, limit: int | None = None) -> npt.NDArray[np.int32]:
        """(length,) int32: the ids of a sentence's words.

        Args:
            item: A text, or a file's bytes.
            name: What errors call it.
            limit: Not used: what is too long is cut.

        Raises:
            ItemError: It is no text, or there is no word in it.
        """
        ids = self.all_ids(item, name=name)[: self.length]
        row = np.zeros(self.length, np.int32)
        row[: len(ids)] = ids
        return row

    def all_ids(self, item: Any, *, name: str | None = None) -> list[int]:
        """The ids of all words of a sentence, also of those that `encode` cuts off.

        Raises:
            ItemError: As `encode`.
        """
        text = sentence_of(item, name)
        found = [self.ids.get(word, UNKNOWN) for word in split_words(text)]
        if not found:
            raise ItemError(name or said(text), "there is no word in it")
        return found

    def ready(self, batch: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """(n, length) int64, as a network takes it."""
        return batch.astype(np.int64)

    def canaries(self, items: Sequence[Any]) -> dict[str, bytes]:
        """Two sentences of the data as they are, a short one, one that is cut, one of unknown words, one of signs and other scripts."""
        chosen = [sentence_of(items[int(row)]) for row in evenly(len(items), 2)]
        first, second = chosen[0], chosen[-1]
        known = self.words[: self.length]
        texts = (
            first,
            second,
            split_words(first)[0],
            " ".join((*(known * (self.length // len(known) + 1))[: self.length], "!")),
            f"qwxzv {first} vzxwq",
            f"({second.upper()}), isn't it?! 한국어 Ünïcode – 42 %",
        )
        return {name: text.encode() for name, text in zip(self.canary_files, texts, strict=True)}

    def sample(self, encoded: npt.NDArray[Any]) -> str:
        """The SHA-256 of a canary's ids."""
        return hashlib.sha256(np.ascontiguousarray(encoded, "<i4").tobytes()).hexdigest()

    def fault(self, sample: str, encoded: npt.NDArray[Any]) -> str:
        """That the ids are not those that were sealed, if so."""
        return (
            ""
            if sample == self.sample(encoded)
            else "its words have other ids; the rule that splits sentences is not what was sealed"
        )


def sentence_of(item: Any, name: str | None = None) -> str:
    """The text of an item.

    Raises:
        ItemError: It is none, or longer than any sentence.
    """
    if isinstance(item, bytes):
        item = read_text(item, name=name or "the text")[0]
    if not isinstance(item, str):
        raise ItemError(name or repr(item)[:50], f"a sentence is a text, got {type(item).__name__}")
    if len(item) > MOST_CHARACTERS:
        raise ItemError(name or said(item), f"it has {len(item):,} characters; expected at most {MOST_CHARACTERS:,}")
    return item


def said(text: str) -> str:
    """The beginning of a text, for messages."""
    return repr(text if len(text) <= 60 else text[:59] + "…")


class Tally:
    """How many words of how many sentences a vocabulary has not, and how many sentences are too long.

    Args:
        encoding: Whose vocabulary and length.
    """

    def __init__(self, encoding: SentenceEncoding) -> None:
        self.encoding = encoding
        self.words = self.unknown = self.sentences = self.cut = 0

    def add(self, item: Any) -> None:
        """Counts a sentence; one that cannot be read counts nothing."""
        try:
            ids = self.encoding.all_ids(item)
        except ItemError:
            return
        self.words += len(ids)
        self.unknown += ids.count(UNKNOWN)
        self.sentences += 1
        self.cut += len(ids) > self.encoding.length

    def remarks(self) -> list[str]:
        """A sentence for each thing worth knowing."""
        found = []
        if self.unknown:
            share = self.unknown / self.words
            found.append(
                f"{self.unknown:,} of {self.words:,} words ({share:.1%}) are not in the vocabulary of {len(self.encoding.words):,}"
            )
        if self.cut:
            found.append(
                f"{self.cut:,} of {self.sentences:,} sentences have more than {self.encoding.length} words, and are cut there"
            )
        return found
