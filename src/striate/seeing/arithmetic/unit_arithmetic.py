"""What the arithmetic of one unit is told as: the numbers that it takes, what each brings, and how they make its value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[Any]
SMALLEST = 2.0**-126
"""The smallest number that float32 holds with all its digits."""
INPUT = "input"
"""The source of what comes from the picture itself."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The numbers that a unit takes from one step, and what it makes of each."""

    source: str
    """The step that gave them; `"input"` for the picture."""
    values: Numbers
    """(maps, rows, columns) float32, 0 where there is padding; of a vector (numbers, 1, 1)."""
    channels: tuple[int, ...]
    """Which maps of the source, or which numbers of a vector."""
    rows: tuple[int, ...] | None = None
    """Which rows of the source's maps; those that do not exist are padding. None: the numbers have no place."""
    columns: tuple[int, ...] | None = None
    inside: Numbers | None = None
    """(rows, columns) bool: False where there is padding. None: there is none."""
    weights: Numbers | None = None
    """As `values`, float32: what each is multiplied by; of an RBF unit, what it is compared with."""
    terms: Numbers | None = None
    """As `values`, float64: what each number brings to the sum, such as the products. None: nothing is summed."""
    winner: tuple[int, int, int] | None = None
    """(map, row, column) of the source: the number that a max pooling takes; the first of several equal ones."""

    @property
    def partial_sums(self) -> Numbers | None:
        """(maps,) float64: what each map brings to the sum."""
        return None if self.terms is None else self.terms.sum(axis=(1, 2))

    @property
    def largest_first(self) -> tuple[int, ...]:
        """The places in `channels`, the maps that bring most first, whatever their sign."""
        sums = self.partial_sums
        if sums is None:
            return tuple(range(len(self.channels)))
        return tuple(int(place) for place in np.argsort(-np.abs(sums), kind="stable"))

    def to_dict(self, *, most: int | None = None) -> dict[str, Any]:
        """The window as JSON types.

        Args:
            most: How many maps at most, those that bring most first; None: all, in the order that they have.
        """
        places = list(range(len(self.channels)) if most is None else self.largest_first[:most])
        sums = self.partial_sums
        values: list[Any] = self.values[places].astype(float).tolist()
        if self.inside is not None:
            for rows in values:
                for row, there in zip(rows, self.inside.tolist(), strict=True):
                    row[:] = [number if seen else None for number, seen in zip(row, there, strict=True)]
        return {
            "source": self.source,
            "channels": [self.channels[place] for place in places],
            "rows": None if self.rows is None else list(self.rows),
            "columns": None if self.columns is None else list(self.columns),
            "values": values,  # None where there is padding
            "weights": None if self.weights is None else self.weights[places].astype(float).tolist(),
            "terms": None if self.terms is None else self.terms[places].tolist(),
            "partial_sums": None if sums is None else sums[places].tolist(),
            "left_out": len(self.channels) - len(places),
            "left_out_sum": None if sums is None else float(np.delete(sums, places).sum()),
            "winner": None if self.winner is None else list(self.winner),
        }


@dataclass(frozen=True)
class Line:
    """A line of the arithmetic: a number of the step, or one that was computed."""

    symbol: str
    """As the formula has it."""
    meaning: str
    """What it is, or the expression that gives it."""
    value: float

    def to_dict(self) -> dict[str, Any]:
        """The line as JSON types."""
        return {"symbol": self.symbol, "meaning": self.meaning, "value": self.value}


@dataclass(frozen=True, kw_only=True)
class Told:
    """How a step computes one of its units, in float64 from the tensors' own numbers."""

    operation: str
    """In the field's words: `"convolution"`, `"max pooling"`, `"sum"`."""
    formula: str
    """In symbols."""
    windows: tuple[Window, ...]
    """What it takes: one for each step that it takes something from."""
    lines: tuple[Line, ...] = ()
    """The step's numbers and what is computed of them, in order; the last is the result."""
    result: float
    scale: float
    """The sum of the absolute terms, that of the bias among them: what rounding is in proportion to."""
    note: str = ""
    """What is worth knowing: which input won, which maps are not connected."""


@dataclass(frozen=True)
class Activation:
    """What the next step makes of a unit's value, where that is an activation."""

    step: str
    operation: str
    formula: str
    value: float

    def to_dict(self) -> dict[str, Any]:
        """The activation as JSON types."""
        return {"step": self.step, "operation": self.operation, "formula": self.formula, "value": self.value}


@dataclass(frozen=True, kw_only=True)
class UnitArithmetic(Told):
    """The arithmetic of one unit of a step, beside the value that the network computed.

    `result` is computed in float64 from the tensors' float32 numbers, `value` is the tensor's: they differ by what was rounded,
    which is within 1e-6 of `scale` on a processor. (On a GPU torch may round what it multiplies to TF32, with 10 bits of mantissa.)
    """

    step: str
    unit: tuple[int, ...]
    """(map, row, column), or (number,)."""
    value: float
    """What the tensor has."""
    activation: Activation | None = None

    @property
    def difference(self) -> float:
        """`result` less `value`."""
        return self.result - self.value

    @property
    def relative_difference(self) -> float:
        """The absolute difference over `scale`; 0 where both are the same, or differ by less than float32 tells from 0."""
        same = self.result == self.value or abs(self.difference) < SMALLEST
        if same or (math.isnan(self.result) and math.isnan(self.value)):
            return 0.0
        return abs(self.difference) / self.scale if self.scale else math.inf

    def to_dict(self, *, most: int | None = None) -> dict[str, Any]:
        """The arithmetic as JSON types.

        Args:
            most: How many maps of each window at most, those that bring most first; None: all.
        """
        return {
            "step": self.step,
            "unit": list(self.unit),
            "operation": self.operation,
            "formula": self.formula,
            "windows": [window.to_dict(most=most) for window in self.windows],
            "lines": [line.to_dict() for line in self.lines],
            "result": self.result,
            "value": self.value,
            "difference": self.difference,
            "scale": self.scale,
            "activation": None if self.activation is None else self.activation.to_dict(),
            "note": self.note,
        }
