"""Lines of signs, drawn from pictures of single signs: spacing, slant, size, height on the line and noise are drawn for each line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

HEIGHT = 32
"""Of a line, in pixels: what `crnn` reads."""
COLUMNS = 16
"""Pixels of width that a line has for each sign."""
FAINTEST = 32
"""What is darker is no ink: it does not count for how wide a sign is."""

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class LineStyle:
    """From which ranges a line's values are drawn, each uniformly.

    Example:
        >>> LineStyle().slant
        (-0.3, 0.3)
    """

    size: tuple[float, float] = (18.0, 26.0)
    """Height of the signs, in pixels, before a line that is too long is made smaller."""
    size_change: tuple[float, float] = (0.9, 1.1)
    """By which each sign is larger than the line's."""
    spacing: tuple[float, float] = (-1.0, 4.0)
    """Pixels between two signs; below 0 they touch. Drawn for each gap."""
    slant: tuple[float, float] = (-0.3, 0.3)
    """Pixels to the right for each pixel upwards; one for the line."""
    lift: tuple[float, float] = (-2.0, 2.0)
    """Pixels that each sign stands above the middle of the line."""
    noise: tuple[float, float] = (0.0, 20.0)
    """Standard deviation of what is added to each pixel, of 0..255; one for the line."""


def line_width(most_signs: int) -> int:
    """Pixels of width that all lines of up to so many signs have, so that they go through a network together.

    Example:
        >>> line_width(8)
        136
    """
    return COLUMNS * most_signs + COLUMNS // 2


def draw_line(signs: Sequence[Pixels], width: int, generator: np.random.Generator, style: LineStyle) -> Pixels:
    """A line of signs from left to right, at a place of its own in the picture.

    Args:
        signs: At least one; (h, w) uint8 each, light on dark.
        width: Of the picture, in pixels. Signs that do not fit are made smaller, all by the same factor.
        generator: Where it draws from.
        style: What it draws.

    Returns:
        (32, width) uint8, light on dark.
    """
    size, slant, deviation = (generator.uniform(*span) for span in (style.size, style.slant, style.noise))
    heights = size * generator.uniform(*style.size_change, len(signs))
    spaces = generator.uniform(*style.spacing, len(signs) - 1)
    lifts = generator.uniform(*style.lift, len(signs))
    inked = [_inked(sign) for sign in signs]
    widths = np.array([high * ink.shape[1] / ink.shape[0] for high, ink in zip(heights, inked, strict=True)])
    room = width - 4  # each sign has an empty column on both sides
    factor = min(1.0, room / (widths.sum() + spaces.sum() + abs(slant) * heights.max()))
    drawn = [
        _drawn(ink, high * factor, wide * factor, slant) for ink, high, wide in zip(inked, heights, widths, strict=True)
    ]
    # A slanted sign's corners reach over its neighbour's, as they do in writing: each begins where the one before ends on the line.
    starts = np.concatenate([[0.0], np.cumsum((widths[:-1] + spaces) * factor)])
    whole = max(start + sign.shape[1] for start, sign in zip(starts, drawn, strict=True))
    begin = generator.uniform(0, max(0.0, width - whole))
    line = np.zeros((HEIGHT, width), np.uint8)
    for start, sign, lift in zip(starts, drawn, lifts, strict=True):
        _put(line, sign, top=round((HEIGHT - sign.shape[0]) / 2 - lift), left=round(begin + start))
    noisy = line + generator.normal(0, deviation, line.shape)
    pixels: Pixels = np.rint(noisy.clip(0, 255)).astype(np.uint8)
    return pixels


def _inked(sign: Pixels) -> Pixels:
    """The sign without the empty rows and columns around it; all of it where there is no ink."""
    ink = sign > FAINTEST
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return sign
    inside: Pixels = sign[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return inside


def _drawn(ink: Pixels, height: float, width: float, slant: float) -> Pixels:
    """The sign at its size, slanted."""
    tall, wide = min(HEIGHT, max(1, round(height))), max(1, round(width))
    sized = np.asarray(Image.fromarray(ink).resize((wide, tall), Image.Resampling.BICUBIC))
    over = int(np.ceil(abs(slant) * tall))
    # From a place in the picture to the one in the sign: the foot stays where it is, or the head where the slant is to the left.
    shear = (1, slant, -slant * tall if slant > 0 else 0)
    # At the edge of a picture nothing is interpolated: an empty column on both sides keeps the sign's own edges smooth.
    padded, size = Image.fromarray(np.pad(sized, ((0, 0), (1, 1)))), (wide + 2 + over, tall)
    slanted = padded.transform(size, Image.Transform.AFFINE, (*shear, 0, 1, 0), Image.Resampling.BILINEAR)
    return np.asarray(slanted, np.uint8)


def _put(line: Pixels, sign: Pixels, *, top: int, left: int) -> None:
    """Draws a sign into the line; where two touch, the lighter counts. What reaches over the edge is cut off."""
    top, left = min(max(top, 0), HEIGHT - sign.shape[0]), max(left, 0)
    place = line[top : top + sign.shape[0], left : left + sign.shape[1]]
    np.maximum(place, sign[:, : place.shape[1]], out=place)
