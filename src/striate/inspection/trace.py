"""A network's operations, one after another, without numbers: what each layer does, and what feeds it.

The network runs once, on a picture that has a shape and no values. Every function of torch that it calls is caught
(`TorchFunctionMode`), also those that no module stands for; hooks on the modules tell in whose name it was called. An
operation with a rule is answered by the rule; any other runs on torch's meta device, where its inner operations are
counted as torch dispatches them, and those that cannot be counted are listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from striate.errors import StriateError, UsageError
from striate.hooks import evaluating, watch_calls
from striate.inspection.operations import RULES, Result, view_extent
from striate.inspection.receptive_field import Axis, Extent
from striate.nn import LayerFacts, StatesFacts

PICTURE = -1
"""The source of what comes from the picture itself."""

VIEWS = frozenset(
    [
        "view",
        "reshape",
        "flatten",
        "unflatten",
        "permute",
        "transpose",
        "swapaxes",
        "swapdims",
        "t",
        "movedim",
        "unsqueeze",
        "squeeze",
        "expand",
        "expand_as",
        "contiguous",
        "clone",
        "detach",
        "to",
        "float",
        "double",
        "half",
        "bfloat16",
        "type_as",
        "view_as",
        "reshape_as",
        "__getitem__",
        "chunk",
        "split",
        "unbind",
        "tensor_split",
        "narrow",
        "select",
        "requires_grad_",
        "alias",
    ]
)
NOT_IN_PLACE = frozenset({"requires_grad_", "detach_"})


@dataclass
class Step:
    """A layer as it ran: a module without children, or one call of a function outside such modules."""

    name: str
    kind: str
    module: nn.Module | None
    order: int
    feeds: dict[int, tuple[int, ...]] = field(default_factory=dict)  # source step -> shape of what came from it
    shape: tuple[int, ...] = ()
    first_input: tuple[int, ...] = ()
    extent: Extent = field(default_factory=lambda: Extent(()))
    macs: int = 0
    elements: int = 0
    output_bytes: int = 0
    parameters: list[str] = field(default_factory=list)
    window: Result | None = None  # the operation with the largest kernel, for the layer's kernel and stride
    notes: list[str] = field(default_factory=list)
    uncounted: Counter[str] = field(default_factory=Counter)
    facts: LayerFacts = field(default_factory=LayerFacts)


@dataclass(frozen=True)
class Trace:
    """All steps in the order they ran."""

    steps: tuple[Step, ...]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    output_steps: tuple[int, ...]
    unused: tuple[str, ...]  # parameters that no step used


@dataclass(frozen=True)
class Value:
    """What is known of a tensor that depends on the picture. It holds the tensor, so that its identity stays its own."""

    tensor: Tensor
    sources: tuple[int, ...]
    extent: Extent


@dataclass
class Scope:
    """A module that is running."""

    name: str
    module: nn.Module
    step: Step | None  # for a module without children, what it does


def trace(network: nn.Module, input_shape: tuple[int, ...]) -> Trace:
    """Runs the network in evaluation mode on a picture without values; the network is left as it was.

    Auxiliary heads run too, if the network answers `forward_with_auxiliary`.

    Args:
        network: Any network, on any device.
        input_shape: Shape of one picture, without the batch.

    Raises:
        StriateError: The network cannot run without values, as when it asks whether one is positive.
        UsageError: The network refuses pictures of this shape.
    """
    weight = next((tensor for tensor in network.parameters() if tensor.is_floating_point()), None)
    dtype = torch.float32 if weight is None else weight.dtype
    picture = torch.empty((1, *input_shape), device="meta", dtype=dtype)
    tracer = Tracer(network, picture)
    # Auxiliary heads are only met through their own entry. It does not go through the network's own hooks.
    run: Any = getattr(network, "forward_with_auxiliary", network)
    with torch.no_grad(), evaluating(network), watch_calls(network, tracer.enter, tracer.leave):
        try:
            with tracer:
                answer = run(picture)
        except StriateError:
            raise
        except Exception as error:
            where = tracer.where()
            raise UsageError(
                f"the network does not run on a picture of shape {input_shape}: "
                f"{where}{type(error).__name__}: {' '.join(str(error).split())}"
            ) from error
    return tracer.finish(answer)


class Tracer(TorchFunctionMode):
    """Catches every function of torch while it is entered, and writes down what depends on the picture."""

    def __init__(self, network: nn.Module, picture: Tensor) -> None:
        super().__init__()
        axes: list[Axis | None] = [Axis()] * (picture.ndim - 2) if picture.ndim > 2 else []
        extent = Extent((None, *([None] if picture.ndim > 1 else []), *axes))
        self.values: dict[int, Value] = {id(picture): Value(picture, (PICTURE,), extent)}
        self.steps: list[Step] = []
        self.scopes: list[Scope] = []
        self.names: Counter[str] = Counter()
        self.kinds: dict[type[nn.Module], bool] = {}
        self.picture = picture
        self.network = network
        self.parameters = {id(parameter): name for name, parameter in network.named_parameters()}
        self.left = dict.fromkeys(self.parameters.values())
        self.made_of: dict[int, tuple[Tensor, tuple[str, ...]]] = {}  # tensors made from parameters alone

    # Modules

    def enter(self, name: str, module: nn.Module) -> None:
        """A module begins to run."""
        inside = bool(self.scopes) and self.scopes[-1].step is not None
        step = None
        single = next(module.children(), None) is None
        if not name and not type(module).__module__.startswith("torch.nn"):
            single = False  # the whole network, of functions alone: each is a step of its own
        if not inside and (single or self.states_facts(module)):
            step = Step(name, type(module).__name__, module, order=len(self.steps))
            self.steps.append(step)
        elif inside:
            step = self.scopes[-1].step
        self.scopes.append(Scope(name, module, step))

    def leave(self, name: str, module: nn.Module, output: object) -> None:
        """A module has run."""
        step = self.scopes.pop().step
        if step is None or step.module is not module:
            return
        first = next(_tensors((output,), {}), None)
        value = None if first is None else self.values.get(id(first))
        if value is None or value.sources != (step.order,):
            step.kind = ""  # it only passed on what it was given: no layer
            return
        step.shape, step.extent = tuple(value.tensor.shape[1:]), value.extent
        step.output_bytes = sum(
            tensor.numel() * tensor.element_size() for tensor in _tensors((output,), {}) if id(tensor) in self.values
        )
        self._claim(step, [f"{name}.{own}" if name else own for own, _ in module.named_parameters()])
        if self.states_facts(module) and isinstance(module, StatesFacts):
            step.facts = module.layer_facts(step.first_input, step.shape)

    def states_facts(self, module: nn.Module) -> bool:
        """Whether a module accounts for itself; each class is asked once, which is quicker than each module."""
        kind = type(module)
        if kind not in self.kinds:
            self.kinds[kind] = isinstance(module, StatesFacts)
        return self.kinds[kind]

    def where(self) -> str:
        """The module that is running, as the beginning of a sentence."""
        return f"in {self.scopes[-1].name}: " if self.scopes and self.scopes[-1].name else ""

    # Functions

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Answers a function of torch, and writes it down if it depends on the picture."""
        named = dict(kwargs or {})
        name = getattr(func, "__name__", "")
        operands = list(_tensors(args, named))
        if not any(id(operand) in self.values for operand in operands):
            return self._without_the_picture(func, name, args, named, operands)
        if name in ("__get__", "size", "dim", "__len__", "numel", "stride", "is_floating_point", "is_contiguous"):
            answer = func(*args, **named)
            if not isinstance(answer, Tensor):
                return answer
            return self._moved(name, operands[0], answer, ())
        in_place = name.endswith("_") and not name.endswith("__") and name not in NOT_IN_PLACE
        base = name.rstrip("_") if in_place else name
        if base in RULES:
            result = RULES[base](self.see, *args, **named)
            if in_place or (base.startswith("__i") and base.endswith("__")):
                return self._noted(result, operands, args[0])
            return self._noted(result, operands, operands[0].new_empty(result.shape, device="meta"))
        args, named = _without_values(args), _without_values(named)
        if base in VIEWS:
            return self._moved(base, operands[0], func(*args, **named), (*args[1:], *named.values()))
        return self._unknown(base, func, args, named, operands)

    def see(self, tensor: Tensor) -> Extent:
        """What a tensor's numbers see; a weight sees nothing."""
        value = self.values.get(id(tensor))
        return Extent((None,) * tensor.ndim) if value is None else value.extent

    def _without_the_picture(
        self, func: Callable[..., Any], name: str, args: Any, named: dict[str, Any], operands: list[Tensor]
    ) -> Any:
        if operands and name.endswith("_") and not name.endswith("__") and name not in NOT_IN_PLACE:
            return args[0]  # the network's own buffers stay as they are
        if name in RULES and operands and all(operand.is_meta for operand in operands):
            answer = operands[0].new_empty(RULES[name](self.see, *args, **named).shape)
        else:
            answer = func(*args, **named)
        if isinstance(answer, Tensor):
            names = tuple(name for operand in operands for name in self._names_of(operand))
            if names and id(answer) not in self.parameters:
                self.made_of[id(answer)] = (answer, names)
        return answer

    def _names_of(self, tensor: Tensor) -> tuple[str, ...]:
        if id(tensor) in self.parameters:
            return (self.parameters[id(tensor)],)
        return self.made_of.get(id(tensor), (tensor, ()))[1]

    def _moved(self, name: str, source: Tensor, answer: Any, arguments: Any) -> Any:
        """What a view answers costs nothing and has its tensor's sources; in a layer it is the layer's."""
        value = self.values.get(id(source))
        if value is None:
            return answer
        step = self.scopes[-1].step if self.scopes else None
        if step is not None:
            self._feed(step, [source])
        for tensor in _tensors((answer,), {}):
            extent = view_extent(name, value.extent, tuple(source.shape), tuple(tensor.shape), arguments)
            extent = Extent(extent.axes[: tensor.ndim], extent.everything, extent.exact)
            sources = value.sources if step is None else (step.order,)
            self.values[id(tensor)] = Value(tensor, sources, extent)
        return answer

    def _noted(self, result: Result, operands: list[Tensor], answer: Tensor) -> Tensor:
        step = self._step(result.kind, operands)
        step.macs += result.macs
        step.elements += result.elements
        if result.note:
            step.notes.append(result.note)
        if result.kernel and (step.window is None or result.macs >= step.window.macs):
            step.window = result
        self._answered(step, answer, result.extent)
        return answer

    def _unknown(
        self, name: str, func: Callable[..., Any], args: Any, named: dict[str, Any], operands: list[Tensor]
    ) -> Any:
        """Runs an operation that has no rule on shapes alone, and counts what torch makes of it."""
        with CountingMode() as counting:
            answer = func(*args, **named)
        tensors = list(_tensors((answer,), {}))
        if not tensors:
            return answer
        step = self._step(name, operands)
        step.macs += counting.macs
        step.elements += counting.elements
        step.uncounted.update(counting.uncounted)
        extents = [self.see(operand) for operand in operands]
        plain = counting.only_elements and all(
            operand.shape == tensors[0].shape for operand in operands if id(operand) in self.values
        )
        for tensor in tensors:
            if plain and tensor.shape == operands[0].shape:
                extent = self.see(operands[0])
            else:
                extent = Extent((None,) * tensor.ndim, True, not any(extent.local for extent in extents))
            self._answered(step, tensor, extent)
        return answer

    # Steps

    def _step(self, kind: str, operands: list[Tensor]) -> Step:
        """The layer that is running, or a new one for a function that runs outside any."""
        step = self.scopes[-1].step if self.scopes else None
        if step is None:
            scope = self.scopes[-1].name if self.scopes else ""
            name = f"{scope}.{kind}" if scope else kind
            self.names[name] += 1
            times = self.names[name]
            step = Step(name if times == 1 else f"{name}_{times}", kind, None, order=len(self.steps))
            self.steps.append(step)
        self._feed(step, operands)
        if step.module is None:
            self._claim(step, [name for operand in operands for name in self._names_of(operand)])
        return step

    def _feed(self, step: Step, operands: Iterable[Tensor]) -> None:
        for operand in operands:
            value = self.values.get(id(operand))
            if value is None:
                continue
            for source in value.sources:
                if source != step.order:
                    step.feeds.setdefault(source, tuple(operand.shape[1:]))
                    step.first_input = step.first_input or tuple(operand.shape[1:])

    def _answered(self, step: Step, tensor: Tensor, extent: Extent) -> None:
        self.values[id(tensor)] = Value(tensor, (step.order,), extent)
        if step.module is None:
            step.shape, step.extent = tuple(tensor.shape[1:]), extent
            step.output_bytes = tensor.numel() * tensor.element_size()

    def _claim(self, step: Step, names: Iterable[str]) -> None:
        for name in names:
            # A tied parameter has one name among the network's own, and is counted where it is met first.
            own = self.parameters.get(id(self.network.get_parameter(name)), name) if name not in self.left else name
            if own in self.left:
                del self.left[own]
                step.parameters.append(own)

    def finish(self, answer: object) -> Trace:
        """The trace, when the network has answered."""
        outputs = [self.values[id(tensor)] for tensor in _tensors((answer,), {}) if id(tensor) in self.values]
        if not outputs:
            raise UsageError("the network answers nothing that depends on the picture, so there is nothing to inspect")
        return Trace(
            tuple(step for step in self.steps if step.kind),
            tuple(self.picture.shape[1:]),
            tuple(outputs[0].tensor.shape[1:]),
            tuple(source for value in outputs for source in value.sources),
            tuple(self.left),
        )


class CountingMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts multiply-adds and element operations of what torch dispatches, with torch's own formulas."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.macs = 0
        self.elements = 0
        self.uncounted: Counter[str] = Counter()
        self.only_elements = True

    def __torch_dispatch__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Runs an operation and counts it."""
        from torch.utils.flop_counter import flop_registry

        named = dict(kwargs or {})
        packet = func._overloadpacket
        if packet not in flop_registry and func not in torch._decomp.decomposition_table:
            with self:
                composed = func.decompose(*args, **named)
            if composed is not NotImplemented:
                return composed
        answer = func(*args, **named)
        tensors = list(_tensors((answer,), {}))
        size = sum(tensor.numel() for tensor in tensors)
        if packet in flop_registry:
            self.macs += int(flop_registry[packet](*args, **named, out_val=answer)) // 2
            self.only_elements = False
        elif torch.Tag.pointwise in func.tags:
            self.elements += size
        elif func.is_view or func.namespace != "aten" or str(packet).split(".")[-1] in FREE:
            self.only_elements &= not func.is_view
        elif str(packet).split(".")[-1] in REDUCTIONS:
            self.elements += sum(tensor.numel() for tensor in _tensors(args, named))
            self.only_elements = False
        elif tensors:
            self.uncounted[str(packet)] += 1
            self.only_elements = False
        return answer


FREE = frozenset(
    [
        "clone",
        "copy_",
        "_to_copy",
        "cat",
        "stack",
        "empty",
        "zeros",
        "ones",
        "full",
        "empty_like",
        "zeros_like",
        "ones_like",
        "full_like",
        "new_empty",
        "new_zeros",
        "new_full",
        "_unsafe_view",
        "_reshape_alias",
        "arange",
        "fill_",
        "zero_",
        "constant_pad_nd",
        "index_select",
        "gather",
        "roll",
        "flip",
        "repeat",
        "lift_fresh",
        "empty_strided",
        "new_empty_strided",
        "detach",
        "alias",
    ]
)
REDUCTIONS = frozenset(
    [
        "sum",
        "mean",
        "amax",
        "amin",
        "max",
        "min",
        "prod",
        "var",
        "std",
        "var_mean",
        "std_mean",
        "norm",
        "linalg_vector_norm",
        "argmax",
        "argmin",
        "any",
        "all",
        "logsumexp",
        "cumsum",
        "_softmax",
        "_log_softmax",
        "native_layer_norm",
        "native_group_norm",
    ]
)


def _tensors(args: Iterable[Any], named: Mapping[str, Any]) -> Iterator[Tensor]:
    for value in (*args, *named.values()):
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value, {})
        elif isinstance(value, dict):
            yield from _tensors((), value)


def _without_values(value: Any) -> Any:
    """The same with every tensor on the meta device."""
    if isinstance(value, Tensor):
        return value if value.is_meta else torch.empty_like(value, device="meta")
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_without_values(part) for part in value))
    if isinstance(value, list | tuple):
        return type(value)(_without_values(part) for part in value)
    if isinstance(value, dict):
        return {key: _without_values(part) for key, part in value.items()}
    return value
