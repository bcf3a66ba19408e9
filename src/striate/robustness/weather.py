"""ImageNet-C's weather and what is left of its corruptions: brightness, contrast, fog, frost, snow, elastic.

Source: Hendrycks and Dietterich, "Benchmarking neural network robustness to common corruptions and perturbations" (2019), and the
numbers of its published code. Written anew, seeded for each picture.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from striate.robustness.blurring import blur_by_motion
from striate.robustness.shift import Pixels, as_fractions, cut_to_bytes, scaled

FROST_MEANS = (91, 127, 152, 207)
"""Mean grey levels of the textures of frost, as those of the photographs that the published corruption uses: 90 to 207."""
GREY = np.array([0.299, 0.587, 0.114], np.float32)
Values = npt.NDArray[np.float32]


def brighten(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `brightness`: the value of HSV grows by (a share of the range)."""
    values = as_fractions(pixels)
    if pixels.shape[2] == 1:
        return cut_to_bytes(values + numbers[0])
    most = values.max(axis=2, keepdims=True)
    brighter = np.clip(most + numbers[0], 0, 1)
    # Hue and saturation stay where all channels grow by one factor; black, which has neither, becomes grey.
    return cut_to_bytes(np.where(most > 0, values * (brighter / np.where(most > 0, most, 1)), brighter))


def lower_contrast(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `contrast`: (factor of the differences from each channel's mean)."""
    values = as_fractions(pixels)
    mean = values.mean(axis=(0, 1), keepdims=True, dtype=np.float64)
    return cut_to_bytes((values - mean) * numbers[0] + mean)


def plasma(size: int, decay: float, generator: np.random.Generator) -> Values:
    """(size, size) in 0..1: a random surface whose roughness falls by `decay` from one scale to the next.

    Args:
        size: A power of 2.
        decay: From one scale to the next finer one.
        generator: Draws it.

    Source: the diamond-square algorithm, Fournier, Fussell and Carpenter, "Computer rendering of stochastic models" (1982), on a torus.
    """
    surface = np.zeros((size, size))
    step, roughness = size, 100.0
    while step >= 2:
        half = step // 2
        corners = surface[::step, ::step]
        across, down = np.roll(corners, -1, axis=0), np.roll(corners, -1, axis=1)
        sums = corners + across + down + np.roll(across, -1, axis=1)
        surface[half::step, half::step] = sums / 4 + _wibble(sums.shape, roughness, generator)
        centres = surface[half::step, half::step]
        # Each point in the middle of an edge has two corners and two centres as neighbours.
        beside = corners + np.roll(corners, -1, axis=1) + centres + np.roll(centres, 1, axis=0)
        surface[::step, half::step] = beside / 4 + _wibble(beside.shape, roughness, generator)
        above = corners + np.roll(corners, -1, axis=0) + centres + np.roll(centres, 1, axis=1)
        surface[half::step, ::step] = above / 4 + _wibble(above.shape, roughness, generator)
        step, roughness = half, roughness / decay
    surface -= surface.min()
    return np.asarray(surface / surface.max(), np.float32)


def _wibble(shape: tuple[int, ...], roughness: float, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    return roughness * generator.uniform(-roughness, roughness, shape)


def add_fog(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `fog`: (thickness, decay): a plasma is added, and the range is brought back to what it was."""
    thickness, decay = numbers
    height, width = pixels.shape[:2]
    values = as_fractions(pixels)
    most = float(values.max())
    size = 1 << max(1, math.ceil(math.log2(max(height, width))))
    fog = plasma(size, decay, generator)[:height, :width, None]
    return cut_to_bytes((values + thickness * fog) * most / (most + thickness))


def add_snow(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `snow`: (mean, deviation, zoom, threshold, radius, sigma, share of the picture)."""
    mean, deviation, zoom, threshold, radius, sigma, share = numbers
    height, width = pixels.shape[:2]
    values = as_fractions(pixels)
    part = math.ceil(max(height, width) / zoom)
    flakes = generator.normal(mean, deviation, (part, part)).astype(np.float32)
    flakes = np.asarray(ndimage.zoom(flakes, max(height, width) / part, order=1))[:height, :width]
    flakes = np.clip(np.where(flakes < threshold, 0, flakes), 0, 1)
    angle = np.deg2rad(generator.uniform(-135, -45))
    reach = 2 * max(1, round(scaled(radius, pixels))) + 1
    flakes = blur_by_motion(flakes[..., None].astype(np.float32), width=reach, sigma=scaled(sigma, pixels), angle=angle)
    grey = values @ GREY if pixels.shape[2] == 3 else values[..., 0]
    values = share * values + (1 - share) * np.maximum(values, (1.5 * grey + 0.5)[..., None])
    return cut_to_bytes(values + flakes + flakes[::-1, ::-1])


@functools.lru_cache(maxsize=4)
def frost_texture(seed: int, size: int = 512) -> npt.NDArray[np.uint8]:
    """(size, size, 3) bytes of ice on a pane: needles that grow from seeds, bluish, bright on dark, drawn by a seed.

    The published corruption lays one of six photographs over the picture; these textures are ours, so that its error is comparable
    from one classifier to another here, and not with published figures.
    """
    generator = np.random.default_rng([seed, size])
    ice = np.zeros((size, size), np.float32)
    for _ in range(420):
        row, column = generator.uniform(0, size, 2)
        main = generator.uniform(0, np.pi)
        for branch in range(int(generator.integers(3, 9))):
            angle = main + branch * np.pi / 3 + generator.normal(0, 0.12)
            length = generator.uniform(0.04, 0.22) * size
            place = np.arange(0, length, 0.7)
            bend = generator.normal(0, 0.004) * place**1.5
            rows = (row + place * np.sin(angle) + bend).astype(int) % size
            columns = (column + place * np.cos(angle) - bend).astype(int) % size
            np.maximum.at(ice, (rows, columns), (1 - place / length) * generator.uniform(0.5, 1))
    ice = ndimage.gaussian_filter(ice, 0.8, mode="wrap") + 0.8 * ndimage.gaussian_filter(ice, 5, mode="wrap")
    veil = plasma(size, 1.9, generator)
    light = np.clip(0.25 + 0.75 * ice / np.quantile(ice, 0.995), 0, 1) * (0.55 + 0.45 * veil)
    tint = np.array([0.88, 0.95, 1.0], np.float32)
    wanted = FROST_MEANS[seed % len(FROST_MEANS)] / 255
    low, high = 0.02, 10.0
    for _ in range(40):  # the power that gives the texture its mean
        power = (low + high) / 2
        low, high = (power, high) if float((light**power).mean() * tint.mean()) > wanted else (low, power)
    return cut_to_bytes((light**low)[..., None] * tint)


def add_frost(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `frost`: (share of the picture, share of the ice), with ice of our own."""
    picture_share, ice_share = numbers
    height, width = pixels.shape[:2]
    texture = frost_texture(int(generator.integers(0, 4)))
    size = len(texture)
    if max(height, width) > size:
        texture = np.tile(texture, (-(-height // size), -(-width // size), 1))
    top, left = generator.random(2)
    rows, columns = texture.shape[0] - height, texture.shape[1] - width
    ice = texture[int(top * rows) :, int(left * columns) :][:height, :width]
    if pixels.shape[2] == 1:
        ice = (ice @ GREY)[..., None].astype(np.uint8)
    return np.clip(picture_share * pixels.astype(np.float32) + ice_share * ice, 0, 255).astype(np.uint8)


@functools.lru_cache(maxsize=32)
def _smoothing(size: int, sigma: float) -> npt.NDArray[np.float64]:
    """(size, size): a Gaussian along a side as a matrix, mirrored at the ends, cut off at three deviations."""
    return np.asarray(ndimage.gaussian_filter1d(np.eye(size), sigma, axis=0, mode="reflect", truncate=3))


def bend_elastically(pixels: Pixels, numbers: tuple[float, ...], generator: np.random.Generator) -> Pixels:
    """ImageNet-C's `elastic_transform`: (alpha, sigma, reach of the affine part), each of 244 pixels."""
    alpha, sigma, reach = (scaled(number * 244, pixels) for number in numbers)
    values = as_fractions(pixels)
    height, width = values.shape[:2]
    centre, square = np.array([width, height]) / 2, min(height, width) // 3
    corners = centre + square * np.array([[1, 1], [1, -1], [-1, -1]])
    moved = corners + generator.uniform(-reach, reach, (3, 2))
    # The affine map from the new positions back to the old ones, from three points.
    affine = np.linalg.solve(np.hstack([moved, np.ones((3, 1))]), corners)
    fields = generator.uniform(-1, 1, (2, height, width))
    rows, columns = _smoothing(height, sigma), _smoothing(width, sigma)
    across, down = (alpha * (rows @ field @ columns.T) for field in fields)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    new_x, new_y = x + across, y + down
    old_x = new_x * affine[0, 0] + new_y * affine[1, 0] + affine[2, 0]
    old_y = new_x * affine[0, 1] + new_y * affine[1, 1] + affine[2, 1]
    planes = [
        ndimage.map_coordinates(values[..., c], (old_y, old_x), order=1, mode="mirror") for c in range(values.shape[2])
    ]
    return cut_to_bytes(np.stack(planes, axis=2))
