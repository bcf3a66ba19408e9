"""The number that people come for, of strings that are read: how many are right as a whole, and the figures beside it."""

from __future__ import annotations

from dataclasses import dataclass

from striate.evaluation.string_scores import StringReadingScores
from striate.report.contents import TrainingReport
from striate.report.parts.part import Part
from striate.wording import number, percent


@dataclass(frozen=True)
class StringHeadline:
    """What the page shows."""

    split: str
    accuracy: float
    interval: tuple[float, float]
    count: int
    figures: tuple[tuple[str, str], ...]  # name, value


def words(report: TrainingReport, scores: StringReadingScores | None) -> StringHeadline | None:
    """The sequence accuracy of the headline's split."""
    if scores is None:
        return None
    return StringHeadline(
        split=report.headline_split or "",
        accuracy=scores.accuracy,
        interval=scores.accuracy_interval,
        count=scores.count,
        figures=(
            ("Character error rate", percent(scores.character_error_rate)),
            ("Exchanged, missing, too many", f"{scores.exchanged:,}, {scores.missing:,}, {scores.extra:,}"),
            ("Signs in the right strings", number(scores.signs)),
            ("Log loss", number(scores.log_loss)),
            ("Calibration error", percent(scores.expected_calibration_error)),
        ),
    )


PART = Part("string_headline", "", words)
