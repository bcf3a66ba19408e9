"""A shift: one way in which pictures differ from those of the training, in steps of a unit that can be measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""(H, W, C) of a picture, C being 1 or 3 (RGB)."""
Change: TypeAlias = Callable[[Pixels, tuple[float, ...], np.random.Generator], Pixels]
"""A picture, the numbers of a level and what is drawn for the picture; answers a new picture of the same shape."""


@dataclass(frozen=True)
class Level:
    """One severity of a shift."""

    size: float
    """How far the shift goes here, in its unit: what curves are drawn over and limits are stated in."""
    numbers: tuple[float, ...]
    """What the change is called with."""


@dataclass(frozen=True)
class Shift:
    """One row of the limits card.

    Lengths are meant for a picture of 224 pixels a side and go with the side, so that a level means the same for any network.
    """

    name: str
    group: str
    title: str
    """For people, such as `turned`."""
    unit: str
    """What stands behind the size of a level, such as ` degrees`."""
    levels: tuple[Level, ...]
    """From the mildest to the strongest."""
    change: Change
    neutral: float = 0.0
    """The size at which nothing is changed: 1 for what is counted in times."""
    words: Callable[[float], str] | None = None
    """A size as people say it, where that is not the size with its unit."""

    def apply(self, pixels: Pixels, level: int, *, seed: int, picture: int) -> Pixels:
        """The picture under one level; the same numbers are drawn for it at every level, so that a curve shows the level alone.

        Args:
            pixels: (H, W, C) uint8, C being 1 or 3.
            level: The place in `levels`.
            seed: Of the whole card.
            picture: What tells this picture from others, such as the first bytes of its digest: at least 0.
        """
        words = [seed, picture, *self.name.encode()]
        generator = np.random.default_rng(words)
        return self.change(pixels, self.levels[level].numbers, generator)

    def shown(self, size: float) -> str:
        """A size with its unit, such as `25 degrees`."""
        if self.words is not None:
            return self.words(size)
        return f"{size:.2g}{self.unit}" if abs(size) < 10 and size % 1 else f"{size:.0f}{self.unit}"


def levels(*sizes: float) -> tuple[Level, ...]:
    """Levels whose size is the only number that the change needs."""
    return tuple(Level(size, (size,)) for size in sizes)


def as_fractions(pixels: Pixels) -> npt.NDArray[np.float32]:
    """Bytes as float32 in 0..1."""
    return pixels.astype(np.float32) / np.float32(255)


def as_bytes(values: npt.NDArray[np.floating]) -> Pixels:
    """Values in 0..1 as bytes, the nearest; what is outside is clipped."""
    return np.asarray(np.rint(np.clip(values, 0, 1) * 255), np.uint8)


def cut_to_bytes(values: npt.NDArray[np.floating]) -> Pixels:
    """Values in 0..1 as bytes, cut off and not rounded, as the published corruptions do it."""
    return np.asarray(np.clip(values, 0, 1) * 255).astype(np.uint8)


def scaled(length: float, pixels: Pixels) -> float:
    """A length that is meant for 224 pixels a side, for this picture."""
    return length * float(min(pixels.shape[:2])) / 224


def as_picture(pixels: Pixels) -> Image.Image:
    """Pillow's picture of (H, W, C) bytes."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def from_picture(picture: Image.Image) -> Pixels:
    """(H, W, C) bytes of a grey picture or one in RGB."""
    array = np.array(picture)
    return array[..., None] if array.ndim == 2 else array
