"""Whether a classifier is as often right as it says: the temperature that makes its probabilities so, and how far off they are.

A network that is trained until its mistakes are few becomes surer of itself than it is right. Dividing all its logits by one number, the
temperature, before the softmax mends most of that and changes no answer. It is fitted on pictures that the network was not trained on.

Source: Guo et al. 2017, On Calibration of Modern Neural Networks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError
from striate.evaluation.checked_arrays import Labels, Probabilities, checked

FEWEST_PICTURES = 20
"""With fewer, where a mistake more or less changes everything, no temperature is fitted."""

SUPPOSED_MISTAKES = 1 / 3
"""So many mistakes more than were seen are supposed, spread evenly over the pictures that were right, each taken for its runner-up.

That a split has no mistake does not show that the network makes none; without this its fitted temperature would be 0. In a large split it
makes no difference. `benchmarks/calibration.py` measures it beside other numbers.
"""

TEMPERATURES = (0.01, 10_000.0)
"""The least and the largest that is fitted."""

BINS = 15
_HALVINGS = 18  # of the logarithm of a million: to 5e-5
_ROWS = 4096  # at a time, so that memory does not grow with the pictures


@dataclass(frozen=True)
class ReliabilityBin:
    """The pictures on which a classifier was about equally sure."""

    low: float
    high: float
    """The probability of the answer is above `low` and at most `high`."""
    count: int
    confidence: float
    """Mean probability of the answer; 0 without a picture."""
    accuracy: float
    """Share of the pictures whose answer is right; 0 without a picture."""


def softmax(logits: npt.NDArray[np.floating[Any]], temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """Probabilities: the exponentials of the logits over the temperature, divided by their sum.

    Args:
        logits: (..., classes) float, finite.
        temperature: Above 0; the larger, the more alike the probabilities.

    Returns:
        Of the same shape, float64 in [0, 1]; the last axis sums to 1.

    Example:
        >>> softmax(np.array([0.0, 2.0]), temperature=2.0).round(4).tolist()
        [0.2689, 0.7311]
    """
    scaled = logits.astype(np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def fit_temperature(logits: npt.NDArray[np.floating[Any]], labels: Labels) -> float:
    """The temperature with the least log loss on pictures that the network was not trained on, with `SUPPOSED_MISTAKES`.

    The log loss is convex in 1 / temperature, so that its only minimum lies where its slope changes sign.

    Args:
        logits: (n, classes) float, finite, of at least two classes.
        labels: (n,) int, the true classes as columns of `logits`.

    Returns:
        In `TEMPERATURES`, to four digits.

    Raises:
        UsageError: If there is no picture, or the shapes disagree.

    Example:
        >>> logits = np.array([[0.0, 40.0]] * 10)  # sure, and wrong on three of ten
        >>> fit_temperature(logits, np.array([1] * 7 + [0] * 3))
        53.91
    """
    if logits.ndim != 2 or logits.shape[1] < 2 or labels.shape != logits.shape[:1] or not len(labels):
        raise UsageError(
            f"a temperature is fitted to logits (n, classes) and labels (n,); got {logits.shape}, {labels.shape}"
        )
    targets = _mean_target_logits(logits, labels)
    low, high = (math.log(temperature) for temperature in TEMPERATURES)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        # At a lower temperature sure answers weigh more: the slope along 1 / temperature grows.
        if _mean_expected_logit(logits, targets, math.exp(middle)) > 0:
            low = middle
        else:
            high = middle
    return float(f"{math.exp((low + high) / 2):.4g}")


def reliability(probabilities: Probabilities, labels: Labels, *, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """How often answers were right, by how sure the classifier was of them.

    Args:
        probabilities: (n, c) float in [0, 1], a row a picture, each row's sum within 0.001 of 1.
        labels: (n,) int in [0, c), the true classes as columns of `probabilities`.
        bins: Into how many equal parts the probability of the answer is divided.

    Raises:
        UsageError: If the arrays are anything else.

    Example:
        >>> probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6]])
        >>> [(found.count, found.accuracy) for found in reliability(probabilities, np.array([0, 1, 1]), bins=2)]
        [(0, 0.0), (3, 0.6666666666666666)]
    """
    probabilities, labels = checked(probabilities, labels)
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    places = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(np.int64)
    counts = np.bincount(places, minlength=bins)
    sums = [np.bincount(places, weights=values, minlength=bins) for values in (confidence, right)]
    means = [np.divide(of_bin, counts, out=np.zeros(bins), where=counts > 0) for of_bin in sums]
    return tuple(
        ReliabilityBin(place / bins, (place + 1) / bins, int(counts[place]), *(float(mean[place]) for mean in means))
        for place in range(bins)
    )


def expected_calibration_error(probabilities: Probabilities, labels: Labels, *, bins: int = BINS) -> float:
    """How far the probability of the answer is from the share of right ones: over bins of probability, the mean weighted by pictures.

    Of few pictures it is above 0 by chance alone, also of a classifier without fault.

    Args:
        probabilities: As `reliability` takes them.
        labels: As `reliability` takes them.
        bins: As `reliability` takes them.

    Returns:
        In [0, 1].

    Raises:
        UsageError: As `reliability`.

    Example:
        >>> expected_calibration_error(np.array([[1.0, 0.0]] * 4), np.array([0, 0, 0, 1]))
        0.25

    Source: Naeini et al. 2015, Obtaining Well Calibrated Probabilities Using Bayesian Binning; Guo et al. 2017, Eq. 3, with its 15 bins.
    """
    found = reliability(probabilities, labels, bins=bins)
    return sum(one.count * abs(one.accuracy - one.confidence) for one in found) / sum(one.count for one in found)


def adaptive_reliability(
    probabilities: Probabilities, labels: Labels, *, bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """As `reliability`, in bins that hold the same number of pictures, or one more: where answers are surest, there are most bins.

    Args:
        probabilities: As `reliability` takes them.
        labels: As `reliability` takes them.
        bins: How many; of fewer pictures one for each.

    Example:
        >>> probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6]])
        >>> [(one.low, one.high, one.count) for one in adaptive_reliability(probabilities, np.array([0, 1, 1]), bins=2)]
        [(0.6, 0.8, 2), (0.9, 0.9, 1)]
    """
    probabilities, labels = checked(probabilities, labels)
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    order = np.argsort(confidence, kind="stable")
    return tuple(
        ReliabilityBin(
            float(confidence[rows[0]]),
            float(confidence[rows[-1]]),
            len(rows),
            float(confidence[rows].mean()),
            float(right[rows].mean()),
        )
        for rows in np.array_split(order, min(bins, len(order)))
    )


def adaptive_calibration_error(probabilities: Probabilities, labels: Labels, *, bins: int = BINS) -> float:
    """As `expected_calibration_error`, over bins of the same number of pictures, of which none hides what few pictures do.

    Returns:
        In [0, 1].

    Example:
        >>> adaptive_calibration_error(np.array([[1.0, 0.0]] * 4), np.array([0, 0, 0, 1]), bins=1)
        0.25

    Source: Nguyen and O'Connor 2015, Posterior Calibration and Exploratory Analysis for Natural Language Processing Models, section 2.3.
    """
    found = adaptive_reliability(probabilities, labels, bins=bins)
    return sum(one.count * abs(one.accuracy - one.confidence) for one in found) / sum(one.count for one in found)


def _mean_target_logits(logits: npt.NDArray[np.floating[Any]], labels: Labels) -> npt.NDArray[np.float64]:
    """(n, 2): of each picture the weight that it has, and its part in what the logits are expected to be."""
    rows = np.arange(len(labels))
    of_true = logits[rows, labels].astype(np.float64)
    right = logits.argmax(axis=1) == labels
    runner_up = np.partition(logits, -2, axis=1)[:, -2].astype(np.float64)
    extra = np.where(right, SUPPOSED_MISTAKES / max(int(right.sum()), 1), 0.0)
    return np.stack([1 + extra, of_true + extra * runner_up], axis=1)


def _mean_expected_logit(
    logits: npt.NDArray[np.floating[Any]], targets: npt.NDArray[np.float64], temperature: float
) -> float:
    """The slope of the summed log loss along 1 / temperature: the logit that is expected less that of the target."""
    total = 0.0
    for start in range(0, len(logits), _ROWS):
        block, (weights, wanted) = logits[start : start + _ROWS], targets[start : start + _ROWS].T
        expected = (softmax(block, temperature) * block).sum(axis=1)
        total += float((weights * expected - wanted).sum())
    return total
