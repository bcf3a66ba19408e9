"""A walk through a network with one picture: its steps, the arithmetic of any unit, and the pixels that the unit sees."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from striate.errors import StriateError, UnknownNameError, UsageError
from striate.hooks import looked_into
from striate.inspection import inspect_network
from striate.inspection.layers import Layer
from striate.seeing.arithmetic.activations import ACTIVATIONS
from striate.seeing.arithmetic.asked import OWN, Asked, NotToldError, Operand, Rule, array
from striate.seeing.arithmetic.recording import Recorded, Recording, Reference, record
from striate.seeing.arithmetic.table import FUNCTIONS, rule_of_layer
from striate.seeing.arithmetic.unit_arithmetic import INPUT, Activation, Numbers, Told, UnitArithmetic
from striate.visualization.receptive_boxes import ReceptiveBoxes

MOST_BYTES = 2**30
"""What a walk keeps at most unless it is told: 1 GiB holds every network of the catalogue at its own size but EfficientNet-B5 to B7."""
ACTIVATION_NAMES = frozenset(
    {entry.operation for entry in ACTIVATIONS.values() if entry.activation} | {"scaled tanh", "softmax"}
)


@dataclass(frozen=True)
class WalkStep:
    """One step of the work: a layer, or a function that the network calls between layers."""

    name: str
    """Unique: the module's path, or that of the module that calls the function and the function's name."""
    operation: str
    """In the field's words: `"depthwise convolution"`, `"sum"`."""
    kind: str
    """The class of the module, or the name of the function."""
    inputs: tuple[str, ...]
    """The steps that it takes from; `"input"` is the picture."""
    shape: tuple[int, ...]
    """Of what it gives, without the batch: (maps, rows, columns), or (numbers,)."""
    why_not: str = ""
    """Why its arithmetic is not told; empty where it is."""

    def to_dict(self) -> dict[str, Any]:
        """The step as JSON types."""
        return {
            "name": self.name,
            "operation": self.operation,
            "kind": self.kind,
            "inputs": list(self.inputs),
            "shape": list(self.shape),
            "why_not": self.why_not,
        }


@dataclass(frozen=True)
class UnitBox:
    """The pixels that a unit sees."""

    top: int
    left: int
    bottom: int
    """The first row below."""
    right: int
    """The first column to the right."""
    whole: bool
    """The unit depends on the whole picture, if only through a side branch such as a gate: then the box is that of the main path."""
    known: bool = True
    """Whether what it sees was followed; if not, the box is the whole picture."""

    def to_dict(self) -> dict[str, Any]:
        """The box as JSON types."""
        return vars(self).copy()


class Walk:
    """What a network does with one picture: made by `walked`, which keeps all that every step took and gave.

    The network's weights are read when arithmetic is asked for; they must not change meanwhile.
    """

    def __init__(self, network: nn.Module, recording: Recording) -> None:
        self._network = network
        self._recording = recording
        self._recorded = {step.name: step for step in recording.steps}
        self._steps = {step.name: self._described(step) for step in recording.steps}

    @property
    def steps(self) -> tuple[WalkStep, ...]:
        """All steps, in the order of the work."""
        return tuple(self._steps.values())

    @property
    def bytes(self) -> int:
        """Memory of the kept tensors; tensors that share memory count once, and weights not at all."""
        return self._recording.bytes

    def numbers(self, step: str) -> Numbers:
        """What a step gave, without the batch: (maps, rows, columns) or (numbers,); of `"input"` the prepared picture.

        Raises:
            UnknownNameError: There is no such step; the message offers the closest.
        """
        number = 0 if step == INPUT else self._found(step).output
        numbers: Numbers = array(self._recording.values[number])[0]
        return numbers

    def arithmetic(self, step: str, unit: Sequence[int]) -> UnitArithmetic:
        """How a step computes one of its units.

        Args:
            step: A name of `steps`.
            unit: Its place in the step's shape, each counted from 0: (map, row, column), or (number,).

        Raises:
            UnknownNameError: There is no such step; the message offers the closest.
            UsageError: The step has no such unit, or its arithmetic is not told; the message says why.
        """
        recorded = self._found(step)
        place = self._checked_unit(step, unit)
        if self._steps[step].why_not:
            raise UsageError(f"the arithmetic of {step} is not told: {self._steps[step].why_not}")
        try:
            told = self._told(recorded, place)
        except NotToldError as refused:
            raise UsageError(f"the arithmetic of unit {place} of {step} is not told: it {refused}") from None
        value = float(array(self._recording.values[recorded.output])[(0, *place)])
        return UnitArithmetic(
            **vars(told), step=step, unit=place, value=value, activation=self._activation(recorded, place)
        )

    def box(self, step: str, unit: Sequence[int]) -> UnitBox:
        """The pixels that a unit sees, cut off at the picture's border.

        Raises:
            UnknownNameError: There is no such step.
            UsageError: The step has no such unit.
        """
        place = self._checked_unit(step, unit)
        if step == INPUT:
            _, row, column = place
            return UnitBox(row, column, row + 1, column + 1, whole=False)
        moved = self._moved_from(step, place)
        if moved is not None:
            return self.box(*moved)
        height, width = self._recording.values[0].shape[2:]
        layer = self._layers.get(step)
        if layer is None or layer.output_shape != self._steps[step].shape:
            return UnitBox(0, 0, height, width, whole=False, known=False)
        field = layer.receptive_field if len(place) == 3 else None
        if field is None or not field.exact or len(field.size) != 2:
            whole = layer.sees_everything
            return UnitBox(0, 0, height, width, whole=whole, known=whole)
        boxes = ReceptiveBoxes((height, width), field, layer.sees_everything)
        top, left, bottom, right = boxes.boxes(torch.tensor(place[1:])).tolist()
        return UnitBox(top, left, bottom, right, whole=layer.sees_everything)

    # What is behind

    def _found(self, step: str) -> Recorded:
        if step not in self._recorded:
            raise UnknownNameError("step", step, list(self._recorded))
        return self._recorded[step]

    def _checked_unit(self, step: str, unit: Sequence[int]) -> tuple[int, ...]:
        shape = tuple(self._recording.values[0].shape[1:]) if step == INPUT else self._steps[step].shape
        try:
            place = tuple(operator.index(at) for at in unit)
        except TypeError:
            place = ()
        if len(place) != len(shape) or not all(0 <= at < side for at, side in zip(place, shape, strict=True)):
            raise UsageError(
                f"{step} gives numbers of shape {shape}, so a unit is {len(shape)} whole numbers, each from 0 to below these; "
                f"got {tuple(unit)}"
            )
        return place

    def _operand(self, value: Any) -> Any:
        """An argument as rules take it."""
        if isinstance(value, Reference):
            return Operand(self._recording.values[value.number], self._recording.makers[value.number])
        if isinstance(value, Tensor):
            return Operand(value.detach(), OWN)
        if isinstance(value, list | tuple):
            return tuple(self._operand(part) for part in value)
        return value

    def _told(self, step: Recorded, unit: tuple[int, ...]) -> Told:
        rule = _rule(step)
        if rule is None:
            raise NotToldError("has no rule")
        asked = Asked(unit, step.function, step.part)
        module = (step.module,) if step.function is None else ()
        named = {key: self._operand(value) for key, value in step.named.items()}
        return rule(asked, *module, *(self._operand(value) for value in step.arguments), **named)

    def _described(self, step: Recorded) -> WalkStep:
        output = self._recording.values[step.output]
        references = [value for part in (*step.arguments, *step.named.values()) for value in _references(part)]
        inputs = tuple(dict.fromkeys(self._recording.makers[one.number] for one in references))
        shape = tuple(output.shape[1:])
        operation, why_not = self._first_unit(step, output)
        return WalkStep(step.name, operation, step.kind, inputs, shape, why_not)

    def _first_unit(self, step: Recorded, output: Tensor) -> tuple[str, str]:
        """What the operation is called, and why it is not told: found out by telling the first unit and the last."""
        if _rule(step) is None:
            return step.kind, f"no rule tells what {step.kind} computes"
        if output.ndim < 2 or output.shape[0] != 1 or not output.is_floating_point() or not output.numel():
            given = f"{str(output.dtype).removeprefix('torch.')} of shape {tuple(output.shape)}"
            return step.kind, f"it gives {given}, and not the numbers of one picture"
        try:
            self._told(step, tuple(side - 1 for side in output.shape[1:]))
            return self._told(step, (0,) * (output.ndim - 1)).operation, ""
        except NotToldError as refused:
            return step.kind, f"it {refused}"
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            return step.kind, f"it is called in a way that no rule knows ({' '.join(str(error).split())})"

    def _activation(self, step: Recorded, unit: tuple[int, ...]) -> Activation | None:
        """The first step that takes a unit's value, if it is an activation."""
        first = next((other for other in self._steps.values() if step.name in other.inputs), None)
        if first is None or first.operation not in ACTIVATION_NAMES or first.why_not:
            return None
        taker = self._recorded[first.name]
        value = float(array(self._recording.values[taker.output])[(0, *unit)])
        told = self._told(taker, unit)
        return Activation(taker.name, told.operation, told.formula, value)

    @cached_property
    def _layers(self) -> dict[str, Layer]:
        """What is known of each step's receptive field, by the step's name."""
        try:
            layers = inspect_network(self._network, tuple(self._recording.values[0].shape[1:])).layers
        except StriateError:
            return {}  # it asks for values, which a network that is inspected does not have
        times: dict[str, int] = {}
        known = {}
        for layer in layers:
            times[layer.name] = times.get(layer.name, 0) + 1
            known[layer.name if times[layer.name] == 1 else f"{layer.name}_{times[layer.name]}"] = layer
        return known

    def _moved_from(self, step: str, unit: tuple[int, ...]) -> tuple[str, tuple[int, ...]] | None:
        """The unit that this one only is in another place."""
        if self._steps[step].operation not in ("flattening", "rearrangement", "selection", "dropout"):
            return None
        if self._steps[step].why_not:
            return None
        told = self._told(self._recorded[step], unit)
        window = told.windows[0]
        places = () if window.rows is None or window.columns is None else (*window.rows, *window.columns)
        place = (*window.channels, *places)
        shape = self.numbers(window.source).shape if window.source else ()
        known = len(shape) == len(place) and all(at < side for at, side in zip(place, shape, strict=True))
        return (window.source, place) if known else None


def _rule(step: Recorded) -> Rule | None:
    return rule_of_layer(step.module) if step.function is None else FUNCTIONS.get(step.base)


def _references(value: Any) -> list[Reference]:
    if isinstance(value, Reference):
        return [value]
    if isinstance(value, list | tuple):
        return [reference for part in value for reference in _references(part)]
    return []


def walked(network: nn.Module, prepared: Tensor, *, most_bytes: int = MOST_BYTES) -> Walk:
    """Runs a network once on one picture, in evaluation mode, and keeps what each of its steps took and gave.

    It watches the network by hooks, as everything that looks into it does: no other thread may run it meanwhile.

    Args:
        network: Any network; mode, weights, gradients and hooks are left as they were.
        prepared: (1, channels, height, width) float: one picture, normalised.
        most_bytes: How much is kept at most.

    Raises:
        UsageError: It is not one picture, the network does not run on it, or more than `most_bytes` would be kept.

    Example:
        >>> from striate.models import create_model
        >>> walk = walked(create_model("lenet5", seed=0), torch.zeros(1, 1, 32, 32))
        >>> walk.steps[0].name, walk.steps[0].operation, walk.steps[0].shape
        ('c1.convolution', 'convolution', (6, 28, 28))
        >>> told = walk.arithmetic("c1.convolution", (0, 0, 0))
        >>> told.formula, told.windows[0].values.shape, told.activation.operation
        ('y = Σ_c,i,j w·x + b', (1, 5, 5), 'scaled tanh')
        >>> walk.box("c3.convolution", (0, 0, 1))
        UnitBox(top=0, left=2, bottom=14, right=16, whole=False, known=True)
    """
    good = isinstance(prepared, Tensor) and prepared.ndim == 4 and len(prepared) == 1 and prepared.is_floating_point()
    if not good or not prepared.numel():
        got = (
            f"{prepared.dtype} of shape {tuple(prepared.shape)}"
            if isinstance(prepared, Tensor)
            else type(prepared).__name__
        )
        raise UsageError(
            f"a walk takes one picture, a float tensor (1, channels, height, width), normalised; got {got}"
        )
    network = looked_into(network)
    weight = next((tensor for tensor in network.parameters() if tensor.is_floating_point()), prepared)
    picture = prepared.detach().to(weight.device, weight.dtype, copy=True)
    return Walk(network, record(network, picture, most_bytes))
