"""Confusion per label: for each, how often it was named rightly and wrongly, and its curve of precision over recall."""

from __future__ import annotations

from dataclasses import dataclass

from striate.evaluation.label_scores import LabelScores, MultiLabelScores
from striate.report.contents import LabelCurve, TrainingReport
from striate.report.curves import Chart, Point, share_chart
from striate.report.parts.part import Part
from striate.wording import number, percent

LABELS_IN_FULL = 60
"""With more, only the worst and the best are shown."""
WORST, BEST = 40, 10


@dataclass(frozen=True)
class LabelRow:
    """One label in the table."""

    name: str
    cells: tuple[str, ...]
    share: float  # of the bar


@dataclass(frozen=True)
class LabelsPart:
    """What the page shows, the worst label first."""

    chosen: str
    head: tuple[LabelRow, ...]
    between: str
    tail: tuple[LabelRow, ...]
    charts: tuple[Chart, ...]
    left: str  # a sentence on the curves that are not shown, or ""


def words(report: TrainingReport, scores: MultiLabelScores | None) -> LabelsPart | None:
    """The table and the curves."""
    if scores is None:
        return None
    order = sorted(
        scores.per_class, key=lambda row: (row.average_precision is None, row.average_precision or 0.0, row.name)
    )
    rows = tuple(map(_shown, order))
    between, head = "", rows
    tail: tuple[LabelRow, ...] = ()
    if len(rows) > LABELS_IN_FULL:
        head, tail = rows[:WORST], rows[-BEST:]
        between = f"{len(rows) - WORST - BEST:,} labels between the {WORST} worst and the {BEST} best are not shown"
    places = {row.name: place for place, row in enumerate(order)}
    curves = sorted(report.label_curves, key=lambda curve: places[curve.name])
    hidden = len([row for row in order if row.support]) - len(curves)
    return LabelsPart(
        chosen=_chosen(report),
        head=head,
        between=between,
        tail=tail,
        charts=tuple(map(_chart, curves)),
        left=f"The curves of {hidden:,} labels that do better are not shown." if curves and hidden > 0 else "",
    )


def _shown(row: LabelScores) -> LabelRow:
    named = row.true_positives + row.false_positives
    return LabelRow(
        row.name,
        (
            percent(row.average_precision) if row.average_precision is not None else "–",
            f"{row.threshold:.3g}",
            number(row.true_positives),
            number(row.false_positives),
            number(row.false_negatives),
            number(row.true_negatives),
            percent(row.precision) if named else "–",
            percent(row.recall) if row.support else "–",
            percent(row.f1) if named or row.support else "–",
        ),
        row.average_precision or 0.0,
    )


def _chosen(report: TrainingReport) -> str:
    if "val" not in report.scores:
        return "There were no validation pictures to choose thresholds on: a label is named where it is more probable than not."
    said = (
        "Each threshold is the one with the highest F1 of its label on the validation pictures; a label that too few of them have takes "
        "the one that is best for all labels together"
    )
    if report.headline_split == "val":
        return f"{said}. What it does is measured on these pictures too: on others it will do a little worse."
    return f"{said}. What it does is measured on other pictures, those of {report.headline_split}."


def _chart(curve: LabelCurve) -> Chart:
    return share_chart(
        curve.name,
        f"Precision over recall of {curve.name}: average precision {curve.average_precision:.3f}, of chance {curve.chance:.3f}.",
        x_label="recall",
        x=list(curve.recall),
        y=list(curve.precision),
        last=f"AP {curve.average_precision:.3f}",
        chance=((0.0, curve.chance), (1.0, curve.chance)),
        points=[Point(*curve.at, f"{curve.threshold:.3g}")] if curve.at else [],
    )


PART = Part("labels", "Label by label", words)
