"""Whether one classifier is better than another on the same pictures, or only luckier.

Pictures that both have right, or both wrong, say nothing of which is better; what counts is the others. If the two were equally good, each
of those would be a coin's throw. So two classifiers are told apart by far fewer pictures than their own intervals, which overlap, suggest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError
from striate.evaluation.metrics import NORMAL_QUANTILE_975

SIGNIFICANCE = 0.05
"""Two classifiers count as different where chance alone parts equally good ones so far in less than this share of cases."""

Verdict = Literal["better", "worse", "not distinguishable"]
_HALVINGS = 60


@dataclass(frozen=True)
class PairedComparison:
    """A candidate beside a reference, in pictures."""

    both_right: int
    only_candidate: int  # pictures that the candidate alone has right
    only_reference: int  # pictures that the reference alone has right
    both_wrong: int

    def __post_init__(self) -> None:
        """Refuses counts that are none.

        Raises:
            UsageError: If a count is negative, or all are 0.
        """
        counts = (self.both_right, self.only_candidate, self.only_reference, self.both_wrong)
        if min(counts) < 0 or not sum(counts):
            raise UsageError(f"a comparison needs counts of at least 0 and one picture at least; got {counts}")

    @property
    def count(self) -> int:
        """Pictures."""
        return self.both_right + self.only_candidate + self.only_reference + self.both_wrong

    @property
    def difference(self) -> float:
        """The candidate's accuracy less the reference's, in [-1, 1]."""
        return (self.only_candidate - self.only_reference) / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Of the difference, 95 %: `paired_interval`."""
        return paired_interval(self.only_candidate, self.only_reference, self.count)

    @property
    def p_value(self) -> float:
        """How often chance parts two equally good classifiers at least so far, in (0, 1]: `mcnemar_p_value`."""
        return mcnemar_p_value(self.only_candidate, self.only_reference)

    @property
    def verdict(self) -> Verdict:
        """What may be said of the candidate, by the test alone."""
        return verdict_of(self.difference, self.p_value)

    def to_dict(self) -> dict[str, Any]:
        """Counts and what follows from them, as JSON types.

        Example:
            >>> PairedComparison(80, 12, 3, 5).to_dict()["verdict"]
            'better'
        """
        return {
            "pictures": self.count,
            "both_right": self.both_right,
            "only_candidate": self.only_candidate,
            "only_reference": self.only_reference,
            "both_wrong": self.both_wrong,
            "difference": self.difference,
            "interval": list(self.interval),
            "p_value": self.p_value,
            "verdict": self.verdict,
        }


def compare_right(candidate: npt.NDArray[np.bool_], reference: npt.NDArray[np.bool_]) -> PairedComparison:
    """Counts on which pictures two classifiers are right.

    Args:
        candidate: (n,) bool, whether the candidate is right.
        reference: (n,) bool, whether the reference is, on the same pictures in the same order.

    Raises:
        UsageError: If they are not two such arrays of the same pictures, of which there must be one at least.

    Example:
        >>> found = compare_right(np.array([True, True, True, False]), np.array([True, False, False, True]))
        >>> found.difference, found.p_value, found.verdict
        (0.25, 1.0, 'not distinguishable')
    """
    candidate, reference = np.asarray(candidate), np.asarray(reference)
    if (
        candidate.ndim != 1
        or candidate.shape != reference.shape
        or {candidate.dtype, reference.dtype} != {np.dtype(bool)}
    ):
        raise UsageError(
            "a comparison needs two arrays of truth values for the same pictures; "
            f"got {candidate.dtype} {candidate.shape} and {reference.dtype} {reference.shape}"
        )
    return PairedComparison(
        both_right=int(np.sum(candidate & reference)),
        only_candidate=int(np.sum(candidate & ~reference)),
        only_reference=int(np.sum(~candidate & reference)),
        both_wrong=int(np.sum(~candidate & ~reference)),
    )


def verdict_of(gain: float, p_value: float) -> Verdict:
    """What a test allows to say.

    Args:
        gain: How much better the candidate is; below 0 where it is worse.
        p_value: Of the two-sided test, in (0, 1].

    Example:
        >>> verdict_of(0.02, 0.03), verdict_of(-0.02, 0.03), verdict_of(0.02, 0.2)
        ('better', 'worse', 'not distinguishable')
    """
    if p_value >= SIGNIFICANCE or not gain:
        return "not distinguishable"
    return "better" if gain > 0 else "worse"


def mcnemar_p_value(only_candidate: int, only_reference: int) -> float:
    """How often fair coins, one for each picture that one alone has right, fall at least so unevenly: McNemar's exact test, two-sided.

    By it equally good classifiers count as different in less than `SIGNIFICANCE` of cases; of few such pictures in far fewer (five to
    none are not enough, six to none are). The tests hold it equal to `scipy.stats.binomtest`.

    Args:
        only_candidate: Pictures that the candidate alone has right.
        only_reference: Pictures that the reference alone has right.

    Returns:
        In (0, 1]; so small that it cannot be told from 0, it is 0.

    Example:
        >>> round(mcnemar_p_value(6, 0), 5), mcnemar_p_value(5, 5)
        (0.03125, 1.0)

    Source: McNemar 1947, Note on the sampling error of the difference between correlated proportions or percentages.
    """
    total, fewer = only_candidate + only_reference, min(only_candidate, only_reference)
    if not total:
        return 1.0
    # The logarithms of the binomial coefficients over 2 ** total, from 0 successes to the fewer.
    steps = np.arange(1, fewer + 1, dtype=np.float64)
    logarithms = np.concatenate([[0.0], np.cumsum(np.log((total - steps + 1) / steps))]) - total * math.log(2)
    return float(min(1.0, 2 * np.exp(logarithms).sum()))


def paired_interval(only_candidate: int, only_reference: int, count: int) -> tuple[float, float]:
    """The 95 % interval of the difference of two accuracies on the same pictures: all differences that the score test does not refuse.

    It has a width also where no picture, or every one, tells the two apart. Of few such pictures its test is less strict than the exact
    one: then the interval may lie just beside 0 where `mcnemar_p_value` does not tell the two apart.

    Args:
        only_candidate: Pictures that the candidate alone has right.
        only_reference: Pictures that the reference alone has right.
        count: All pictures, at least 1.

    Returns:
        (low, high) of the candidate's accuracy less the reference's, both in [-1, 1].

    Raises:
        UsageError: If `count` is below 1, or less than the other two together.

    Example:
        >>> low, high = paired_interval(16, 8, 86)
        >>> f"{low:.3f} to {high:.3f}"
        '-0.020 to 0.207'

    Source: Tango 1998, Equivalence test and confidence interval for the difference in proportions for the paired-sample design; the
    example is Agresti and Min 2005, Simple improved confidence intervals for comparing matched proportions.
    """
    if count < 1 or min(only_candidate, only_reference) < 0 or only_candidate + only_reference > count:
        raise UsageError(
            f"an interval needs at least 1 picture and at most that many that tell two classifiers apart; "
            f"got {only_candidate} and {only_reference} of {count}"
        )
    found = (only_candidate - only_reference) / count

    def end(limit: float) -> float:
        inside, outside = found, limit
        for _ in range(_HALVINGS):
            middle = (inside + outside) / 2
            if _allows(middle, only_candidate, only_reference, count):
                inside = middle
            else:
                outside = middle
        return outside if abs(outside) == 1 else inside

    return end(-1.0), end(1.0)


def _allows(difference: float, only_candidate: int, only_reference: int, count: int) -> bool:
    """Whether the score test does not refuse a difference."""
    # The most likely share of pictures that the reference alone has right, given the difference: the root of a quadratic.
    linear = (2 * count - only_candidate + only_reference) * difference - only_candidate - only_reference
    constant = -only_reference * difference * (1 - difference)
    share = (math.sqrt(max(linear**2 - 8 * count * constant, 0.0)) - linear) / (4 * count)
    variance = max(count * (2 * share + difference * (1 - difference)), 0.0)
    distance = only_candidate - only_reference - count * difference
    return distance**2 <= NORMAL_QUANTILE_975**2 * variance
