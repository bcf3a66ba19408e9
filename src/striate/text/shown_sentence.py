"""A sentence as a person reads it, beside the ids that a network reads."""

from __future__ import annotations

from typing import NamedTuple

from striate.text.sentences import UNKNOWN, SentenceEncoding
from striate.text.words import shown_words


class ShownSentence(NamedTuple):
    """Words as they are written, each with its ids."""

    written: tuple[str, ...]
    positions: tuple[tuple[int, ...], ...]
    """Of each the places of its ids in the encoded sentence; none of a sign that is no word, and of what is cut off."""
    known: tuple[bool, ...]
    """Of each, whether the vocabulary has all of it."""

    @property
    def seen(self) -> tuple[tuple[int, ...], ...]:
        """The positions of the words that a network sees."""
        return tuple(places for places in self.positions if places)


def shown_sentence(encoding: SentenceEncoding, text: str) -> ShownSentence:
    """The words of a sentence with their places.

    Args:
        encoding: By which it becomes ids.
        text: The sentence.

    Raises:
        ItemError: There is no word in it.

    Example:
        >>> shown_sentence(SentenceEncoding(("a", "영", "화"), length=5), "A - 영화 b good film")
        ... # doctest: +NORMALIZE_WHITESPACE
        ShownSentence(written=('A', '-', '영화', 'b', 'good', 'film'), positions=((0,), (), (1, 2), (3,), (4,), ()),
                      known=(True, True, True, False, False, False))
    """
    ids = encoding.all_ids(text)
    written, positions, known, begin = [], [], [], 0
    for word, count in shown_words(text):
        places = range(begin, begin + count)
        written.append(word)
        positions.append(tuple(place for place in places if place < encoding.length))
        known.append(all(ids[place] != UNKNOWN for place in places))
        begin += count
    return ShownSentence(tuple(written), tuple(positions), tuple(known))
