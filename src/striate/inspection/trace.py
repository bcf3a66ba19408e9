"""A network's operations, one after another, without numbers: what each layer does, and what feeds it.

The network runs once, on a picture that has a shape and no values. Every function of torch that it calls is caught
(`TorchFunctionMode`), also those that no module stands for; hooks on the modules tell in whose name it was called. An
operation with a rule is answered by the rule; any other runs on torch's meta device, where its inner operations are
counted as torch dispatches them, and those that cannot be counted are listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from striate.errors import StriateError, UsageError
from striate.hooks import evaluating, watch_calls
from striate.inspection.asked_values import ASKS_FOR_VALUES, needs_values
from striate.inspection.counting import CountingMode, PassingMode, tensors_in
from striate.inspection.function_names import function_name, is_in_place
from striate.inspection.moving import VIEWS, attended, moved
from striate.inspection.operation_rule import Result
from striate.inspection.operations import RULES, broadcast
from striate.inspection.receptive_field import Extent, joined
from striate.inspection.step_recorder import StepRecorder, Trace, Value
from striate.nn.fixed_embedding import FixedEmbedding

ANSWERS_NO_TENSOR = frozenset({"size", "dim", "__len__", "numel", "stride", "is_floating_point", "is_contiguous"})
MADE_LIKE = frozenset(f"{kind}_like" for kind in ("empty", "zeros", "ones", "full", "rand", "randn")) | frozenset(
    f"new_{kind}" for kind in ("empty", "zeros", "ones", "full", "tensor")
)
"""Functions that take nothing but a shape from a tensor."""


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
    recorder = StepRecorder(network, picture)
    tracer = Tracer(recorder)
    # Auxiliary heads are only met through their own entry. It does not go through the network's own hooks.
    run: Any = getattr(network, "forward_with_auxiliary", network)
    with torch.no_grad(), evaluating(network), watch_calls(network, recorder.enter, recorder.leave):
        try:
            with PassingMode(tracer.passed), tracer:
                answer = run(picture)
        except StriateError:
            raise
        except Exception as error:
            where = recorder.where()
            if isinstance(error, NotImplementedError | RuntimeError) and "meta tensor" in str(error):
                raise UsageError(needs_values(where, error)) from error
            raise UsageError(
                f"the network does not run on a picture of shape {input_shape}: "
                f"{where}{type(error).__name__}: {' '.join(str(error).split())}"
            ) from error
    return recorder.finish(answer)


class Tracer(TorchFunctionMode):
    """Catches every function of torch while it is entered, and writes down what depends on the picture."""

    def __init__(self, recorder: StepRecorder) -> None:
        super().__init__()
        self.recorder = recorder
        self.answering = False  # a function of torch is being answered

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
        if not any(self.recorder.is_of_picture(operand) for operand in operands):
            return self._without_the_picture(func, function_name(func), args, named, operands)
        before, self.answering = self.answering, True
        try:
            return self._of_the_picture(func, function_name(func), args, named, operands)
        finally:
            self.answering = before

    def passed(self, func: Any, args: tuple[Any, ...], answer: Any) -> None:
        """Writes down what no function of torch has called, as under `torch.vmap`: where its numbers come from is not known."""
        if self.answering or not any(self.recorder.is_of_picture(tensor) for tensor in tensors_in(args, {})):
            return
        operands, name = list(tensors_in(args, {})), function_name(func)
        for tensor in tensors_in((answer,), {}):
            if id(tensor) not in self.recorder.values:
                step = self.recorder.step(name, operands)
                step.uncounted[str(func._overloadpacket)] += 1
                self.recorder.answered(step, tensor, Extent((None,) * tensor.ndim, loss=name))

    def _of_the_picture(
        self, func: Callable[..., Any], name: str, args: Any, named: dict[str, Any], operands: list[Tensor]
    ) -> Any:
        if name in ANSWERS_NO_TENSOR:
            return func(*args, **named)
        if name in MADE_LIKE and not any(
            self.recorder.is_of_picture(operand) for operand in tensors_in(args[1:], named)
        ):
            return func(*_without_values(args), **named)
        if name in ASKS_FOR_VALUES or (name == "__getitem__" and self._is_mask(args[1])):
            raise UsageError(needs_values(self.recorder.where()))
        if name == "__setitem__":
            return self._assigned(*args)
        in_place = is_in_place(name)
        base = name.rstrip("_") if in_place and not name.endswith("__") else name
        out = named.pop("out", None)
        if base in RULES:
            seen: list[Tensor] = []

            def see(tensor: Tensor) -> Extent:
                seen.append(tensor)
                return self.recorder.see(tensor)

            result = RULES[base](see, *args, **named)
            for operand in operands:
                if not any(operand is tensor for tensor in seen) and id(operand) in self.recorder.values:
                    result = replace(result, extent=result.extent.also(self.recorder.see(operand), base))
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

    def _is_mask(self, index: Any) -> bool:
        """Whether how much an index chooses depends on the picture."""
        return any(
            tensor.dtype == torch.bool and self.recorder.is_of_picture(tensor) for tensor in tensors_in((index,), {})
        )

    def _without_the_picture(
        self, func: Callable[..., Any], name: str, args: Any, named: dict[str, Any], operands: list[Tensor]
    ) -> Any:
        """Answers what the network makes of its own tensors; it is a layer from the first multiply-add on."""
        if operands and is_in_place(name):
            return args[0]  # the network's own buffers stay as they are
        macs = elements = 0
        answer: Any = None
        if name in RULES and operands:
            result = RULES[name](self.recorder.see, *args, **named)
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
            names = tuple(name for operand in operands for name in self.recorder.names_of(operand))
            if names and id(answer) not in self.recorder.parameters:
                self.recorder.made_of[id(answer)] = (answer, names)
            if name in VIEWS and operands and id(operands[0]) in self.recorder.values:
                self._moved(name, operands[0], answer, args[1:], named)
            elif macs or any(id(operand) in self.recorder.values for operand in operands):
                step = self.recorder.step(name, operands)
                step.macs, step.elements = step.macs + macs, step.elements + elements
                self.recorder.answered(step, answer, Extent((None,) * answer.ndim), of_picture=False)
        return answer

    def _moved(self, name: str, source: Tensor, answer: Any, args: Any, named: dict[str, Any]) -> Any:
        """What a view answers costs nothing and has its tensor's sources; in a layer it is the layer's."""
        value = self.recorder.values[id(source)]
        step = self.recorder.scopes[-1].step if self.recorder.scopes else None
        if step is not None:
            self.recorder.feed(step, [source])
        tensors = list(tensors_in((answer,), {}))
        extents = moved(name, value.extent, source, tensors, args, named)
        for tensor, extent in zip(tensors, extents, strict=True):
            sources = value.sources if step is None else (step.order,)
            self.recorder.values[id(tensor)] = Value(tensor, sources, extent, value.of_picture)
            if step is not None:
                self.recorder.tell(step, extent)
        return answer

    def _assigned(self, target: Tensor, index: Any, value: Any) -> None:
        """Writes into a part of a tensor: nothing runs, and nothing is answered."""
        operands = [target, *tensors_in((index, value), {})]
        step = self.recorder.step("assignment", operands)
        masked = isinstance(index, Tensor) and index.dtype == torch.bool and index.shape == target.shape
        if masked and not (isinstance(value, Tensor) and value.ndim):
            extent = joined(
                [self.recorder.see(target), self.recorder.see(index)], [target.shape, index.shape], "an assignment"
            )
        else:
            extent = self.recorder.see(target).lost(target.ndim, "an assignment to a part")
            for operand in operands[1:]:
                extent = extent.also(self.recorder.see(operand), "an assignment to a part")
        self.recorder.answered(step, target, extent)

    def _noted(self, result: Result, operands: list[Tensor], answer: Tensor) -> Tensor:
        step = self.recorder.step(result.kind, operands)
        step.macs += result.macs
        step.elements += result.elements
        if result.kernel and (step.window is None or result.macs >= step.window.macs):
            step.window = result
        self.recorder.answered(step, answer, result.extent)
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
        step = self.recorder.step(name, operands)
        step.macs += counting.macs
        step.elements += counting.elements
        step.uncounted.update(counting.uncounted)
        shapes = [operand.shape for operand in operands]
        pointwise = counting.pointwise and _go_together(shapes)
        for place, tensor in enumerate(tensors):
            shape = tuple(tensor.shape)
            known = attended(name, self.recorder.see, shape, args, named) if place == 0 else None
            if known is None and pointwise and shape == broadcast(shapes):
                known = joined([self.recorder.see(operand) for operand in operands], shapes, name)
            if known is None:
                known = Extent((None,) * tensor.ndim)
                for operand in operands:
                    known = known.also(self.recorder.see(operand).lost(0, name), name)
            self.recorder.answered(step, tensor, known)
        return answer


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
