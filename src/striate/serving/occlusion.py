"""What a picture's answer rests on, without gradients: how much the probability drops where a grey patch hides the picture.

Source: Zeiler and Fergus 2014, section 4.2. The patch is a fifth of the picture's sides and moves by half of itself, as in
`striate.visualization`, which has the paper's other two maps too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from striate.pixels import Preprocessing

STRIDE_SHARE = 0.1
"""Of a picture's side; the patch is twice as long."""


@dataclass(frozen=True, eq=False)
class OcclusionPlan:
    """A prepared picture, and the places of the patch on it."""

    pixels: npt.NDArray[np.uint8]
    """(H, W, C), as the network's engine takes it."""
    preprocessing: Preprocessing

    @property
    def stride(self) -> tuple[int, int]:
        """Down and across, in pixels."""
        height, width = self.pixels.shape[:2]
        return max(1, round(height * STRIDE_SHARE)), max(1, round(width * STRIDE_SHARE))

    @property
    def patch(self) -> tuple[int, int]:
        """Its height and width in pixels; at the lower and the right border it is cut off."""
        down, across = self.stride
        return 2 * down, 2 * across

    @cached_property
    def places(self) -> list[tuple[int, int]]:
        """The upper left corner of each place."""
        height, width = self.pixels.shape[:2]
        down, across = self.stride
        return [(row, column) for row in range(0, height, down) for column in range(0, width, across)]

    def hidden(self) -> Iterator[npt.NDArray[np.uint8]]:
        """The picture with the patch in each place: the byte nearest to what normalisation makes 0 of."""
        scale, shift = self.preprocessing.scale_and_shift
        grey = np.clip(np.round(-shift / scale), 0, 255).astype(np.uint8)
        grey = np.broadcast_to(grey[::-1] if self.preprocessing.reverses_channels else grey, self.pixels.shape[2:])
        for row, column in self.places:
            covered = self.pixels.copy()
            covered[row : row + self.patch[0], column : column + self.patch[1]] = grey
            yield covered

    def heat(self, unhidden: float, probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """(H, W) in -1..1: how much the probability drops when a pixel is hidden, the mean of the patches on it.

        Args:
            unhidden: The probability with no patch.
            probabilities: With the patch in each place, in their order.
        """
        total = np.zeros(self.pixels.shape[:2])
        count = np.zeros(self.pixels.shape[:2])
        for (row, column), probability in zip(self.places, probabilities, strict=True):
            window = np.s_[row : row + self.patch[0], column : column + self.patch[1]]
            total[window] += unhidden - probability
            count[window] += 1
        return np.asarray(total / count)


def overlay(pixels: npt.NDArray[np.uint8], heat: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """(H, W, 3): a grey picture, red where hiding it lowers the probability, blue where it raises it; the more, the stronger."""
    grey = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    largest = max(float(np.abs(heat).max()), 1e-12)
    share = np.abs(heat)[..., None] / largest * 0.75
    colour = np.where(heat[..., None] >= 0, (220.0, 40.0, 20.0), (30.0, 80.0, 230.0))
    return np.asarray((grey * (1 - share) + colour * share).round(), np.uint8)
