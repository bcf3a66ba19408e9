"""The gradient of a unit by the pixels."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from striate.hooks import with_gradients
from striate.visualization.backward_rules import send_back
from striate.visualization.units import Start, Unit


@with_gradients
def gradient(
    model: nn.Module,
    images: Tensor,
    *,
    layer: str,
    unit: Unit | Sequence[Unit] | None = None,
    strongest: int | None = 1,
    start: Start = "one",
) -> Tensor:
    """How much a unit's answer grows with each pixel, to first order: the sum of the chosen units' gradients.

    Args:
        model: As `deconvnet` takes it.
        images: As `deconvnet` takes them.
        layer: As `deconvnet` takes it.
        unit: As `deconvnet` takes it.
        strongest: As `deconvnet` takes it.
        start: As `deconvnet` takes it.

    Returns:
        Like `images`.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: The network refuses the pictures, or there is no such unit.

    Example:
        >>> import torch
        >>> network = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU(), nn.Conv2d(1, 1, 1, bias=False))
        >>> _ = nn.init.constant_(network[0].weight, 2), nn.init.constant_(network[2].weight, -3)
        >>> gradient(network, torch.ones(1, 1, 1, 1), layer="2").item()
        -6.0

    Source: Simonyan, Vedaldi, Zisserman 2013, Deep Inside Convolutional Networks, section 3.
    """
    return send_back(model, images, rule="gradient", layer=layer, unit=unit, strongest=strongest, start=start)
