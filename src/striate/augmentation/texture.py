"""Blur, noise and erasing, batched."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from striate.augmentation.appearance import Erasing, Noise
from striate.augmentation.fields import normal_field, on_device
from striate.augmentation.operation import Numbers


def blur(images: Tensor, sigmas: Numbers, *, largest: float) -> Tensor:
    """Blurs every picture by its own Gaussian, along the rows and then along the columns; the border is repeated.

    Args:
        images: (N, C, H, W) float32.
        sigmas: (N,) deviations in pixels; 0 leaves a picture as it is.
        largest: The largest deviation that can be drawn: it alone decides how far the kernels reach.

    Returns:
        (N, C, H, W) float32.
    """
    radius = math.ceil(3 * largest)
    offsets = np.arange(-radius, radius + 1)
    kernels = np.exp(-0.5 * (offsets / np.maximum(sigmas, 1e-3)[:, None]) ** 2)
    kernels /= kernels.sum(axis=1, keepdims=True)
    weights = on_device(kernels.astype(np.float32), images.device)
    for dimension, padding in ((3, (radius, radius, 0, 0)), (2, (0, 0, radius, radius))):
        # A sum in a fixed order: a library's convolution may round otherwise for another number of pictures.
        padded = functional.pad(images, padding, mode="replicate")
        size = images.shape[dimension]
        images = padded.narrow(dimension, 0, size) * weights[:, 0, None, None, None]
        for place in range(1, 2 * radius + 1):
            images += padded.narrow(dimension, place, size) * weights[:, place, None, None, None]
    return images


def add_noise(
    images: Tensor, noise: Noise, deviations: Numbers, *, seed: int, epoch: int, indices: npt.ArrayLike
) -> Tensor:
    """Adds to every value an error of its own, and clips to 0..1.

    Args:
        images: (N, C, H, W) float32 in 0..1.
        noise: The operation.
        deviations: (N,) of the 0..1 range.
        seed: The seed of the run.
        epoch: The epoch, from 0.
        indices: (N,) integers: the samples' indices in the data set.

    Returns:
        (N, C, H, W) float32.
    """
    errors = normal_field(seed, epoch, indices, images[0].numel(), stream=f"{noise.name} field", device=images.device)
    scale = on_device(deviations.astype(np.float32), images.device)
    return errors.mul_(scale[:, None]).reshape(images.shape).add_(images).clamp_(0, 1)


def boxes(values: Numbers, *, height: int, width: int) -> npt.NDArray[np.int64]:
    """(n, 4) top, bottom, left, right (the ends exclusive) of rectangles drawn by `Erasing`, inside the picture, in pixels."""
    area, aspect, across, down = values.T
    high = np.clip(np.rint(np.sqrt(area * height * width * aspect)), 1, height)
    wide = np.clip(np.rint(np.sqrt(area * height * width / aspect)), 1, width)
    top, left = np.floor((height - high + 1) * down), np.floor((width - wide + 1) * across)
    return np.stack([top, top + high, left, left + wide], axis=1).astype(np.int64)


def inside(boxes: npt.NDArray[np.int64], *, height: int, width: int, device: torch.device) -> Tensor:
    """(n, 1, height, width) bool: which pixels lie in each rectangle of `boxes`."""
    table = on_device(boxes, device)
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    in_rows = (rows >= table[:, 0, None]) & (rows < table[:, 1, None])
    in_columns = (columns >= table[:, 2, None]) & (columns < table[:, 3, None])
    return (in_rows[:, :, None] & in_columns[:, None, :])[:, None]


def erase(images: Tensor, erasing: Erasing, values: Numbers) -> Tensor:
    """Fills a rectangle of every picture (N, C, H, W), in place; `values` as `Erasing.values` gives them."""
    height, width = images.shape[2:]
    places = boxes(values, height=height, width=width)
    return images.masked_fill_(inside(places, height=height, width=width, device=images.device), erasing.value)
