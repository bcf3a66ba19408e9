"""What may vary in a training picture, as data."""

from __future__ import annotations

import math
from dataclasses import dataclass

from striate.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class AugmentationPolicy:
    """How far a training picture may be moved: each range is drawn from uniformly, anew for every picture and epoch.

    The default moves nothing.

    Raises:
        UsageError: If a range is negative, empty or not finite.

    Example:
        >>> AugmentationPolicy(rotation=10.0, scale=0.1, shift=0.05).moves
        True
    """

    rotation: float = 0.0
    """Degrees: the angle is drawn from -rotation..rotation."""
    scale: float = 0.0
    """The logarithm of the magnification is drawn from -log(1 + scale)..log(1 + scale)."""
    shift: float = 0.0
    """The displacement along each axis is drawn from -shift..shift, as a fraction of the side."""
    flip: float = 0.0
    """Probability of a mirror image (left and right exchanged)."""

    def __post_init__(self) -> None:
        limits = {"rotation": (0, 180), "scale": (0, 4), "shift": (0, 1), "flip": (0, 1)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise UsageError(f"augmentation.{name} must lie in {low}..{high}, got {value}")

    @property
    def moves(self) -> bool:
        """Whether the policy changes any picture at all."""
        return bool(self.rotation or self.scale or self.shift or self.flip)
