"""A unit's signal sent back to the pixels, by one of three rules that differ only at rectifiers.

Down from the unit every layer is taken backwards: a convolution by its transposed kernels (grouped and depthwise ones
too), a max pooling by its switches, the places of the maxima, an average by spreading, a skip or a branch by adding what
comes from each. That is what a gradient does. At a ReLU the rules part:

    gradient                  the signal passes where the ReLU's input was above 0
    guided backpropagation    it passes where both that input and the signal itself are above 0
    DeconvNet                 it passes where the signal itself is above 0, whatever the input was

Rectifiers are ReLU, ReLU6, and the smooth or leaky functions that stand in their place (SiLU, GELU, ...), as modules or
as functions, used once or often, in place or not: they are caught where torch is called. A clamp or a threshold at 0 is a
ReLU; a clamp with an upper bound too may be a gate, and keeps its gradient. Where ReLU6 clips, the gradient is 0; guided
backpropagation asks only whether its input was above 0. Other nonlinearities (tanh, sigmoid) keep their
gradient under every rule. Two more layers are no filters, and DeconvNet holds what they did to this picture: a local
response normalisation passes the signal through unchanged, and the gates of squeeze-and-excitation weigh it as they
weighed the maps. Batch norm is the scale that it is in evaluation mode, and its shift is nothing to a signal.

Of a picture DeconvNet knows no more than its switches and gates: where a network has no max pooling below the unit, it
draws what the unit looks for, whatever the picture.

Source: Zeiler and Fergus 2013, section 2.1 (DeconvNet); Springenberg et al. 2014, Striving for Simplicity, section 3.4 and
Fig. 1 (the three rules side by side).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from striate.hooks import Replacement, held_still, replace_outputs
from striate.nn import LocalResponseNormalization, SqueezeExcitation
from striate.visualization.layers import layer_output, prepare
from striate.visualization.units import Start, Unit, starting_signal

Rule: TypeAlias = Literal["deconvnet", "guided", "gradient"]

_RECTIFIERS: frozenset[Callable[..., Any]] = frozenset(
    {
        functional.relu,
        functional.relu_,
        functional.relu6,
        functional.leaky_relu,
        functional.leaky_relu_,
        functional.prelu,
        functional.elu,
        functional.elu_,
        functional.celu,
        functional.selu,
        functional.gelu,
        functional.silu,
        functional.mish,
        functional.hardswish,
        functional.softplus,
        torch.relu,
        torch.relu_,
        torch.prelu,
        torch.selu,
        torch.celu,
        Tensor.relu,
        Tensor.relu_,
    }
)

_CLAMPS: frozenset[Callable[..., Any]] = frozenset(
    getattr(owner, name)
    for owner in (torch, Tensor)
    for name in ("clamp", "clamp_", "clip", "clip_", "clamp_min", "clamp_min_")
)

_THRESHOLDS: frozenset[Callable[..., Any]] = frozenset(
    getattr(owner, name) for owner in (torch, functional) for name in ("threshold", "threshold_")
)


def send_back(
    model: nn.Module,
    images: Tensor,
    *,
    rule: Rule,
    layer: str,
    unit: Unit | Sequence[Unit] | None,
    strongest: int | None,
    start: Start,
) -> Tensor:
    """The signal of the chosen units at the pixels, like `images`; `striate.visualization.deconvnet` says what all this is."""
    pixels = prepare(model, images)
    with held_still(model), torch.enable_grad(), signal_rule(model, rule):
        maps = layer_output(model, pixels, layer)
        signal = starting_signal(maps, unit, layer=layer, strongest=strongest, start=start)
        answer = torch.autograd.grad(maps, pixels, signal, allow_unused=True, materialize_grads=True)[0]
    return answer.to(images.device, images.dtype)


@contextmanager
def signal_rule(model: nn.Module, rule: Rule) -> Iterator[None]:
    """While it is entered, a backward pass through what the model computes follows the rule; its answers stay the same."""
    if rule == "gradient":
        yield
        return
    held = _held(model) if rule == "deconvnet" else {}
    with replace_outputs(held), _Rectifiers(rule):
        yield


def _held(model: nn.Module) -> Mapping[nn.Module, Replacement]:
    """What DeconvNet passes the signal through, or keeps as it was for this picture."""
    replacements: dict[nn.Module, Replacement] = {}
    for module in model.modules():
        if isinstance(module, LocalResponseNormalization):
            replacements[module] = lambda inputs, output: _passed(inputs[0], output)
        elif isinstance(module, SqueezeExcitation):
            replacements[module.scale_activation] = lambda inputs, output: output.detach()
    return replacements


class _Rectifiers(TorchFunctionMode):
    """Catches every rectifier that is called, however it is written."""

    def __init__(self, rule: Rule) -> None:
        super().__init__()
        self._deconvnet = rule == "deconvnet"

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if self._deconvnet and func is functional.local_response_norm:
            return _passed(args[0], func(*args, **kwargs))
        if func not in _RECTIFIERS and not _is_relu_by_bounds(func, args, kwargs):
            return func(*args, **kwargs)
        inputs = args[0] if args else kwargs["input"]
        has_bounds = func is functional.relu6 or func not in _RECTIFIERS
        if self._deconvnet or has_bounds:
            with torch.no_grad():
                value = _out_of_place(func, inputs, args, kwargs)
            # Guided backpropagation asks if the input was above 0. That it was clipped at 6 must not end the signal: a
            # map's strongest units are. Nor must a signal pass where it was 0, as a clamp's gradient does.
            passed = inputs if self._deconvnet else functional.relu(inputs)
            answer = _RectifiedSignal.apply(_PassedSignal.apply(passed, value))
        else:
            answer = _RectifiedSignal.apply(_out_of_place(func, inputs, args, kwargs))
        # In place means that whoever holds the input sees the output there.
        return inputs.copy_(answer) if _is_in_place(func, args, kwargs) else answer


def _is_relu_by_bounds(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether it is a ReLU written by its bounds: a clamp or a threshold at 0, or a hardtanh from 0 on, which is ReLU6."""

    def given(place: int, name: str, default: object = None) -> object:
        return args[place] if len(args) > place else kwargs.get(name, default)

    if func in _CLAMPS:
        return _is_zero(given(1, "min")) and given(2, "max") is None
    if func in _THRESHOLDS:
        return _is_zero(given(1, "threshold")) and _is_zero(given(2, "value"))
    return func in (functional.hardtanh, functional.hardtanh_) and _is_zero(given(1, "min_val", -1.0))


def _is_zero(value: object) -> bool:
    return isinstance(value, int | float) and value == 0


_IN_PLACE_PLACES = {
    functional.leaky_relu: 2,
    functional.elu: 2,
    functional.celu: 2,
    functional.hardtanh: 3,
    functional.threshold: 3,
}


def _is_in_place(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    if func.__name__.endswith("_"):
        return True
    place = _IN_PLACE_PLACES.get(func, 1)
    return bool(kwargs.get("inplace", False)) or (func in _TAKES_IN_PLACE and len(args) > place and args[place] is True)


_TAKES_IN_PLACE: frozenset[Callable[..., Any]] = frozenset(
    {
        functional.relu,
        functional.relu6,
        functional.leaky_relu,
        functional.elu,
        functional.celu,
        functional.selu,
        functional.silu,
        functional.mish,
        functional.hardswish,
        functional.hardtanh,
        functional.threshold,
    }
)


def _out_of_place(func: Callable[..., Any], inputs: Tensor, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """The function's answer, the input left as it is."""
    own = inputs.clone() if _is_in_place(func, args, kwargs) else inputs
    named = {name: value for name, value in kwargs.items() if name != "input"}
    return func(own, *args[1:], **named)


def _passed(inputs: object, output: Tensor) -> Tensor:
    answer: Tensor = _PassedSignal.apply(inputs, output.detach())
    return answer


class _PassedSignal(torch.autograd.Function):
    """Answers the second input; sends the signal to the first, as it is."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, value: Tensor) -> Tensor:
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, *signals: Tensor) -> tuple[Tensor, None]:
        return signals[0], None


class _RectifiedSignal(torch.autograd.Function):
    """Answers its input; sends back what of the signal is above 0."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor) -> Tensor:
        return inputs.view_as(inputs)

    @staticmethod
    def backward(ctx: Any, *signals: Tensor) -> Tensor:
        return signals[0].clamp(min=0)
