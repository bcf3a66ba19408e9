"""Which of many are taken, where a few have to stand for all."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def evenly(count: int, most: int) -> npt.NDArray[np.int64]:
    """Places of up to `most` of `count` things, from the first to the last with even gaps, in order.

    Example:
        >>> evenly(10, 4).tolist(), evenly(2, 4).tolist(), evenly(0, 4).tolist()
        ([0, 3, 6, 9], [0, 1], [])
    """
    return np.linspace(0, count - 1, min(most, count)).astype(np.int64)


def in_turn(strata: npt.NDArray[Any], most: int) -> npt.NDArray[np.int64]:
    """Places of up to `most` things, one of every stratum before any comes again, else in the order that they have.

    Args:
        strata: (n,) what each belongs to, such as its class.
        most: How many at most.

    Example:
        >>> in_turn(np.array([7, 7, 7, 2, 2, 5]), 5).tolist()
        [0, 3, 5, 1, 4]
    """
    turns = np.zeros(len(strata), dtype=np.int64)  # how many of the same stratum come before each
    for stratum in np.unique(strata):
        of_it = strata == stratum
        turns[of_it] = np.arange(int(of_it.sum()))
    return np.argsort(turns, kind="stable")[:most]


def by_share(strata: npt.NDArray[Any], most: int, *, seed: int, least: int) -> npt.NDArray[np.int64]:
    """Places of about `most` things, of each stratum as many as is its share, but `least` at least; drawn by the seed, in order.

    Args:
        strata: (n,) what each belongs to, such as its class.
        most: About how many.
        seed: Draws them.
        least: How many of a stratum at least, where it has so many.

    Example:
        >>> by_share(np.array([0] * 90 + [1] * 10), 20, seed=0, least=2).size
        20
    """
    generator = np.random.default_rng(seed)
    chosen = []
    for stratum in np.unique(strata):
        places = np.flatnonzero(strata == stratum)
        wanted = max(least, round(len(places) * most / len(strata)))
        chosen.append(generator.permutation(places)[:wanted])
    return np.sort(np.concatenate(chosen))
