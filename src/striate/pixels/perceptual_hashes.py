"""What a picture looks like in 64 bits, so that copies of it that were stored anew, scaled, turned or cropped can be found."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 32
"""Pixels of a thumbnail's side."""

LOWEST = 8
"""Frequencies in each direction that a hash keeps."""

COLOUR_SIDE = 8
"""Points of a side at which colours are compared."""

REDUCED = 64
"""Pixels of a side above which a picture is averaged by whole numbers before anything finer is done, for a quarter of the work."""

SMALLEST = 16
"""Of pictures with a shorter side too little is to be seen to tell copies from others."""

Window: TypeAlias = tuple[float, float, float, float]
"""What is cut off a picture: the shares of its width or height at the left, the top, the right and the bottom."""

_TIE = 1e-4  # of coefficients in the hundreds: what differs by less is equal but for rounding
_AT_ONCE = 4096  # thumbnails that are made into numbers of 8 bytes at a time


def reduced(picture: Image.Image) -> Image.Image:
    """A picture of which each side is divided by the largest whole number that leaves 64 pixels; averaged.

    Thumbnails of it differ by a level or three from those of the whole picture, and are made in half the time.

    Example:
        >>> reduced(Image.new("RGB", (500, 100))).size
        (72, 100)
    """
    return picture.reduce((max(1, picture.width // REDUCED), max(1, picture.height // REDUCED)))


def grey_thumbnail(picture: Image.Image) -> npt.NDArray[np.uint8]:
    """(32, 32) uint8: a picture in mode RGB or L, grey, squashed to a square by Pillow's Lanczos filter.

    Example:
        >>> int(grey_thumbnail(Image.new("RGB", (64, 48), (255, 0, 0)))[0, 0])
        76
    """
    return np.asarray(picture.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS))


def small_colours(picture: Image.Image) -> npt.NDArray[np.uint8]:
    """(8, 8, 3) uint8: a picture in mode RGB or L, averaged.

    Example:
        >>> small_colours(Image.new("L", (20, 30), 7)).tolist()[0][0]
        [7, 7, 7]
    """
    return np.asarray(picture.resize((COLOUR_SIDE, COLOUR_SIDE), Image.Resampling.BOX).convert("RGB"))


def frequencies(thumbnails: npt.NDArray[np.uint8], window: Window = (0.0, 0.0, 0.0, 0.0)) -> npt.NDArray[np.float64]:
    """(n, 8, 8) the lowest coefficients of the discrete cosine transform, vertical ones down, horizontal ones across.

    Args:
        thumbnails: (n, 32, 32).
        window: What is cut off them first.
    """
    left, top, right, bottom = window
    down, across = _basis(top, bottom), _basis(left, right).T
    found = np.empty((len(thumbnails), LOWEST, LOWEST))
    for start in range(0, len(thumbnails), _AT_ONCE):
        found[start : start + _AT_ONCE] = down @ thumbnails[start : start + _AT_ONCE].astype(np.float64) @ across
    return found


def hashes(coefficients: npt.NDArray[np.floating]) -> npt.NDArray[np.uint64]:
    """(n,) uint64: a bit a coefficient, the first in the highest place: whether it is above the median of all.

    Args:
        coefficients: (n, 8, 8), from `frequencies`.

    Example:
        >>> f"{hashes(np.arange(64.0).reshape(1, 8, 8))[0]:016x}"
        '00000000ffffffff'

    Source: Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), section 3.2.1, with the median in place of
        the mean, as the package imagehash has it.
    """
    flat = coefficients.reshape(len(coefficients), LOWEST * LOWEST)
    bits = flat > np.median(flat, axis=1, keepdims=True) + _TIE
    return np.packbits(bits, axis=1).view(">u8").ravel().astype(np.uint64)


def turned(coefficients: npt.NDArray[np.floating]) -> list[npt.NDArray[np.floating]]:
    """The coefficients of pictures turned by 0, 90, 180, 270 degrees counter-clockwise, then of their mirror images turned likewise.

    No pixel is needed: a mirror changes the sign of odd frequencies, and a quarter turn exchanges the directions too.

    Args:
        coefficients: (n, 8, 8).
    """
    odd = np.where(np.arange(LOWEST) % 2, -1.0, 1.0)
    found = []
    for each in (coefficients, coefficients * odd):
        for _ in range(4):
            found.append(each)
            each = each.transpose(0, 2, 1) * odd[:, np.newaxis]  # as np.rot90: transposed, then upside down
    return found


def _basis(before: float, after: float) -> npt.NDArray[np.float64]:
    """(8, 32) what takes 32 pixels to the lowest frequencies of what is left of them, stretched to 32 again."""
    places = np.arange(SIDE)
    cosines = 2 * np.cos(np.pi * np.arange(LOWEST)[:, np.newaxis] * (2 * places + 1) / (2 * SIDE))
    centres = np.clip(SIDE * before + (places + 0.5) * (1 - before - after) - 0.5, 0, SIDE - 1)
    stretched = np.maximum(0, 1 - np.abs(centres[:, np.newaxis] - places))  # linear interpolation
    return np.asarray(cosines @ stretched)
