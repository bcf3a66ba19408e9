"""How strong the gradient of the loss is in each layer of a network."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.errors import UsageError
from striate.hooks import with_gradients

Loss = Callable[[Tensor, Tensor], Tensor]


@with_gradients
def gradient_norms(
    network: nn.Module, images: Tensor | None = None, labels: Tensor | None = None, *, loss: Loss | None = None
) -> dict[str, float]:
    """The L2 norm of the loss's gradient in each layer: sqrt of the sum of squares over the layer's own parameters.

    With pictures, it is measured on a copy in training mode, so that the network keeps its weights, its gradients, its
    statistics and its mode. Without, the gradients that a backward pass left in the network are read.

    Args:
        network: The network.
        images: (N, C, H, W) float, normalised, on the network's device.
        labels: (N,) int64.
        loss: From logits (N, classes) and labels to a scalar; by default the mean cross-entropy.

    Returns:
        From each layer that has parameters, by its dotted name in the order of the network's modules, to its norm. Layers
        that no gradient reached are left out.

    Raises:
        UsageError: If only one of images and labels is given, or no parameter has a gradient.

    Example:
        >>> network = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
        >>> _ = nn.init.zeros_(network[1].weight), nn.init.zeros_(network[1].bias)
        >>> norms = gradient_norms(network, torch.tensor([[3.0, 4.0]]), torch.tensor([0]))
        >>> {name: round(norm, 4) for name, norm in norms.items()}  # |p - y| sqrt(3² + 4² + 1), p - y = (-1/2, 1/2)
        {'1': 3.6056}
    """
    if (images is None) != (labels is None):
        raise UsageError(
            "gradient_norms needs images and labels together, or neither to read the gradients that are there"
        )
    if images is None or labels is None:
        return _read(network)
    trial = copy.deepcopy(network).train().requires_grad_(True)
    trial.zero_grad(set_to_none=True)
    # Dropout must not change what the caller draws next.
    with torch.enable_grad(), torch.random.fork_rng(devices=[images.device] if images.is_cuda else []):
        value = (loss or functional.cross_entropy)(trial(images).float(), labels)
        value.backward()  # type: ignore[no-untyped-call]
    return _read(trial)


def _read(network: nn.Module) -> dict[str, float]:
    squares: dict[str, Tensor] = {}
    for name, module in network.named_modules():
        gradients = [own.grad for own in module.parameters(recurse=False) if own.grad is not None]
        if gradients:
            squares[name] = torch.stack([gradient.float().square().sum() for gradient in gradients]).sum()
    if not squares:
        raise UsageError("no parameter of the network has a gradient; give images and labels, or call backward() first")
    values = torch.stack(list(squares.values())).tolist()  # one wait for the device in all
    return {name: math.sqrt(value) for name, value in zip(squares, values, strict=True)}
