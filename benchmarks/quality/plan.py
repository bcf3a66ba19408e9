"""A table: who contends on what within which time, which cells that makes, and in which order they are filled."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from quality.cells import Place
from quality.contenders import Contender
from quality.sets import Source


@dataclass(frozen=True)
class Table:
    """All that a table is made of, and what its page says first."""

    name: str  # of its page, and of the folder of its cells
    head: str
    contenders: Mapping[str, Contender]
    sources: Mapping[str, Source]
    columns: tuple[tuple[int, str], ...]  # seconds and set, in the order in which they are filled
    mean_rank: float | None = None  # what the mean rank of those that are judged may be at most

    def places(self) -> list[Place]:
        """All cells, in the order in which they are filled."""
        return [
            Place(budget, dataset, contender, seed)
            for budget, dataset in self.columns
            for contender, seed in self.in_turns()
        ]

    def in_turns(self) -> list[tuple[str, int]]:
        """Contenders and seeds in rounds, each with a part of the peers: what a machine does over an hour hits all alike."""
        rounds = max(row.seeds for row in self.contenders.values())
        singles = [row.name for row in self.contenders.values() if row.seeds == 1]
        turns: list[tuple[str, int]] = []
        for number in range(rounds):
            turns += [(row.name, number) for row in self.contenders.values() if row.seeds > 1 and number < row.seeds]
            turns += [
                (name, 0) for name in singles[number * len(singles) // rounds : (number + 1) * len(singles) // rounds]
            ]
        return turns

    def judged(self) -> list[str]:
        """Those that must not be worse than the others."""
        return [row.name for row in self.contenders.values() if row.league]

    def league(self, own: str) -> list[str]:
        """One that is judged, and those that it is ranked among: with weights all others, without them those that have none either."""
        weights = self.contenders[own].weights
        others = [row for row in self.contenders.values() if not row.league]
        return [own, *(row.name for row in others if weights or not row.weights)]

    def budgets(self) -> list[int]:
        """Seconds, the shortest first."""
        return sorted({budget for budget, _ in self.columns})

    def sets(self, budget: int) -> list[str]:
        """The sets of a budget, in the order of the table."""
        return [dataset for own, dataset in self.columns if own == budget]


def chosen(places: Iterable[Place], only: Sequence[str]) -> list[Place]:
    """Those that one of the patterns names: a budget (`60s`), a set, a contender or a cell (`60s/mnist/fastai-0`); `*` is anything.

    Patterns of the same kind are alternatives; what is asked of another kind must hold too.

    Raises:
        ValueError: A pattern names nothing.
    """
    places = list(places)
    kept: Collection[Place] = places
    kinds: dict[str, list[str]] = {}
    for pattern in only:
        kind = next(
            (kind for kind in KINDS if any(fnmatch.fnmatch(KINDS[kind](place), pattern) for place in places)), None
        )
        if kind is None:
            known = sorted({KINDS[kind](place) for kind in ("budget", "set", "contender") for place in places})
            raise ValueError(f"--only {pattern} names nothing; there are {', '.join(known)}")
        kinds.setdefault(kind, []).append(pattern)
    for kind, patterns in kinds.items():
        kept = [place for place in kept if any(fnmatch.fnmatch(KINDS[kind](place), pattern) for pattern in patterns)]
    return list(kept)


KINDS = {
    "budget": lambda place: f"{place.budget}s",
    "set": lambda place: place.dataset,
    "contender": lambda place: place.contender,
    "cell": str,
}
