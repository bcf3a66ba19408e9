"""What was measured, with an interval, and what follows for a claim: it holds, it does not hold, or that cannot be told.

An estimate is a number with a 95 % interval. A part of a claim holds where the whole interval lies in the range that the rule states, does
not hold where none of it does, and else is not distinguishable. The interval is

    exact     of a counted figure: the figure alone
    seeds     of two seeds or more: Student's t of the values, or of the differences or logarithms of ratios within each seed, as arms of
              one seed learn from the same pictures in the same order
    pictures  of one seed and an error: of the test pictures (Wilson's, and Tango's of a paired difference). It says nothing of what
              another seed would bring
    none      of one seed and any other figure: nothing is known, and the interval is everything
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from striate.evaluation.metrics import wilson_interval
from striate.evaluation.paired import compare_right
from striate.reproductions.experiment import Rule
from striate.reproductions.measures import named_measure

Verdict = Literal["holds", "does not hold", "not distinguishable"]
HOLDS: Verdict = "holds"
FAILS: Verdict = "does not hold"
OPEN: Verdict = "not distinguishable"
Over = Literal["exact", "seeds", "pictures", "none"]
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Answers:
    """An arm's values of a measure."""

    values: tuple[float, ...]
    """A number a seed."""
    wrong: npt.NDArray[np.bool_] | None = None
    """(n,) which test pictures the first seed has wrong, where the measure is an error."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, and what that is over."""

    value: float
    low: float
    high: float
    over: Over


@dataclass(frozen=True)
class Ruling:
    """A rule, what was found, and what follows."""

    rule: Rule
    estimate: Estimate
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """As JSON types; an end of the interval that is nowhere is None."""
        low, high = (end if math.isfinite(end) else None for end in (self.estimate.low, self.estimate.high))
        return {
            "says": self.rule.says,
            "measure": self.rule.measure,
            "of": self.rule.of,
            "to": self.rule.to,
            "ratio": self.rule.ratio,
            "aside": self.rule.aside,
            "range": [end if math.isfinite(end) else None for end in self.rule.range],
            "estimate": self.estimate.value,
            "interval": [low, high],
            "interval_over": self.estimate.over,
            "verdict": self.verdict,
        }


def rule_on(rule: Rule, answers: Mapping[str, Answers]) -> Ruling:
    """What follows for a rule.

    Args:
        rule: The rule.
        answers: Of each arm that it names, values of its measure.

    Example:
        >>> rule = Rule(says="a errs less than b", measure="error", of="a", to="b", below=0.0)
        >>> rule_on(rule, {"a": Answers((0.10, 0.11, 0.12)), "b": Answers((0.20, 0.22, 0.21))}).verdict
        'holds'
    """
    found = estimate(rule, answers)
    return Ruling(rule, found, verdict_of(rule, found))


def verdict_of(rule: Rule, found: Estimate) -> Verdict:
    """Whether the whole interval lies in the rule's range, or none of it."""
    low, high = rule.range
    if rule.between:
        inside, outside = low <= found.low and found.high <= high, found.high < low or found.low > high
    elif rule.below is not None:
        inside, outside = found.high < high, found.low >= high
    else:
        inside, outside = found.low > low, found.high <= low
    return HOLDS if inside else FAILS if outside else OPEN


def verdict_on_all(rulings: Sequence[Ruling]) -> Verdict:
    """A claim holds where all its parts do, and does not where one does not; what is told aside does not count."""
    verdicts = {ruling.verdict for ruling in rulings if not ruling.rule.aside}
    return FAILS if FAILS in verdicts else OPEN if OPEN in verdicts else HOLDS


def estimate(rule: Rule, answers: Mapping[str, Answers]) -> Estimate:
    """The rule's value, difference or ratio, with its interval."""
    own, other = answers[rule.of], answers.get(rule.to)
    values = np.array(own.values)
    if other is not None:
        seeds = min(len(values), len(other.values))
        others = np.array(other.values[:seeds])
        values = _ratios(values[:seeds], others) if rule.ratio else values[:seeds] - others
    if rule.ratio:
        found = _over_seeds(np.log(values), rule) if (values > 0).all() and np.isfinite(values).all() else None
        if found is None:
            return Estimate(float(values.mean()), -math.inf, math.inf, "none")
        return Estimate(math.exp(found.value), math.exp(found.low), math.exp(found.high), found.over)
    if len(values) == 1 and not named_measure(rule.measure).exact and own.wrong is not None:
        return _over_pictures(float(values[0]), own.wrong, other)
    return _over_seeds(values, rule)


def _ratios(values: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(values / others)


def _over_seeds(values: npt.NDArray[np.float64], rule: Rule) -> Estimate:
    mean, count = float(values.mean()), len(values)
    if named_measure(rule.measure).exact:
        return Estimate(mean, mean, mean, "exact")
    if count == 1 or not np.isfinite(values).all():
        return Estimate(mean, -math.inf, math.inf, "none")
    half = t_quantile(count - 1) * float(values.std(ddof=1)) / math.sqrt(count)
    return Estimate(mean, mean - half, mean + half, "seeds")


def _over_pictures(value: float, wrong: npt.NDArray[np.bool_], other: Answers | None) -> Estimate:
    if other is None:
        return Estimate(value, *wilson_interval(int(wrong.sum()), len(wrong)), "pictures")
    if other.wrong is None or len(other.wrong) != len(wrong):  # other test pictures: nothing is paired
        return Estimate(value, -math.inf, math.inf, "none")
    low, high = compare_right(wrong, other.wrong).interval  # of the share that the one alone has wrong
    return Estimate(value, low, high, "pictures")


def t_quantile(freedom: int) -> float:
    """Student's t within which 95 % lie, two-sided.

    Args:
        freedom: Degrees of freedom, 1 or more.

    Example:
        >>> [round(t_quantile(freedom), 3) for freedom in (1, 2, 4)]
        [12.706, 4.303, 2.776]
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
