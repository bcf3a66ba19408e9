"""The rules of what slides a window or a table of weights over a picture: convolutions, dense layers and pools."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor

from striate.inspection.operation_rule import Result, Rule, See, Sizes
from striate.inspection.receptive_field import Extent, Uneven, uneven


def sizes(value: Sizes, count: int) -> tuple[int, ...]:
    """One size for each axis."""
    if isinstance(value, int):
        return (value,) * count
    values = tuple(int(size) for size in value)
    return values * count if len(values) == 1 else values


def windows(length: int, kernel: int, stride: int, padding: int, dilation: int, *, ceil: bool = False) -> int:
    """How many windows fit; with `ceil` the last may reach over the end, if it begins before it.

    Example:
        >>> windows(112, 3, 2, 0, 1), windows(112, 3, 2, 0, 1, ceil=True)
        (55, 56)
    """
    room = length + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil:
        return room // stride + 1
    count = -(-room // stride) + 1
    return count - 1 if (count - 1) * stride >= length + padding else count


def convolution(axes: int) -> Rule:
    """The rule of `conv1d`, `conv2d` or `conv3d`."""

    def rule(
        see: See,
        input: Tensor,  # noqa: A002 - torch's name
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
    ) -> Result:
        kernel = tuple(weight.shape[2:])
        steps, gaps = sizes(stride, axes), sizes(dilation, axes)
        expected = weight.shape[1] * groups
        if input.shape[input.ndim - axes - 1] != expected:
            raise ValueError(f"a convolution of {expected} maps got {input.shape[input.ndim - axes - 1]}")
        maps = input.ndim - axes - 1
        extent, before, lengths = _over_maps(see(input), maps, input.shape[maps], weight.shape[0], groups), [], []
        for place in range(axes):
            dimension = input.ndim - axes + place
            reach = gaps[place] * (kernel[place] - 1)
            left, right = _padding(padding, place, axes, reach)
            length = (input.shape[dimension] + left + right - reach - 1) // steps[place] + 1
            if length < 1:
                raise ValueError(
                    f"a kernel of {reach + 1} does not fit on {input.shape[dimension] + left + right} units"
                )
            before.append(left)
            lengths.append(length)
            extent = extent.windowed(dimension, "a convolution", kernel[place], steps[place], left, gaps[place])
        shape = (*input.shape[: input.ndim - axes - 1], weight.shape[0], *lengths)
        return Result(
            kind=f"conv{axes}d",
            shape=shape,
            extent=extent,
            macs=math.prod(shape) * math.prod(weight.shape[1:]),
            kernel=kernel,
            stride=steps,
            padding=tuple(before),
            dilation=gaps,
            groups=groups,
        )

    return rule


def _over_maps(extent: Extent, dimension: int, maps: int, answered: int, groups: int) -> Extent:
    """What is seen when each number is made of all maps, or of those of its group."""
    axis = extent.axes[dimension]
    if groups == 1:
        return extent.contracted(dimension, maps, "a convolution")
    if isinstance(axis, Uneven):
        size = maps // groups
        full = [any(axis.full[group * size : (group + 1) * size]) for group in range(groups)]
        return extent.with_axis(dimension, uneven(tuple(full[unit * groups // answered] for unit in range(answered))))
    return extent if axis is None else extent.lost(len(extent.axes), "a convolution in groups")


def _padding(padding: Sizes | str, place: int, axes: int, reach: int) -> tuple[int, int]:
    if padding == "same":  # stride is 1, and the odd one comes after
        return reach // 2, reach - reach // 2
    if isinstance(padding, str):
        return 0, 0
    size = sizes(padding, axes)[place]
    return size, size


def pixel_unshuffle(see: See, input: Tensor, downscale_factor: int) -> Result:  # noqa: A002
    """The rule of squares of pixels that become maps: each map has one pixel of each square."""
    maps, height, width = input.shape[-3:]
    side, first = downscale_factor, input.ndim - 3
    extent = see(input)
    for dimension in (first + 1, first + 2):
        extent = extent.windowed(dimension, "pixel_unshuffle", side, side)
    extent = extent.with_axis(first, uneven((side == 1,) * (maps * side**2)))
    shape = (*input.shape[:first], maps * side**2, height // side, width // side)
    return Result(kind="pixel_unshuffle", shape=shape, extent=extent)


def transposed_convolution(axes: int) -> Rule:
    """The rule of `conv_transpose1d`, `conv_transpose2d` or `conv_transpose3d`."""

    def rule(
        see: See,
        input: Tensor,  # noqa: A002
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        dilation: Sizes = 1,
    ) -> Result:
        kernel, steps, pads = tuple(weight.shape[2:]), sizes(stride, axes), sizes(padding, axes)
        extra, gaps = sizes(output_padding, axes), sizes(dilation, axes)
        lengths = [
            (input.shape[place - axes] - 1) * steps[place]
            - 2 * pads[place]
            + gaps[place] * (kernel[place] - 1)
            + extra[place]
            + 1
            for place in range(axes)
        ]
        shape = (*input.shape[: input.ndim - axes - 1], weight.shape[1] * groups, *lengths)
        return Result(
            kind=f"conv_transpose{axes}d",
            shape=shape,
            extent=see(input).lost(len(shape), "a transposed convolution"),
            macs=input.numel() * math.prod(weight.shape[1:]),
            kernel=kernel,
            stride=steps,
            padding=pads,
            dilation=gaps,
            groups=groups,
        )

    return rule


def linear(see: See, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Result:  # noqa: A002
    """The rule of a dense layer, which works along the last dimension."""
    if input.shape[-1] != weight.shape[1]:
        raise ValueError(f"a dense layer of {weight.shape[1]} inputs got {input.shape[-1]}")
    shape = (*input.shape[:-1], weight.shape[0])
    return Result(
        kind="linear",
        shape=shape,
        extent=see(input).contracted(input.ndim - 1, input.shape[-1], "a dense layer"),
        macs=math.prod(shape) * weight.shape[1],
    )


def pool(kind: str, axes: int) -> Rule:
    """The rule of a pool with windows."""
    mean = kind.startswith("avg")

    def work(
        see: See,
        input: Tensor,  # noqa: A002
        kernel: Sizes,
        stride: Sizes | None,
        padding: Sizes,
        dilation: Sizes,
        ceil: bool,
    ) -> Result:
        sides = sizes(kernel, axes)
        steps = sides if stride is None or stride == [] else sizes(stride, axes)
        pads, gaps = sizes(padding, axes), sizes(dilation, axes)
        extent, shape = see(input), list(input.shape)
        for place in range(axes):
            dimension = input.ndim - axes + place
            length = input.shape[dimension]
            count = windows(length, sides[place], steps[place], pads[place], gaps[place], ceil=ceil)
            shape[dimension] = count
            if count < 1:
                raise ValueError(f"a window of {sides[place]} does not fit on {length} units")
            if mean and count == 1 and sides[place] >= length > 1:
                # The mean of a whole map is global pooling, whatever it is called: what follows sees everything.
                extent = extent.contracted(dimension, length, kind)
            else:
                extent = extent.windowed(dimension, kind, sides[place], steps[place], pads[place], gaps[place])
        return Result(
            kind=f"{kind}{axes}d",
            shape=tuple(shape),
            extent=extent,
            elements=math.prod(shape) * math.prod(sides),
            kernel=sides,
            stride=steps,
            padding=pads,
            dilation=gaps,
        )

    def max_rule(
        see: See,
        input: Tensor,  # noqa: A002
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Result:
        return work(see, input, kernel_size, stride, padding, dilation, ceil_mode)

    def mean_rule(
        see: See,
        input: Tensor,  # noqa: A002
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Result:
        return work(see, input, kernel_size, stride, padding, 1, ceil_mode)

    return mean_rule if mean else max_rule


def adaptive_pool(kind: str, axes: int) -> Rule:
    """The rule of a pool that is told how much to answer."""

    def rule(see: See, input: Tensor, output_size: Any, return_indices: bool = False) -> Result:  # noqa: A002
        wanted: Sequence[Any] = (
            (output_size,) * axes if output_size is None or isinstance(output_size, int) else tuple(output_size)
        )
        extent, shape, area = see(input), list(input.shape), 1
        sides: list[int] = []
        for place in range(axes):
            dimension = input.ndim - axes + place
            length = input.shape[dimension]
            count = length if wanted[place] is None else int(wanted[place])
            side = max(-(-(unit + 1) * length // count) - unit * length // count for unit in range(count))
            sides.append(side)
            shape[dimension], area = count, area * side
            if count == 1 and length > 1:
                extent = extent.contracted(dimension, length, kind)
            elif length % count and extent.axes[dimension] is not None:
                extent = extent.windowed(dimension, kind, side, max(1, length // count))
                differ = f"windows that differ: {length} units are pooled to {count}"
                extent = replace(extent, loss=extent.loss or differ)
            else:
                extent = extent.windowed(dimension, kind, side, side)
        return Result(
            kind=f"adaptive_{kind}{axes}d",
            shape=tuple(shape),
            extent=extent,
            elements=math.prod(shape) * area,
            kernel=tuple(sides),
        )

    return rule
