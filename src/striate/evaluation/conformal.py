"""Sets of classes that contain the true one as often as promised: split conformal prediction.

The set of a picture is every class of at least a certain probability (the least ambiguous set-valued classifier, LAC). Of new pictures of
the same kind, the true class is in it with at least the probability that was asked for, whatever the network is, on average over the
pictures that the threshold is chosen on; class by class where each class has its own threshold.

LAC rather than adaptive sets (APS): `benchmarks/trust/honest_numbers.py` measures both on real pictures, and LAC's sets are a fraction of
the size at the same coverage.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError
from striate.evaluation.checked_arrays import Labels, Probabilities, checked


def conformal_rank(count: int, coverage: float) -> int:
    """The rank among n calibration scores, from the best on, whose score a set must reach: ceil((n + 1) * coverage).

    Where it is above n, no threshold promises the coverage; it takes `fewest_for_coverage(coverage)` pictures.

    Example:
        >>> conformal_rank(99, 0.9), conformal_rank(8, 0.9)
        (90, 9)

    Source: Vovk et al. 2005, Algorithmic Learning in a Random World; Angelopoulos and Bates 2021, A Gentle Introduction to Conformal
    Prediction, section 1.
    """
    if count < 0 or not 0 < coverage < 1:
        raise UsageError(f"expected a coverage between 0 and 1, and no negative count; got {coverage}, {count}")
    return math.ceil((count + 1) * coverage - 1e-9)


def fewest_for_coverage(coverage: float) -> int:
    """The fewest pictures of which a threshold promises a coverage.

    Example:
        >>> fewest_for_coverage(0.95), fewest_for_coverage(0.9)
        (19, 9)
    """
    count = max(math.floor(coverage / (1 - coverage)) - 1, 1)
    while conformal_rank(count, coverage) > count:
        count += 1
    return count


def least_probability(of_true: npt.NDArray[np.floating[Any]], coverage: float) -> float | None:
    """The probability that a class must have to be in the set.

    Args:
        of_true: (n,) the probabilities of the true classes of pictures that the network was not trained on.
        coverage: How often the true class shall be in the set, in (0, 1).

    Returns:
        In [0, 1]; None where the pictures are too few.

    Example:
        >>> round(least_probability(np.linspace(0.01, 0.99, 99), 0.9), 6)
        0.1
    """
    rank = conformal_rank(len(of_true), coverage)
    if rank > len(of_true):
        return None
    return float(np.sort(of_true)[len(of_true) - rank])


def conformal_thresholds(
    probabilities: Probabilities, labels: Labels, coverage: float, *, by_class: bool = False
) -> npt.NDArray[np.float64] | None:
    """The least probability of each class: (c,) float64, all the same unless `by_class`.

    Args:
        probabilities: (n, c) float in [0, 1], a row a picture that the network was not trained on.
        labels: (n,) int, the true classes.
        coverage: How often the true class shall be in the set, in (0, 1).
        by_class: Whether that shall hold for the pictures of each class, by those of that class alone (Mondrian).

    Returns:
        None where the pictures, or those of a class, are fewer than `fewest_for_coverage`.

    Raises:
        UsageError: If the arrays or the coverage are anything else.
    """
    probabilities, labels = checked(probabilities, labels)
    of_true = probabilities[np.arange(len(labels)), labels]
    groups = [of_true[labels == place] for place in range(probabilities.shape[1])] if by_class else [of_true]
    found = [least_probability(group, coverage) for group in groups]
    if None in found:
        return None
    return np.broadcast_to(np.array(found, np.float64), probabilities.shape[1:]).copy()


def conformal_sets(probabilities: Probabilities, thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """(n, c) bool: which classes are in the set of each picture. A set may be empty: then nothing that it learnt is probable enough.

    Example:
        >>> conformal_sets(np.array([[0.5, 0.4, 0.1]]), np.array([0.3, 0.3, 0.3]))
        array([[ True,  True, False]])
    """
    return np.asarray(probabilities >= thresholds)
