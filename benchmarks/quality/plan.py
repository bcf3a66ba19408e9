"""Which cells there are, and in which order they are filled."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Sequence

from quality.cells import Place
from quality.contenders import CONTENDERS
from quality.sets import FEW, SOURCES, names_of

SHORT, LONG = 60, 300
"""Seconds."""
LONG_SETS = ("cifar10", "flowers5", "imagenette")
"""Those that the long budget is for too."""


def all_places() -> list[Place]:
    """The whole table, in the order in which it is filled: the short budget on the whole sets, the long one, the small sets."""
    sets = names_of(SOURCES)
    columns = [(SHORT, name) for name in sets if not name.endswith(f"-{FEW}")]
    columns += [(LONG, name) for name in LONG_SETS]
    columns += [(SHORT, name) for name in sets if name.endswith(f"-{FEW}")]
    return [Place(budget, dataset, contender, seed) for budget, dataset in columns for contender, seed in in_turns()]


def in_turns() -> list[tuple[str, int]]:
    """Contenders and seeds; ours spread between the peers, so that what a machine does over an hour hits all alike.

    Example:
        >>> [f"{name}-{seed}" for name, seed in in_turns()][:3]
        ['striate-0', 'striate-scratch-0', 'fastai-0']
    """
    ours = [(row.name, seed) for seed in range(3) for row in CONTENDERS.values() if row.ours and seed < row.seeds]
    peers = [(row.name, seed) for row in CONTENDERS.values() if not row.ours for seed in range(row.seeds)]
    rounds = 1 + max(seed for _, seed in ours)
    turns: list[tuple[str, int]] = []
    for number in range(rounds):
        turns += [pair for pair in ours if pair[1] == number]
        turns += peers[number * len(peers) // rounds : (number + 1) * len(peers) // rounds]
    return turns


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
