"""Whether two pictures show the same, compared by their pixels: what features alone cannot tell."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.pixels import PictureSource, decode

SIDE = 32
"""Pixels are compared at this size, in grey: copies of another size or quality come to the same."""

ALIKE = 0.95
"""The least correlation of two such small pictures: copies have more, and of 179,700 pairs of photographs none had more than 0.91."""

FLAT = 2.0
"""Grey levels: of a picture with less contrast the correlation is noise, and the brightness decides."""


def look_alike(first: PictureSource, second: PictureSource) -> bool:
    """Whether two pictures are the same but for size, compression, brightness and contrast.

    Both are made grey and 32 x 32; they are alike where the correlation of their pixels is at least 0.95. Mirrored, turned or
    cropped ones are not.

    Raises:
        PictureError: If one cannot be read.

    Example:
        >>> steps = np.repeat(np.arange(64, dtype=np.uint8) * 4, 64).reshape(64, 64)
        >>> look_alike(steps, steps[::2, ::2] // 2 + 20), look_alike(steps, steps.T.copy())
        (True, False)
    """
    one, other = small_grey(first), small_grey(second)
    spread = one.std(), other.std()
    if min(spread) < FLAT:
        return bool(max(spread) < FLAT and abs(one.mean() - other.mean()) < FLAT)
    correlation = ((one - one.mean()) * (other - other.mean())).mean() / (spread[0] * spread[1])
    return bool(correlation >= ALIKE)


def small_grey(picture: PictureSource) -> npt.NDArray[np.float64]:
    """(32, 32): grey levels of the whole picture, whatever its shape."""
    pixels = decode(picture, channels=1)[..., 0]
    small = Image.fromarray(pixels).resize(
        (SIDE, SIDE), Image.Resampling.BILINEAR
    )  # of larger pictures a weighted mean
    return np.asarray(small, np.float64)
