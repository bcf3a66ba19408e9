"""Who is better than whom on the same test pictures, and whether the bar is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from quality.cells import Cell
from quality.contenders import CONTENDERS, OWN, Contender
from quality.sets import Facts
from striate.evaluation import PairedComparison, compare_right, wilson_interval

MEAN_RANK = 1.5
"""What the mean rank may be at most."""


@dataclass(frozen=True)
class Standing:
    """A contender on one set within one budget: its middle seed, which every comparison takes."""

    contender: str
    cell: Cell  # of the middle seed by accuracy, the lower of two
    right: np.ndarray  # (n,) bool
    accuracies: tuple[float, ...]  # of all seeds, sorted
    rank: int  # 1 + how many are better by the paired test

    @property
    def accuracy(self) -> float:
        """Of the middle seed."""
        return float(self.right.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, Wilson."""
        return wilson_interval(int(self.right.sum()), len(self.right))


@dataclass(frozen=True)
class Verdict:
    """Ours on one set within one budget, beside the best peer."""

    budget: int
    dataset: str
    own: Standing
    best: Standing
    comparison: PairedComparison
    chance: float  # the share of the class that is most frequent in the test pictures

    @property
    def reached(self) -> bool:
        """Whether ours is not worse than the best peer by the paired test."""
        return self.comparison.verdict != "worse"

    @property
    def at_chance(self) -> bool:
        """Whether ours cannot be told from always answering the most frequent class."""
        return self.own.interval[0] <= self.chance


def middle(cells: Sequence[Cell], facts: Facts) -> tuple[Cell, np.ndarray, tuple[float, ...]] | None:
    """The middle seed, which of its answers are right, and all seeds' accuracies; a seed that failed has none right. None without cells."""
    if not cells:
        return None
    count = len(facts.labels())
    scored = [(np.zeros(count, bool) if cell.failure else cell.right(facts), cell) for cell in cells]
    scored.sort(key=lambda pair: (pair[0].mean(), pair[1].place.seed))
    right, cell = scored[(len(scored) - 1) // 2]
    return cell, right, tuple(float(own.mean()) for own, _ in scored)


def league(own: str, contenders: Mapping[str, Contender] = CONTENDERS) -> list[str]:
    """Ours, and those that it is ranked among: with weights all peers, without them the peers that have none either."""
    weights = contenders[own].weights
    return [own, *(row.name for row in contenders.values() if not row.ours and (weights or not row.weights))]


def standings(cells: Mapping[str, Sequence[Cell]], facts: Facts) -> dict[str, Standing]:
    """All contenders of one set and budget that have cells, by name, ranked; ties share the better rank.

    A contender's rank is one more than the number of those that are better than it by the exact paired test at 5 %, without correction
    for many comparisons.
    """
    found = {name: taken for name, own in cells.items() if (taken := middle(own, facts)) is not None}
    return {
        name: Standing(
            name,
            cell,
            right,
            accuracies,
            1 + sum(compare_right(other, right).verdict == "better" for _, other, _ in found.values()),
        )
        for name, (cell, right, accuracies) in found.items()
    }


def verdict(own: str, found: Mapping[str, Standing], facts: Facts, budget: int) -> Verdict | None:
    """Ours beside the peer of the highest accuracy; None where either is missing."""
    peers = [standing for name, standing in found.items() if name != own]
    if own not in found or not peers:
        return None
    best = max(peers, key=lambda standing: standing.accuracy)
    labels = facts.labels()
    return Verdict(
        budget,
        facts.name,
        found[own],
        best,
        compare_right(found[own].right, best.right),
        float(np.bincount(labels).max() / len(labels)),
    )


def table_of(cells: Mapping[object, Cell]) -> dict[tuple[int, str], dict[str, list[Cell]]]:
    """Cells by (budget, set) and contender."""
    table: dict[tuple[int, str], dict[str, list[Cell]]] = {}
    for cell in cells.values():
        own = table.setdefault((cell.place.budget, cell.place.dataset), {})
        own.setdefault(cell.place.contender, []).append(cell)
    return table


def ranked(
    own: str, table: Mapping[tuple[int, str], Mapping[str, Sequence[Cell]]], facts: Mapping[str, Facts]
) -> dict[tuple[int, str], tuple[dict[str, Standing], Verdict | None]]:
    """Of every set and budget: the standings in ours' league, and the verdict."""
    members = league(own)
    result = {}
    for (budget, dataset), cells in table.items():
        found = standings({name: cells[name] for name in members if name in cells}, facts[dataset])
        result[budget, dataset] = found, verdict(own, found, facts[dataset], budget)
    return result


def mean_rank(verdicts: Sequence[Verdict]) -> float:
    """Of ours, over sets and budgets."""
    return float(np.mean([verdict.own.rank for verdict in verdicts]))


OURS = tuple(name for name, row in CONTENDERS.items() if row.ours)
__all__ = ["OURS", "OWN", "Standing", "Verdict", "league", "mean_rank", "ranked", "standings", "table_of", "verdict"]
