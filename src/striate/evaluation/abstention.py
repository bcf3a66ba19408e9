"""Which answers a classifier should keep to itself: the surest are given, and how often those are wrong, or how many they are, is promised.

A threshold that is chosen on some pictures keeps its promise on these by construction; what is promised here holds for new pictures of
the same kind, with `CONFIDENCE`: it is tested with the exact binomial distribution, whatever the network is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError
from striate.evaluation.binomial import at_most

SIGNIFICANCE = 0.05
"""A promise is broken in less than this share of cases, over the validation pictures that chance might have drawn."""

MOST_TRIED = 512
"""Thresholds that are tried: more of them promise no more."""

Confidence = npt.NDArray[np.floating[Any]]
Right = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class AnsweredAbove:
    """A threshold, and what it did on the pictures that it was chosen on."""

    threshold: float
    """Answers at least so sure are given."""
    count: int
    answered: int
    wrong: int
    """Of those that are answered."""


@dataclass(frozen=True)
class RiskCoverage:
    """How often a classifier is wrong, if it answers only what it is surest of, from few pictures to all."""

    coverage: npt.NDArray[np.float64]
    """(m,) share of the pictures that are answered, rising to 1."""
    risk: npt.NDArray[np.float64]
    """(m,) share of those that are wrong."""
    threshold: npt.NDArray[np.float64]
    """(m,) the least confidence that is answered, falling."""
    area: float
    """The mean risk over the coverages of all pictures one by one (AURC); 0 of a classifier without mistakes."""


def risk_coverage(confidence: Confidence, right: Right) -> RiskCoverage:
    """The curve: equal confidences are answered together.

    Args:
        confidence: (n,) float, of the answers; only their order counts.
        right: (n,) bool.

    Raises:
        UsageError: If they are not such arrays of the same pictures, of which there must be one at least.

    Example:
        >>> curve = risk_coverage(np.array([0.9, 0.8, 0.6, 0.6]), np.array([True, True, False, True]))
        >>> curve.coverage.tolist(), curve.risk.tolist(), curve.area
        ([0.25, 0.5, 1.0], [0.0, 0.0, 0.25], 0.125)

    Source: Geifman and El-Yaniv 2017, Selective Classification for Deep Neural Networks; the area: Geifman et al. 2019, Bias-Reduced
    Uncertainty Estimation for Deep Neural Classifiers.
    """
    sorted_confidence, wrong = _sorted(confidence, right)
    last = _ends_of_equals(sorted_confidence)
    ranks = last + 1
    risk = wrong[last] / ranks
    count = len(sorted_confidence)
    per_picture = np.repeat(risk, np.diff(ranks, prepend=0))
    return RiskCoverage(ranks / count, risk, sorted_confidence[last].astype(np.float64), float(per_picture.mean()))


def threshold_for_error(
    confidence: Confidence, right: Right, target: float, *, significance: float = SIGNIFICANCE
) -> AnsweredAbove | None:
    """The threshold that answers the most, so that of new pictures' answers at most the share `target` is wrong.

    Rising numbers of the surest answers are tested one after the other, from several starts, each with its share of the significance, until
    one fails: so the promise holds for whichever threshold is chosen. Over all validation sets that chance might draw, it is
    broken in at most `significance` of cases (the tests simulate it).

    Args:
        confidence: (n,) float, of the answers.
        right: (n,) bool, whether each is right.
        target: The largest share of wrong answers among those given, in (0, 1).
        significance: How often the promise may fail.

    Returns:
        None where no threshold can promise it: with fewer than `fewest_pictures(target)` never one can.

    Raises:
        UsageError: If the arrays or the target are anything else.

    Source: Bauer 1991, Multiple testing in clinical trials (several starts of a fixed sequence); Angelopoulos et al. 2021, Learn then
    Test, section 3; the bound by the binomial tail is that of Geifman and El-Yaniv 2017, Theorem 3.2.

    Example:
        >>> sure = np.linspace(1, 0, 1000)
        >>> threshold_for_error(sure, sure > 0.2, 0.05).answered
        826
    """
    _check_share("target", target)
    sorted_confidence, wrong = _sorted(confidence, right)
    ends = _ends_of_equals(sorted_confidence)
    if len(ends) > MOST_TRIED:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, MOST_TRIED).round().astype(np.int64))]
    starts, each = _starts(len(sorted_confidence), target, significance)
    best, begin = None, 0
    for rank in starts:
        begin = max(begin, int(np.searchsorted(ends, rank - 1)))
        while begin < len(ends) and at_most(int(wrong[ends[begin]]), int(ends[begin]) + 1, target) <= each:
            best = int(ends[begin])
            begin += 1
    if best is None:
        return None
    return AnsweredAbove(float(sorted_confidence[best]), len(sorted_confidence), best + 1, int(wrong[best]))


def threshold_for_coverage(
    confidence: Confidence, right: Right, coverage: float, *, significance: float = SIGNIFICANCE
) -> AnsweredAbove | None:
    """The highest threshold that answers at least the share `coverage` of new pictures.

    A few more than that share of these pictures are answered, so that of the validation sets that chance might draw at most
    `significance` break the promise: the share above the k-th largest of n confidences is distributed as Beta(k, n - k + 1).

    Args:
        confidence: (n,) float, of the answers.
        right: (n,) bool, whether each is right; it is only counted.
        coverage: In (0, 1).
        significance: How often the promise may fail.

    Returns:
        None where not even answering all of these pictures promises it: of fewer than `fewest_pictures(1 - coverage)`.

    Raises:
        UsageError: If the arrays or the coverage are anything else.

    Example:
        >>> sure = np.linspace(1, 0, 1000)
        >>> threshold_for_coverage(sure, sure > 0.5, 0.9).answered
        916
    """
    _check_share("coverage", coverage)
    sorted_confidence, wrong = _sorted(confidence, right)
    count = len(sorted_confidence)
    low, high = 0, count + 1  # the smallest rank that promises it lies above low, at most at high
    while high - low > 1:
        middle = (low + high) // 2
        if 1 - at_most(middle - 1, count, coverage) <= significance:
            high = middle
        else:
            low = middle
    if high > count:
        return None
    threshold = float(sorted_confidence[high - 1])
    answered = int((sorted_confidence >= threshold).sum())
    return AnsweredAbove(threshold, count, answered, int(wrong[answered - 1]))


def fewest_pictures(target: float, *, significance: float = SIGNIFICANCE) -> int:
    """So many pictures it takes to promise that at most the share `target` has something, if none of them has it.

    Example:
        >>> fewest_pictures(0.01), fewest_pictures(0.05), fewest_pictures(0.1)
        (299, 59, 29)
    """
    _check_share("target", target)
    return math.ceil(math.log(significance) / math.log1p(-target) - 1e-9)


def _starts(count: int, target: float, significance: float) -> tuple[list[int], float]:
    """The numbers of answers that testing begins at, rising, all of them the last; and the significance of each."""
    halvings = 1
    while count / 2**halvings >= fewest_pictures(target, significance=significance / (halvings + 1)):
        halvings += 1
    return [math.ceil(count / 2**place) for place in reversed(range(halvings))], significance / halvings


def _sorted(confidence: Confidence, right: Right) -> tuple[Confidence, npt.NDArray[np.int64]]:
    """The confidences, falling, and how many of the answers up to each are wrong."""
    confidence, right = np.asarray(confidence), np.asarray(right)
    if confidence.ndim != 1 or confidence.shape != right.shape or right.dtype != np.dtype(bool) or not len(right):
        raise UsageError(
            f"expected (n,) confidences and (n,) truth values of a picture at least; got {confidence.shape} and {right.dtype} {right.shape}"
        )
    if not np.isfinite(confidence).all():
        raise UsageError("confidences must be finite numbers; one is not")
    order = np.argsort(-confidence, kind="stable")
    return confidence[order], np.cumsum(~right[order])


def _ends_of_equals(falling: Confidence) -> npt.NDArray[np.int64]:
    """Where a value is followed by another one, or by none."""
    return np.flatnonzero(np.append(falling[1:] != falling[:-1], True))


def _check_share(what: str, value: float) -> None:
    if not 0 < value < 1:
        raise UsageError(f"the {what} must lie between 0 and 1, without them; got {value}")
