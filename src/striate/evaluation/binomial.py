"""How many of n pictures something happens to by chance: the binomial distribution, without scipy, which prediction does without."""

from __future__ import annotations

import math

import numpy as np

from striate.errors import UsageError

_HALVINGS = 60


def at_most(successes: int, count: int, share: float) -> float:
    """How often at most so many of `count` pictures have what each has with probability `share`: in [0, 1].

    Args:
        successes: Pictures that have it; below 0 never, `count` or more always.
        count: Pictures, at least 1.
        share: In [0, 1].

    Raises:
        UsageError: If `count` is below 1 or `share` is no share.

    Example:
        >>> at_most(1, 2, 0.5), at_most(-1, 2, 0.5), round(at_most(0, 299, 0.01), 4)
        (0.75, 0.0, 0.0495)
    """
    if count < 1 or not 0 <= share <= 1:
        raise UsageError(f"expected a picture at least and a share in 0..1; got {count} and {share}")
    if successes < 0:
        return 0.0
    if successes >= count or share == 0:
        return 1.0
    if share == 1:
        return 0.0
    if 2 * successes > count:  # the shorter sum
        return 1.0 - at_most(count - successes - 1, count, 1 - share)
    steps = np.arange(1, successes + 1, dtype=np.float64)
    odds = math.log(share) - math.log1p(-share)
    logarithms = np.concatenate([[0.0], np.cumsum(np.log((count - steps + 1) / steps) + odds)])
    logarithms += count * math.log1p(-share)
    return float(min(1.0, np.exp(logarithms).sum()))


def largest_share(successes: int, count: int, *, significance: float = 0.05) -> float:
    """The upper bound of a share: larger ones give so few successes in less than `significance` of cases (Clopper and Pearson, one-sided).

    Args:
        successes: Pictures that have it, 0 to `count`.
        count: Pictures, at least 1.
        significance: In (0, 1).

    Example:
        >>> round(largest_share(0, 299), 4), largest_share(5, 5)
        (0.01, 1.0)
    """
    if successes >= count:
        return 1.0
    low, high = successes / count, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if at_most(successes, count, middle) > significance else (low, middle)
    return high
