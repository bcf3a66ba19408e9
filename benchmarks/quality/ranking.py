"""Who is better than whom on the same test pictures, and whether the bar is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from quality.cells import Cell, Place
from quality.plan import Table
from quality.sets import Facts
from striate.evaluation import PairedComparison, compare_right, wilson_interval


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
    """Ours on one set within one budget, beside the best of the others."""

    budget: int
    dataset: str
    own: Standing
    best: Standing
    comparison: PairedComparison
    chance: float  # the share of the class that is most frequent in the test pictures

    @property
    def reached(self) -> bool:
        """Whether ours is not worse than the best of the others by the paired test."""
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
    """Ours beside the other of the highest accuracy; None where either is missing."""
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


def by_column(cells: Mapping[Place, Cell]) -> dict[tuple[int, str], dict[str, list[Cell]]]:
    """Cells by (budget, set) and contender."""
    found: dict[tuple[int, str], dict[str, list[Cell]]] = {}
    for place, cell in cells.items():
        found.setdefault((place.budget, place.dataset), {}).setdefault(place.contender, []).append(cell)
    return found


def ranked(
    own: str, table: Table, cells: Mapping[Place, Cell], facts: Mapping[str, Facts]
) -> dict[tuple[int, str], tuple[dict[str, Standing], Verdict | None]]:
    """Of every column that has cells: the standings in the league of one that is judged, and the verdict."""
    members = table.league(own)
    result = {}
    for (budget, dataset), contenders in by_column(cells).items():
        found = standings({name: contenders[name] for name in members if name in contenders}, facts[dataset])
        result[budget, dataset] = found, verdict(own, found, facts[dataset], budget)
    return result


def mean_rank(verdicts: Sequence[Verdict]) -> float:
    """Of the one that is judged, over sets and budgets."""
    return float(np.mean([verdict.own.rank for verdict in verdicts]))
