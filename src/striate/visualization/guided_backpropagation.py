"""Guided backpropagation: the gradient, of which only what is positive passes a rectifier."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from striate.hooks import with_gradients
from striate.visualization.backward_rules import send_back
from striate.visualization.units import Start, Unit


@with_gradients
def guided_backpropagation(
    model: nn.Module,
    images: Tensor,
    *,
    layer: str,
    unit: Unit | Sequence[Unit] | None = None,
    strongest: int | None = 1,
    start: Start = "one",
) -> Tensor:
    """The gradient of units by the pixels, where each rectifier lets pass only what is positive in the signal.

    It is sharp, and tells more of the picture's edges than of the network's deep layers: `check_explanation` shows it.

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
        >>> guided_backpropagation(network, torch.ones(1, 1, 1, 1), layer="2").item()  # the signal -3 does not pass
        0.0

    Source: Springenberg et al. 2014, Striving for Simplicity: The All Convolutional Net, section 3.4.
    """
    return send_back(model, images, rule="guided", layer=layer, unit=unit, strongest=strongest, start=start)
