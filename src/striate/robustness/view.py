"""Other angles and distances: turned, tilted, sheared, nearer, farther, off centre, mirrored.

What comes into view from beyond the edge is the picture mirrored there: a black corner would be a shift of its own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from striate.robustness.shift import Pixels, as_picture, from_picture

FIELD_OF_VIEW = 50.0
"""Degrees that the picture's width takes for the camera that is tilted: a lens of 46 mm on film of 35 mm."""


def turn(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Turned in the plane by so many degrees, to the left or to the right, as is drawn."""
    return turn_by(pixels, numbers[0] * _side(generator))


def turn_by(pixels: Pixels, degrees: float) -> Pixels:
    """Turned in the plane, against the clock where the degrees are above 0."""
    angle = np.deg2rad(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    return _mapped(pixels, np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]))


def shear(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Upright lines lean by so many degrees, to the left or to the right, as is drawn."""
    lean = np.tan(np.deg2rad(numbers[0])) * _side(generator)
    return _mapped(pixels, np.array([[1, lean, 0], [0, 1, 0], [0, 0, 1]]))


def tilt(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Seen from a camera that went so many degrees around what it looks at, in one of four directions, as is drawn."""
    degrees = numbers[0] * _side(generator)
    return tilt_by(pixels, degrees, upright=bool(generator.random() < 0.5))


def tilt_by(pixels: Pixels, degrees: float, *, upright: bool) -> Pixels:
    """Seen from a camera that went around what it looks at: upwards or downwards if `upright`, else sideways."""
    angle = np.deg2rad(degrees)
    size = pixels.shape[0] if upright else pixels.shape[1]
    distance = size / 2 / np.tan(np.deg2rad(FIELD_OF_VIEW / 2))
    cosine, sine = np.cos(angle), np.sin(angle)
    # A point x of the plane, turned away by the angle, is seen at u = d x cos / (d + x sin); here is x of u, and y of u and v.
    matrix = np.array([[1, 0, 0], [0, cosine, 0], [-sine / distance, 0, cosine]])
    if upright:
        matrix = np.array([[cosine, 0, 0], [0, 1, 0], [0, -sine / distance, cosine]])
    return _mapped(pixels, matrix)


def resize_object(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """What is seen has so many percent of its width and height: farther away, or nearer."""
    share = numbers[0] / 100
    height, width = pixels.shape[:2]
    wide, high = width / share, height / share
    margin = max(0, int(np.ceil((max(wide, high) - min(height, width)) / 2)) + 1) if share < 1 else 0
    padded = _padded(pixels, margin)
    if margin:
        # What is around it is out of focus: mirrored sharply, the object would be there many times.
        middle = (slice(margin, margin + height), slice(margin, margin + width))
        around = ndimage.uniform_filter(padded, (height // 4 + 1, width // 4 + 1, 1), mode="nearest")
        around[middle] = pixels
        padded = around
    left, top = margin + (width - wide) / 2, margin + (height - high) / 2
    box = (left, top, left + wide, top + high)
    return from_picture(as_picture(padded).resize((width, height), Image.Resampling.BILINEAR, box=box))


def move(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Off centre by so many percent of the side, in a direction that is drawn."""
    height, width = pixels.shape[:2]
    angle = generator.uniform(0, 2 * np.pi)
    across = round(numbers[0] / 100 * width * np.cos(angle))
    down = round(numbers[0] / 100 * height * np.sin(angle))
    margin = max(abs(across), abs(down))
    padded = _padded(pixels, margin)
    top, left = margin - down, margin - across
    return padded[top : top + height, left : left + width].copy()


def mirror(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Left and right exchanged."""
    return pixels[:, ::-1].copy()


def turn_over(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """Turned by 180 degrees."""
    return pixels[::-1, ::-1].copy()


def _side(generator: np.random.Generator) -> float:
    return 1.0 if generator.random() < 0.5 else -1.0


def _mapped(pixels: Pixels, matrix: npt.NDArray[np.float64]) -> Pixels:
    """The picture under the homography from centred positions of the new one to those of the old one, resampled bilinearly."""
    height, width = pixels.shape[:2]
    margin = max(height, width)
    padded = _padded(pixels, margin)
    # Pillow's positions are pixels' corners, (0, 0) at the top left: centre, map, and go to the padded picture's own.
    centre = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]])
    back = np.array([[1, 0, width / 2 + margin], [0, 1, height / 2 + margin], [0, 0, 1]])
    whole = back @ matrix @ centre
    whole /= whole[2, 2]
    picture = as_picture(padded).transform(
        (width, height), Image.Transform.PERSPECTIVE, tuple(whole.ravel()[:8]), Image.Resampling.BILINEAR
    )
    return from_picture(picture)


def _padded(pixels: Pixels, margin: int) -> Pixels:
    sides = ((margin, margin), (margin, margin), (0, 0))
    return np.pad(pixels, sides, mode="reflect" if min(pixels.shape[:2]) > 1 else "edge") if margin else pixels
