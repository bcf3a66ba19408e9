"""What was taken for what, sign by sign, and how errors grow with the length of a string."""

from __future__ import annotations

from dataclasses import dataclass

from striate.evaluation.string_scores import SignScores, StringReadingScores, shown_sign
from striate.report.contents import TrainingReport
from striate.report.parts.part import Part
from striate.report.table import Table
from striate.wording import number, percent

SIGNS_IN_FULL = 60
"""With more, only the worst are shown."""
CONFUSIONS = 20
LENGTHS = 40


@dataclass(frozen=True)
class SignRow:
    """One sign in the table."""

    name: str
    cells: tuple[str, ...]
    share: float  # of the bar: how often it was read where it stands


@dataclass(frozen=True)
class SignsPart:
    """What the page shows, the worst sign first."""

    rows: tuple[SignRow, ...]
    left: str  # a sentence on what is not shown, or ""
    absent: str  # a sentence on signs that the split does not have, or ""
    confusions: Table | None
    lengths: Table | None


def words(report: TrainingReport, scores: StringReadingScores | None) -> SignsPart | None:
    """The signs, the commonest confusions and the lengths."""
    if scores is None:
        return None
    present = [row for row in scores.per_sign if row.support]
    order = sorted(present, key=lambda row: (row.right / row.support, -row.support, row.name))
    hidden = len(order) - SIGNS_IN_FULL
    absent = [shown_sign(row.name) for row in scores.per_sign if not row.support]
    more = f" and {len(absent) - SIGNS_IN_FULL:,} more" if len(absent) > SIGNS_IN_FULL else ""
    return SignsPart(
        rows=tuple(map(_shown, order[:SIGNS_IN_FULL])),
        left=f"{hidden:,} signs that are read better are not shown." if hidden > 0 else "",
        absent=f"Not in this split: {' '.join(absent[:SIGNS_IN_FULL])}{more}." if absent else "",
        confusions=_confusions(scores),
        lengths=_lengths(scores),
    )


def _shown(row: SignScores) -> SignRow:
    share = row.right / row.support
    taken = f"{shown_sign(row.taken_for)} ({row.taken:,})" if row.taken else "–"
    return SignRow(
        shown_sign(row.name), (number(row.support), number(row.right), number(row.read), percent(share), taken), share
    )


def _confusions(scores: StringReadingScores) -> Table | None:
    rows = [(shown_sign(one), shown_sign(other), number(often)) for one, other, often in scores.confusions[:CONFUSIONS]]
    left = len(scores.confusions) - len(rows)
    note = f"{left:,} rarer ones are not shown." if left > 0 else ""
    return Table(("There is", "It was read as", "Times"), tuple(rows), note) if rows else None


def _lengths(scores: StringReadingScores) -> Table | None:
    rows = [
        (
            number(row.length),
            number(row.count),
            percent(row.right / row.count),
            percent(row.errors / (row.length * row.count)) if row.length else "–",
        )
        for row in scores.by_length[:LENGTHS]
    ]
    left = len(scores.by_length) - len(rows)
    note = f"{left:,} longer ones are not shown." if left > 0 else ""
    columns = ("Signs in the right string", "Pictures", "Right as a whole", "Character error rate")
    return Table(columns, tuple(rows), note) if len(scores.by_length) > 1 else None


PART = Part("signs", "Sign by sign", words)
