"""Grad-CAM of several classes for one pass of a picture, cheap enough for every run's report.

Why beside `grad_cam`, which asks captum: importing captum would cost every run half a second of processor time, and captum runs the
whole network again for each class. That both answer the same is tested.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.errors import UsageError
from striate.hooks import held_still, replace_outputs
from striate.visualization.layers import find_layer, prepare
from striate.visualization.targets import logits


def class_heat(model: nn.Module, image: Tensor, classes: Sequence[int], *, layer: str) -> Tensor:
    """What `striate.visualization.grad_cam` answers for each of the classes, from one pass and without loading captum.

    Only what comes after the layer is differentiated, and what comes before it keeps nothing in memory.

    Args:
        model: As `grad_cam` takes it.
        image: (1, channels, height, width) float, normalised as the network takes it.
        classes: At least one class.
        layer: A layer with maps.

    Returns:
        (classes, height, width) float, 0 and more, at the picture's size.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: The network refuses the picture, there is no such class, or the answer does not depend on the layer.

    Example:
        >>> from striate.models import create_model
        >>> class_heat(create_model("lenet5", seed=0), torch.rand(1, 1, 32, 32), [3, 8], layer="s4").shape
        torch.Size([2, 32, 32])

    Source: Selvaraju et al. 2017, Grad-CAM, section 3, Eq. 1 and 2.
    """
    pixels = prepare(model, image[:1]).detach()
    kept: list[Tensor] = []

    def keep(inputs: tuple[object, ...], output: Tensor) -> Tensor:
        kept.append(output.detach().requires_grad_())
        return kept[-1].clone()  # what comes next may work in place

    heats = []
    with held_still(model), torch.enable_grad():
        with replace_outputs({find_layer(model, layer): keep}):
            answer = logits(model, pixels)[0]
        if not kept or not answer.requires_grad or kept[-1].ndim != 4:
            raise UsageError(f"the answer of {type(model).__name__} does not depend on maps of its layer {layer!r}")
        for number in classes:
            if not 0 <= number < len(answer):
                raise UsageError(f"a target is a class of the network, 0 to {len(answer) - 1}; got {number!r}")
            slopes = torch.autograd.grad(answer[number], kept[-1], retain_graph=True)[0]
            heats.append((slopes.mean(dim=(2, 3), keepdim=True) * kept[-1].detach()).sum(dim=1, keepdim=True).relu())
    heat = functional.interpolate(torch.cat(heats).float(), image.shape[2:], mode="bilinear")
    return heat[:, 0].to(image.device, image.dtype)
