"""What methods answer, as pictures: signals with mid-grey for 0, heat in a perceptually even colour map, grids of maps.

Nothing here changes what it draws but by a scale, and every scale is answered beside the pixels, so that it can be said.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image
from torch import Tensor

from striate.errors import UsageError

Pixels: TypeAlias = npt.NDArray[np.uint8]
Numbers: TypeAlias = Tensor | npt.NDArray[np.floating]

COLOUR_MAP = "viridis"
"""Its lightness grows evenly from dark blue to yellow, for colour-blind eyes too. Source: van der Walt and Smith 2015."""

CLIPPED = 0.01
"""The share of a signal's values that may be drawn as black or white although they lie beyond: one bright pixel must not decide."""

_MIDDLE = 127.5
_TINY = 1e-12  # of a kernel of nothing but zeros, whose weights are divided by it


@dataclass(frozen=True)
class Drawn:
    """Pixels, and what they stand for."""

    pixels: Pixels
    """(H, W, 3), RGB, or (H, W, 1), grey."""
    low: float
    """What is drawn black, or in the map's darkest colour."""
    high: float
    """What is drawn white, or in the map's lightest colour."""

    @property
    def scale(self) -> str:
        """The range as people read it.

        Example:
            >>> draw_signal(np.array([[[-0.5, 0.25]]])).scale
            '-0.5 to 0.5'
        """
        return f"{self.low:.3g} to {self.high:.3g}"


def draw_signal(signal: Numbers, *, scale: float | None = None) -> Drawn:
    """A signal at the pixels, drawn symmetrically about mid-grey: 0 is grey, and so is what never reached a pixel.

    Args:
        signal: (C, H, W), C being 1 (drawn grey) or 3 (drawn as RGB); of other numbers of channels the sum is drawn.
        scale: The magnitude that becomes white or black; None: that which one in a hundred of the values that are not
            0 goes beyond.

    Raises:
        UsageError: It is no signal of one picture, or holds a number that is not finite.

    Example:
        >>> draw_signal(np.array([[[-1.0, 0.0, 1.0]]])).pixels[0, :, 0]
        array([  0, 128, 255], dtype=uint8)
    """
    values = _numbers(signal, dimensions=3, what="a signal (channels, height, width)")
    if len(values) not in (1, 3):
        values = values.sum(axis=0, keepdims=True)
    if scale is None:
        magnitudes = np.abs(values[values != 0])
        scale = float(np.quantile(magnitudes, 1 - CLIPPED, method="higher")) if magnitudes.size else 1.0
    levels = np.rint(_MIDDLE * (1 + values / scale)).clip(0, 255).astype(np.uint8)
    return Drawn(np.ascontiguousarray(levels.transpose(1, 2, 0)), -scale, scale)


def draw_kernel(kernel: Tensor) -> Drawn:
    """A convolution's kernel as a signal on its own scale: its largest weight, whichever its sign, is white or black.

    Args:
        kernel: (C, H, W), as `striate.visualization.filters` gives them.

    Example:
        >>> draw_kernel(Tensor([[[-2.0, 1.0]]])).pixels[0, :, 0]
        array([  0, 191], dtype=uint8)
    """
    return draw_signal(kernel, scale=max(float(kernel.abs().max()), _TINY))


def draw_heat(heat: Numbers, *, low: float | None = None, high: float | None = None) -> Drawn:
    """Numbers of places in the colours of viridis, one for each: the lighter, the larger.

    Args:
        heat: (H, W).
        low: What has the darkest colour; None: 0, or the least number if that is below 0.
        high: What has the lightest; None: the largest number.

    Raises:
        UsageError: It is no map, or holds a number that is not finite.

    Example:
        >>> draw_heat(np.array([[0.0, 2.0]])).pixels.tolist()
        [[[68, 1, 84], [253, 231, 36]]]
    """
    values, low, high = _levels(heat, low, high)
    return Drawn(_colours()[np.rint(values * 255).astype(np.uint8)], low, high)


def draw_overlay(heat: Numbers, picture: Pixels, *, low: float | None = None, high: float | None = None) -> Drawn:
    """Heat laid over its picture: the picture in grey where there is none, the map's own colour where there is most.

    The picture is drawn in grey, so that every colour is the map's. A place with a share h of the largest number shows
    0.85 h of the colour and 1 - 0.85 h of the picture.

    Args:
        heat: (H, W); it is scaled to the picture's size where it has another.
        picture: (H, W, 3) or (H, W, 1) uint8.
        low: As `draw_heat` takes it.
        high: As `draw_heat` takes it.

    Raises:
        UsageError: It is no map, or holds a number that is not finite.

    Example:
        >>> draw_overlay(np.array([[0.0, 1.0]]), np.full((1, 2, 1), 200, np.uint8)).pixels.tolist()
        [[[200, 200, 200], [245, 226, 61]]]
    """
    values, low, high = _levels(heat, low, high)
    height, width = picture.shape[:2]
    if values.shape != (height, width):
        resized = Image.fromarray(values.astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
        values = np.asarray(resized, np.float64).clip(0, 1)
    grey = np.asarray(Image.fromarray(picture.squeeze(2) if picture.shape[2] == 1 else picture).convert("L"))
    share = 0.85 * values[..., np.newaxis]
    mixed = share * _colours()[np.rint(values * 255).astype(np.uint8)] + (1 - share) * grey[..., np.newaxis]
    return Drawn(np.rint(mixed).astype(np.uint8), low, high)


def draw_grid(pictures: Sequence[Pixels], *, columns: int | None = None, gap: int = 1, paper: int = 255) -> Pixels:
    """Pictures of one size in rows, from left to right.

    Args:
        pictures: Each (H, W, C) uint8, of one shape.
        columns: How many a row; None: as many as make the grid about as wide as high.
        gap: Pixels between them.
        paper: The grey level between them and where the last row is not full.

    Raises:
        UsageError: There are none, or they are of different shapes.

    Example:
        >>> draw_grid([np.zeros((2, 2, 1), np.uint8)] * 3).shape
        (5, 5, 1)
    """
    if not pictures or len({picture.shape for picture in pictures}) != 1:
        raise UsageError(f"a grid needs pictures of one shape, got {sorted({picture.shape for picture in pictures})}")
    height, width, channels = pictures[0].shape
    columns = min(len(pictures), columns or math.ceil(math.sqrt(len(pictures) * height / width)))
    rows = math.ceil(len(pictures) / columns)
    grid = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, channels), paper, np.uint8)
    for place, picture in enumerate(pictures):
        top, left = place // columns * (height + gap), place % columns * (width + gap)
        grid[top : top + height, left : left + width] = picture
    return grid


def _levels(heat: Numbers, low: float | None, high: float | None) -> tuple[npt.NDArray[np.float64], float, float]:
    """The numbers as shares of the range from `low` to `high`, and the range."""
    values = _numbers(heat, dimensions=2, what="a map (height, width)")
    low = min(0.0, float(values.min())) if low is None else low
    high = float(values.max()) if high is None else high
    return ((values - low) / (high - low if high > low else 1.0)).clip(0, 1), low, high


def _numbers(values: Numbers, *, dimensions: int, what: str) -> npt.NDArray[np.float64]:
    array = np.asarray(values.detach().cpu() if isinstance(values, Tensor) else values, np.float64)
    if array.ndim != dimensions or not array.size:
        raise UsageError(f"expected {what}, got an array of shape {array.shape}")
    if not np.isfinite(array).all():
        raise UsageError(f"{what} with numbers that are not finite cannot be drawn: the network overflowed")
    return array


@functools.cache
def _colours() -> Pixels:
    """(256, 3): the colour map's colours."""
    import matplotlib

    colours: Pixels = matplotlib.colormaps[COLOUR_MAP](np.arange(256), bytes=True)[:, :3]
    return colours
