"""The arithmetic of what puts tensors together or in another place: sums, products, concatenations, flattening, padding."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from striate.nn import Scale, ZeroPaddedIdentity
from striate.seeing.arithmetic.asked import OWN, Asked, NotToldError, Operand, place_window
from striate.seeing.arithmetic.unit_arithmetic import Line, Told, Window


def _at(operand: Any, unit: Sequence[int]) -> tuple[float, Window | None]:
    """What an operand has for a unit, where its sides of one serve all; of a plain number, the number."""
    if not isinstance(operand, Operand):
        return float(operand), None
    place = (0, *unit)
    own = place[len(place) - operand.tensor.ndim :]
    own = tuple(0 if side == 1 else at for at, side in zip(own, operand.shape, strict=True))
    value = float(operand.numbers[own])
    if operand.source == OWN:
        return value, None
    return value, place_window(operand, own[1:] if len(own) > len(unit) else own)


def arithmetic_of_two(operation: str, sign: str, function: Callable[[float, float], float]) -> Callable[..., Told]:
    """The rule of what is made of two numbers at the same place."""

    def rule(asked: Asked, left: Any, right: Any, *, alpha: float = 1, **named: Any) -> Told:
        if named and set(named) != {"rounding_mode"}:
            raise NotToldError(f"is called with {', '.join(named)}")
        (one, first), (other, second) = _at(left, asked.unit), _at(right, asked.unit)
        result = function(one, other * alpha)
        additive = sign in "+−"
        windows = []
        for window, term in ((first, one), (second, other * alpha * (-1 if sign == "−" else 1))):
            if window is not None:
                terms = np.array(term).reshape(1, 1, 1) if additive else None
                windows.append(replace(window, terms=terms))
        by = "" if alpha == 1 else f"{alpha:g}·"
        return Told(
            operation=operation,
            formula=f"y = a {sign} {by}b",
            windows=tuple(windows),
            lines=(
                Line("a", _whence(left), one),
                Line("b", _whence(right), other),
                Line("y", f"a {sign} {by}b", result),
            ),
            result=result,
            scale=abs(one) + abs(other * alpha) if additive else abs(result),
        )

    return rule


def _whence(operand: Any) -> str:
    if not isinstance(operand, Operand):
        return "a constant"
    return f"from {operand.source}" if operand.source else "of the network"


def reflected(rule: Callable[..., Told]) -> Callable[..., Told]:
    """The rule of `b - a`, where torch is called with a first."""

    def other(asked: Asked, left: Any, right: Any, **named: Any) -> Told:
        return rule(asked, right, left, **named)

    return other


def scale(asked: Asked, module: Scale, inputs: Operand) -> Told:
    """A number times a constant."""
    return arithmetic_of_two("product", "·", lambda a, b: a * b)(asked, inputs, module.factor)


def _same(operation: str, formula: str, operand: Operand, unit: Sequence[int], note: str) -> Told:
    window = place_window(operand, unit)
    value = float(window.values[0, 0, 0])
    return Told(
        operation=operation,
        formula=formula,
        windows=(window,),
        lines=(Line("y", note, value),),
        result=value,
        scale=abs(value),
        note=note,
    )


def _zero(operation: str, note: str, value: float = 0.0) -> Told:
    lines = (Line("y", note, value),)
    return Told(
        operation=operation,
        formula=f"y = {value:g}",
        windows=(),
        lines=lines,
        result=value,
        scale=abs(value),
        note=note,
    )


def concatenation(asked: Asked, tensors: Sequence[Operand], dim: int = 0, **named: Any) -> Told:
    """One number of one of the tensors that are stacked."""
    dim = named.get("axis", dim) % tensors[0].tensor.ndim
    if dim == 0:
        raise NotToldError("stacks pictures, not maps")
    place = list(asked.unit)
    for branch, operand in enumerate(tensors):
        if place[dim - 1] < operand.shape[dim]:
            note = f"branch {branch + 1} of {len(tensors)}: {operand.source or 'the network'}"
            return _same("concatenation", "y = x of one branch", operand, place, note)
        place[dim - 1] -= operand.shape[dim]
    raise NotToldError("has fewer maps than the unit's number says")


def _tensors(value: Any) -> Any:
    """The same with tensors in the place of operands."""
    if isinstance(value, Operand):
        return value.tensor.cpu()
    return tuple(_tensors(part) for part in value) if isinstance(value, list | tuple) else value


def moved(operation: str) -> Callable[..., Told]:
    """The rule of functions that put numbers in another place and change none, such as `flatten`."""

    def rule(asked: Asked, input: Operand, *arguments: Any, **named: Any) -> Told:  # noqa: A002
        if asked.function is None:
            raise NotToldError("is no function of torch")
        # Numbers in the place of the numbers tell where each comes from. Some paddings only take floating-point ones.
        numbered = torch.arange(input.tensor.numel(), dtype=torch.float64).reshape(input.shape)
        answer = asked.function(
            numbered, *_tensors(arguments), **{key: _tensors(value) for key, value in named.items()}
        )
        if asked.part is not None:
            answer = answer[asked.part]
        found = int(answer.reshape(tuple(answer.shape))[(0, *asked.unit)])
        place = np.unravel_index(found, input.shape)
        if place[0] != 0:
            raise NotToldError("puts the numbers of pictures together that are no batch")
        unit = tuple(int(at) for at in place[1:])
        shown = ", ".join(map(str, unit))
        return _same(operation, "y = x", input, unit, f"the number at ({shown}) of {input.source}")

    return rule


def padding(
    asked: Asked,
    input: Operand,  # noqa: A002
    pad: Sequence[int],
    mode: str = "constant",
    value: float | None = None,
) -> Told:
    """A number, or the constant around them."""
    if mode != "constant":
        return moved("padding")(asked, input, pad, mode)
    place = list(asked.unit)
    for axis in range(len(pad) // 2):
        place[len(place) - 1 - axis] -= pad[2 * axis]
    if not all(0 <= at < side for at, side in zip(place, input.shape[1:], strict=True)):
        return _zero("padding", "padding", float(value or 0.0))
    return _same("padding", "y = x", input, place, f"the number at ({', '.join(map(str, place))}) of {input.source}")


def zero_padded(asked: Asked, module: ZeroPaddedIdentity, inputs: Operand) -> Told:
    """The shortcut without parameters: every stride-th pixel, and maps of zeros around."""
    channel, row, column = asked.unit
    own = channel - (module.out_channels - module.in_channels) // 2
    if not 0 <= own < module.in_channels:
        return _zero("zero-padded identity", "a map of zeros, which only fills up the number of maps")
    place = (own, row * module.stride, column * module.stride)
    return _same("zero-padded identity", "y = x", inputs, place, f"the number at {place} of {inputs.source}")


def power(base: float, exponent: float) -> float:
    """A power, as torch has it: not a number where there is no real one."""
    try:
        return math.pow(base, exponent)
    except ValueError:
        return math.nan
