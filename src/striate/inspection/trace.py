"""A network's operations, one after another, without numbers: what each layer does, and what feeds it.

The network runs once, on a picture that has a shape and no values. Every function of torch that it calls is caught
(`TorchFunctionMode`), also those that no module stands for; hooks on the modules tell in whose name it was called. An
operation with a rule is answered by the rule; any other runs on torch's meta device, where its inner operations are
counted as torch dispatches them, and those that cannot be counted are listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from striate.errors import StriateError, UsageError
from striate.hooks import evaluating, watch_calls
from striate.inspection.asked_values import ASKS_FOR_VALUES, needs_values
from striate.inspection.counting import CountingMode, PassingMode, tensors_in
from striate.inspection.moving import VIEWS, attended, moved
from striate.inspection.operation_rule import Result
from striate.inspection.operations import RULES, broadcast
from striate.inspection.receptive_field import Axis, Extent, Spread, joined
from striate.nn import LayerFacts, StatesFacts
from striate.nn.fixed_embedding import FixedEmbedding

PICTURE = -1
"""The source of what comes from the picture itself."""

NOT_IN_PLACE = frozenset({"requires_grad_", "detach_"})
ANSWERS_NO_TENSOR = frozenset({"size", "dim", "__len__", "numel", "stride", "is_floating_point", "is_contiguous"})
MADE_LIKE = frozenset(f"{kind}_like" for kind in ("empty", "zeros", "ones", "full", "rand", "randn")) | frozenset(
    f"new_{kind}" for kind in ("empty", "zeros", "ones", "full", "tensor")
)
"""Functions that take nothing but a shape from a tensor."""


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
    """What is known of a tensor that layers have made. It holds the tensor, so that its identity stays its own."""

    tensor: Tensor
    sources: tuple[int, ...]
    extent: Extent
    of_picture: bool = True  # False: made by layers from the network's own tensors alone


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
        UsageError: The network refuses pictures of this shape, or is a script.
    """
    weight = next((tensor for tensor in network.parameters() if tensor.is_floating_point()), None)
    dtype = torch.float32 if weight is None else weight.dtype
    if len(input_shape) == 1 and any(isinstance(module, nn.Embedding | FixedEmbedding) for module in network.modules()):
        dtype = torch.int64  # ids of words
    picture = torch.empty((1, *input_shape), device="meta", dtype=dtype)
    tracer = Tracer(network, picture)
    # Auxiliary heads are only met through their own entry. It does not go through the network's own hooks.
    run: Any = getattr(network, "forward_with_auxiliary", network)
    with torch.no_grad(), evaluating(network), watch_calls(network, tracer.enter, tracer.leave):
        try:
            with PassingMode(tracer.passed), tracer:
                answer = run(picture)
        except StriateError:
            raise
        except Exception as error:
            where = tracer.where()
            if isinstance(error, NotImplementedError | RuntimeError) and "meta tensor" in str(error):
                raise UsageError(needs_values(where, error)) from error
            raise UsageError(
                f"the network does not run on a picture of shape {input_shape}: "
                f"{where}{type(error).__name__}: {' '.join(str(error).split())}"
            ) from error
    return tracer.finish(answer)


class Tracer(TorchFunctionMode):
    """Catches every function of torch while it is entered, and writes down what depends on the picture."""

    def __init__(self, network: nn.Module, picture: Tensor) -> None:
        super().__init__()
        channels = picture.is_floating_point() and picture.ndim > 1  # a sentence has none, and runs along its words
        frames = getattr(network, "kind", "") == "frames"  # whose places are those of each frame
        leading = 1 + channels + frames
        sides = picture.shape[leading:]
        axes = [Axis(along=along, pixels=pixels) for along, pixels in enumerate(sides)]
        extent = Extent((*[None] * leading, *axes))
        self.values: dict[int, Value] = {id(picture): Value(picture, (PICTURE,), extent)}
        self.steps: list[Step] = []
        self.scopes: list[Scope] = []
        self.names: Counter[str] = Counter()
        self.kinds: dict[type[nn.Module], bool] = {}
        self.picture = picture
        self.network = network
        self.parameters = {id(parameter): name for name, parameter in network.named_parameters()}
        self.left = dict.fromkeys(self.parameters.values())
        self.answering = False  # a function of torch is being answered
        self.told: set[str] = set()  # what the fields were not followed through, once it is noted
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
        first = next(tensors_in((output,), {}), None)
        value = None if first is None else self.values.get(id(first))
        if value is None or value.sources != (step.order,):
            step.kind = ""  # it only passed on what it was given: no layer
            return
        step.shape, step.extent = tuple(value.tensor.shape[1:]), value.extent
        step.output_bytes = sum(
            tensor.numel() * tensor.element_size() for tensor in tensors_in((output,), {}) if id(tensor) in self.values
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
        operands = list(tensors_in(args, named))
        if not any(self._of_picture(operand) for operand in operands):
            return self._without_the_picture(func, _name(func), args, named, operands)
        before, self.answering = self.answering, True
        try:
            return self._of_the_picture(func, _name(func), args, named, operands)
        finally:
            self.answering = before

    def passed(self, func: Any, args: tuple[Any, ...], answer: Any) -> None:
        """Writes down what no function of torch has called, as under `torch.vmap`: where its numbers come from is not known."""
        if self.answering or not any(self._of_picture(tensor) for tensor in tensors_in(args, {})):
            return
        operands, name = list(tensors_in(args, {})), _name(func)
        for tensor in tensors_in((answer,), {}):
            if id(tensor) not in self.values:
                step = self._step(name, operands)
                step.uncounted[str(func._overloadpacket)] += 1
                self._answered(step, tensor, Extent((None,) * tensor.ndim, loss=name))

    def _of_the_picture(
        self, func: Callable[..., Any], name: str, args: Any, named: dict[str, Any], operands: list[Tensor]
    ) -> Any:
        if name in ANSWERS_NO_TENSOR:
            return func(*args, **named)
        if name in MADE_LIKE and not any(self._of_picture(operand) for operand in tensors_in(args[1:], named)):
            return func(*_without_values(args), **named)
        if name in ASKS_FOR_VALUES or (name == "__getitem__" and self._is_mask(args[1])):
            raise UsageError(needs_values(self.where()))
        if name == "__setitem__":
            return self._assigned(*args)
        in_place = _is_in_place(name)
        base = name.rstrip("_") if in_place and not name.endswith("__") else name
        out = named.pop("out", None)
        if base in RULES:
            seen: list[Tensor] = []

            def see(tensor: Tensor) -> Extent:
                seen.append(tensor)
                return self.see(tensor)

            result = RULES[base](see, *args, **named)
            for operand in operands:
                if not any(operand is tensor for tensor in seen) and id(operand) in self.values:
                    result = replace(result, extent=result.extent.also(self.see(operand), base))
            target = args[0] if in_place else out
            if isinstance(target, Tensor):
                return self._noted(result, operands, target)
            return self._noted(result, operands, self._answer(func, result, args, named, operands))
        given, by_name = _without_values(args), _without_values(named)
        if base in VIEWS and not in_place:
            return self._moved(base, operands[0], func(*given, **by_name), args[1:], named)
        return self._unknown(base, func, args, named, operands, args[0] if in_place else out)

    def _answer(
        self, func: Callable[..., Any], result: Result, args: Any, named: dict[str, Any], operands: list[Tensor]
    ) -> Tensor:
        """An empty tensor like what an operation with a rule answers."""
        first = operands[0].dtype
        if first.is_floating_point and all(operand.dtype == first for operand in operands) and not _is_complex(args):
            return operands[0].new_empty(result.shape, device="meta")
        # Torch knows which type comes of several, of whole and of complex numbers.
        answer: Tensor = func(*_without_values(args), **_without_values(named))
        return answer

    def _of_picture(self, tensor: Tensor) -> bool:
        value = self.values.get(id(tensor))
        return value is not None and value.of_picture

    def _is_mask(self, index: Any) -> bool:
        """Whether how much an index chooses depends on the picture."""
        return any(tensor.dtype == torch.bool and self._of_picture(tensor) for tensor in tensors_in((index,), {}))

    def see(self, tensor: Tensor) -> Extent:
        """What a tensor's numbers see; a weight sees nothing."""
        value = self.values.get(id(tensor))
        return Extent((None,) * tensor.ndim) if value is None else value.extent

    def _without_the_picture(
        self, func: Callable[..., Any], name: str, args: Any, named: dict[str, Any], operands: list[Tensor]
    ) -> Any:
        """Answers what the network makes of its own tensors; it is a layer from the first multiply-add on."""
        if operands and _is_in_place(name):
            return args[0]  # the network's own buffers stay as they are
        macs = elements = 0
        answer: Any = None
        if name in RULES and operands:
            result = RULES[name](self.see, *args, **named)
            macs, elements = result.macs, result.elements
            if all(operand.is_meta for operand in operands):
                answer = self._answer(func, result, args, named, operands)
        elif operands and name not in VIEWS:
            with CountingMode() as counting:
                answer = func(*args, **named)
            macs, elements = counting.macs, counting.elements
        if answer is None:
            answer = func(*args, **named)
        if isinstance(answer, Tensor):
            names = tuple(name for operand in operands for name in self._names_of(operand))
            if names and id(answer) not in self.parameters:
                self.made_of[id(answer)] = (answer, names)
            if name in VIEWS and operands and id(operands[0]) in self.values:
                self._moved(name, operands[0], answer, args[1:], named)
            elif macs or any(id(operand) in self.values for operand in operands):
                step = self._step(name, operands)
                step.macs, step.elements = step.macs + macs, step.elements + elements
                self._answered(step, answer, Extent((None,) * answer.ndim), of_picture=False)
        return answer

    def _names_of(self, tensor: Tensor) -> tuple[str, ...]:
        if id(tensor) in self.parameters:
            return (self.parameters[id(tensor)],)
        return self.made_of.get(id(tensor), (tensor, ()))[1]

    def _moved(self, name: str, source: Tensor, answer: Any, args: Any, named: dict[str, Any]) -> Any:
        """What a view answers costs nothing and has its tensor's sources; in a layer it is the layer's."""
        value = self.values[id(source)]
        step = self.scopes[-1].step if self.scopes else None
        if step is not None:
            self._feed(step, [source])
        tensors = list(tensors_in((answer,), {}))
        extents = moved(name, value.extent, source, tensors, args, named)
        for tensor, extent in zip(tensors, extents, strict=True):
            sources = value.sources if step is None else (step.order,)
            self.values[id(tensor)] = Value(tensor, sources, extent, value.of_picture)
            if step is not None:
                self._tell(step, extent)
        return answer

    def _assigned(self, target: Tensor, index: Any, value: Any) -> None:
        """Writes into a part of a tensor: nothing runs, and nothing is answered."""
        operands = [target, *tensors_in((index, value), {})]
        step = self._step("assignment", operands)
        masked = isinstance(index, Tensor) and index.dtype == torch.bool and index.shape == target.shape
        if masked and not (isinstance(value, Tensor) and value.ndim):
            extent = joined([self.see(target), self.see(index)], [target.shape, index.shape], "an assignment")
        else:
            extent = self.see(target).lost(target.ndim, "an assignment to a part")
            for operand in operands[1:]:
                extent = extent.also(self.see(operand), "an assignment to a part")
        self._answered(step, target, extent)

    def _noted(self, result: Result, operands: list[Tensor], answer: Tensor) -> Tensor:
        step = self._step(result.kind, operands)
        step.macs += result.macs
        step.elements += result.elements
        if result.kernel and (step.window is None or result.macs >= step.window.macs):
            step.window = result
        self._answered(step, answer, result.extent)
        return answer

    def _unknown(
        self,
        name: str,
        func: Callable[..., Any],
        args: Any,
        named: dict[str, Any],
        operands: list[Tensor],
        target: Tensor | None,
    ) -> Any:
        """Runs an operation that has no rule on shapes alone, and counts what torch makes of it."""
        with CountingMode() as counting:
            answer = func(*_without_values(args), **_without_values(named))
        tensors = list(tensors_in((answer,), {}))
        if not tensors:
            return answer
        if target is not None:
            answer, tensors = target, [target]
        step = self._step(name, operands)
        step.macs += counting.macs
        step.elements += counting.elements
        step.uncounted.update(counting.uncounted)
        shapes = [operand.shape for operand in operands]
        pointwise = counting.pointwise and _go_together(shapes)
        for place, tensor in enumerate(tensors):
            shape = tuple(tensor.shape)
            known = attended(name, self.see, shape, args, named) if place == 0 else None
            if known is None and pointwise and shape == broadcast(shapes):
                known = joined([self.see(operand) for operand in operands], shapes, name)
            if known is None:
                known = Extent((None,) * tensor.ndim)
                for operand in operands:
                    known = known.also(self.see(operand).lost(0, name), name)
            self._answered(step, tensor, known)
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

    def _answered(self, step: Step, tensor: Tensor, extent: Extent, *, of_picture: bool = True) -> None:
        before = self.values.get(id(tensor))
        self.values[id(tensor)] = Value(tensor, (step.order,), extent, of_picture)
        if before is not None and before.extent != extent:
            self._changed_below(tensor, extent)
        self._tell(step, extent)
        if step.module is None:
            step.shape, step.extent = tuple(tensor.shape[1:]), extent
            step.output_bytes = tensor.numel() * tensor.element_size()

    def _changed_below(self, tensor: Tensor, extent: Extent) -> None:
        """Whoever looks at the same memory sees something else now."""
        memory = tensor.untyped_storage()._cdata
        for key, value in list(self.values.items()):
            if value.tensor is not tensor and value.tensor.untyped_storage()._cdata == memory:
                other = value.extent.also(extent, "a change in place")
                self.values[key] = replace(value, extent=replace(other, loss=other.loss or "a change in place"))

    def _tell(self, step: Step, extent: Extent) -> None:
        """Notes once what the fields are not followed through."""
        if extent.loss and extent.loss not in self.told:
            self.told.add(extent.loss)
            step.notes.append(f"the receptive field is not followed through {extent.loss}")

    def _claim(self, step: Step, names: Iterable[str]) -> None:
        for name in names:
            # A tied parameter has one name among the network's own, and is counted where it is met first.
            own = self.parameters.get(id(self.network.get_parameter(name)), name) if name not in self.left else name
            if own in self.left:
                del self.left[own]
                step.parameters.append(own)

    def _shown(self, value: Value) -> Value:
        """What the network answers, as a layer of its own where its places are no longer those of the layer it comes from."""
        source = next((step for step in self.steps if (step.order,) == value.sources), None)
        if source is None:
            return value
        extent = value.extent
        scattered = len(extent.axes) == self.picture.ndim and any(isinstance(axis, Spread) for axis in extent.axes)
        shown, before = ([axis for axis in one.axes if isinstance(axis, Axis)] for one in (extent, source.extent))
        moved = scattered or not extent.exact or (shown and shown != before)
        if not moved or extent == source.extent:
            return value
        step = self._step("view", [value.tensor])
        self._answered(step, value.tensor, value.extent)
        return self.values[id(value.tensor)]

    def finish(self, answer: object) -> Trace:
        """The trace, when the network has answered."""
        outputs = [self.values[id(tensor)] for tensor in tensors_in((answer,), {}) if id(tensor) in self.values]
        if not outputs:
            raise UsageError("the network answers nothing that depends on the picture, so there is nothing to inspect")
        outputs = [self._shown(value) for value in outputs]
        return Trace(
            tuple(step for step in self.steps if step.kind),
            tuple(self.picture.shape[1:]),
            tuple(outputs[0].tensor.shape[1:]),
            tuple(source for value in outputs for source in value.sources),
            tuple(self.left),
        )


def _name(func: Callable[..., Any]) -> str:
    """The name under which rules know a function of torch, an operator of its dispatcher, or an attribute of a tensor."""
    name = str(getattr(func, "__name__", ""))
    if name == "__get__":
        return str(getattr(getattr(func, "__self__", None), "__name__", name))
    return name.split(".")[0] if isinstance(func, torch._ops.OpOverload) else name


def _is_in_place(name: str) -> bool:
    if name.startswith("__i") and name.endswith("__"):
        return name not in ("__invert__", "__int__", "__index__", "__iter__")
    return name.endswith("_") and not name.endswith("__") and name not in NOT_IN_PLACE


def _is_complex(args: Iterable[Any]) -> bool:
    return any(isinstance(value, complex) for value in args)


def _go_together(shapes: list[torch.Size]) -> bool:
    try:
        broadcast(shapes)
    except ValueError:
        return False
    return True


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
