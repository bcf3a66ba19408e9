"""DeconvNet: what in a picture a unit answered to, projected down to the pixels."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from striate.hooks import with_gradients
from striate.visualization.backward_rules import send_back
from striate.visualization.units import Start, Unit


@with_gradients
def deconvnet(
    model: nn.Module,
    images: Tensor,
    *,
    layer: str,
    unit: Unit | Sequence[Unit] | None = None,
    strongest: int | None = 1,
    start: Start = "one",
) -> Tensor:
    """Projects units of a layer to the pixels: per layer unpools at the stored switches, rectifies, filters transposed.

    All other units of the layer are set to 0. The signal is rectified going down, by itself; where a network has no
    rectifier, the projection is the gradient. Local response normalisation passes the signal through unchanged; batch
    norm is transposed as the scale that it is in evaluation mode; gates of squeeze-and-excitation are held as they were
    for the picture. Where pooling windows overlap, a switch gets the sum of what comes from each.

    What ties a projection to its picture are the switches of max pooling. In a network without them the projection of a
    unit is the same whatever the picture; there `guided_backpropagation` tells more.

    Args:
        model: Any network; mode, weights, gradients and hooks are left as they were.
        images: (N, channels, height, width) float, normalised as the network takes them.
        layer: A name of `striate.visualization.list_layers(model)`, the path of any module, or `"head"`: the logits.
        unit: A map, at its strongest place; (map, row, column); a list with one of these for each picture; or None: the
            layer's strongest unit.
        strongest: How many units of the map, or of the layer, are kept, the most active first; None: all of them.
        start: What the signal is where it starts: `"one"`, or the unit's `"activation"`, as in the paper.

    Returns:
        Like `images`: what of each pixel reached the unit; positive where more of it would have raised the answer.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: The network refuses the pictures, or there is no such unit.

    Example:
        >>> import torch
        >>> from striate.models import create_model
        >>> network = create_model("vgg11", num_classes=10, seed=0)
        >>> projection = deconvnet(network, torch.rand(1, 3, 64, 64), layer="features.5", unit=7)
        >>> projection.shape, bool(projection.any())
        (torch.Size([1, 3, 64, 64]), True)

    Source: Zeiler and Fergus 2013, Visualizing and Understanding Convolutional Networks, section 2.1; on
    networks without max pooling, Springenberg et al. 2014, Striving for Simplicity, section 3.4.
    """
    return send_back(model, images, rule="deconvnet", layer=layer, unit=unit, strongest=strongest, start=start)
