"""The part of a training report for two classes: curves over all thresholds, and what a chosen threshold does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from striate.encodings import named_encoding
from striate.evaluation import Scores
from striate.evaluation.two_classes import AtThreshold, ThresholdCurves
from striate.report.contents import TrainingReport, TwoClasses
from striate.report.curves import Chart, Point, share_chart
from striate.report.parts.part import Part
from striate.wording import percent, plural

MOST_POINTS = 200  # of a curve: more could not be told apart


@dataclass(frozen=True)
class TwoClassesPart:
    """What the page shows."""

    said: str
    charts: tuple[Chart, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    advice: str


def two_classes_part(two: TwoClasses, one: str = "picture") -> TwoClassesPart:
    """The curves, with each threshold marked on them, and a row for each."""
    curves, chosen = two.curves, two.chosen
    of = f"{plural(curves.positives, one)} of {two.positive} and {curves.negatives:,} of {two.negative}"
    said = f"What is sought is {two.positive}, {two.why}; the curves go over all thresholds, on {of} ({two.split})."
    points = [two.half] + ([chosen] if chosen else [])
    rows = [_row("0.5, the more probable class", two.half)]
    if chosen:
        rows.append(_row(f"{chosen.threshold:.3g}, chosen on {two.chosen_on}", chosen))
    return TwoClassesPart(
        said=said,
        charts=(_roc(curves, points), _precision_recall(curves, points)),
        columns=("Threshold", "Recall (sensitivity)", "Specificity", "Precision"),
        rows=tuple(rows),
        advice=_advice(two, one),
    )


def _advice(two: TwoClasses, one: str) -> str:
    if two.chosen is None:
        return f"No threshold is chosen: the validation {one}s are not of both classes."
    said = (
        f"The chosen threshold has the highest mean of recall and specificity (Youden's index) on the validation {one}s"
    )
    if two.chosen_on == two.split:
        return f"{said}, which are also those that it is measured on here: on others it will do a little worse."
    return f"{said}; what it does is measured on other {one}s, those of {two.split}. Predictions go on taking the more probable class."


def _row(name: str, point: AtThreshold) -> tuple[str, ...]:
    called = point.found + point.false_alarms
    return (
        name,
        _share(point.recall, point.found, point.found + point.missed, point.recall_interval),
        _share(point.specificity, point.spared, point.spared + point.false_alarms, point.specificity_interval),
        f"{percent(point.precision)} ({point.found:,} of {called:,})" if called else "– (none is called so)",
    )


def _share(share: float, count: int, of: int, interval: tuple[float, float]) -> str:
    return f"{percent(share)} ({count:,} of {of:,}; {percent(interval[0])} to {percent(interval[1])})"


def _roc(curves: ThresholdCurves, points: list[AtThreshold]) -> Chart:
    low, high = curves.roc_area_interval
    area = f"area {curves.roc_area:.3f} (95 % interval {low:.3f} to {high:.3f})"
    kept = _thinned(len(curves.thresholds))
    return share_chart(
        "ROC",
        f"Receiver operating characteristic: {area}.",
        x_label="false alarms, of the others",
        x=[0.0, *curves.false_alarms[kept].tolist()],
        y=[0.0, *curves.recall[kept].tolist()],
        last=area,
        chance=((0.0, 0.0), (1.0, 1.0)),
        points=[Point(1 - point.specificity, point.recall, f"{point.threshold:.3g}") for point in points],
    )


def _precision_recall(curves: ThresholdCurves, points: list[AtThreshold]) -> Chart:
    share = curves.positives / (curves.positives + curves.negatives)
    kept = _thinned(len(curves.thresholds))
    return share_chart(
        "Precision and recall",
        f"Precision over recall: average precision {curves.average_precision:.3f}, of chance {share:.3f}.",
        x_label="recall",
        x=[0.0, *curves.recall[kept].tolist()],
        y=[float(curves.precision[0]), *curves.precision[kept].tolist()],
        last=f"average precision {curves.average_precision:.3f}",
        chance=((0.0, share), (1.0, share)),
        points=[
            Point(point.recall, point.precision, f"{point.threshold:.3g}")
            for point in points
            if point.found + point.false_alarms
        ],
    )


def _thinned(count: int) -> list[int]:
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, MOST_POINTS)).tolist()})


def words(report: TrainingReport, scores: Scores | None) -> TwoClassesPart | None:
    """What the page shows of the report's `two_classes`, if it has any."""
    return two_classes_part(report.two_classes, named_encoding(report.data.kind).one) if report.two_classes else None


PART = Part("thresholds", "Thresholds", words)
