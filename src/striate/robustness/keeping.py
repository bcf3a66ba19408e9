"""What is lost on the way: by JPEG, by being small once, by something in front."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from striate.robustness.shift import Pixels, as_picture, from_picture


def compress(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Kept once as JPEG of this quality."""
    buffer = io.BytesIO()
    as_picture(pixels).save(buffer, "JPEG", quality=int(numbers[0]))
    return from_picture(Image.open(buffer))


def shrink_and_enlarge(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Made smaller, to so many percent of its sides, and enlarged again, both bilinearly: what a thumbnail has lost."""
    height, width = (round(size * numbers[0] / 100) for size in pixels.shape[:2])
    return _there_and_back(pixels, height, width, Image.Resampling.BILINEAR)


def pixelate(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `pixelate`: (share of the sides): blocks of one colour."""
    height, width = (int(size * numbers[0]) for size in pixels.shape[:2])
    return _there_and_back(pixels, height, width, Image.Resampling.BOX)


def cover(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """A grey square in front of so many percent of the picture, at a place that is drawn."""
    down, across = generator.random(2)
    return cover_at(pixels, numbers[0], down=down, across=across)


def cover_at(pixels: Pixels, percentage: float, *, down: float, across: float) -> Pixels:
    """A grey square in front of so many percent of the picture: top left where `down` and `across` are 0, bottom right at 1."""
    height, width = pixels.shape[:2]
    share = np.sqrt(percentage / 100)
    high, wide = round(share * height), round(share * width)
    top, left = round(down * (height - high)), round(across * (width - wide))
    result = pixels.copy()
    result[top : top + high, left : left + wide] = 128
    return result


def _there_and_back(pixels: Pixels, height: int, width: int, resampling: Image.Resampling) -> Pixels:
    picture = as_picture(pixels)
    small = picture.resize((max(1, width), max(1, height)), resampling)
    return from_picture(small.resize(picture.size, resampling))
