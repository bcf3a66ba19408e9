"""The arithmetic of what looks at windows: convolutions, dense layers, pooling, subsampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from striate.nn import EuclideanRBF, PartialConv2d, SamePaddingConv2d, StandardizedLinear, Subsampling
from striate.seeing.arithmetic.asked import OWN, Asked, NotToldError, Operand, array, maps_of, pair
from striate.seeing.arithmetic.unit_arithmetic import Line, Numbers, Told, Window

Sizes = int | Sequence[int]
GLYPH = (12, 7)
"""Rows and columns of the prototypes of LeNet-5's classes."""


def seen(
    source: str, maps: Numbers, channels: Sequence[int], rows: Sequence[int], columns: Sequence[int]
) -> tuple[Window, Numbers]:
    """A window on maps, zeros where it reaches over their borders, and where it does not: (rows, columns) bool."""
    down, right = np.asarray(rows), np.asarray(columns)
    there_down = (down >= 0) & (down < maps.shape[1])
    there_right = (right >= 0) & (right < maps.shape[2])
    inside = there_down[:, None] & there_right[None, :]
    values = np.zeros((len(channels), len(rows), len(columns)), dtype=maps.dtype)
    part = maps[np.ix_(np.asarray(channels), down[there_down], right[there_right])]
    values[np.ix_(range(len(channels)), there_down.nonzero()[0], there_right.nonzero()[0])] = part
    window = Window(
        source=source,
        values=values,
        channels=tuple(channels),
        rows=tuple(rows),
        columns=tuple(columns),
        inside=None if inside.all() else inside,
    )
    return window, inside


def weighted(
    operation: str, formula: str, window: Window, weights: Numbers, bias: float | None, note: str = ""
) -> Told:
    """The sum of a window's products, and a bias."""
    terms = window.values.astype(float) * weights.astype(float)
    total = float(terms.sum())
    lines = [Line("s", "Σ w·x", total)]
    if bias is not None:
        lines += [Line("b", "bias", bias), Line("y", "s + b", total + bias)]
    return Told(
        operation=operation,
        formula=formula,
        windows=(replace(window, weights=weights, terms=terms),),
        lines=tuple(lines),
        result=total + (bias or 0.0),
        scale=float(np.abs(terms).sum()) + abs(bias or 0.0),
        note=note,
    )


def _bias(bias: Operand | None, channel: int) -> float | None:
    return None if bias is None else float(bias.numbers[channel])


def convolution_name(channels: int, filters: int, kernel: Sequence[int], groups: int) -> str:
    """What a convolution is called.

    Example:
        >>> convolution_name(8, 8, (3, 3), 8), convolution_name(8, 16, (1, 1), 1), convolution_name(8, 16, (3, 3), 2)
        ('depthwise convolution', '1x1 convolution', 'grouped convolution')
    """
    if groups > 1:
        return "depthwise convolution" if groups == channels else "grouped convolution"
    return "1x1 convolution" if set(kernel) == {1} else "convolution"


def convolution(
    asked: Asked,
    input: Operand,  # noqa: A002
    weight: Operand,
    bias: Operand | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Told:
    """The sum of the products of a window and a kernel, and a bias; the window reaches into padding at the borders."""
    maps, (channel, row, column) = maps_of(input), asked.unit
    kernel = weight.numbers[channel]
    steps, gaps = pair(stride), pair(dilation)
    reaches = [gap * (side - 1) for gap, side in zip(gaps, kernel.shape[1:], strict=True)]
    same = (reaches[0] // 2, reaches[1] // 2)  # the odd zero is after
    before = same if padding == "same" else (0, 0) if isinstance(padding, str) else pair(padding)
    rows = [row * steps[0] - before[0] + place * gaps[0] for place in range(kernel.shape[1])]
    columns = [column * steps[1] - before[1] + place * gaps[1] for place in range(kernel.shape[2])]
    first = channel // (len(weight.numbers) // groups) * kernel.shape[0]
    window, _ = seen(input.source, maps, range(first, first + kernel.shape[0]), rows, columns)
    name = convolution_name(maps.shape[0], len(weight.numbers), kernel.shape[1:], groups)
    sum_over = "i,j" if name == "depthwise convolution" else "c,i,j"
    formula = f"y = Σ_{sum_over} w·x" + (" + b" if bias is not None else "")
    note = f"it sees {kernel.shape[0]} of {maps.shape[0]} maps" if groups > 1 else ""
    return weighted(name, formula, window, kernel, _bias(bias, channel), note)


def same_padding(asked: Asked, module: SamePaddingConv2d, inputs: Operand) -> Told:
    """A convolution with as many zeros before and after as its size takes, the odd one after."""
    size = inputs.shape[2:]
    before = tuple(module.zeros(size[axis], axis=axis)[0] for axis in (0, 1))
    bias = None if module.bias is None else Operand(module.bias, OWN)
    weight = Operand(module.weight, OWN)
    return convolution(asked, inputs, weight, bias, module.stride, before, module.dilation, module.groups)


def partial_convolution(asked: Asked, module: PartialConv2d, inputs: Operand) -> Told:
    """A convolution that only sees the maps that are connected."""
    maps, (channel, row, column) = maps_of(inputs), asked.unit
    connected = module.connections[channel]
    first = sum(len(one) for one in module.connections[:channel])
    kernel = array(module.weight)[first : first + len(connected)]
    rows = [row * module.stride - module.padding + place for place in range(module.kernel_size)]
    columns = [column * module.stride - module.padding + place for place in range(module.kernel_size)]
    window, _ = seen(inputs.source, maps, connected, rows, columns)
    note = f"it is connected with {len(connected)} of {len(maps)} maps"
    bias = float(array(module.bias)[channel])
    return weighted("partial convolution", "y = Σ_c,i,j w·x + b, c over the connected maps", window, kernel, bias, note)


def vector_window(operand: Operand, values: Numbers) -> Window:
    """All numbers of a vector."""
    return Window(source=operand.source, values=values.reshape(-1, 1, 1), channels=tuple(range(values.size)))


def dense(
    asked: Asked,
    input: Operand,  # noqa: A002
    weight: Operand,
    bias: Operand | None = None,
) -> Told:
    """The sum of the products of all numbers and a row of weights, and a bias."""
    *place, unit = asked.unit
    values = input.numbers[(0, *place)]
    row = weight.numbers[unit].reshape(-1, 1, 1)
    formula = "y = Σ_i w·x" + (" + b" if bias is not None else "")
    return weighted("dense layer", formula, vector_window(input, values), row, _bias(bias, unit))


def standardized_dense(asked: Asked, module: StandardizedLinear, inputs: Operand) -> Told:
    """A dense layer of what its inputs are, less their mean, over their deviation."""
    (unit,) = asked.unit
    values = inputs.numbers[0]
    brought = (values.astype(float) - array(module.mean)) / array(module.deviation).astype(float)
    row = array(module.weight)[unit]
    terms = (brought * row).reshape(-1, 1, 1)
    bias = float(array(module.bias)[unit])
    total = float(terms.sum())
    spread = (np.abs(values) + np.abs(array(module.mean))) / array(module.deviation) * np.abs(row)
    window = replace(vector_window(inputs, values), weights=row.reshape(-1, 1, 1), terms=terms)
    return Told(
        operation="dense layer",
        formula="y = Σ_i w·(x − μ)/σ + b",
        windows=(window,),
        lines=(Line("s", "Σ w·(x − μ)/σ", total), Line("b", "bias", bias), Line("y", "s + b", total + bias)),
        result=total + bias,
        scale=float(spread.sum()) + abs(bias),
    )


def distance(asked: Asked, module: EuclideanRBF, inputs: Operand) -> Told:
    """The squared distance of a vector to a class's prototype; LeNet-5's are glyphs of 7 x 12 pixels."""
    (unit,) = asked.unit
    values, prototype = inputs.numbers[0], array(module.prototypes)[unit]
    shape = (1, *GLYPH) if values.size == GLYPH[0] * GLYPH[1] else (values.size, 1, 1)
    terms = (values.astype(float) - prototype.astype(float)) ** 2
    total = float(terms.sum())
    window = Window(
        source=inputs.source,
        values=values.reshape(shape),
        channels=tuple(range(shape[0])),
        weights=prototype.reshape(shape),
        terms=terms.reshape(shape),
    )
    return Told(
        operation="Euclidean radial basis function",
        formula="y = Σ_i (x − p)²",
        windows=(window,),
        lines=(Line("y", "Σ (x − p)²", total),),
        result=total,
        scale=total,
        note=f"a glyph of {GLYPH[1]} x {GLYPH[0]} pixels, row by row" if shape[0] == 1 else "",
    )


def subsampling(asked: Asked, module: Subsampling, inputs: Operand) -> Told:
    """A window's sum times its map's coefficient, and its map's bias."""
    channel, row, column = asked.unit
    side = module.window
    window, _ = seen(
        inputs.source,
        maps_of(inputs),
        [channel],
        range(row * side, (row + 1) * side),
        range(column * side, (column + 1) * side),
    )
    terms = window.values.astype(float)
    coefficient, bias = float(array(module.coefficient)[channel]), float(array(module.bias)[channel])
    total = float(terms.sum())
    return Told(
        operation="subsampling",
        formula="y = w · Σ_i,j x + b",
        windows=(replace(window, terms=terms),),
        lines=(
            Line("s", "Σ x", total),
            Line("w", "coefficient of the map", coefficient),
            Line("b", "bias of the map", bias),
            Line("y", "w·s + b", coefficient * total + bias),
        ),
        result=coefficient * total + bias,
        scale=float(np.abs(coefficient * terms).sum()) + abs(bias),
    )


def _pooled(kind: str, window: Window, inside: Numbers, divisor: int | None = None) -> Told:
    """The greatest, the least or the mean of a window's numbers; padding never wins."""
    if kind == "average":
        terms = window.values.astype(float)
        divisor = divisor or int(inside.sum())
        total = float(terms.sum())
        return Told(
            operation="average pooling",
            formula="y = Σ_i,j x / n",
            windows=(replace(window, terms=terms),),
            lines=(
                Line("s", "Σ x", total),
                Line("n", "divided by", float(divisor)),
                Line("y", "s / n", total / divisor),
            ),
            result=total / divisor,
            scale=float(np.abs(terms).sum()) / abs(divisor),
        )
    sign = 1 if kind == "max" else -1
    standing = np.where(inside, sign * window.values[0].astype(float), -np.inf)
    row, column = np.unravel_index(int(np.argmax(standing)), standing.shape)
    value = float(window.values[0, row, column])
    if window.rows is None or window.columns is None:
        raise NotToldError("pools numbers that have no place")
    place = (window.channels[0], window.rows[row], window.columns[column])
    return Told(
        operation=f"{kind} pooling",
        formula=f"y = {kind}_i,j x",
        windows=(replace(window, winner=place),),
        lines=(Line("y", f"the {'greatest' if sign > 0 else 'least'} of the window", value),),
        result=value,
        scale=abs(value),
        note=f"row {place[1]}, column {place[2]} wins",
    )


def max_pooling(
    asked: Asked,
    input: Operand,  # noqa: A002
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Told:
    """The greatest number of a window."""
    return _extreme("max", asked, input, kernel_size, stride, padding, dilation)


def min_pooling(asked: Asked, module: Any, inputs: Operand) -> Told:
    """The least number of a window."""
    return _extreme("min", asked, inputs, module.kernel_size, module.stride, module.padding, 1)


def _extreme(
    kind: str,
    asked: Asked,
    inputs: Operand,
    kernel: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    dilation: Sizes,
) -> Told:
    channel, row, column = asked.unit
    sides, gaps, before = pair(kernel), pair(dilation), pair(padding)
    steps = sides if stride is None or stride == [] else pair(stride)
    rows = [row * steps[0] - before[0] + place * gaps[0] for place in range(sides[0])]
    columns = [column * steps[1] - before[1] + place * gaps[1] for place in range(sides[1])]
    window, inside = seen(inputs.source, maps_of(inputs), [channel], rows, columns)
    return _pooled(kind, window, inside)


def average_pooling(
    asked: Asked,
    input: Operand,  # noqa: A002
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Told:
    """The mean of a window; padding counts as zeros, or not at all."""
    maps, (channel, *place) = maps_of(input), asked.unit
    sides, before = pair(kernel_size), pair(padding)
    steps = sides if stride is None or stride == [] else pair(stride)
    ranges = []
    for axis in (0, 1):
        first = place[axis] * steps[axis] - before[axis]
        # A last window that reaches over the padding ends with it.
        ranges.append(range(first, min(first + sides[axis], maps.shape[1 + axis] + before[axis])))
    window, inside = seen(input.source, maps, [channel], *ranges)
    divisor = divisor_override or (inside.size if count_include_pad else int(inside.sum()))
    return _pooled("average", window, inside, divisor)


def _adaptive(kind: str, asked: Asked, input: Operand, output_size: Any) -> Told:  # noqa: A002
    maps, (channel, *place) = maps_of(input), asked.unit
    wanted = (output_size, output_size) if output_size is None or isinstance(output_size, int) else tuple(output_size)
    ranges = []
    for axis in (0, 1):
        length = maps.shape[1 + axis]
        count = length if wanted[axis] is None else int(wanted[axis])
        ranges.append(range(place[axis] * length // count, -(-(place[axis] + 1) * length // count)))
    window, inside = seen(input.source, maps, [channel], *ranges)
    return _pooled(kind, window, inside)


def adaptive_average_pooling(asked: Asked, input: Operand, output_size: Any) -> Told:  # noqa: A002
    """The mean of the window that is left when the maps are cut into as many as are wanted."""
    return _adaptive("average", asked, input, output_size)


def adaptive_max_pooling(asked: Asked, input: Operand, output_size: Any, return_indices: bool = False) -> Told:  # noqa: A002
    """The greatest number of such a window."""
    return _adaptive("max", asked, input, output_size)


def reduction(kind: str) -> Any:
    """The rule of a mean or a greatest number over whole maps, as `x.mean((2, 3))` has it."""

    def rule(asked: Asked, input: Operand, dim: Any = None, keepdim: bool = False, **named: Any) -> Told:  # noqa: A002
        dimensions = {place % input.tensor.ndim for place in ((dim,) if isinstance(dim, int) else dim or ())}
        if input.tensor.ndim != 4 or dimensions != {2, 3}:
            raise NotToldError("reduces other dimensions than the rows and columns of maps")
        maps = maps_of(input)
        window, inside = seen(input.source, maps, [asked.unit[0]], range(maps.shape[1]), range(maps.shape[2]))
        return _pooled(kind, window, inside)

    return rule
