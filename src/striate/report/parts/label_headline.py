"""The number that people come for, of several labels a picture: the mean average precision, and the figures beside it."""

from __future__ import annotations

from dataclasses import dataclass

from striate.evaluation.label_scores import MultiLabelScores
from striate.report.contents import TrainingReport
from striate.report.parts.part import Part
from striate.wording import number, percent


@dataclass(frozen=True)
class LabelHeadline:
    """What the page shows."""

    split: str
    precision: float
    interval: tuple[float, float] | None
    chance: float  # the mean average precision of answers at random: the mean share of pictures with a label
    count: int
    figures: tuple[tuple[str, str], ...]  # name, value


def words(report: TrainingReport, scores: MultiLabelScores | None) -> LabelHeadline | None:
    """The mean average precision of the headline's split."""
    if scores is None:
        return None
    shares = [row.support / scores.count for row in scores.per_class if row.support]
    low, high = scores.accuracy_interval
    return LabelHeadline(
        split=report.headline_split or "",
        precision=scores.mean_average_precision,
        interval=scores.mean_average_precision_interval,
        chance=sum(shares) / len(shares) if shares else 0.0,
        count=scores.count,
        figures=(
            ("F1, all labels together (micro)", _with(scores.f1_micro, scores.f1_micro_interval)),
            ("F1, mean of the labels (macro)", _with(scores.f1_macro, scores.f1_macro_interval)),
            ("All labels of a picture right", _with(scores.accuracy, (low, high))),
            ("Log loss", number(scores.log_loss)),
            ("Calibration error", percent(scores.expected_calibration_error)),
        ),
    )


def _with(share: float, interval: tuple[float, float] | None) -> str:
    return percent(share) if interval is None else f"{percent(share)} ({percent(interval[0])} – {percent(interval[1])})"


PART = Part("label_headline", "", words)
