"""How well each class is told, from the worst on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from striate.evaluation import ClassScores, Scores
from striate.report.contents import TrainingReport
from striate.report.parts.part import Part
from striate.wording import number, percent

CLASSES_IN_FULL = 30
"""With more, only the worst and the best are shown."""
WORST_CLASSES, BEST_CLASSES = 15, 5
NAMES_IN_A_SENTENCE = 8


@dataclass(frozen=True)
class ClassRow:
    """One class in the table of scores."""

    name: str
    support: str
    precision: str
    recall: str
    f1: str
    share: float  # of the bar


@dataclass(frozen=True)
class ClassTable:
    """The classes from the worst on; between `head` and `tail` there may be others, told by `between`."""

    head: tuple[ClassRow, ...]
    between: str
    tail: tuple[ClassRow, ...]
    absent: str  # a sentence about classes without a picture, or ""


def words(report: TrainingReport, scores: Scores | None) -> ClassTable | None:
    """The classes with pictures, the worst first; those without in a sentence."""
    return class_table(scores) if scores else None


def class_table(scores: Scores) -> ClassTable:
    """Precision, recall and F1 of each class that has pictures."""
    calls = dict(zip((row.name for row in scores.per_class), scores.confusion_matrix.sum(axis=0).tolist(), strict=True))

    def shown(row: ClassScores) -> ClassRow:
        return ClassRow(
            name=row.name,
            support=number(row.support),
            precision=percent(row.precision) if calls[row.name] else "–",
            recall=percent(row.recall),
            f1=percent(row.f1),
            share=row.f1,
        )

    present = sorted((row for row in scores.per_class if row.support), key=lambda row: (row.f1, row.name))
    rows = [shown(row) for row in present]
    absent = [row.name for row in scores.per_class if not row.support]
    said = f"Without a picture in this split: {_names(absent)}." if absent else ""
    if len(rows) <= CLASSES_IN_FULL:
        return ClassTable(tuple(rows), "", (), said)
    between = (
        f"{len(rows) - WORST_CLASSES - BEST_CLASSES:,} classes between the {WORST_CLASSES} worst "
        f"and the {BEST_CLASSES} best are not shown"
    )
    return ClassTable(tuple(rows[:WORST_CLASSES]), between, tuple(rows[-BEST_CLASSES:]), said)


def _names(names: Iterable[str]) -> str:
    names = list(names)
    said = ", ".join(names[:NAMES_IN_A_SENTENCE])
    left = len(names) - NAMES_IN_A_SENTENCE
    return f"{said} and {left:,} more" if left > 0 else said


PART = Part("classes", "Class by class", words)
