"""A unit's signal sent back to the pixels, by one of three rules that differ only at rectifiers.

Down from the unit every layer is taken backwards: a convolution by its transposed kernels (grouped and depthwise ones
too), a max pooling by its switches, the places of the maxima, an average by spreading, a skip or a branch by adding what
comes from each. That is what a gradient does. At a ReLU the rules part:

    gradient                  the signal passes where the ReLU's input was above 0
    guided backpropagation    it passes where both that input and the signal itself are above 0
    DeconvNet                 it passes where the signal itself is above 0, whatever the input was

Rectifiers are ReLU, ReLU6, and the smooth or leaky functions that stand in their place (SiLU, GELU, ...), as modules or
as functions, used once or often, in place or not: they are caught where torch is called. So are those that are written of
other operations (`torch.maximum(t, 0)`, `t * (t > 0)`, `torch.where`, `(t + |t|) / 2`): what a tensor is as a function of
another tells (`pointwise_forms`). What no call was caught for, as in a script, is held in the graph that autograd keeps, or
named in a warning (`left_in_graph`). A clamp or a threshold at 0 is a ReLU; a clamp with an upper bound too may be a gate,
and keeps its gradient. Where ReLU6 clips, the gradient is 0; guided
backpropagation asks only whether its input was above 0. Other nonlinearities (tanh, sigmoid) keep their
gradient under every rule. Two more layers are no filters, and DeconvNet holds what they did to this picture: a local
response normalisation passes the signal through unchanged, and the gates of squeeze-and-excitation (one number for a
map, from the picture, that multiplies the map) weigh it as they weighed the maps. Batch norm is the scale that it is
in evaluation mode, and its shift is nothing to a signal.

Of a picture DeconvNet knows no more than its switches and gates: where a network has no max pooling below the unit, it
draws what the unit looks for, whatever the picture.

Source: Zeiler and Fergus 2013, section 2.1 (DeconvNet); Springenberg et al. 2014, Striving for Simplicity, section 3.4 and
Fig. 1 (the three rules side by side).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from striate.hooks import Replacement, held_still, replace_outputs
from striate.nn import LocalResponseNormalization, SqueezeExcitation
from striate.visualization.layers import layer_output, prepare
from striate.visualization.left_in_graph import hold_what_is_left
from striate.visualization.pointwise_forms import Form, Forms
from striate.visualization.units import Start, Unit, starting_signal

Rule: TypeAlias = Literal["deconvnet", "guided", "gradient"]

NAMES: Mapping[Rule, str] = {"deconvnet": "DeconvNet", "guided": "guided backpropagation", "gradient": "gradient"}

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
        functional.rrelu,
        functional.rrelu_,
        torch.rrelu,
        torch.rrelu_,
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
    with held_still(model), torch.enable_grad(), signal_rule(model, rule) as settle:
        maps = layer_output(model, pixels, layer)
        unknown = settle(maps)
        signal = starting_signal(maps, unit, layer=layer, strongest=strongest, start=start)
        answer = torch.autograd.grad(maps, pixels, signal, allow_unused=True, materialize_grads=True)[0]
    if unknown:
        warnings.warn(
            f"{type(model).__name__} has what may be a rectifier and is not known as one, so that it keeps its gradient: "
            f"{', '.join(unknown)}; write it as torch.nn.ReLU for the {NAMES[rule]} of the whole network",
            UnheldRectifierWarning,
            stacklevel=3,
        )
    return answer.to(images.device, images.dtype)


class UnheldRectifierWarning(UserWarning):
    """A rule for rectifiers did not reach all that may be one."""


Settle: TypeAlias = Callable[[Tensor], tuple[str, ...]]
"""Called with what the backward pass will begin at; answers what may be a rectifier and keeps its gradient."""


@contextmanager
def signal_rule(model: nn.Module, rule: Rule) -> Iterator[Settle]:
    """While it is entered, a backward pass through what the model computes follows the rule; its answers stay the same.

    Gives a function to be called before that pass.
    """
    if rule == "gradient":
        yield lambda tensor: ()
        return
    held = _held(model) if rule == "deconvnet" else {}
    # A script that is optimised has a gradient of its own for many operations at once.
    with replace_outputs(held), torch.jit.optimized_execution(False), _Rectifiers(rule):  # type: ignore[attr-defined]
        yield lambda tensor: hold_what_is_left([tensor], deconvnet=rule == "deconvnet")


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
        self._forms = Forms()
        self._gates = WeakTensorKeyDictionary()  # between 0 and 1

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") == "__get__":
            return func(*args, **kwargs)
        if self._deconvnet and func is functional.local_response_norm:
            return _passed(args[0], func(*args, **kwargs))
        if self._deconvnet and func in _PRODUCTS and len(args) == 2:
            args = self._with_gates_held(*args)
        known = func in _RECTIFIERS or _is_relu_by_bounds(func, args, kwargs)
        changes = _is_in_place(func, args, kwargs)
        form = self._forms.of_call(func, args, kwargs, changes=changes)
        if known:
            answer = self._rectified(func, args, kwargs)
        elif form is not None and form.is_new and form.slope and form.root.requires_grad and "out" not in kwargs:
            answer = self._rectified_form(form, func, args, kwargs, changes=changes)
        else:
            answer = func(*args, **kwargs)
        target = args[0] if changes and args else answer
        if isinstance(target, Tensor):
            self._forms.forget(target)
            if form is not None:
                self._forms.remember(target, form)
            if func in _GATES:
                self._gates[target] = True
        return answer

    def _rectified(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The answer of a function that is known as a rectifier."""
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

    def _rectified_form(
        self, form: Form, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, changes: bool
    ) -> Any:
        """The answer of an operation that makes a rectifier of what was done before."""
        target = args[0] if changes else None
        # What is changed in place is no more what the signal must go to.
        root = form.root.clone() if target is not None else form.root
        if target is None:
            value = func(*args, **kwargs)
        else:
            value = target.clone()
            func(value, *args[1:], **kwargs)
        if not value.requires_grad:  # it was taken out of the graph
            return func(*args, **kwargs)
        if self._deconvnet:
            passed = root * form.slope
        elif form.is_relu:
            passed = functional.relu(root) * form.slope
        else:
            passed = root * form.derivative()
        answer = _RectifiedSignal.apply(_PassedSignal.apply(passed, value.detach()))
        if target is None:
            return answer
        target.copy_(answer)
        return None if func in _ASSIGNMENTS else target

    def _with_gates_held(self, one: Any, other: Any) -> tuple[Any, Any]:
        """The factors of a product, of which one that is a gate for whole maps has no gradient any more."""
        if not (isinstance(one, Tensor) and isinstance(other, Tensor) and one.requires_grad and other.requires_grad):
            return one, other
        if one.ndim != 4 or other.ndim != 4:
            return one, other
        for gate, maps, is_first in ((one, other, True), (other, one, False)):
            for_whole_maps = _is_one_a_map(gate) and not _is_one_a_map(maps) and max(maps.shape[2:]) > 1
            among_numbers = gate in self._gates and gate.shape == maps.shape and max(maps.shape[2:]) == 1
            if (for_whole_maps or among_numbers) and gate.shape[1] == maps.shape[1]:
                return (gate.detach(), maps) if is_first else (maps, gate.detach())
        return one, other


def _is_one_a_map(tensor: Tensor) -> bool:
    """Whether each map is one number, also one that is repeated for every place."""
    return all(size == 1 or stride == 0 for size, stride in zip(tensor.shape[2:], tensor.stride()[2:], strict=True))


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


_NOT_IN_PLACE = frozenset({"__invert__", "__int__", "__index__", "__iter__"})
_ASSIGNMENTS: frozenset[Callable[..., Any]] = frozenset({Tensor.__setitem__})
_PRODUCTS: frozenset[Callable[..., Any]] = frozenset(
    [
        torch.mul,
        torch.multiply,
        Tensor.mul,
        Tensor.mul_,
        Tensor.multiply,
        Tensor.__mul__,
        Tensor.__rmul__,
        Tensor.__imul__,
    ]
)
_GATES: frozenset[Callable[..., Any]] = frozenset(
    [torch.sigmoid, Tensor.sigmoid, torch.sigmoid_, Tensor.sigmoid_, functional.sigmoid, functional.hardsigmoid]
)

_IN_PLACE_PLACES = {
    functional.leaky_relu: 2,
    functional.elu: 2,
    functional.celu: 2,
    functional.hardtanh: 3,
    functional.threshold: 3,
}


def _is_in_place(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    name = getattr(func, "__name__", "").split(".")[0]
    if name.endswith("__"):
        return name == "__setitem__" or (name.startswith("__i") and name not in _NOT_IN_PLACE)
    if name.endswith("_") and name != "requires_grad_":
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
