"""Operations that change colours, sharpness and texture, as data; `colour` and `texture` carry them out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from striate.augmentation.operation import Limits, Numbers, Operation, in_range, in_ratio, signed
from striate.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Blur(Operation):
    """Fine detail is lost, as out of focus: a Gaussian blur."""

    sigma: float = 0.0
    """Pixels; the Gaussian's deviation is drawn from 0..sigma."""

    name = "blur"
    uniforms = 1
    limits: ClassVar[Limits] = {"sigma": (0, 20)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.sigma > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(deviation,) in pixels."""
        return self.sigma * numbers

    def describe(self, values: Numbers) -> str:
        """Such as `blur 0.8 px`."""
        return f"blur {values[0]:.1f} px"


@dataclass(frozen=True, kw_only=True)
class Brightness(Operation):
    """All values are multiplied by a factor."""

    change: float = 0.0
    """The factor is drawn from 1 - change..1 + change."""

    name = "brightness"
    uniforms = 1
    limits: ClassVar[Limits] = {"change": (0, 1)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.change > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(factor,)."""
        return 1 + self.change * signed(numbers)

    def describe(self, values: Numbers) -> str:
        """Such as `brightness ×1.12`."""
        return f"brightness ×{values[0]:.2f}"


@dataclass(frozen=True, kw_only=True)
class Contrast(Operation):
    """All values move away from the picture's mean grey by a factor, or towards it."""

    change: float = 0.0
    """The factor is drawn from 1 - change..1 + change."""

    name = "contrast"
    uniforms = 1
    limits: ClassVar[Limits] = {"change": (0, 1)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.change > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(factor,)."""
        return 1 + self.change * signed(numbers)

    def describe(self, values: Numbers) -> str:
        """Such as `contrast ×0.91`."""
        return f"contrast ×{values[0]:.2f}"


@dataclass(frozen=True, kw_only=True)
class Saturation(Operation):
    """Every pixel's colour moves away from its own grey by a factor, or towards it; grey pictures stay as they are."""

    change: float = 0.0
    """The factor is drawn from 1 - change..1 + change."""

    name = "saturation"
    uniforms = 1
    limits: ClassVar[Limits] = {"change": (0, 1)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.change > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(factor,)."""
        return 1 + self.change * signed(numbers)

    def describe(self, values: Numbers) -> str:
        """Such as `saturation ×1.30`."""
        return f"saturation ×{values[0]:.2f}"


@dataclass(frozen=True, kw_only=True)
class PcaColour(Operation):
    """A colour is added to every pixel, along the directions in which the training pictures' own colours vary.

    What is added is the sum over the eigenvectors p of the covariance of RGB values of a * eigenvalue * p, each a drawn from
    a normal distribution. Grey pictures stay as they are. The eigenvalues have the unit of a variance, so the formula means
    something else for values in 0..255; here, as in published reimplementations, values are in 0..1.

    Source: Krizhevsky, Sutskever and Hinton (2012), section 4.1, with a deviation of 0.1.
    """

    deviation: float = 0.0
    """Deviation of the normal distribution that each a is drawn from."""
    eigenvalues: tuple[float, ...] = ()
    """Three, largest first, of the covariance of the training pictures' RGB values in 0..1; `principal_colours` measures them."""
    eigenvectors: tuple[tuple[float, ...], ...] = ()
    """Three (red, green, blue) of length 1, in the order of the eigenvalues."""

    name = "pca_colour"
    uniforms = 6
    limits: ClassVar[Limits] = {"deviation": (0, 10)}

    def __post_init__(self) -> None:
        super().__post_init__()
        if (len(self.eigenvalues), tuple(map(len, self.eigenvectors))) not in ((0, ()), (3, (3, 3, 3))):
            raise UsageError(
                "augmentation.pca_colour needs three eigenvalues and three eigenvectors of three numbers, or none"
            )

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.deviation > 0

    @property
    def measured(self) -> bool:
        """Whether it knows the training pictures' colours."""
        return bool(self.eigenvalues)

    def values(self, numbers: Numbers) -> Numbers:
        """(red, green, blue) that is added.

        Raises:
            UsageError: If the eigenvalues were not measured.
        """
        if not self.measured:
            raise UsageError(
                "augmentation.pca_colour needs the colours of the training pictures; "
                "fill in its eigenvalues with striate.augmentation.with_principal_colours"
            )
        # Box and Muller's transform gives a pair of normal numbers for a pair of uniform ones.
        radius = np.sqrt(-2 * np.log(1 - numbers[:, :3]))
        normal = radius * np.cos(2 * np.pi * numbers[:, 3:])
        weights = self.deviation * normal * np.array(self.eigenvalues)
        vectors = np.array(self.eigenvectors)
        return np.asarray((weights[:, :, None] * vectors[None]).sum(axis=1))

    def describe(self, values: Numbers) -> str:
        """Such as `PCA +0.021 +0.013 -0.010`: what is added to red, green and blue."""
        return "PCA " + " ".join(f"{value:+.3f}" for value in values)


@dataclass(frozen=True, kw_only=True)
class Hue(Operation):
    """Every colour is turned on the circle of hues; grey pictures stay as they are."""

    turn: float = 0.0
    """Share of the whole circle; the turn is drawn from -turn..turn. Red turns green at 1/3."""

    name = "hue"
    uniforms = 1
    limits: ClassVar[Limits] = {"turn": (0, 0.5)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.turn > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(turn,) as a share of the circle."""
        return self.turn * signed(numbers)

    def describe(self, values: Numbers) -> str:
        """Such as `hue +0.030 turn`."""
        return f"hue {values[0]:+.3f} turn"


@dataclass(frozen=True, kw_only=True)
class Gamma(Operation):
    """Values v in 0..1 become v^gamma: dark parts brighter and bright ones kept, or the other way round."""

    factor: float = 1.0
    """The exponent is drawn from 1/factor..factor (its logarithm uniformly)."""

    name = "gamma"
    uniforms = 1
    limits: ClassVar[Limits] = {"factor": (1, 4)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.factor > 1

    def values(self, numbers: Numbers) -> Numbers:
        """(exponent,)."""
        return in_ratio(numbers, self.factor)

    def describe(self, values: Numbers) -> str:
        """Such as `gamma 1.15`."""
        return f"gamma {values[0]:.2f}"


@dataclass(frozen=True, kw_only=True)
class Noise(Operation):
    """Every value gets an error of its own: additive white Gaussian noise."""

    deviation: float = 0.0
    """The noise's deviation is drawn from 0..deviation, in units of the 0..1 range."""

    name = "noise"
    uniforms = 1
    limits: ClassVar[Limits] = {"deviation": (0, 1)}

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.deviation > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(deviation,) of the 0..1 range."""
        return self.deviation * numbers

    def describe(self, values: Numbers) -> str:
        """Such as `noise 0.021`."""
        return f"noise {values[0]:.3f}"


@dataclass(frozen=True, kw_only=True)
class Erasing(Operation):
    """A rectangle of the picture becomes mid-grey, as if something stood before it.

    Source: Zhong et al., "Random erasing data augmentation" (2017), Algorithm 1; areas 2 % to 40 %, aspect 0.3 to 3.3.
    """

    smallest_area: float = 0.0
    """The rectangle's area is drawn from smallest_area..largest_area, as a share of the picture's."""
    largest_area: float = 0.0
    aspect: float = 3.0
    """Height over width is drawn from 1/aspect..aspect (its logarithm uniformly)."""
    value: float = 0.5
    """What the rectangle is filled with, of the 0..1 range."""

    name = "erasing"
    uniforms = 4
    limits: ClassVar[Limits] = {"smallest_area": (0, 1), "largest_area": (0, 1), "aspect": (1, 10), "value": (0, 1)}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.smallest_area > self.largest_area:
            raise UsageError(
                "augmentation.erasing.smallest_area must be at most largest_area, "
                f"got {self.smallest_area} and {self.largest_area}"
            )

    @property
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""
        return self.largest_area > 0

    def values(self, numbers: Numbers) -> Numbers:
        """(area, aspect, place along x, place along y): the area as a share, the places in 0..1 from border to border."""
        area = in_range(numbers[:, 0], self.smallest_area, self.largest_area)
        return np.stack([area, in_ratio(numbers[:, 1], self.aspect), numbers[:, 2], numbers[:, 3]], axis=1)

    def describe(self, values: Numbers) -> str:
        """Such as `erasing 12% of the area`."""
        return f"erasing {values[0]:.0%} of the area"
