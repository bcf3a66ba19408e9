"""The number that people come for, of one label a picture: the accuracy on its scale, and the figures beside it."""

from __future__ import annotations

from dataclasses import dataclass

from striate.evaluation import Scores
from striate.report.contents import TrainingReport
from striate.report.parts.part import Part
from striate.wording import number, percent


@dataclass(frozen=True)
class Headline:
    """What the page shows."""

    split: str
    accuracy: float
    low: float
    high: float
    count: int
    commonest: float  # the share that always answering the commonest class would get right
    figures: tuple[tuple[str, str], ...]  # name, value


def words(report: TrainingReport, scores: Scores | None) -> Headline | None:
    """The accuracy of the headline's split."""
    if scores is None:
        return None
    support = [row.support for row in scores.per_class]
    figures = [("Balanced accuracy", percent(scores.balanced_accuracy))]
    if scores.top_k < len(scores.per_class):
        figures.append((f"Top-{scores.top_k} accuracy", percent(scores.top_k_accuracy)))
    figures += [
        ("F1, macro", percent(scores.f1_macro)),
        ("Log loss", number(scores.log_loss)),
        ("Calibration error", percent(scores.expected_calibration_error)),
    ]
    return Headline(
        split=report.headline_split or "",
        accuracy=scores.accuracy,
        low=scores.accuracy_interval[0],
        high=scores.accuracy_interval[1],
        count=scores.count,
        commonest=max(support) / scores.count,
        figures=tuple(figures),
    )


PART = Part("headline", "", words)
