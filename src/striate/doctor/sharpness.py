"""How wide the sharpest edges of a picture are: the blur that lies over all of it.

Source: Zhuo and Sim, "Defocus map estimation from a single image", Pattern Recognition 44 (2011), section 3: an edge that is a
step under a Gaussian of standard deviation s, blurred once more by s0, has gradients at its place in the ratio
R = sqrt(s^2 + s0^2) / s, whatever its contrast; so s = s0 / sqrt(R^2 - 1).

Differs from the paper: only the strongest edges are measured, and no map is made of them.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

WORKING_SIDE = 256
"""Pixels of the shorter side that blur is measured at, up to twice as many: a blur that is lost there does not reach a network."""
SMALLEST_SIDE = 96
"""Pixels of the shorter side under which blur is not judged: in so few, what is drawn is as coarse as a blur."""
RADIUS = 1.5
"""Pixels of the Gaussian that the picture is blurred with once more."""
STRONGEST = 0.01
"""The share of pixels that the strongest edges are."""
FEWEST = 40
"""Pixels of strong edges under which there is nothing to measure."""
WEAKEST = 2.0
"""Grey levels a pixel that the gradient of an edge has at least: what is weaker may be noise or compression."""


def edge_width(grey: Image.Image) -> float:
    """The standard deviation of the blur over the sharpest edges, as a share of the shorter side; NaN where it cannot be told.

    Args:
        grey: Mode L.

    Example:
        >>> step = np.zeros((256, 256), np.uint8)
        >>> step[:, 128:] = 200
        >>> from PIL import ImageFilter
        >>> picture = Image.fromarray(step).filter(ImageFilter.GaussianBlur(2))
        >>> round(256 * edge_width(picture), 1)
        2.3
    """
    short = min(grey.size)
    if short < SMALLEST_SIDE:
        return math.nan
    if (factor := short // WORKING_SIDE) > 1:
        grey = grey.reduce(factor)
    pixels = np.asarray(grey, np.float32)
    once = _slope(pixels)
    strong = _strongest(once)
    if len(strong) < FEWEST:
        return math.nan
    again = _slope(_blurred(pixels)).ravel()[strong]
    ratio = once.ravel()[strong] / np.maximum(again, 1e-3)
    widths = RADIUS / np.sqrt(np.maximum(ratio * ratio - 1, 1e-3))
    share: float = np.percentile(widths, 25).item() / min(grey.size)
    return share


def _slope(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(H - 2, W - 2) the length of the gradient, grey levels a pixel, by central differences."""
    across = pixels[1:-1, 2:] - pixels[1:-1, :-2]
    down = pixels[2:, 1:-1] - pixels[:-2, 1:-1]
    lengths: npt.NDArray[np.float32] = np.sqrt(across * across + down * down) / 2
    return lengths


def _strongest(slopes: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The places of the steepest pixels, as far as they are steep enough for edges."""
    flat = slopes.ravel()
    most = max(FEWEST, int(len(flat) * STRONGEST))
    places = np.argpartition(flat, len(flat) - most)[-most:]
    return places[flat[places] >= WEAKEST]


def _blurred(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The pixels under a Gaussian, mirrored at the edges."""
    reach = math.ceil(3 * RADIUS)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / RADIUS) ** 2).astype(np.float32)
    weights /= weights.sum()
    height, width = pixels.shape
    padded = np.pad(pixels, reach, mode="reflect")
    rows = sum(weight * padded[start : start + height] for start, weight in enumerate(weights))
    columns: npt.NDArray[np.float32] = sum(
        weight * rows[:, start : start + width] for start, weight in enumerate(weights)
    )
    return columns
