"""Mixup and CutMix: a picture and its label mixed with another's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from striate.augmentation.draws import uniform
from striate.augmentation.fields import on_device
from striate.augmentation.operation import Limits, Numbers, Operation
from striate.augmentation.texture import inside

if TYPE_CHECKING:
    from striate.augmentation.policy import AugmentationPolicy

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


@dataclass(frozen=True)
class Mixture:
    """How some samples are mixed."""

    mixup: npt.NDArray[np.bool_]
    """(n,) which are averaged."""
    cutmix: npt.NDArray[np.bool_]
    """(n,) which get a rectangle; never both."""
    shares: npt.NDArray[np.float64]
    """(n,) Beta draws of those; 1 of the others."""
    centres: npt.NDArray[np.float64]
    """(n, 2) x and y of the rectangles' centres, in 0..1."""


def draw_mixture(policy: AugmentationPolicy, *, seed: int, epoch: int, indices: npt.ArrayLike) -> Mixture:
    """Draws which samples are mixed and how: one number says whether by mixup, by CutMix or not."""
    mixup, cutmix = policy.mixup, policy.cutmix
    which = uniform(seed, epoch, indices, 1, stream="mixing")[:, 0]
    count = len(which)
    first = mixup.probability if mixup.active else 0.0
    second = cutmix.probability if cutmix.active else 0.0
    averaged, cut = which < first, (which >= first) & (which < first + second)
    shares, centres = np.ones(count), np.zeros((count, 2))
    rows = np.asarray(indices, dtype=np.int64).reshape(-1)
    for operation, on in ((mixup, averaged), (cutmix, cut)):
        if on.any():
            numbers = uniform(seed, epoch, rows[on], operation.uniforms, stream=operation.name)
            values = operation.values(numbers)
            shares[on] = values[:, 0]
            if operation is cutmix:
                centres[on] = values[:, 1:]
    return Mixture(averaged, cut, shares, centres)


def mixing_partners(
    policy: AugmentationPolicy, *, seed: int, epoch: int, indices: npt.ArrayLike, count: int
) -> npt.NDArray[np.int64] | None:
    """With which training picture each sample is mixed, from (seed, epoch, index) alone.

    So a sample has the same partner in any batch; the partner may be the sample itself.

    Args:
        policy: What may vary.
        seed: The seed of the run.
        epoch: The epoch, from 0.
        indices: (n,) integers: the samples' indices in the data set.
        count: Number of training pictures.

    Returns:
        (n,) positions 0..count-1 in the training split; None if the policy mixes nothing.

    Example:
        >>> from striate.augmentation import AugmentationPolicy
        >>> mixing_partners(AugmentationPolicy(), seed=0, epoch=0, indices=[4], count=10) is None
        True
    """
    if not policy.mixes:
        return None
    draws = uniform(seed, epoch, indices, 1, stream="mixing partner")[:, 0]
    return np.minimum((draws * count).astype(np.int64), count - 1)


def mix(
    images: Tensor,
    partners: Tensor,
    policy: AugmentationPolicy,
    *,
    seed: int,
    epoch: int,
    indices: npt.ArrayLike,
) -> tuple[Tensor, Tensor]:
    """Mixes every picture with its partner, by its own draw.

    The loss of a mixed picture is weight * loss(own label) + (1 - weight) * loss(the partner's label).

    Args:
        images: (N, C, H, W) float, augmented.
        partners: (N, C, H, W) float: the pictures at `mixing_partners`, augmented by their own draws.
        policy: What may vary.
        seed: The seed of the run.
        epoch: The epoch, from 0.
        indices: (N,) integers: the samples' indices in the data set.

    Returns:
        The mixed pictures, of the same shape, dtype and layout, and (N,) float32 the weight of each own label in 0..1.
    """
    if not policy.mixes:
        return images, torch.ones(len(images), device=images.device)
    height, width = images.shape[2:]
    mixture = draw_mixture(policy, seed=seed, epoch=epoch, indices=indices)
    places = cut_boxes(mixture, height=height, width=width)
    left = 1 - (places[:, 1] - places[:, 0]) * (places[:, 3] - places[:, 2]) / (height * width)
    weights = np.where(mixture.mixup, mixture.shares, left)
    shares = np.where(mixture.mixup, mixture.shares, 1).astype(np.float32)
    own = on_device(shares, images.device).to(images.dtype)[:, None, None, None]
    mixed = images * own + partners * (1 - own) if mixture.mixup.any() else images
    if mixture.cutmix.any():
        mixed = torch.where(inside(places, height=height, width=width, device=images.device), partners, mixed)
    return mixed, on_device(weights.astype(np.float32), images.device)


def cut_boxes(mixture: Mixture, *, height: int, width: int) -> npt.NDArray[np.int64]:
    """(n, 4) top, bottom, left, right (the ends exclusive) of what is taken from the partner; empty where nothing is."""
    side = 0.5 * np.sqrt(1 - mixture.shares) * mixture.cutmix
    half_width, half_height = np.floor(side * width), np.floor(side * height)
    x, y = np.floor(mixture.centres[:, 0] * width), np.floor(mixture.centres[:, 1] * height)
    edges = [
        np.maximum(y - half_height, 0),
        np.minimum(y + half_height, height),
        np.maximum(x - half_width, 0),
        np.minimum(x + half_width, width),
    ]
    return np.stack(edges, axis=1).astype(np.int64)
