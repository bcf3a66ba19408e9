"""How unlike a picture is to all that a network learnt from: by its features' nearest neighbours in training, and by its logits' energy.

Features tell pictures of quite other things, the energy those of other classes of the same kind; each is bad at what the other is good at.
Both in standard deviations from their means on validation pictures, and added, tell both better than either; chosen so by
measurement, beside the largest logit and the Mahalanobis distance (`docs/abstaining.md` has the numbers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

NEIGHBOURS = 5
"""Of the training pictures, the distance to so manieth counts: one alone may be odd itself."""

LEAST_DEVIATION = 1e-6
"""Of a score that is the same for all pictures."""

_ROWS = 1024

Array = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class UsualScores:
    """How far from training pictures, and with which energy, pictures usually are that are like them."""

    neighbours: int
    distance_mean: float
    distance_deviation: float
    energy_mean: float
    energy_deviation: float


def unit_rows(features: Array) -> npt.NDArray[np.float32]:
    """The rows, each divided by its length; a row of zeros stays one.

    Example:
        >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).round(6).tolist()
        [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    wide = features.astype(np.float64)
    return np.asarray(wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-30), np.float32)


def feature_distance(
    features: Array, bank: npt.NDArray[np.float32], *, neighbours: int = NEIGHBOURS
) -> npt.NDArray[np.float64]:
    """(n,) in [0, 2]: 1 less the cosine between a picture's features and those of its k-th nearest training picture.

    Args:
        features: (n, d) float, the vectors before the network's head.
        bank: (m, d) float32 rows of length 1, of training pictures.
        neighbours: k, 1 to m.

    Example:
        >>> bank = unit_rows(np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]))
        >>> feature_distance(np.array([[2.0, 0.0]]), bank, neighbours=2).tolist()
        [1.0]

    Source: Sun et al. 2022, Out-of-Distribution Detection with Deep Nearest Neighbors, section 3, whose distance between vectors of length
    1 grows with this one.
    """
    found = np.empty(len(features), np.float64)
    for start in range(0, len(features), _ROWS):
        cosines = unit_rows(features[start : start + _ROWS]) @ bank.T
        nearest = np.partition(cosines, cosines.shape[1] - neighbours, axis=1)[:, cosines.shape[1] - neighbours]
        found[start : start + _ROWS] = 1 - nearest.astype(np.float64)
    return found


def energy(logits: Array) -> npt.NDArray[np.float64]:
    """(n,) the logarithm of the sum of the exponentials of (n, c) logits; low where nothing speaks for any class.

    Example:
        >>> energy(np.zeros((1, 2))).round(4).tolist()
        [0.6931]

    Source: Liu et al. 2020, Energy-based Out-of-distribution Detection, Eq. 4, with the other sign.
    """
    wide = logits.astype(np.float64)
    largest = wide.max(axis=1)
    return np.asarray(largest + np.log(np.exp(wide - largest[:, None]).sum(axis=1)))


def energy_of_labels(logits: Array) -> npt.NDArray[np.float64]:
    """(n,) the energy of all sets of labels, of (n, c) logits of a sigmoid each: the sum of the logarithms of 1 + exp(z).

    Labels that are independent of one another make a softmax over the sets, whose logits are sums, and this is its energy.

    Example:
        >>> energy_of_labels(np.zeros((1, 2))).round(4).tolist()  # four sets, all alike
        [1.3863]

    Source: Wang et al. 2021, Can multi-label classification networks know what they don't know?, section 3, JointEnergy.
    """
    return np.asarray(np.logaddexp(0, logits.astype(np.float64)).sum(axis=1))


def usual_scores(
    energies: Array, features: Array, bank: npt.NDArray[np.float32], *, neighbours: int = NEIGHBOURS
) -> UsualScores:
    """What is usual, of (n,) energies and (n, d) features of pictures that the network was not trained on."""
    scores = feature_distance(features, bank, neighbours=neighbours), energies.astype(np.float64)
    (distance, deviation), (level, spread) = (
        (float(score.mean()), max(float(score.std()), LEAST_DEVIATION)) for score in scores
    )
    return UsualScores(neighbours, distance, deviation, level, spread)


def unfamiliarity(
    energies: Array, features: Array, bank: npt.NDArray[np.float32], usual: UsualScores
) -> npt.NDArray[np.float64]:
    """(n,) how many standard deviations further than usual from training pictures, and with lower energy; 0 is usual.

    Args:
        energies: (n,), of logits that are not divided by any temperature.
        features: (n, d).
        bank: As `feature_distance` takes it.
        usual: Of the same bank.
    """
    distance = feature_distance(features, bank, neighbours=usual.neighbours)
    return np.asarray(
        (distance - usual.distance_mean) / usual.distance_deviation
        - (energies - usual.energy_mean) / usual.energy_deviation
    )
