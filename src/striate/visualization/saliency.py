"""Saliency: how much each pixel could change the answer, to first order."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.hooks import held_still, with_gradients
from striate.visualization.layers import prepare
from striate.visualization.targets import Target, find_targets, in_batches


@with_gradients
def saliency(model: nn.Module, images: Tensor, *, target: Target = None) -> Tensor:
    """The gradient of a class's logit by each pixel, without its sign, the largest of the channels.

    Args:
        model: Any classifier; mode, weights, gradients and hooks are left as they were.
        images: (N, channels, height, width) float, normalised as the network takes them.
        target: A class, a list with one for each picture, or None: the class that the network answers.

    Returns:
        (N, height, width) float, 0 and more, in logits for one unit of a normalised pixel.

    Raises:
        UsageError: The network refuses the pictures, or there is no such class.

    Example:
        >>> network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
        >>> network[1].weight.data = torch.tensor([[1.0, -3.0, 0.0, 2.0], [0.0, 0.0, 5.0, 0.0]])
        >>> saliency(network, torch.rand(1, 1, 2, 2), target=0).tolist()
        [[[1.0, 3.0], [0.0, 2.0]]]

    Source: Simonyan, Vedaldi, Zisserman 2013, Deep Inside Convolutional Networks, section 3.1.
    """
    from captum.attr import Saliency

    pixels = prepare(model, images)
    maps = []
    with held_still(model), torch.enable_grad():
        for batch, wanted in in_batches(pixels, find_targets(model, pixels, target)):
            maps.append(Saliency(model).attribute(batch, target=wanted, abs=True).amax(dim=1))
    return torch.cat(maps).to(images.device, images.dtype)
