"""The mistakes that it was surest of, with their pictures."""

from __future__ import annotations

from dataclasses import dataclass

from striate.evaluation import Scores
from striate.report.contents import TrainingReport
from striate.report.data_part import shortened
from striate.report.parts.part import Part
from striate.report.thumbnails import Thumbnail, thumbnail
from striate.wording import probability

MISTAKES = 20
"""So many go on the page."""
MISTAKE_SIDE = 148  # CSS pixels


@dataclass(frozen=True)
class MistakeCard:
    """One mistake with its picture, or its sentence."""

    thumbnail: Thumbnail | None
    """None of a sentence."""
    sentence: str
    key: str
    true: str
    predicted: str
    probability: str


def words(report: TrainingReport, scores: Scores | None) -> tuple[MistakeCard, ...] | None:
    """A card a mistake, the surest first."""
    cards = tuple(
        MistakeCard(
            None if isinstance(given, str) else thumbnail(given, side=MISTAKE_SIDE),
            shortened(given) if isinstance(given, str) else "",
            key,
            true,
            predicted,
            probability(share),
        )
        for given, key, true, predicted, share in report.mistakes[:MISTAKES]
    )
    return cards or None


PART = Part("mistakes", "Mistakes", words)
