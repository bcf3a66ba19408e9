"""What may vary in a training picture, as data."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.augmentation.appearance import (
    Blur,
    Brightness,
    Contrast,
    Erasing,
    Gamma,
    Hue,
    Noise,
    PcaColour,
    Saturation,
)
from striate.augmentation.colour import principal_colours
from striate.augmentation.geometry import (
    Elastic,
    HorizontalFlip,
    Perspective,
    RandomResizedCrop,
    Rotation,
    Scaling,
    Shear,
    Translation,
    VerticalFlip,
)
from striate.augmentation.mixtures import Cutmix, Mixup
from striate.augmentation.operation import Operation
from striate.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class AugmentationPolicy:
    """How far a training picture may be changed; every picture draws anew in every epoch. The default changes nothing.

    The operations are carried out in the order of the fields, all movements by one resampling, all linear changes of colour
    at once.

    Raises:
        UsageError: If mixup and CutMix together are more probable than 1: a picture is mixed in one way at most.

    Example:
        >>> policy = AugmentationPolicy(rotation=Rotation(degrees=10.0), noise=Noise(deviation=0.02, probability=0.5))
        >>> [operation.name for operation in policy.active]
        ['rotation', 'noise']
    """

    random_resized_crop: RandomResizedCrop = field(default_factory=RandomResizedCrop)
    horizontal_flip: HorizontalFlip = field(default_factory=HorizontalFlip)
    vertical_flip: VerticalFlip = field(default_factory=VerticalFlip)
    scaling: Scaling = field(default_factory=Scaling)
    shear: Shear = field(default_factory=Shear)
    rotation: Rotation = field(default_factory=Rotation)
    translation: Translation = field(default_factory=Translation)
    perspective: Perspective = field(default_factory=Perspective)
    elastic: Elastic = field(default_factory=Elastic)
    blur: Blur = field(default_factory=Blur)
    brightness: Brightness = field(default_factory=Brightness)
    contrast: Contrast = field(default_factory=Contrast)
    saturation: Saturation = field(default_factory=Saturation)
    pca_colour: PcaColour = field(default_factory=PcaColour)
    hue: Hue = field(default_factory=Hue)
    gamma: Gamma = field(default_factory=Gamma)
    noise: Noise = field(default_factory=Noise)
    erasing: Erasing = field(default_factory=Erasing)
    mixup: Mixup = field(default_factory=Mixup)
    cutmix: Cutmix = field(default_factory=Cutmix)

    def __post_init__(self) -> None:
        both = self.mixup.probability + self.cutmix.probability
        if self.mixup.active and self.cutmix.active and both > 1:
            raise UsageError(
                "augmentation.mixup.probability and augmentation.cutmix.probability must sum to at most 1, because a picture "
                f"is mixed in one way at most; got {self.mixup.probability:g} and {self.cutmix.probability:g}"
            )

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All operations, in their order."""
        return tuple(getattr(self, row.name) for row in dataclasses.fields(self))

    @property
    def active(self) -> tuple[Operation, ...]:
        """The operations that can change a picture."""
        return tuple(operation for operation in self.operations if operation.active)

    @property
    def changes(self) -> bool:
        """Whether the policy changes any picture at all."""
        return bool(self.active)

    @property
    def mixes(self) -> bool:
        """Whether pictures are mixed with others."""
        return self.mixup.active or self.cutmix.active

    @property
    def needs_principal_colours(self) -> bool:
        """Whether the training pictures' colours must be measured first; `with_principal_colours` does it."""
        return self.pca_colour.active and not self.pca_colour.measured

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """The operations that can change a picture as nested tables of plain values; what is not there is off.

        Example:
            >>> AugmentationPolicy(rotation=Rotation(degrees=10.0)).to_dict()
            {'rotation': {'probability': 1.0, 'degrees': 10.0}}
        """
        return {operation.name: dataclasses.asdict(operation) for operation in self.active}


def with_principal_colours(policy: AugmentationPolicy, pixels: npt.NDArray[np.uint8]) -> AugmentationPolicy:
    """The policy with the training pictures' own colours in it, if it needs them.

    Args:
        policy: What may vary.
        pixels: (..., C) uint8: a sample of the training pictures; grey ones (C = 1) have no PCA colour, which is then left out.
    """
    if not policy.needs_principal_colours:
        return policy
    if pixels.shape[-1] != 3:
        return dataclasses.replace(policy, pca_colour=PcaColour())
    eigenvalues, eigenvectors = principal_colours(pixels)
    colours = dataclasses.replace(policy.pca_colour, eigenvalues=eigenvalues, eigenvectors=eigenvectors)
    return dataclasses.replace(policy, pca_colour=colours)
