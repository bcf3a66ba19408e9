"""Progressive resizing: pictures are small at first, which costs little, and have their full size at the end."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from striate.training.recipe import ResizingConfig

STEP = 8
"""Sides are multiples of so many pixels, as poolings like them."""


def side_share(config: ResizingConfig, *, progress: float) -> float:
    """The side of pictures as a share of the full one, at a place in the run: it rises in a straight line, then stays 1.

    Args:
        config: The recipe's.
        progress: Share of the run, in 0..1, at the end of the epoch that is asked for.

    Example:
        >>> config = ResizingConfig(first=0.5, full_from=0.8)
        >>> [round(side_share(config, progress=place), 2) for place in (0.0, 0.4, 0.8, 1.0)]
        [0.5, 0.75, 1.0, 1.0]

    Source: Howard 2018, Training ImageNet in 3 hours for 25 minutes (fast.ai, DAWNBench); Leclerc et al. 2023, FFCV,
        section 4: a resolution that rises linearly.
    """
    if progress >= config.full_from:
        return 1.0
    return config.first + (1 - config.first) * progress / config.full_from


def cost_ahead(config: ResizingConfig, *, progress: float) -> float:
    """The mean cost of a step in what is left of the run, as a share of a step's at full size: cost goes with the area.

    Example:
        >>> cost_ahead(ResizingConfig(), progress=0.0), cost_ahead(ResizingConfig(first=0.5, full_from=0.5), progress=0.5)
        (1.0, 1.0)
        >>> round(cost_ahead(ResizingConfig(first=0.5, full_from=1.0), progress=0.0), 3)  # the mean of (1/2 + p/2)**2 is 7/12
        0.583
    """
    places = [progress + (1 - progress) * (index + 0.5) / 50 for index in range(50)]
    return sum(side_share(config, progress=place) ** 2 for place in places) / len(places)


def resized(size: tuple[int, int], share: float, *, least: tuple[int, int] = (1, 1)) -> tuple[int, int]:
    """A size whose sides are about that share of another's, in whole steps of 8 pixels; never larger than it.

    Args:
        size: (height, width) in pixels.
        share: Above 0 and at most 1.
        least: The smallest that the network takes.

    Example:
        >>> resized((64, 96), 0.6), resized((28, 28), 0.5, least=(8, 8)), resized((100, 100), 1.0)
        ((40, 56), (16, 16), (100, 100))
    """
    if share >= 1:
        return size
    height, width = (
        min(side, max(smallest, STEP, round(side * share / STEP) * STEP))
        for side, smallest in zip(size, least, strict=True)
    )
    return height, width


def shrink(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """Pictures at a smaller size, each pixel the weighted mean of those that it stands for.

    Args:
        pixels: (k, C, H, W) uint8, channels last.
        size: (height, width) in pixels.

    Returns:
        (k, C, height, width) uint8, channels last; what was given where it has that size.
    """
    if tuple(pixels.shape[2:]) == size:
        return pixels
    smaller = functional.interpolate(pixels, size, mode="bilinear", antialias=True)
    return smaller.contiguous(memory_format=torch.channels_last)
