"""What a rule of arithmetic is given: the unit that is asked for, and the tensors that its step took and gave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from striate.seeing.arithmetic.unit_arithmetic import Numbers, Told, Window

OWN = ""
"""The source of the network's own numbers."""


class NotToldError(Exception):
    """A step does something that no rule tells; the message says what, as the rest of a sentence."""


@dataclass(frozen=True)
class Operand:
    """A tensor that a step took."""

    tensor: Tensor
    source: str
    """The step that gave it; `OWN` for the network's own."""

    @cached_property
    def numbers(self) -> Numbers:
        """All of it, the batch of one included; a view where the tensor is on the processor."""
        return array(self.tensor)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape, the batch of one included."""
        return tuple(self.tensor.shape)


@dataclass(frozen=True)
class Asked:
    """A unit, and the step that it belongs to."""

    unit: tuple[int, ...]
    """Its place in what the step gave, without the batch."""
    function: Callable[..., Any] | None
    """The function of torch that was called."""
    part: int | None
    """Which of several tensors that the function answered."""


Rule: TypeAlias = Callable[..., Told]
"""Called with what is asked, and a function's own arguments or a module and its inputs; tensors are operands."""


def array(tensor: Tensor) -> Numbers:
    """A tensor's numbers, in float32 where numpy lacks their type."""
    tensor = tensor.detach()
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).cpu().numpy()


def pair(sizes: int | Sequence[int]) -> tuple[int, int]:
    """Sizes of both axes, as torch takes them."""
    if isinstance(sizes, int):
        return sizes, sizes
    return (int(sizes[0]), int(sizes[-1]))


def maps_of(operand: Operand) -> Numbers:
    """The maps that a step took: (C, H, W).

    Raises:
        NotToldError: They are no maps of one picture.
    """
    if operand.tensor.ndim != 4:
        raise NotToldError(f"takes a tensor of shape {operand.shape}, and only maps of one picture are told")
    maps: Numbers = operand.numbers[0]
    return maps


def place_window(operand: Operand, unit: Sequence[int], *, term: float | None = None) -> Window:
    """One number of an operand, at its place.

    Args:
        operand: Where it comes from.
        unit: Its place, the batch left out.
        term: What it brings to the sum.
    """
    value = operand.numbers[(0, *unit)] if len(unit) < operand.tensor.ndim else operand.numbers[tuple(unit)]
    places = len(unit) == 3
    return Window(
        source=operand.source,
        values=np.array(value).reshape(1, 1, 1),
        channels=(int(unit[0]) if unit else 0,),
        rows=(int(unit[1]),) if places else None,
        columns=(int(unit[2]),) if places else None,
        terms=None if term is None else np.array(term, dtype=float).reshape(1, 1, 1),
    )
