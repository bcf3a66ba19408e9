"""Strings that were read wrong, letter by letter beside the right ones, the surest first."""

from __future__ import annotations

from dataclasses import dataclass

from striate.evaluation.string_errors import align
from striate.evaluation.string_scores import StringReadingScores
from striate.report.contents import TrainingReport
from striate.report.parts.part import Part
from striate.report.thumbnails import Thumbnail, thumbnail
from striate.wording import probability

MISTAKES = 20
"""So many go on the page."""
SIDE = 300
"""CSS pixels of a line's picture."""
SIGNS = 60
"""Of a longer alignment only the beginning is shown."""
SPACE, GAP = "\u2423", "\u00b7"
"""What stands for a space, and for no sign."""


@dataclass(frozen=True)
class Place:
    """A place of two strings that were aligned."""

    true: str
    read: str
    right: bool


@dataclass(frozen=True)
class StringCard:
    """One string that was read wrong, with its picture."""

    thumbnail: Thumbnail
    key: str
    places: tuple[Place, ...]
    left: int
    """Places that are not shown."""
    said: str
    """Both strings, for who does not see the alignment."""
    probability: str


def words(report: TrainingReport, scores: StringReadingScores | None) -> tuple[StringCard, ...] | None:
    """A card a mistake."""
    cards = []
    for picture, key, true, read, share in report.mistakes[:MISTAKES]:
        places = tuple(Place(_sign(one), _sign(other), one == other) for one, other in align(true, read))
        said = f"It says {true or 'nothing'} and was read as {read or 'nothing'}"
        shown = thumbnail(picture, side=SIDE)  # type: ignore[arg-type]  # a picture: sentences are not read
        cards.append(StringCard(shown, key, places[:SIGNS], max(0, len(places) - SIGNS), said, probability(share)))
    return tuple(cards) or None


def _sign(sign: str | None) -> str:
    return GAP if sign is None else SPACE if sign == " " else sign


PART = Part("strings", "Strings read wrong", words)
