"""Every geometric change of a picture, composed into one map and carried out by one resampling."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from striate.augmentation.fields import on_device, random_halves
from striate.augmentation.geometry import Elastic
from striate.augmentation.operation import Draws, Numbers

Drawn = Mapping[str, Draws]
"""The draws of a policy's active operations by name."""


@dataclass(frozen=True)
class Movements:
    """The composed geometric changes of some pictures."""

    maps: Numbers
    """(n, 3, 3) from positions in the changed picture to positions in the given one: homographies of centred pixels."""
    moved: npt.NDArray[np.bool_]
    """(n,) which pictures must be resampled for their map."""
    mirrored: npt.NDArray[np.bool_]
    """(n, 2) which of the others are mirrored left to right and top to bottom, which needs no resampling."""

    def part(self, place: slice | npt.NDArray[np.int64]) -> Movements:
        """Those of some of the pictures."""
        return Movements(self.maps[place], self.moved[place], self.mirrored[place])


def compose(drawn: Drawn, count: int, *, height: int, width: int) -> Movements:
    """The one map of each picture: crop, flips, scaling, shear, rotation, translation and perspective, in this order.

    A map goes from the output to the input, so the inverses of the changes are multiplied.

    Args:
        drawn: What was drawn.
        count: Number of pictures.
        height: Of the pictures, in pixels.
        width: Of the pictures, in pixels.
    """
    maps = np.broadcast_to(np.eye(3), (count, 3, 3))
    moved = np.zeros(count, dtype=bool)
    mirrored = np.zeros((count, 2), dtype=bool)
    for name, inverse in _INVERSES.items():
        if name not in drawn:
            continue
        draws = drawn[name]
        change = np.where(draws.on[:, None, None], inverse(draws.values, height, width), np.eye(3))
        maps = _product(maps, change)
        if name in _FLIPS:
            mirrored[:, _FLIPS[name]] = draws.on
        else:
            moved |= draws.on
    if "elastic" in drawn:
        moved |= drawn["elastic"].on
    return Movements(maps, moved, mirrored & ~moved[:, None])


def _product(left: Numbers, right: Numbers) -> Numbers:
    # Sums of three in a fixed order: a library's matrix product may round otherwise for another number of pictures.
    return (
        left[:, :, 0, None] * right[:, 0, None, :]
        + left[:, :, 1, None] * right[:, 1, None, :]
        + left[:, :, 2, None] * right[:, 2, None, :]
    )


def _matrices(rows: list[list[npt.ArrayLike]], count: int) -> Numbers:
    result = np.empty((count, 3, 3))
    for row, elements in enumerate(rows):
        for column, element in enumerate(elements):
            result[:, row, column] = element
    return result


def _crop(values: Numbers, height: int, width: int) -> Numbers:
    left, top, wide, high = values.T
    shift_x, shift_y = (left + wide / 2 - 0.5) * width, (top + high / 2 - 0.5) * height
    return _matrices([[wide, 0, shift_x], [0, high, shift_y], [0, 0, 1]], len(values))


def _horizontal_flip(values: Numbers, height: int, width: int) -> Numbers:
    return _matrices([[-1, 0, 0], [0, 1, 0], [0, 0, 1]], len(values))


def _vertical_flip(values: Numbers, height: int, width: int) -> Numbers:
    return _matrices([[1, 0, 0], [0, -1, 0], [0, 0, 1]], len(values))


def _scaling(values: Numbers, height: int, width: int) -> Numbers:
    shrink = 1 / values[:, 0]
    return _matrices([[shrink, 0, 0], [0, shrink, 0], [0, 0, 1]], len(values))


def _shear(values: Numbers, height: int, width: int) -> Numbers:
    across, down = np.tan(np.deg2rad(values)).T
    # The inverse of [[1, 0], [-down, 1]] times [[1, -across], [0, 1]].
    return _matrices([[1 + across * down, across, 0], [down, 1, 0], [0, 0, 1]], len(values))


def _rotation(values: Numbers, height: int, width: int) -> Numbers:
    angle = np.deg2rad(values[:, 0])
    cosine, sine = np.cos(angle), np.sin(angle)
    # y points down, so that this turns the picture counter-clockwise.
    return _matrices([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]], len(values))


def _translation(values: Numbers, height: int, width: int) -> Numbers:
    return _matrices([[1, 0, -values[:, 0] * width], [0, 1, -values[:, 1] * height], [0, 0, 1]], len(values))


def _perspective(values: Numbers, height: int, width: int) -> Numbers:
    """The inverse of the map that takes the picture's corners to where they were moved."""
    # Corners in the unit square with y down, in the order (0, 0), (1, 0), (1, 1), (0, 1).
    moves = values.reshape(-1, 4, 2) / 2
    x0, x1, x2, x3 = (moves[..., 0] + np.array([0.0, 1.0, 1.0, 0.0])).T
    y0, y1, y2, y3 = (moves[..., 1] + np.array([0.0, 0.0, 1.0, 1.0])).T
    # Heckbert's closed form of the map from the unit square to a quadrilateral.
    sum_x, sum_y = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    dx1, dx2, dy1, dy2 = x1 - x2, x3 - x2, y1 - y2, y3 - y2
    denominator = dx1 * dy2 - dx2 * dy1
    g = (sum_x * dy2 - dx2 * sum_y) / denominator
    h = (dx1 * sum_y - sum_x * dy1) / denominator
    forward = _matrices(
        [[x1 - x0 + g * x1, x3 - x0 + h * x3, x0], [y1 - y0 + g * y1, y3 - y0 + h * y3, y0], [g, h, 1]], len(values)
    )
    to_square = np.array([[1 / width, 0, 0.5], [0, 1 / height, 0.5], [0, 0, 1]])[None]
    to_pixels = np.array([[width, 0, -0.5 * width], [0, height, -0.5 * height], [0, 0, 1]])[None]
    inverse = _product(to_pixels, _product(_adjugate(forward), to_square))
    return inverse / inverse[:, 2:, 2:]


def _adjugate(m: Numbers) -> Numbers:
    """The inverse up to a factor, which a homography does not need."""
    following, next_but_one = [1, 2, 0], [2, 0, 1]
    cofactors = (
        m[:, following][:, :, following] * m[:, next_but_one][:, :, next_but_one]
        - m[:, following][:, :, next_but_one] * m[:, next_but_one][:, :, following]
    )
    return cofactors.transpose(0, 2, 1)


_INVERSES = {
    "random_resized_crop": _crop,
    "horizontal_flip": _horizontal_flip,
    "vertical_flip": _vertical_flip,
    "scaling": _scaling,
    "shear": _shear,
    "rotation": _rotation,
    "translation": _translation,
    "perspective": _perspective,
}
_FLIPS = {"horizontal_flip": 0, "vertical_flip": 1}


def sampling_grid(maps: Numbers, *, height: int, width: int, device: torch.device) -> Tensor:
    """Where each pixel of the changed pictures is read, as `torch.nn.functional.grid_sample` takes it.

    Args:
        maps: (n, 3, 3) as in `Movements`.
        height: Of the pictures, in pixels.
        width: Of the pictures, in pixels.
        device: Where the grid is made.

    Returns:
        (n, height, width, 2) float32: x and y in -1..1 from border to border (`align_corners=False`).
    """
    half = np.array([width / 2, height / 2, 1.0])
    scaled = (maps * half[None, None, :] / half[None, :, None]).astype(np.float32)
    theta = on_device(scaled, device)[:, :, None]  # (n, 3, 1, 3)
    x = on_device(_centres(width), device)[None, :, None]
    y = on_device(_centres(height), device)[None, :, None]
    # A place is a sum of what depends on x and what depends on y. Both coordinates are added at once as one complex number.
    along = torch.view_as_complex(theta[:, :2, :, 0].transpose(1, 2) * x)
    down = torch.view_as_complex(theta[:, :2, :, 1].transpose(1, 2) * y + theta[:, :2, :, 2].transpose(1, 2))
    grid = torch.view_as_real(along[:, None, :] + down[:, :, None])
    if (maps[:, 2, :2] != 0).any():
        depth = theta[:, 2, :, 0, None] * x.transpose(1, 2) + (theta[:, 2, :, 1, None] * y + theta[:, 2, :, 2, None])
        grid /= depth[..., None]
    return grid


def _centres(size: int) -> npt.NDArray[np.float32]:
    return ((np.arange(size) + 0.5) * (2 / size) - 1).astype(np.float32)


def warp(images: Tensor, movements: Movements, displacements: Tensor | None = None) -> Tensor:
    """Resamples every picture by its own map: bilinear, and beyond the edge the nearest pixel goes on.

    Args:
        images: (N, C, H, W) float32.
        movements: The maps of these pictures.
        displacements: (N, H, W, 2) float32, x and y in pixels, added to where each pixel is read; None for none.

    Returns:
        (N, C, H, W) float32.
    """
    height, width = images.shape[2:]
    grid = sampling_grid(movements.maps, height=height, width=width, device=images.device)
    if displacements is not None:
        grid[..., 0] += displacements[..., 0] * (2 / width)
        grid[..., 1] += displacements[..., 1] * (2 / height)
    return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


def elastic_displacements(
    elastic: Elastic,
    *,
    seed: int,
    epoch: int,
    indices: npt.ArrayLike,
    height: int,
    width: int,
    device: torch.device,
) -> Tensor:
    """The displacement of every pixel of each sample.

    The field is blurred with whole numbers, held in float64, whose sums are exact in any order: so every device, number of
    threads and batch gives the same bits. Beyond the border the field is 0.

    Returns:
        (n, height, width, 2) float32, x and y in pixels.
    """
    halves = random_halves(seed, epoch, indices, 2 * height * width, stream=elastic.name, device=device)
    field = (halves * 2 - 65535).to(torch.float64).reshape(-1, 2, height, width)  # odd numbers of -65535..65535
    along = on_device(_blur_matrix(elastic.sigma, width), device)
    down = on_device(_blur_matrix(elastic.sigma, height), device)
    # Units of 2^-16 times 2^-18, at most 2^34 of them; cut back to units of 2^-28, then times 2^-18: below 2^47 < 2^53.
    blurred = torch.matmul(field, along).mul_(2.0**-6).round_()
    blurred = torch.matmul(down, blurred).mul_(elastic.alpha * 2.0**-46)
    return blurred.to(torch.float32).permute(0, 2, 3, 1)


def _blur_matrix(sigma: float, size: int) -> Numbers:
    """(size, size) symmetric: what each pixel gives to each other, whole numbers that stand for 2^-18."""
    distance = np.arange(size)[:, None] - np.arange(size)[None, :]
    radius = math.ceil(4 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weights = np.exp(-0.5 * (distance / sigma) ** 2) * (np.abs(distance) <= radius)
    return np.asarray(np.rint(weights / kernel.sum() * 2**18))
