"""What a user wants a classifier to abstain on, before anything is measured: read and refused early."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from striate.errors import UnknownNameError, UsageError
from striate.tasks.decision_rule import LARGEST_COST, Costs
from striate.tasks.task import Task

ABSTAIN_TERMS: Mapping[str, str] = {
    "error": "the largest share of wrong answers among those given",
    "coverage": "the least share of pictures answered",
    "unfamiliar": "the largest share of familiar pictures that may be taken for unlike anything learnt",
}
"""What `--abstain` takes, as `error=0.01,unfamiliar=0.01`."""

ABSTAINING = "abstain"
"""The column of a table of costs that says what it costs to give no answer."""

MOST_COST_BYTES = 1 << 22


@dataclass(frozen=True)
class RuleWish:
    """What was asked for; each may be missing."""

    error: float | None = None
    coverage: float | None = None
    unfamiliar: float | None = None
    conformal: float | None = None
    by_class: bool = False
    """Whether conformal sets hold for each class by itself."""
    costs: Costs | None = None

    def __post_init__(self) -> None:
        """Refuses what no bundle can have.

        Raises:
            UsageError: If shares are none, or two wishes exclude each other.
        """
        for name in ("error", "coverage", "unfamiliar", "conformal"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise UsageError(f"{name} must be a share between 0 and 1, such as {_EXAMPLES[name]}; got {value:g}")
        if self.error is not None and self.coverage is not None:
            raise UsageError("error and coverage exclude each other: one threshold keeps one promise; give one of them")
        if self.by_class and self.conformal is None:
            raise UsageError("--by-class says how conformal sets are made; give --conformal with it")
        priced = self.costs is not None and self.costs.abstaining is not None
        if priced and (self.error is not None or self.coverage is not None):
            raise UsageError(
                f"the costs have a price for abstaining, which decides when; leave out error and coverage, or the column {ABSTAINING!r}"
            )

    @property
    def empty(self) -> bool:
        """Whether nothing was asked for."""
        return self == RuleWish()


_EXAMPLES = {"error": "0.01", "coverage": "0.9", "unfamiliar": "0.01", "conformal": "0.95"}


def read_abstain(text: str) -> dict[str, float]:
    """The terms of `--abstain`: by name, the number.

    Raises:
        UsageError: If it is anything else.

    Example:
        >>> read_abstain("error=0.01, unfamiliar=0.05")
        {'error': 0.01, 'unfamiliar': 0.05}
    """
    terms: dict[str, float] = {}
    for part in text.split(","):
        name, sign, number = (piece.strip() for piece in part.partition("="))
        if not sign:
            raise UsageError(f"--abstain takes terms such as error=0.01 or coverage=0.9, got {part.strip()!r}")
        if name not in ABSTAIN_TERMS:
            raise UnknownNameError("term of --abstain", name, ABSTAIN_TERMS)
        if name in terms:
            raise UsageError(f"--abstain has {name} twice")
        try:
            terms[name] = float(number)
        except ValueError:
            raise UsageError(f"--abstain {name} must be a number, got {number!r}") from None
    return terms


OF_ONE_CLASS = {
    "sets": "--conformal makes sets of classes with the one that is true among them",
    "costs": "--costs weighs one class that is answered against one that is true",
}
"""Why some parts of a rule are of one class a picture."""


def check_wish(asked: RuleWish, task: Task) -> None:
    """Refuses parts of a rule that the task has none of.

    Raises:
        UsageError: One was asked for.
    """
    parts = {
        "least_sure": asked.error is not None or asked.coverage is not None,
        "unfamiliar": asked.unfamiliar is not None,
        "sets": asked.conformal is not None,
        "costs": asked.costs is not None,
    }
    for part, wanted in parts.items():
        if not wanted or part in task.rule_parts:
            continue
        if not task.rule_parts:
            raise UsageError(
                f"{task.name!r} has no rule by which it abstains; leave out --abstain, --conformal and --costs"
            )
        raise UsageError(
            f"{OF_ONE_CLASS[part]}, and these pictures may have several labels, each of which is named from its own threshold on; "
            "leave it out: --abstain keeps answers back"
        )


def wish(
    abstain: str | None = None,
    *,
    conformal: float | None = None,
    by_class: bool = False,
    costs: str | Path | None = None,
) -> RuleWish:
    """What options and arguments of a verb come to.

    Raises:
        UsageError: If they make no sense, or the file of costs cannot be read.
    """
    terms = {} if abstain is None else read_abstain(abstain)
    return RuleWish(
        **terms, conformal=conformal, by_class=by_class, costs=read_costs(Path(costs)) if costs is not None else None
    )


def read_costs(path: Path) -> Costs:
    """A CSV table: a row a true class, a column an answer; the first row has the names, one column may be `abstain`.

    Raises:
        UsageError: If it is anything else, with the line.
    """
    try:
        if path.stat().st_size > MOST_COST_BYTES:
            raise UsageError(f"{path} has more than {MOST_COST_BYTES:,} bytes, which no table of costs has")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        if isinstance(error, UsageError):
            raise
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise UsageError(f"the costs cannot be read from {path}: {reason}") from error
    rows = [row for row in csv.reader(text.splitlines()) if any(cell.strip() for cell in row)]
    if len(rows) < 2 or len(rows[0]) < 3:
        raise UsageError(
            f"{path} is no table of costs; expected a first row such as true,cat,dog,{ABSTAINING} and a row for each true class"
        )
    answers = [cell.strip() for cell in rows[0][1:]]
    table: dict[str, dict[str, float]] = {}
    for row in rows[1:]:
        name = row[0].strip()
        if len(row) != len(rows[0]) or name in table:
            what = "is there twice" if name in table else f"has {len(row) - 1} costs where {len(answers)} are named"
            raise UsageError(f"{path}: the row of {name!r} {what}")
        table[name] = {answer: _cost(path, name, cell) for answer, cell in zip(answers, row[1:], strict=True)}
    if len(set(answers)) < len(answers):
        raise UsageError(f"{path} names an answer twice")
    prices = (
        {row.pop(ABSTAINING) for row in table.values()} if ABSTAINING in answers and ABSTAINING not in table else {None}
    )
    if len(prices) > 1:
        raise UsageError(
            f"{path}: the column {ABSTAINING!r} must have one price in all rows, since the true class is not known then"
        )
    return Costs(table, prices.pop())


def _cost(path: Path, name: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not 0 <= value <= LARGEST_COST:
        raise UsageError(
            f"{path}: the row of {name!r} has {cell.strip()!r}; expected a cost from 0 to {LARGEST_COST:,.0f}"
        )
    return value
