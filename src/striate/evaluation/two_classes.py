"""What two classes allow besides being right or wrong: the trade between finding one and raising false alarms, at every threshold.

One class is sought, the positive one; a picture counts as it where its probability is at least the threshold. The figures are
scikit-learn's (the tests hold them equal).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError
from striate.evaluation.metrics import NORMAL_QUANTILE_975, wilson_interval

Floats = npt.NDArray[np.float64]
_HALVINGS = 60


@dataclass(frozen=True, eq=False)
class ThresholdCurves:
    """Both curves; each array has a number a threshold, from the strictest to the laxest."""

    thresholds: Floats  # (k,) the probabilities that occur, descending
    recall: Floats  # (k,) of the positive pictures, the share that is found: the true positive rate
    false_alarms: Floats  # (k,) of the negative pictures, the share that is taken for positive: the false positive rate
    precision: Floats  # (k,) of the pictures that are taken for positive, the share that is
    roc_area: float  # the chance that a positive picture has a higher probability than a negative one
    roc_area_interval: tuple[float, float]  # 95 %
    average_precision: float
    positives: int
    negatives: int


@dataclass(frozen=True)
class AtThreshold:
    """What a threshold does, in pictures."""

    threshold: float
    found: int  # positive pictures that are called so
    missed: int  # positive pictures that are not
    false_alarms: int  # negative pictures that are called positive
    spared: int  # negative pictures that are not

    @property
    def recall(self) -> float:
        """Of the positive pictures, the share that is found; also called sensitivity."""
        return self.found / max(self.found + self.missed, 1)

    @property
    def specificity(self) -> float:
        """Of the negative pictures, the share that is not taken for positive."""
        return self.spared / max(self.spared + self.false_alarms, 1)

    @property
    def precision(self) -> float:
        """Of the pictures that are called positive, the share that is; 0 where none is."""
        return self.found / max(self.found + self.false_alarms, 1)

    @property
    def recall_interval(self) -> tuple[float, float]:
        """95 %, Wilson."""
        return wilson_interval(self.found, self.found + self.missed)

    @property
    def specificity_interval(self) -> tuple[float, float]:
        """95 %, Wilson."""
        return wilson_interval(self.spared, self.spared + self.false_alarms)


def threshold_curves(probabilities: npt.NDArray[np.floating[Any]], positive: npt.NDArray[np.bool_]) -> ThresholdCurves:
    """The receiver operating characteristic and the precision-recall curve.

    Args:
        probabilities: (n,) float in [0, 1], of the positive class.
        positive: (n,) bool, whether a picture is of it.

    Raises:
        UsageError: If the shapes disagree, a probability is none, or a class has no picture.

    Example:
        >>> curves = threshold_curves(np.array([0.9, 0.6, 0.4, 0.2]), np.array([True, False, True, False]))
        >>> curves.roc_area, curves.recall.tolist(), curves.false_alarms.tolist()
        (0.75, [0.5, 0.5, 1.0, 1.0], [0.0, 0.5, 0.5, 1.0])

    Source: Fawcett 2006, An introduction to ROC analysis; the interval: Newcombe 2006, Confidence intervals for an effect size
    measure based on the Mann-Whitney statistic, part 2, method 5.
    """
    values, truth = _checked(probabilities, positive)
    order = np.argsort(-values, kind="stable")
    values, truth = values[order], truth[order]
    last = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)  # of each probability that occurs
    found = np.cumsum(truth)[last].astype(np.float64)
    called = last + 1.0
    positives, negatives = int(truth.sum()), int((~truth).sum())
    recall, false_alarms, precision = found / positives, (called - found) / negatives, found / called
    middles = recall - np.diff(recall, prepend=0.0) / 2  # the curve is straight between its points
    area = float(np.sum(np.diff(false_alarms, prepend=0.0) * middles))
    return ThresholdCurves(
        thresholds=values[last],
        recall=recall,
        false_alarms=false_alarms,
        precision=precision,
        roc_area=area,
        roc_area_interval=roc_area_interval(area, positives, negatives),
        average_precision=float(np.sum(np.diff(recall, prepend=0.0) * precision)),
        positives=positives,
        negatives=negatives,
    )


def roc_area_interval(area: float, positives: int, negatives: int) -> tuple[float, float]:
    """The 95 % interval of an area under the receiver operating characteristic; never of no width, also at 1.

    Example:
        >>> low, high = roc_area_interval(0.9, 50, 50)
        >>> f"{low:.3f} to {high:.3f}"
        '0.816 to 0.946'
    """

    def end(limit: float) -> float:
        inside, outside = area, limit
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            if abs(middle - area) <= NORMAL_QUANTILE_975 * math.sqrt(_area_variance(middle, positives, negatives)):
                inside = middle
            else:
                outside = middle
        return inside

    return end(0.0), end(1.0)


def best_threshold(probabilities: npt.NDArray[np.floating[Any]], positive: npt.NDArray[np.bool_]) -> float:
    """The threshold with the highest mean of recall and specificity; among equals that nearest to a half.

    It lies in the middle between the probabilities on either side of it.

    Args:
        probabilities: As `threshold_curves` takes them.
        positive: As `threshold_curves` takes it.

    Raises:
        UsageError: As `threshold_curves`.

    Example:
        >>> best_threshold(np.array([0.9, 0.3, 0.1, 0.2]), np.array([True, True, False, False]))
        0.25

    Source: Youden 1950, Index for rating diagnostic tests.
    """
    curves = threshold_curves(probabilities, positive)
    gain = curves.recall - curves.false_alarms
    middles = (curves.thresholds + np.append(curves.thresholds[1:], 0.0)) / 2
    best = np.flatnonzero(gain >= gain.max() - 1e-12)
    return float(middles[best[np.argmin(np.abs(middles[best] - 0.5))]])


def at_threshold(
    probabilities: npt.NDArray[np.floating[Any]], positive: npt.NDArray[np.bool_], threshold: float
) -> AtThreshold:
    """What a threshold does to pictures.

    Args:
        probabilities: As `threshold_curves` takes them.
        positive: As `threshold_curves` takes it.
        threshold: A picture counts as positive from here on.

    Raises:
        UsageError: As `threshold_curves`.

    Example:
        >>> at_threshold(np.array([0.9, 0.3, 0.6]), np.array([True, True, False]), 0.5)
        AtThreshold(threshold=0.5, found=1, missed=1, false_alarms=1, spared=0)
    """
    values, truth = _checked(probabilities, positive)
    called = values >= threshold
    return AtThreshold(
        threshold,
        found=int(np.sum(called & truth)),
        missed=int(np.sum(~called & truth)),
        false_alarms=int(np.sum(called & ~truth)),
        spared=int(np.sum(~called & ~truth)),
    )


def _area_variance(area: float, positives: int, negatives: int) -> float:
    """Of an area, with both counts in the correction set to their mean."""
    more = (positives + negatives) / 2 - 1
    spread = 1 + more * (1 - area) / (2 - area) + more * area / (1 + area)
    return area * (1 - area) * spread / (positives * negatives)


def _checked(
    probabilities: npt.NDArray[np.floating[Any]], positive: npt.NDArray[np.bool_]
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    values, truth = np.asarray(probabilities, np.float64), np.asarray(positive)
    if values.ndim != 1 or truth.shape != values.shape or truth.dtype != np.bool_:
        raise UsageError(
            "a threshold needs (n,) probabilities and as many truth values; "
            f"got {values.shape} and {truth.dtype} {truth.shape}"
        )
    if not (np.isfinite(values) & (values >= 0) & (values <= 1)).all():
        raise UsageError("probabilities must be numbers within 0 and 1")
    if truth.all() or not truth.any():
        raise UsageError("a threshold needs pictures of both classes; these are all of one")
    return values, truth
