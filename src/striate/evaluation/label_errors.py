"""Labels that are likely wrong, by what classifiers that did not learn from them say: confident learning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """Items whose label is likely wrong, the likeliest first.

    Attributes:
        rows: (k,) of the items.
        suggested: (k,) the class that is confidently another.
        given: (k,) the probability of the label that they have.
        chance: (k,) the probability of the suggested class.
    """

    rows: npt.NDArray[np.int64]
    suggested: npt.NDArray[np.int64]
    given: npt.NDArray[np.float64]
    chance: npt.NDArray[np.float64]


def confident_thresholds(
    labels: npt.NDArray[np.integer[Any]], probabilities: npt.NDArray[np.floating[Any]]
) -> npt.NDArray[np.float64]:
    """(c,) how probable a class is on average for the items that are labelled so; 1 where none is.

    Args:
        labels: (n,) class indices.
        probabilities: (n, c) out of fold: of classifiers that have not seen the item.
    """
    own = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    sums = np.bincount(labels, weights=own, minlength=probabilities.shape[1])
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    return np.where(counts > 0, sums / np.maximum(counts, 1), 1.0)


def find_label_errors(
    labels: npt.NDArray[np.integer[Any]], probabilities: npt.NDArray[np.floating[Any]], *, unlikely: float = 0.0
) -> LabelErrors:
    """Items that are confidently of another class than their label says.

    An item is confidently of a class that is as probable as that class is, on average, for the items labelled so; of several such
    classes of the most probable one. So a class that is told apart badly, or weakly, is not suspected as a whole. The likeliest
    errors are those whose label is the least probable.

    Args:
        labels: (n,) class indices.
        probabilities: (n, c) out of fold: of classifiers that have not seen the item.
        unlikely: Items whose label has less than this, and another class more, are found too, where no class is confidently theirs.

    Example:
        >>> chances = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1]])
        >>> found = find_label_errors(np.array([0, 0, 1, 1, 1]), chances)
        >>> found.rows, found.suggested, found.given
        (array([4]), array([0]), array([0.1]))

    Source: Northcutt, Jiang, Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels" (2021), section 3.1, equations 1 and 2;
        ranked by self-confidence, section 3.2.
    """
    chances = probabilities.astype(np.float64)
    confident = chances >= confident_thresholds(labels, chances) - 1e-6
    guess = np.where(confident, chances, -1.0).argmax(axis=1)
    doubted = ~confident.any(axis=1) & (chances[np.arange(len(labels)), labels] < unlikely)
    guess = np.where(doubted, chances.argmax(axis=1), guess)
    rows = np.flatnonzero((confident.any(axis=1) | doubted) & (guess != labels))
    given = chances[rows, labels[rows]]
    order = np.argsort(given, kind="stable")
    rows, given = rows[order], given[order]
    suggested = guess[rows].astype(np.int64)
    return LabelErrors(rows, suggested, given, chances[rows, suggested])
