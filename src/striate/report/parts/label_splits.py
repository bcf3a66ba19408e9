"""The figures of each split, of several labels a picture."""

from __future__ import annotations

from striate.evaluation.label_scores import MultiLabelScores
from striate.report.contents import TrainingReport
from striate.report.parts.part import Part
from striate.report.table import Table
from striate.wording import number, percent


def words(report: TrainingReport, scores: MultiLabelScores | None) -> Table | None:
    """A row a split, where there are several."""
    if len(report.scores) < 2:
        return None
    rows = []
    for split, figures in report.scores.items():
        found = MultiLabelScores.from_dict(figures)
        interval = found.mean_average_precision_interval
        rows.append(
            (
                split,
                number(found.count),
                percent(found.mean_average_precision),
                "–" if interval is None else f"{percent(interval[0])} – {percent(interval[1])}",
                percent(found.f1_micro),
                percent(found.f1_macro),
                percent(found.accuracy),
            )
        )
    columns = ("Split", "Pictures", "Mean AP", "95 % interval", "F1 micro", "F1 macro", "All labels right")
    note = (
        "Thresholds were chosen on val, so that its F1 and what is all right flatter a little."
        if "val" in report.scores
        else ""
    )
    return Table(columns, tuple(rows), note=note)


PART = Part("label_splits", "", words)
