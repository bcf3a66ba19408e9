"""Whether two small pictures show the same: one is stretched and shifted until it lies on the other, and their edges are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

STEPS = 8  # of Gauss and Newton; thumbnails that are off by three of their 32 pixels lie on one another after five
FARTHEST = 0.15  # of the side: what may be cut off at each edge
_STEP = 0.05  # of the side: no step is longer
_DAMPING = 1e-3


@dataclass(frozen=True, eq=False)
class Likeness:
    """How alike the pictures of each pair are.

    Attributes:
        edges: (n,) the correlation of their gradients, -1 to 1: 1 where they differ in brightness and contrast alone.
        contrast: (n,) how much steeper the gradients of the first are than those of the second.
        brightness: (n,) how much lighter the first is, in grey levels.
        cut: (n,) the largest share of a side that one of them lacks at an edge.
    """

    edges: Floats
    contrast: Floats
    brightness: Floats
    cut: Floats

    def better_of(self, other: Likeness) -> Likeness:
        """Of each pair the likeness with the higher correlation."""
        first = self.edges >= other.edges
        return Likeness(*(np.where(first, vars(self)[name], vars(other)[name]) for name in vars(self)))


def likeness(first: Floats, second: Floats, windows: Floats, *, align: bool) -> Likeness:
    """Compares the window of each first picture with all of the second.

    Args:
        first: (n, S, S) grey levels.
        second: (n, S, S).
        windows: (n, 4): shares cut off the first at the left, the top, the right and the bottom.
        align: Whether the window may be moved and stretched until it fits, up to 15 % of the side at each edge.

    Example:
        >>> picture = np.random.default_rng(0).random((1, 16, 16)).astype(np.float32)
        >>> found = likeness(picture, 2 * picture + 3, np.zeros((1, 4), np.float32), align=False)
        >>> found.edges.round(4), found.contrast.round(4)
        (array([1.], dtype=float32), array([0.5], dtype=float32))

    Source: Lucas and Kanade, "An Iterative Image Registration Technique with an Application to Stereo Vision" (1981), section 4;
        gain and bias as in their section 4.4.
    """
    size = 1 - windows[:, :2] - windows[:, 2:]
    place = np.stack([windows[:, 0], size[:, 0], windows[:, 1], size[:, 1]], axis=1).astype(np.float32)
    found = _compare(first, second, place)
    if align:
        for _ in range(STEPS):
            place = _moved(first, second, place)
        found = found.better_of(_compare(first, second, place))
    return found


def _through(pictures: Floats, place: Floats) -> tuple[Floats, Floats]:
    """What the pictures show in a window, and (n, S, S) where that is still in the picture; a place is left, width, top, height."""
    across, in_width = _interpolation(place[:, 0], place[:, 1], pictures.shape[-1])
    down, in_height = _interpolation(place[:, 2], place[:, 3], pictures.shape[-1])
    inside = (in_height[:, :, np.newaxis] & in_width[:, np.newaxis, :]).astype(np.float32)
    return np.asarray(down @ pictures @ across.transpose(0, 2, 1), np.float32), inside


def _interpolation(start: Floats, size: Floats, side: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """(n, S, S) what takes S pixels to those of a window, linearly; (n, S) which of these are in the picture."""
    centres = side * start[:, np.newaxis] + (np.arange(side, dtype=np.float32) + 0.5) * size[:, np.newaxis] - 0.5
    inside = (centres > -0.75) & (centres < side - 0.25)
    within = np.clip(centres, 0, side - 1)[:, :, np.newaxis]
    return np.asarray(np.maximum(0, 1 - np.abs(within - np.arange(side, dtype=np.float32)))), inside


def _moved(first: Floats, second: Floats, place: Floats) -> Floats:
    """A better place for each window: the least squares of what is seen in it, to first order, beside the second, its levels scaled."""
    seen, inside = _through(first, place)
    side = first.shape[-1]
    middles = (np.arange(side, dtype=np.float32) + 0.5) / side
    slope_x = np.gradient(seen, axis=2) * side / place[:, 1, np.newaxis, np.newaxis]
    slope_y = np.gradient(seen, axis=1) * side / place[:, 3, np.newaxis, np.newaxis]
    terms = [slope_x, slope_x * middles, slope_y, slope_y * middles[:, np.newaxis], -second, np.ones_like(second)]
    columns = np.stack([(term * inside).reshape(len(seen), -1) for term in terms], axis=1)
    normal = (columns @ columns.transpose(0, 2, 1)).astype(np.float64)
    right = -(columns @ seen.reshape(len(seen), -1, 1))[:, :, 0]
    scale = np.sqrt(np.maximum(np.einsum("nii->ni", normal), 1e-6))
    normal = normal / scale[:, :, np.newaxis] / scale[:, np.newaxis] + _DAMPING * np.eye(len(terms))
    step = np.linalg.solve(normal, (right / scale)[:, :, np.newaxis])[:, :, 0] / scale
    moved = place + np.clip(step[:, :4], -_STEP, _STEP)
    moved[:, [0, 2]] = np.clip(moved[:, [0, 2]], -FARTHEST, FARTHEST)
    moved[:, [1, 3]] = np.clip(moved[:, [1, 3]], 1 - 2 * FARTHEST, 1 + FARTHEST)
    return np.asarray(moved, np.float32)


def _compare(first: Floats, second: Floats, place: Floats) -> Likeness:
    first, inside = _through(first, place)
    products, squares = np.zeros(len(first), np.float32), np.full((2, len(first)), 1e-6, np.float32)
    for slopes_of in (_slopes_down, _slopes_across):
        both = [slopes_of(picture) for picture in (first, second)]
        counted = slopes_of(inside) == 0
        counted &= inside[:, : counted.shape[1], : counted.shape[2]] > 0
        one, other = (slopes * counted for slopes in both)
        products += np.einsum("nij,nij->n", one, other)
        squares += np.stack([np.einsum("nij,nij->n", slopes, slopes) for slopes in (one, other)])
    number = inside.sum(axis=(1, 2))
    lighter = ((first - second) * inside).sum(axis=(1, 2)) / number
    cut = np.abs(np.concatenate([place[:, [0, 2]], 1 - place[:, [0, 2]] - place[:, [1, 3]]], axis=1)).max(axis=1)
    return Likeness(products / np.sqrt(squares[0] * squares[1]), np.sqrt(squares[0] / squares[1]), lighter, cut)


def _slopes_down(pictures: Floats) -> Floats:
    return np.diff(pictures, axis=1)


def _slopes_across(pictures: Floats) -> Floats:
    return np.diff(pictures, axis=2)


def smoothed(pictures: npt.NDArray[np.uint8]) -> Floats:
    """Each pixel with a quarter of each neighbour in place of half of itself, across and down: what is left is alike however it was scaled.

    Args:
        pictures: (n, S, S).

    Example:
        >>> smoothed(np.array([[[0, 0, 0], [0, 160, 0], [0, 0, 0]]], np.uint8))[0].tolist()
        [[10.0, 20.0, 10.0], [20.0, 40.0, 20.0], [10.0, 20.0, 10.0]]
    """
    padded = np.pad(pictures.astype(np.float32), ((0, 0), (1, 1), (1, 1)), mode="edge")
    down = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    return np.asarray((down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]) / 16)
