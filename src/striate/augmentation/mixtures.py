"""Mixup and CutMix as operations: how the share of the own picture is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from striate.augmentation.operation import Limits, Numbers, Operation

_TRIES = 256


@dataclass(frozen=True, kw_only=True)
class Mixup(Operation):
    """A picture and another are averaged, and so are their labels: own * share + other * (1 - share).

    Source: Zhang et al., "mixup: Beyond empirical risk minimization" (2017), section 2; alpha 0.2 to 0.4 on ImageNet.
    """

    alpha: float = 0.0
    """The share of the own picture is drawn from the distribution Beta(alpha, alpha)."""

    name = "mixup"
    uniforms = 2 * _TRIES
    limits: ClassVar[Limits] = {"alpha": (0, 2)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.alpha > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(share of the own picture,)."""
        return beta(numbers, self.alpha)[:, None]

    def describe(self, values: Numbers) -> str:
        """Such as `mixup, 83% own`."""
        return f"mixup, {values[0]:.0%} own"


@dataclass(frozen=True, kw_only=True)
class Cutmix(Operation):
    """A rectangle of another picture takes the place of the own, and the label is mixed by area.

    Source: Yun et al., "CutMix: Regularization strategy to train strong classifiers with localizable features" (2019),
    section 3.1 and Equation 2; alpha 1.
    """

    alpha: float = 0.0
    """The share of the own picture is drawn from Beta(alpha, alpha), before the rectangle is cut off at the border."""

    name = "cutmix"
    uniforms = 2 * _TRIES + 2
    limits: ClassVar[Limits] = {"alpha": (0, 2)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.alpha > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(share of the own picture, centre along x, centre along y); the centre in 0..1 from border to border."""
        return np.concatenate([beta(numbers[:, 2:], self.alpha)[:, None], numbers[:, :2]], axis=1)

    def describe(self, values: Numbers) -> str:
        """Such as `cutmix, about 62% own`."""
        return f"cutmix, about {values[0]:.0%} own"


def beta(numbers: Numbers, alpha: float) -> npt.NDArray[np.float64]:
    """(n,) draws of Beta(alpha, alpha) from uniform numbers (n, 2 k): the first of k tries that is accepted.

    Source: Jöhnk, "Erzeugung von betaverteilten und gammaverteilten Zufallszahlen" (1964). In logarithms, because powers of
    1/alpha leave the range of numbers.
    """
    if alpha == 0:
        return np.ones(len(numbers))
    logarithms = np.log(1 - numbers) / alpha  # 1 - u lies in (0, 1]
    one, other = logarithms[:, 0::2], logarithms[:, 1::2]
    accepted = np.argmax(np.logaddexp(one, other) <= 0, axis=1)
    rows = np.arange(len(numbers))
    return np.asarray(1 / (1 + np.exp(np.clip(other[rows, accepted] - one[rows, accepted], -700, 700))))
