"""Every geometric change of a picture, composed into one map and applied by one resampling."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from striate.augmentation.draws import uniform
from striate.augmentation.policy import AugmentationPolicy


def warp_matrices(
    policy: AugmentationPolicy, *, seed: int, epoch: int, indices: npt.ArrayLike, aspect: float = 1.0
) -> npt.NDArray[np.float32]:
    """The map from output to input positions of each sample, drawn from (seed, epoch, index) alone.

    Args:
        policy: The ranges to draw from.
        seed: The seed of the run.
        epoch: The epoch, from 0.
        indices: (n,) integers: the samples' indices in the data set.
        aspect: Width over height of the pictures, so that a rotation does not shear them.

    Returns:
        (n, 2, 3) float32: affine maps in the -1..1 coordinates of `torch.nn.functional.affine_grid`.
    """
    draws = uniform(seed, epoch, indices, 5)
    signed = 2 * draws - 1
    angle = np.deg2rad(policy.rotation) * signed[:, 0]
    # Output to input is the inverse map: a magnification by m reads from positions 1/m as far from the centre.
    shrink = np.exp(-math.log1p(policy.scale) * signed[:, 1])
    mirror = np.where(draws[:, 4] < policy.flip, -1.0, 1.0)
    cosine, sine = np.cos(angle) * shrink, np.sin(angle) * shrink
    matrices = np.empty((len(draws), 2, 3))
    matrices[:, 0, 0] = cosine * mirror
    matrices[:, 0, 1] = -sine / aspect
    matrices[:, 1, 0] = sine * aspect * mirror
    matrices[:, 1, 1] = cosine
    matrices[:, 0, 2] = 2 * policy.shift * signed[:, 2]
    matrices[:, 1, 2] = 2 * policy.shift * signed[:, 3]
    return matrices.astype(np.float32)


def augment(images: Tensor, policy: AugmentationPolicy, *, seed: int, epoch: int, indices: npt.ArrayLike) -> Tensor:
    """Moves every picture of a batch by its own draw; beyond the edge the nearest pixel goes on.

    Args:
        images: (N, C, H, W) float, any range.
        policy: What may vary.
        seed: The seed of the run.
        epoch: The epoch, from 0.
        indices: (N,) integers: the samples' indices in the data set.

    Returns:
        (N, C, H, W), the same dtype and device; `images` itself if the policy moves nothing.

    Example:
        >>> images = torch.rand(2, 3, 8, 8)
        >>> augment(images, AugmentationPolicy(rotation=5.0), seed=0, epoch=0, indices=[0, 1]).shape
        torch.Size([2, 3, 8, 8])
    """
    if not policy.moves:
        return images
    height, width = images.shape[2:]
    matrices = warp_matrices(policy, seed=seed, epoch=epoch, indices=indices, aspect=width / height)
    theta = torch.from_numpy(matrices).to(images.device, images.dtype)
    grid = functional.affine_grid(theta, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
