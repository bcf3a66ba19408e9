"""The figures of each split, of strings that are read."""

from __future__ import annotations

from striate.evaluation.string_scores import StringReadingScores
from striate.report.contents import TrainingReport
from striate.report.parts.part import Part
from striate.report.table import Table
from striate.wording import number, percent


def words(report: TrainingReport, scores: StringReadingScores | None) -> Table | None:
    """A row a split, where there are several."""
    if len(report.scores) < 2:
        return None
    rows = []
    for split, figures in report.scores.items():
        found = StringReadingScores.from_dict(figures)
        low, high = found.accuracy_interval
        rows.append(
            (
                split,
                number(found.count),
                percent(found.accuracy),
                f"{percent(low)} – {percent(high)}",
                percent(found.character_error_rate),
                number(found.log_loss),
            )
        )
    columns = ("Split", "Pictures", "Right as a whole", "95 % interval", "Character error rate", "Log loss")
    return Table(columns, tuple(rows))


PART = Part("string_splits", "", words)
