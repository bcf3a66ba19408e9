"""A network that has forgotten: the same layers, with weights drawn anew from the head down."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.hooks import evaluating, watch_calls
from striate.initialization import initialize
from striate.visualization.layers import HEAD, layer_output


def weighted_layers(model: nn.Module, images: Tensor, layer: str = HEAD) -> list[str]:
    """The paths of the modules that hold weights of their own, in the order in which the network calls them first.

    Args:
        model: Any network.
        images: (N, channels, height, width) float, normalised, on the model's device; the first is run.
        layer: The last one that is called.
    """
    order: dict[str, None] = {}

    def leave(name: str, module: nn.Module, output: object) -> None:
        if _has_weights(module):
            order.setdefault(name)

    with torch.no_grad(), evaluating(model), watch_calls(model, lambda name, module: None, leave):
        layer_output(model, images[:1], layer)
    return list(order)


def redrawn(model: nn.Module, names: list[str], *, seed: int) -> nn.Module:
    """A copy of the network, in which these modules are as new: the network itself stays as it is.

    Weights of convolutions and dense layers are drawn by He's rule, which keeps the signal's size, biases are 0, and
    normalisation is as its class makes it. Weights of which nobody says how they are drawn, such as words' vectors, have their
    values shuffled.

    Args:
        model: Any network.
        names: Of modules that `weighted_layers` lists.
        seed: Draws reproducibly; a module's draw depends on its name's place in the network alone, not on the others drawn.
    """
    other = copy.deepcopy(model).eval()
    modules = dict(other.named_modules())
    places = {name: number for number, name in enumerate(modules)}
    for name in names:
        own_seed = seed * len(places) + places[name]
        try:
            if next(modules[name].children(), None) is not None:
                raise UsageError("its parts are drawn on their own")
            initialize(modules[name], "he_normal", seed=own_seed)
        except UsageError:
            _shuffle(modules[name], own_seed)
    return other


def _has_weights(module: nn.Module) -> bool:
    own = next(module.parameters(recurse=False), None) is not None
    # Without weights of its own, normalisation still knows what it has seen.
    return own or (next(module.buffers(recurse=False), None) is not None and hasattr(module, "reset_parameters"))


def _shuffle(module: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters(recurse=False):
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].view_as(parameter))
        if isinstance(module, nn.Embedding) and module.padding_idx is not None:
            module.weight[module.padding_idx] = 0  # what fills a sentence up says nothing, whatever was learnt
