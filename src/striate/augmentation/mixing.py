"""A picture and its label mixed with another's, by Mixup or CutMix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from striate.augmentation.draws import uniform
from striate.augmentation.fields import on_device
from striate.augmentation.policy import AugmentationPolicy
from striate.augmentation.texture import inside


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
