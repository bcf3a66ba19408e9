"""What each map of a layer answers to pictures."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.hooks import held_still, with_gradients
from striate.visualization.layers import layer_output, prepare

_AT_ONCE = 8


@with_gradients
def feature_maps(model: nn.Module, images: Tensor, *, layer: str) -> Tensor:
    """What a layer answers to pictures, in evaluation mode; what comes after the layer does not run.

    Args:
        model: Any network; mode, weights, gradients and hooks are left as they were.
        images: As `deconvnet` takes them.
        layer: As `deconvnet` takes it.

    Returns:
        (N, maps, rows, columns), or (N, numbers) of a layer without places.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: The network refuses the pictures, or the layer is not run.

    Example:
        >>> from striate.models import create_model
        >>> feature_maps(create_model("lenet5", seed=0), torch.zeros(2, 1, 32, 32), layer="c3").shape
        torch.Size([2, 16, 10, 10])
    """
    pixels = prepare(model, images).detach()
    with held_still(model), torch.no_grad():
        parts = [layer_output(model, part, layer) for part in torch.split(pixels, _AT_ONCE)]
    return torch.cat(parts).to(images.device)
