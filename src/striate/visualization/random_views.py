"""A picture moved, turned and scaled a little at random: what a unit still answers to under all that is no accident of single pixels.

Source: Olah, Mordvintsev and Schubert 2017, Feature Visualization, distill.pub, "Transformation robustness", and its appendix (jitter,
scaling and rotation before each step).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

JITTER = 1 / 20
"""Up or down and to a side, as a share of the shorter side."""
SCALING = 0.07
"""Larger or smaller, as a share."""
ROTATION = 7.0
"""To either side, in degrees."""


def random_view(
    pictures: Tensor, size: tuple[int, int], generator: torch.Generator, *, movement: float = 1.0
) -> Tensor:
    """(N, channels, `*size`): the middle of each picture, all moved, turned and scaled alike, resampled once, bilinearly.

    Args:
        pictures: (N, channels, height, width) float.
        size: (height, width) of what is seen.
        generator: Four numbers are drawn, on the processor.
        movement: What `JITTER`, `SCALING` and `ROTATION` are multiplied by; 0: the middle as it is.

    Example:
        >>> picture = torch.arange(16.0).view(1, 1, 4, 4)
        >>> random_view(picture, (2, 2), torch.Generator().manual_seed(0), movement=0).tolist()
        [[[[5.0, 6.0], [9.0, 10.0]]]]
    """
    right, down, larger, turn = ((torch.rand(4, generator=generator) * 2 - 1) * movement).tolist()
    jitter = JITTER * min(size)
    scale = (1 + SCALING) ** larger
    cosine, sine = (wave(math.radians(ROTATION * turn)) * scale for wave in (math.cos, math.sin))
    (height, width), (whole_height, whole_width) = size, pictures.shape[2:]
    # Where each pixel of the view lies: `affine_grid` counts both in halves of a side.
    where = [
        [cosine * width / whole_width, -sine * height / whole_width, 2 * right * jitter / whole_width],
        [sine * width / whole_height, cosine * height / whole_height, 2 * down * jitter / whole_height],
    ]
    turned = torch.tensor(where, dtype=pictures.dtype, device=pictures.device).expand(len(pictures), 2, 3)
    grid = functional.affine_grid(turned, [*pictures.shape[:2], *size], align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)
