"""Grad-CAM: where the last maps with places speak for a class."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.errors import UsageError
from striate.hooks import held_still, with_gradients
from striate.visualization.layers import find_layer, last_maps_layer, layer_output, prepare
from striate.visualization.targets import Target, find_targets, in_batches


@with_gradients
def grad_cam(model: nn.Module, images: Tensor, *, target: Target = None, layer: str | None = None) -> Tensor:
    """A layer's maps, each weighed by the mean gradient of the class's logit by it, added up; what is above 0 of that.

    The sum has the maps' few places, 7 x 7 of them in most networks for pictures of 224 x 224; it is enlarged to the
    pictures' size bilinearly. It is 0 everywhere where nothing in the layer speaks for the class.

    Args:
        model: Any classifier; mode, weights, gradients and hooks are left as they were.
        images: (N, channels, height, width) float, normalised as the network takes them.
        target: A class, a list with one for each picture, or None: the class that the network answers.
        layer: A name of `striate.visualization.list_layers(model)`, or the path of any module, with maps larger than
            1 x 1; None: the deepest such stage, `striate.visualization.last_maps_layer`.

    Returns:
        (N, height, width) float, 0 and more.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: The network refuses the pictures, there is no such class, or the layer has no places or no part in
            the answer.

    Example:
        >>> import torch
        >>> from striate.models import create_model
        >>> network = create_model("lenet5", seed=0)
        >>> heat = grad_cam(network, torch.rand(2, 1, 32, 32), target=7)  # of s4, 5 x 5
        >>> heat.shape, bool((heat >= 0).all())
        (torch.Size([2, 32, 32]), True)

    Source: Selvaraju et al. 2017, Grad-CAM, section 3, Eq. 1 and 2.
    """
    from captum.attr import LayerGradCam

    pixels = prepare(model, images)
    sums = []
    with held_still(model), torch.enable_grad():
        name = layer if layer is not None else last_maps_layer(model, pixels)
        _require_places(model, pixels, name)
        method = LayerGradCam(model, find_layer(model, name))
        for batch, wanted in in_batches(pixels, find_targets(model, pixels, target)):
            try:
                answer = method.attribute(batch, target=wanted, relu_attributions=True)
            except RuntimeError as error:
                # That is how torch says that no way leads from the one to the other.
                if "have been used in the graph" not in str(error) and "does not require grad" not in str(error):
                    raise
                raise UsageError(
                    f"the answer of {type(model).__name__} does not depend on its layer {name!r}"
                ) from None
            sums.append(answer.detach())
    heat = functional.interpolate(torch.cat(sums).float(), images.shape[2:], mode="bilinear")
    return heat[:, 0].to(images.device, images.dtype)


def _require_places(model: nn.Module, pixels: Tensor, layer: str) -> None:
    with torch.no_grad():
        maps = layer_output(model, pixels[:1], layer)
    if maps.ndim != 4 or max(maps.shape[2:]) == 1:
        got = f"{maps.shape[1]:,} {'numbers' if maps.ndim == 2 else 'maps of 1 x 1'}"
        raise UsageError(
            f"the layer {layer!r} answers {got}, which have no places in the picture to point at; "
            f"the deepest layer that has is {last_maps_layer(model, pixels)!r}"
        )
