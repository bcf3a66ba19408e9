"""Changes of colour. Those that are linear are composed into one map and applied at once, as movements are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from striate.augmentation.fields import on_device
from striate.augmentation.operation import Numbers
from striate.augmentation.warp import Drawn

LINEAR = ("brightness", "contrast", "saturation", "pca_colour")
"""Operations that `compose_colours` composes, in their order."""

GREY = (0.299, 0.587, 0.114)
"""Shares of red, green and blue in a colour's grey. Source: ITU-R BT.601, section 2.5.1."""

_GAMMA_NODES = 2048


def compose_colours(drawn: Drawn, count: int, *, channels: int) -> Numbers:
    """The one linear change of each picture's colours.

    Brightness, contrast, saturation and PCA colour all take a colour x (its grey g, the picture's mean grey m) to
    own * x + grey * g + mean * m + offset, and so does one after the other. Nothing is clipped in between.

    Args:
        drawn: What was drawn.
        count: Number of pictures.
        channels: 3 for RGB, 1 for grey pictures, which have no saturation and no PCA colour.

    Returns:
        (count, 3 + channels): own, grey, mean, offset of each channel.
    """
    shares = np.array(GREY if channels == 3 else (1.0,))
    own, grey, mean = np.ones(count), np.zeros(count), np.zeros(count)
    offset = np.zeros((count, channels))
    for name in LINEAR:
        if name not in drawn or (channels != 3 and name in ("saturation", "pca_colour")):
            continue
        on, values = drawn[name].on, drawn[name].values
        if name == "pca_colour":
            offset = offset + np.where(on[:, None], values, 0)
            continue
        factor = np.where(on, values[:, 0], 1)
        rest = 0 if name == "brightness" else 1 - factor
        offset_grey = sum(shares[channel] * offset[:, channel] for channel in range(channels))
        if name == "contrast":
            # What is mixed in is the mean grey of the picture as it is by now.
            own, grey, mean = factor * own, factor * grey, factor * mean + rest * (own + grey + mean)
        else:
            own, grey = factor * own, factor * grey + rest * (own + grey)
            mean = factor * mean + rest * mean
        offset = (
            factor[:, None] * offset + (rest * offset_grey)[:, None]
            if name != "brightness"
            else factor[:, None] * offset
        )
    return np.concatenate([own[:, None], grey[:, None], mean[:, None], offset], axis=1)


def apply_colours(images: Tensor, coefficients: Numbers) -> Tensor:
    """Applies what `compose_colours` gave, in place, and clips to 0..1.

    Args:
        images: (N, C, H, W) float32 in 0..1.
        coefficients: (N, 3 + C).

    Returns:
        `images`.
    """
    table = on_device(coefficients.astype(np.float32), images.device)
    own, mean, offset = table[:, 0, None, None, None], table[:, 2, None], table[:, 3:]
    if not coefficients[:, 1:3].any():
        return images.mul_(own).add_(offset[:, :, None, None]).clamp_(0, 1)
    grey = to_grey(images)
    if coefficients[:, 2].any():
        offset = offset + mean * mean_of(grey)[:, None]
    grey.mul_(table[:, 1, None, None])
    images.mul_(own)
    if (coefficients[:, 3:] == coefficients[:, 3:4]).all():  # one offset for all channels: less to write
        images.add_(grey.add_(offset[:, :1, None])[:, None])
    else:
        images.add_(grey[:, None] + offset[:, :, None, None])
    return images.clamp_(0, 1)


def to_grey(images: Tensor) -> Tensor:
    """(N, H, W) new tensor: the grey of each pixel of (N, C, H, W), C being 1 or 3."""
    if images.shape[1] == 1:
        return images[:, 0].clone()
    red, green, blue = images.unbind(1)
    return (red * GREY[0]).add_(green * GREY[1]).add_(blue * GREY[2])


def mean_of(grey: Tensor) -> Tensor:
    """(N,) float32, the mean of each of (N, H, W) in 0..1, to a millionth.

    Values are rounded to whole numbers of millionths first: sums of these are exact, so the mean does not depend on the order in
    which a device or a number of threads adds them.
    """
    whole = (grey * 2.0**20).round_()
    return (whole.sum((1, 2), dtype=torch.float64) / (2.0**20 * grey[0].numel())).to(torch.float32)


def turn_hue(images: Tensor, turns: Numbers) -> Tensor:
    """Turns every colour on the circle of hues; value and saturation (of HSV) stay.

    Args:
        images: (N, 3, H, W) float32 in 0..1.
        turns: (N,) shares of the whole circle.

    Returns:
        (N, 3, H, W) float32.
    """
    red, green, blue = images.unbind(1)
    value = torch.maximum(torch.maximum(red, green), blue)
    chroma = value - torch.minimum(torch.minimum(red, green), blue)
    unit = torch.where(chroma > 0, chroma, 1)
    # Hue in sixths of the circle, from red; the largest channel says in which third it lies.
    hue = torch.where(
        value == red,
        (green - blue) / unit,
        torch.where(value == green, (blue - red) / unit + 2, (red - green) / unit + 4),
    )
    hue = hue + on_device((6 * turns).astype(np.float32), images.device)[:, None, None]
    result = torch.empty_like(images)
    for channel, place in enumerate((5.0, 3.0, 1.0)):
        # Travis's closed form: a channel is full for a third of the circle, empty for another, and ramps in between.
        position = (hue + place).remainder_(6)
        share = torch.minimum(position, 4 - position).clamp_(0, 1)
        result[:, channel] = value - chroma * share
    return result


def bend_gamma(images: Tensor, exponents: Numbers) -> Tensor:
    """Raises every value to its picture's exponent.

    The power is looked up, linearly between 2,049 nodes of the square root, to a millionth for exponents of 1/2 to 2: the
    processors' own powers differ in their last bits, and square roots do not.

    Args:
        images: (N, C, H, W) float32 in 0..1.
        exponents: (N,).

    Returns:
        (N, C, H, W) float32.
    """
    nodes = np.linspace(0, 1, _GAMMA_NODES + 1)[None, :] ** (2 * exponents[:, None])
    table = np.concatenate([nodes, nodes[:, -1:]], axis=1).astype(np.float32)
    lookup = on_device(table, images.device)
    place = images.sqrt().mul_(_GAMMA_NODES).flatten(1)
    lower = place.floor()
    between = place - lower
    index = lower.long()
    low = lookup.gather(1, index)
    high = lookup.gather(1, index + 1)
    return (low + (high - low) * between).reshape(images.shape)


def principal_colours(
    pixels: npt.NDArray[np.uint8],
) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Eigenvalues and eigenvectors of the covariance of the pixels' RGB values in 0..1.

    Args:
        pixels: (..., 3) uint8, RGB: a sample of the training pictures.

    Returns:
        Three eigenvalues, largest first, and three vectors of length 1 in the same order, each with a sum of at least 0.

    Example:
        >>> values, vectors = principal_colours(np.array([[0, 0, 0], [255, 255, 255]], np.uint8))
        >>> [round(value, 3) for value in values], [round(share, 3) for share in vectors[0]]
        ([0.75, 0.0, 0.0], [0.577, 0.577, 0.577])

    Source: Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks" (2012), section 4.1.
    """
    values = pixels.reshape(-1, 3).astype(np.float64) / 255
    centred = values - values.mean(axis=0)
    eigenvalues, columns = np.linalg.eigh(centred.T @ centred / len(values))
    vectors = columns.T[::-1] * np.where(columns.sum(axis=0)[::-1, None] < 0, -1, 1)
    # Plain numbers of nine digits: what a recipe file holds is what was used.
    return (
        tuple(abs(round(float(value), 9)) for value in eigenvalues[::-1]),
        tuple(tuple(round(float(share), 9) for share in vector) for vector in vectors),
    )
