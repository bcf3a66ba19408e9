"""What heads get wrong that learnt from fewer pictures than there are: of features that learn nothing, so that each takes a moment."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import DataError
from striate.tasks import Targets
from striate.transfer.head import choose_strength, in_fewer_coordinates, one_scale
from striate.transfer.regression import fit_regression, strata_of, told_right
from striate.watching import Watcher

DRAWS = 6
"""So often pictures are held out, and the others learnt from."""

HELD_OUT = 1 / 4
FEWEST_OF_CLASS = 4
"""Pictures of each class that the smallest subset has on average."""

MOST_SIZES = 7


def subset_sizes(learnable: int, classes: int) -> tuple[int, ...]:
    """Rising numbers of pictures to learn from, each about the square root of two times the one before, the last one all.

    Raises:
        DataError: If there are too few pictures for three.

    Example:
        >>> subset_sizes(450, 2)
        (56, 80, 112, 159, 225, 318, 450)
    """
    smallest = FEWEST_OF_CLASS * classes
    sizes = [round(learnable / math.sqrt(2) ** step) for step in range(MOST_SIZES)]
    kept = [size for size in reversed(sizes) if size >= smallest]
    if len(kept) < 3:
        raise DataError(
            f"a learning curve of {classes:,} classes needs about {math.ceil(2 * smallest / (1 - HELD_OUT)):,} training pictures at least; "
            f"there are {round(learnable / (1 - HELD_OUT)):,}"
        )
    return tuple(kept)


def wrong_of_held_out(
    features: npt.NDArray[np.floating[Any]],
    labels: Targets,
    sizes: tuple[int, ...],
    *,
    each: bool,
    seed: int,
    watcher: Watcher,
    others: int = 0,
) -> npt.NDArray[np.float64]:
    """(draws, sizes, n): 1 where the head of a subset answers a held-out picture wrong, 0 where right, NaN where it was not held out.

    Subsets of a draw lie within one another, and have of each class its share.

    Args:
        features: (n, d): what the head sees.
        labels: (n,) class indices, or (n, labels) of 0 and 1: then a picture is answered right where all its labels are.
        sizes: Rising.
        each: Whether each feature is brought to one scale by its own deviation; see `one_scale`.
        seed: Draws.
        watcher: Hears how far it is.
        others: So many of the last rows are no training pictures: they are what is answered. 0: in each draw those that are left.
    """
    from threadpoolctl import threadpool_limits

    scaled = in_fewer_coordinates(one_scale(features, each=each))
    learnable = len(labels) - others
    strength = choose_strength(scaled[:learnable], labels[:learnable], class_weight=None, seed=seed)
    wrong = np.full((DRAWS, len(sizes), len(labels)), np.nan)
    watcher.task("learning from subsets", 0, DRAWS * len(sizes))
    for draw in range(DRAWS):
        order = stratified_order(strata_of(labels[:learnable]), np.random.default_rng((seed, draw)))
        held = np.arange(learnable, len(labels)) if others else order[sizes[-1] :]
        for place, size in enumerate(sizes):
            rows = order[:size]
            with warnings.catch_warnings(), threadpool_limits(1):
                warnings.simplefilter("ignore")  # that it has not converged yet: the answers are the same
                regression = fit_regression(scaled[rows], labels[rows], strength, None, iterations=100)
            wrong[draw, place, held] = ~told_right(regression, scaled[held], labels[held])
            watcher.task("learning from subsets", draw * len(sizes) + place + 1, DRAWS * len(sizes))
    return wrong


def stratified_order(labels: npt.NDArray[np.integer[Any]], generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """(n,) rows in an order of which each beginning has of each class about its share.

    Example:
        >>> order = stratified_order(np.array([0] * 90 + [1] * 10), np.random.default_rng(0))
        >>> int((order[:50] >= 90).sum())
        5
    """
    places = np.empty(len(labels), np.float64)
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        places[rows] = (np.arange(len(rows)) + generator.random()) / len(rows)
    return np.argsort(places, kind="stable")
