"""Drawing the weights of layers and of whole networks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from striate.errors import UsageError
from striate.initialization.rules import Rule, fans
from striate.initialization.schemes import Scheme, named_scheme
from striate.initialization.seeding import seeded


@runtime_checkable
class StatesFans(Protocol):
    """A layer that is neither dense nor a convolution and says which of its weights have which fans.

    A layer of your own that has this method can be initialised by any scheme.
    """

    def weight_fans(self) -> Iterable[tuple[Tensor, int, int]]:
        """Parts of its weights, each with its fan-in and its fan-out; together they are all that is to be drawn."""
        ...


@runtime_checkable
class Resets(Protocol):
    """A module that can draw itself anew, as torch's layers do and the catalogue's networks."""

    def reset_parameters(self) -> None:
        """Makes its parameters and buffers what they are in a new one."""
        ...


def draw_layer(layer: nn.Conv2d | nn.Linear, rule: Rule, *, bias: float = 0.0) -> None:
    """Draws a layer's weight by a rule, and makes its bias, if it has one, the same everywhere.

    Args:
        layer: A convolution or a dense layer.
        rule: A `Scheme`, or another rule.
        bias: What every number of the bias becomes.

    Example:
        >>> layer = nn.Linear(3, 2)
        >>> draw_layer(layer, Scheme("uniform"), bias=1.0)
        >>> layer.bias.tolist(), bool(layer.weight.abs().max() <= 1)
        ([1.0, 1.0], True)
    """
    rule.draw_(layer.weight, groups=getattr(layer, "groups", 1))
    if layer.bias is not None:
        nn.init.constant_(layer.bias, bias)


def draw_layers(modules: Iterable[nn.Module], rule: Rule, *, bias: float = 0.0) -> None:
    """`draw_layer` for every 2-d convolution and dense layer among the modules, in their order.

    Args:
        modules: Such as `network.modules()`; what is neither is passed over.
        rule: A `Scheme`, or another rule.
        bias: What every number of a bias becomes.
    """
    for module in modules:
        if isinstance(module, nn.Conv2d | nn.Linear):
            draw_layer(module, rule, bias=bias)


def initialize(network: nn.Module, scheme: str | Scheme, *, seed: int | None = None) -> None:
    """Makes a network new again, with weights that are drawn by a scheme, in place.

    Drawn are the weights of dense layers, of convolutions of 1 to 3 axes, grouped and depthwise ones by the fans of a
    group, of transposed ones, and of layers that state their fans (`StatesFans`), such as LeNet-5's partly connected
    convolution, whose kernels each have the fan-in of the maps that their unit sees. Auxiliary heads are layers as any
    other. Biases become 0.

    Every other layer is put back as its class makes it (`reset_parameters`): normalisation to weight 1, bias 0 and new
    running statistics, LeNet-5's trainable subsampling to the average of its windows. That is no weight of a sum whose
    variance a scheme could keep: one coefficient scales a whole map, and drawn near 0 it would shut the map. The fixed
    prototypes of radial basis function units are no parameters, and stay.

    `"paper"` is the network's own rules: it draws what the network's constructor draws, from the same seed the same.

    Args:
        network: Any network, on any device; frozen parameters are drawn too. The draws are made on the processor, so
            that they do not depend on the device, nor on the memory format.
        scheme: A name of `list_schemes()`, with a fan or a gain after it as `named_scheme` has it, or a `Scheme`.
        seed: Draws reproducibly and leaves the global generator alone; `None` draws from the global generator.

    Raises:
        UnknownNameError: There is no such scheme; the message offers the closest names.
        UsageError: A layer has parameters of which nobody says how they are drawn; or the scheme is `"paper"` and the
            network has no rules of its own. Nothing has been changed then.

    Example:
        >>> network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        >>> initialize(network, "he_normal", seed=0)
        >>> network[0].bias.abs().max().item()
        0.0
        >>> round(network[0].weight.var().item() * 27, 1)  # about 2: the variance is 2 / 27
        1.9
    """
    rule = named_scheme(scheme)
    if rule is None:
        if not isinstance(network, Resets):
            raise UsageError(
                f"{type(network).__name__} has no rules of its own for its weights, which 'paper' stands for; "
                "name a scheme such as 'he_normal', or give it a method reset_parameters()"
            )
        with seeded(seed):
            network.reset_parameters()
        return
    with seeded(seed), torch.no_grad():
        _initialize(network, rule)


Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d
TransposedConvolution = nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d


def _initialize(network: nn.Module, scheme: Scheme) -> None:
    drawn: list[tuple[Tensor, int, int]] = []
    biases: list[nn.Parameter] = []
    others: list[Resets] = []
    for name, module in network.named_modules():
        own = dict(module.named_parameters(recurse=False))
        has_state = bool(own) or next(module.buffers(recurse=False), None) is not None
        if isinstance(module, StatesFans | nn.Linear | Convolution | TransposedConvolution):
            drawn += _parts(name, module, own.get("weight"))
            biases += [own["bias"]] if "bias" in own else []
        elif has_state and isinstance(module, Resets):
            others.append(module)
        elif own:
            raise UsageError(
                f"nobody says how {_called(name, module)} is initialised, which has {', '.join(own)}; "
                "give its class a method weight_fans() (see striate.initialization.StatesFans) or reset_parameters()"
            )
    for module in others:
        module.reset_parameters()
    for bias in biases:
        bias.zero_()
    for weight, fan_in, fan_out in drawn:
        # Drawn apart: in place, the memory format would decide which weight is drawn first, and a GPU would draw others.
        if not weight.is_meta:
            weight.copy_(scheme.draw_by_fans_(torch.empty(weight.shape, device="cpu"), fan_in, fan_out))


def _parts(
    name: str, module: StatesFans | nn.Linear | Convolution | TransposedConvolution, weight: nn.Parameter | None
) -> list[tuple[Tensor, int, int]]:
    """What is to be drawn of a layer, with its fans."""
    if isinstance(module, StatesFans):
        return list(module.weight_fans())
    if weight is None:
        raise UsageError(
            f"the weight of {_called(name, module)} is made of other parameters, as weight norm and pruning do; "
            "initialise the network before that"
        )
    if isinstance(weight, UninitializedParameter):
        raise UsageError(f"{_called(name, module)} has no shape yet; run the network once before it is initialised")
    if isinstance(module, nn.Linear):
        return [(weight, *fans(weight))]
    fan_in, fan_out = fans(weight, groups=module.groups)
    # A transposed convolution's weight is (in, out / groups, *kernel).
    return [(weight, fan_out, fan_in) if isinstance(module, TransposedConvolution) else (weight, fan_in, fan_out)]


def _called(name: str, module: object) -> str:
    kind = type(module).__name__
    return f"{name} ({kind})" if name else kind
