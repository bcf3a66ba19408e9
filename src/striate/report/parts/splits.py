"""The figures of each split, of one label a picture."""

from __future__ import annotations

from striate.encodings import named_encoding
from striate.evaluation import Scores
from striate.report.contents import TrainingReport
from striate.report.parts.part import Part
from striate.report.table import Table
from striate.wording import number, percent


def words(report: TrainingReport, scores: Scores | None) -> Table | None:
    """A row a split, where there are several."""
    if len(report.scores) < 2:
        return None
    rows = []
    for split, figures in report.scores.items():
        of_split = Scores.from_dict(figures)
        low, high = of_split.accuracy_interval
        rows.append(
            (
                split,
                number(of_split.count),
                percent(of_split.accuracy),
                f"{percent(low)} – {percent(high)}",
                percent(of_split.balanced_accuracy),
                number(of_split.log_loss),
            )
        )
    many = named_encoding(report.data.kind).plural.capitalize()
    return Table(("Split", many, "Accuracy", "95 % interval", "Balanced", "Log loss"), tuple(rows))


PART = Part("splits", "", words)
