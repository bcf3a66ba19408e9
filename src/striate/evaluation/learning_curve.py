"""How much more pictures would bring: the error over their number, as a power law, and where it leads with how much doubt.

Errors fall as a + b n^-c for most networks and data, from where a few pictures of each class are there; a is what no number of pictures
takes away. The interval is that of a bootstrap over pictures and over draws: each time the law is fitted anew, so that what it says of
twice as many pictures is as doubtful as the law itself. Far beyond the pictures that there are, no law is sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError

SLOPES = np.linspace(0.05, 2.0, 40)
"""Exponents that are tried; measured ones lie between 0.1 and 1."""

BOOTSTRAPS = 400
INTERVAL = 0.90

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PowerLaw:
    """The error of n pictures: `floor` + `scale` n^-`slope`."""

    floor: float
    scale: float
    slope: float

    def error(self, pictures: float) -> float:
        """In [0, 1].

        Example:
            >>> round(PowerLaw(0.01, 1.0, 0.5).error(400), 6)
            0.06
        """
        return float(np.clip(self.floor + self.scale * pictures**-self.slope, 0, 1))


@dataclass(frozen=True)
class Expected:
    """What a number of training pictures is expected to bring."""

    pictures: int
    accuracy: float
    low: float
    high: float
    """The ends of the interval of `INTERVAL`, of the accuracy on new pictures of the same kind."""


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """The accuracy over the number of training pictures."""

    sizes: tuple[int, ...]
    accuracies: tuple[float, ...]
    """Measured on pictures that were held out, the mean of all draws."""
    law: PowerLaw
    laws: tuple[PowerLaw, ...]
    """One of each bootstrap."""

    def at(self, pictures: int) -> Expected:
        """What so many pictures are expected to bring."""
        errors = [law.error(pictures) for law in self.laws]
        low, high = np.quantile(errors, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
        middle = self.law.error(pictures)
        return Expected(pictures, 1 - middle, 1 - max(float(high), middle), 1 - min(float(low), middle))


def fit_power_law(sizes: Sequence[int], errors: Floats, weights: Floats) -> PowerLaw:
    """The law of least weighted squares, no part of it below 0; where the errors do not fall, a flat one.

    Args:
        sizes: (s,) rising numbers of training pictures.
        errors: (s,) in [0, 1].
        weights: (s,) above 0.

    Example:
        >>> sizes = [25, 50, 100, 200]
        >>> law = fit_power_law(sizes, np.array([0.02 + n**-0.5 for n in sizes]), np.ones(4))
        >>> round(law.floor, 3), round(law.scale, 3), round(law.slope, 3)
        (0.02, 1.0, 0.5)

    Source: Hestness et al. 2017, Deep Learning Scaling is Predictable, Empirically, section 2; Cortes et al. 1993, Learning Curves:
    Asymptotic Values and Rate of Convergence.
    """
    counts = np.asarray(sizes, np.float64)
    if counts.ndim != 1 or len(counts) < 3 or errors.shape != counts.shape or weights.shape != counts.shape:
        raise UsageError(
            f"a power law takes three sizes at least, with an error and a weight each; got {counts.shape}, {errors.shape}"
        )
    powers = counts[None, :] ** -SLOPES[:, None]  # (slopes, sizes)
    total = weights.sum()
    mean_power, mean_error = (powers * weights).sum(axis=1) / total, (errors * weights).sum() / total
    centred = powers - mean_power[:, None]
    scale = np.maximum(
        (centred * (errors - mean_error) * weights).sum(axis=1) / (centred**2 * weights).sum(axis=1), 0.0
    )
    floor = mean_error - scale * mean_power
    below = floor < 0  # then none, and the scale that is best with none
    scale = np.where(below, (powers * errors * weights).sum(axis=1) / (powers**2 * weights).sum(axis=1), scale)
    floor = np.where(below, 0.0, floor)
    losses = ((floor[:, None] + scale[:, None] * powers - errors) ** 2 * weights).sum(axis=1)
    best = int(losses.argmin())
    return PowerLaw(float(floor[best]), float(scale[best]), float(SLOPES[best]))


def learning_curve(sizes: Sequence[int], wrong: npt.NDArray[np.floating], *, seed: int = 0) -> LearningCurve:
    """The curve of what heads that learnt from so many pictures got wrong of others.

    Args:
        sizes: (s,) rising numbers of training pictures, three at least.
        wrong: (draws, s, n) 1 where a picture was answered wrong, 0 where right, NaN where it was not held out.
        seed: Of the bootstrap.

    Raises:
        UsageError: If the shapes disagree.
    """
    if wrong.ndim != 3 or wrong.shape[1] != len(sizes):
        raise UsageError(f"expected (draws, {len(sizes)}, pictures) answers, got {wrong.shape}")
    draws, _, count = wrong.shape
    held = ~np.isnan(wrong)
    answers, known = np.where(held, wrong, 0.0), held.astype(np.float64)

    def law_of(of_draws: Floats, of_pictures: Floats) -> tuple[PowerLaw, Floats]:
        weighed = np.einsum("dsn,n->ds", answers, of_pictures), np.einsum("dsn,n->ds", known, of_pictures)
        sums, totals = (of_draws @ part for part in weighed)
        errors = sums / np.maximum(totals, 1e-9)
        # Few mistakes are as unsure as one more would make them.
        variances = (sums + 1) / (totals + 2) * (1 - sums / (totals + 2)) / np.maximum(totals, 1.0)
        return fit_power_law(sizes, errors, 1 / variances), errors

    law, errors = law_of(np.ones(draws), np.ones(count))
    generator = np.random.default_rng(seed)
    laws = [
        law_of(
            generator.multinomial(draws, np.full(draws, 1 / draws)).astype(np.float64),
            generator.multinomial(count, np.full(count, 1 / count)).astype(np.float64),
        )[0]
        for _ in range(BOOTSTRAPS)
    ]
    return LearningCurve(tuple(sizes), tuple((1 - errors).tolist()), law, tuple(laws))
