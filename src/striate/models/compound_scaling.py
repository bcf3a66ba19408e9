"""How depth, width and resolution of a network grow together: Tan & Le 2019, section 3.3, Eq. 3."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass

from striate.errors import UsageError
from striate.nn.arguments import positive_number, whole_number

DOUBLING = 2.0  # what alpha * beta^2 * gamma^2 should be, so that each whole step of phi doubles the cost
SLACK = 0.1  # how far from it, as a share; the paper's own figures make 1.92


@dataclass(frozen=True)
class ScaledFigures:
    """A network's figures after scaling, not rounded: how a family rounds layers and maps is its own affair."""

    layers: float
    channels: float
    resolution: float  # pixels
    macs: float


@dataclass(frozen=True)
class CompoundScale:
    """What to multiply a network's figures by."""

    phi: float
    depth: float  # layers
    width: float  # maps
    resolution: float  # pixels on a side
    cost: float  # MACs, which grow as depth * width^2 * resolution^2

    def applied(self, *, layers: float, channels: float, resolution: float, macs: float) -> ScaledFigures:
        """The figures of the scaled network, of those of the base network.

        Args:
            layers: How many layers a stage or the network has.
            channels: How many maps a layer has.
            resolution: Height or width of the input, in pixels.
            macs: MACs a picture.

        Raises:
            UsageError: A figure is not a finite number above 0.

        Example:
            >>> figures = compound_scale(1).applied(layers=16, channels=32, resolution=224, macs=385_814_752)
            >>> round(figures.layers, 1), round(figures.channels, 1), round(figures.resolution)
            (19.2, 35.2, 258)
        """
        return ScaledFigures(
            positive_number("CompoundScale", "layers", layers) * self.depth,
            positive_number("CompoundScale", "channels", channels) * self.width,
            positive_number("CompoundScale", "resolution", resolution) * self.resolution,
            positive_number("CompoundScale", "macs", macs) * self.cost,
        )


def compound_scale(phi: float, alpha: float = 1.2, beta: float = 1.1, gamma: float = 1.15) -> CompoundScale:
    """Factors for any network: depth by alpha^phi, width by beta^phi, resolution by gamma^phi.

    MACs grow with depth, and with the squares of width and resolution: by (alpha * beta^2 * gamma^2)^phi, about 2^phi
    under the paper's constraint. The defaults are what the paper found for EfficientNet-B0. The published networks B1
    to B7 are not this formula at whole numbers; see `docs/compound-scaling.md`.

    Args:
        phi: The compound coefficient: how many doublings of the cost there are to spend, 0 or more.
        alpha: Depth's share, at least 1.
        beta: Width's, at least 1.
        gamma: Resolution's, at least 1.

    Raises:
        UsageError: phi is not a finite number of at least 0, a share is not one of at least 1, or alpha * beta^2 *
            gamma^2 is more than a tenth away from 2.

    Example:
        >>> scale = compound_scale(2)
        >>> round(scale.depth, 4), round(scale.width, 4), round(scale.resolution, 4), round(scale.cost, 4)
        (1.44, 1.21, 1.3225, 3.6874)

    Source: Tan & Le 2019, section 3.3, Eq. 3.
    """
    phi = _at_least("phi", phi, 0)
    alpha, beta, gamma = (
        _at_least(name, value, 1) for name, value in (("alpha", alpha), ("beta", beta), ("gamma", gamma))
    )
    step = alpha * beta**2 * gamma**2
    if abs(step - DOUBLING) > SLACK * DOUBLING:
        raise UsageError(
            f"compound_scale: alpha * beta^2 * gamma^2 must be about 2 (from {DOUBLING * (1 - SLACK):.1f} to "
            f"{DOUBLING * (1 + SLACK):.1f}), so that phi counts doublings of the cost, got {step:.4g} of "
            f"alpha={alpha:g}, beta={beta:g}, gamma={gamma:g}"
        )
    return CompoundScale(phi, alpha**phi, beta**phi, gamma**phi, step**phi)


def rounded_depth(layers: int, depth: float) -> int:
    """`layers * depth`, rounded up.

    Example:
        >>> [rounded_depth(layers, 1.4) for layers in (1, 2, 3, 4)]
        [2, 3, 5, 6]

    Source: the authors' TensorFlow code; the paper is silent.
    """
    return math.ceil(whole_number("rounded_depth", "layers", layers) * depth)


def _at_least(name: str, value: object, minimum: int) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not minimum <= float(value) < math.inf:
        raise UsageError(f"compound_scale: {name} must be a finite number of at least {minimum}, got {value!r}")
    return float(value)
