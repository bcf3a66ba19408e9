"""The rule by which one classifier takes the place of another: how much better it is on the same pictures, and what an answer of it costs.

- About as dear, which is up to twice the multiply-adds: it takes the place if it is better at all. Choosing the better of two on
  validation pictures loses least, however few those are; to wait for proof would keep many a worse one.
- Clearly dearer, more than twice: only if it is better beyond chance, by a gain that chance gives one of two equally good ones in less than
  `CHANCE` of cases. That is one standard error, as in the rule of Breiman et al. 1984, Classification and Regression Trees, section 3.4.3.
- Equally good: only if it is clearly cheaper, at most half the multiply-adds.

What costs less than `UNNOTICED` multiply-adds is as dear as that: of two that answer sooner than a picture is read, the better is taken.

`docs/choosing.md` has the rule's losses beside those of stricter and laxer ones, by simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.evaluation.metric_comparison import MetricComparison
from striate.evaluation.selection_metrics import METRIC_NAMES, compare_answers
from striate.wording import number, plural

CLEARLY = 2.0
"""Clearly dearer is more than so many times the multiply-adds, clearly cheaper at most the inverse."""

CHANCE = 0.32
"""Two-sided; the share of equally good classifiers that chance parts by a standard error."""

UNNOTICED = 10_000_000
"""Multiply-adds of an answer that nobody waits for: a seventh of a millisecond at 68 thousand million a second, as two EPYC cores reach."""

_EQUAL = 1e-9


@dataclass(frozen=True, eq=False)
class Contender:
    """A classifier as far as it matters for the choice."""

    probabilities: npt.NDArray[np.floating[Any]]
    """(n, classes), of pictures that it was not trained on; of several labels each by itself."""
    multiply_adds: int
    """Of one answer."""


@dataclass(frozen=True)
class Choice:
    """Whether a candidate takes the place."""

    takes: bool
    why: str
    """A sentence's part: `14 pictures won, 3 lost`."""
    comparison: MetricComparison


def choose(
    candidate: Contender,
    incumbent: Contender,
    labels: npt.NDArray[np.integer[Any]],
    *,
    metric: str = "accuracy",
    seed: int = 0,
) -> Choice:
    """Whether a candidate takes the incumbent's place.

    Args:
        candidate: The one that has just been measured.
        incumbent: The one that has the place; its probabilities are of the same pictures in the same order.
        labels: (n,) the true classes of these, or (n, classes) which labels each has.
        metric: A name of `METRIC_NAMES`.
        seed: Draws what the test of a metric other than accuracy needs.

    Raises:
        UnknownNameError: If there is no such metric.
        UsageError: If the probabilities are not of the same pictures.

    Example:
        >>> labels = np.array([0, 1] * 10)
        >>> poor = Contender(np.eye(2)[np.zeros(20, int)], multiply_adds=1_000_000_000)
        >>> choose(Contender(np.eye(2)[labels], multiply_adds=50_000_000_000), poor, labels).why
        '10 pictures won, 0 lost, at 50 times the multiply-adds'
    """
    found = compare_answers(metric, candidate.probabilities, incumbent.probabilities, labels, seed=seed)
    ratio = max(candidate.multiply_adds, UNNOTICED) / max(incumbent.multiply_adds, UNNOTICED)
    if abs(found.gain) <= _EQUAL:
        takes = ratio <= 1 / CLEARLY
    elif found.gain < 0:
        takes = False
    else:
        takes = ratio <= CLEARLY or found.p_value < CHANCE
    why = _describe_gain(found, metric)
    if not 1 / CLEARLY < ratio <= CLEARLY:
        of_all = candidate.multiply_adds / max(incumbent.multiply_adds, 1)
        why += f", at {_describe_ratio(of_all)} the multiply-adds"
    if found.gain > _EQUAL and not takes:
        why += ", which chance may have done"
    return Choice(takes, why, found)


def _describe_gain(found: MetricComparison, metric: str) -> str:
    pictures = f"{plural(found.wins, 'picture')} won, {number(found.losses)} lost"
    if metric == "accuracy":
        return pictures
    said = METRIC_NAMES[metric]
    if abs(found.gain) <= _EQUAL:
        return f"the same {said}"
    if metric == "log_loss":  # of which less is better
        return f"{said} {abs(found.gain):.3f} {'lower' if found.gain > 0 else 'higher'} ({pictures})"
    return f"{said} {100 * abs(found.gain):.1f} points {'higher' if found.gain > 0 else 'lower'} ({pictures})"


def _describe_ratio(ratio: float) -> str:
    if ratio >= 1:
        return f"{number(round(ratio)) if ratio >= 10 else f'{ratio:.1f}'} times"
    return f"1/{number(round(1 / ratio))} of" if ratio else "none of"
