"""Operations that move what is in a picture, as data; `warp` carries all of them out at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from striate.augmentation.operation import Limits, Numbers, Operation, in_range, in_ratio, signed
from striate.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class RandomResizedCrop(Operation):
    """A part of the picture is cut out and enlarged to the whole.

    Source: Szegedy et al., "Going deeper with convolutions" (2015), section 6: 8 % to 100 % of the area, aspect 3/4 to 4/3.
    """

    smallest_area: float = 1.0
    """The part's area is drawn from smallest_area..largest_area, as a share of the picture's."""
    largest_area: float = 1.0
    aspect: float = 1.0
    """Width over height, relative to the picture's own, is drawn from 1/aspect..aspect (its logarithm uniformly). A part
    that would be wider or higher than the picture ends at its border."""

    name = "random_resized_crop"
    uniforms = 4
    limits: ClassVar[Limits] = {"smallest_area": (0.01, 1), "largest_area": (0.01, 1), "aspect": (1, 10)}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.smallest_area > self.largest_area:
            raise UsageError(
                "augmentation.random_resized_crop.smallest_area must be at most largest_area, "
                f"got {self.smallest_area} and {self.largest_area}"
            )

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.smallest_area < 1 or self.aspect > 1

    def values(self, numbers: Numbers) -> Numbers:
        """(left, top, width, height) of the part, as shares of the picture's width and height."""
        area = in_range(numbers[:, 0], self.smallest_area, self.largest_area)
        ratio = in_ratio(numbers[:, 1], self.aspect)
        width, height = np.minimum(np.sqrt(area * ratio), 1), np.minimum(np.sqrt(area / ratio), 1)
        return np.stack([(1 - width) * numbers[:, 2], (1 - height) * numbers[:, 3], width, height], axis=1)

    def describe(self, values: Numbers) -> str:
        """Such as `crop 62%, aspect ×0.91`: the share of the area, and width over height."""
        return f"crop {values[2] * values[3]:.0%}, aspect ×{values[2] / values[3]:.2f}"


@dataclass(frozen=True, kw_only=True)
class HorizontalFlip(Operation):
    """Left and right are exchanged."""

    probability: float = 0.0
    name = "horizontal_flip"

    @property
    def has_range(self) -> bool:
        """Always: there is one mirror image."""
        return True

    def values(self, numbers: Numbers) -> Numbers:
        """None."""
        return numbers

    def describe(self, values: Numbers) -> str:
        """The name alone."""
        return "horizontal flip"


@dataclass(frozen=True, kw_only=True)
class VerticalFlip(Operation):
    """Top and bottom are exchanged."""

    probability: float = 0.0
    name = "vertical_flip"

    @property
    def has_range(self) -> bool:
        """Always: there is one mirror image."""
        return True

    def values(self, numbers: Numbers) -> Numbers:
        """None."""
        return numbers

    def describe(self, values: Numbers) -> str:
        """The name alone."""
        return "vertical flip"


@dataclass(frozen=True, kw_only=True)
class Scaling(Operation):
    """The picture is enlarged or made smaller about its centre."""

    factor: float = 1.0
    """The magnification is drawn from 1/factor..factor (its logarithm uniformly)."""

    name = "scaling"
    uniforms = 1
    limits: ClassVar[Limits] = {"factor": (1, 10)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.factor > 1

    def values(self, numbers: Numbers) -> Numbers:
        """(magnification,)."""
        return in_ratio(numbers, self.factor)

    def describe(self, values: Numbers) -> str:
        """Such as `scaling ×1.08`."""
        return f"scaling ×{values[0]:.2f}"


@dataclass(frozen=True, kw_only=True)
class Shear(Operation):
    """Rows slide along x in proportion to y, and columns along y in proportion to x, about the centre."""

    degrees: float = 0.0
    """The angle by which an upright line leans, and that by which a level one does, are drawn from -degrees..degrees."""

    name = "shear"
    uniforms = 2
    limits: ClassVar[Limits] = {"degrees": (0, 60)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.degrees > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(angle of upright lines, angle of level lines) in degrees."""
        return self.degrees * signed(numbers)

    def describe(self, values: Numbers) -> str:
        """Such as `shear +4.0°, -2.5°`."""
        return f"shear {values[0]:+.1f}°, {values[1]:+.1f}°"


@dataclass(frozen=True, kw_only=True)
class Rotation(Operation):
    """The picture is turned about its centre."""

    degrees: float = 0.0
    """The angle is drawn from -degrees..degrees; above 0 it turns counter-clockwise."""

    name = "rotation"
    uniforms = 1
    limits: ClassVar[Limits] = {"degrees": (0, 180)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.degrees > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(angle,) in degrees."""
        return self.degrees * signed(numbers)

    def describe(self, values: Numbers) -> str:
        """Such as `rotation +7.3°`."""
        return f"rotation {values[0]:+.1f}°"


@dataclass(frozen=True, kw_only=True)
class Translation(Operation):
    """The picture is moved along both axes."""

    share: float = 0.0
    """The move along an axis is drawn from -share..share of the picture's side; above 0 it goes right and down."""

    name = "translation"
    uniforms = 2
    limits: ClassVar[Limits] = {"share": (0, 1)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.share > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(right, down) as shares of the width and the height."""
        return self.share * signed(numbers)

    def describe(self, values: Numbers) -> str:
        """Such as `translation +3.0%, -1.0%`: right and down."""
        return f"translation {values[0]:+.1%}, {values[1]:+.1%}"


@dataclass(frozen=True, kw_only=True)
class Perspective(Operation):
    """The picture is seen from another point: each of its corners moves inward on its own."""

    distortion: float = 0.0
    """How far a corner moves along each axis is drawn from 0..distortion of half the side."""

    name = "perspective"
    uniforms = 8
    # At 1 two corners can meet, and no map is left.
    limits: ClassVar[Limits] = {"distortion": (0, 0.9)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.distortion > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(right, down) moves of the corners top left, top right, bottom right, bottom left; shares of half the sides."""
        inward = np.array([1, 1, -1, 1, -1, -1, 1, -1], dtype=np.float64)
        return self.distortion * numbers * inward

    def describe(self, values: Numbers) -> str:
        """The largest move of a corner, as a share of the side."""
        return f"perspective, up to {np.abs(values).max() / 2:.0%}"


@dataclass(frozen=True, kw_only=True)
class Elastic(Operation):
    """Every pixel is displaced on its own, its neighbours by almost the same: a smooth random field.

    Each pixel draws a displacement from -1..1 along each axis; the field is blurred by a Gaussian and multiplied by alpha.

    Source: Simard, Steinkraus and Platt, "Best practices for convolutional neural networks applied to visual document
    analysis" (2003), section 2; for digits of 29 x 29 pixels alpha 34 and sigma 4.
    """

    alpha: float = 0.0
    """Pixels; what the blurred field is multiplied by. With sigma the displacements deviate by 0.163 alpha / sigma pixels."""
    sigma: float = 4.0
    """Pixels; deviation of the Gaussian that blurs the field."""

    name = "elastic"
    limits: ClassVar[Limits] = {"alpha": (0, 10_000), "sigma": (0.5, 100)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.alpha > 0

    def values(self, numbers: Numbers) -> Numbers:
        """None: the field is drawn pixel by pixel."""
        return numbers

    def describe(self, values: Numbers) -> str:
        """The same for every draw: alpha and sigma."""
        return f"elastic, alpha {self.alpha:g}, sigma {self.sigma:g} px"
