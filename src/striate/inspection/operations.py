"""What each operation of torch answers, costs and sees, said by rules: shapes in, shapes out, nothing computed.

A multiply-add (MAC) is counted for every weight of a convolution or dense layer that is applied, and for every product
of a matrix product. Everything else has 0 MACs and its own element operations: one for each number that an activation or
a sum answers, two for a normalisation (scale and shift), the window's area for each number that a pool answers.

Torch's own shape functions would do, but for normalisations and some activations they load torch's compiler first, which
takes longer than everything here. Operations without a rule do go through them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from torch import Tensor

from striate.inspection.operation_rule import Result, Rule, See
from striate.inspection.receptive_field import Axis, Extent, Sight, Spread, Uneven, joined, uneven
from striate.inspection.window_operations import (
    adaptive_pool,
    convolution,
    linear,
    pixel_unshuffle,
    pool,
    transposed_convolution,
)


def broadcast(shapes: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """The shape of what is made of tensors of these shapes; torch's own function loads a computer algebra system.

    Raises:
        ValueError: The shapes do not go together.

    Example:
        >>> broadcast([(8, 1, 5), (4, 1)])
        (8, 4, 5)
    """
    length = max(len(shape) for shape in shapes)
    columns = zip(*([1] * (length - len(shape)) + list(shape) for shape in shapes), strict=True)
    answer = []
    for column in columns:
        others = {size for size in column if size != 1}
        if len(others) > 1:
            raise ValueError(f"shapes {', '.join(str(tuple(shape)) for shape in shapes)} cannot be broadcast")
        answer.append(others.pop() if others else 1)
    return tuple(answer)


def each(kind: str, cost: int = 1) -> Rule:
    """The rule of what works on each number by itself, with tensors of other shapes broadcast."""

    def rule(see: See, *arguments: Any, **named: Any) -> Result:
        operands = [value for value in (*arguments, *named.values()) if isinstance(value, Tensor)]
        shape = broadcast([operand.shape for operand in operands])
        extents = [see(operand) for operand in operands]
        extent = joined(extents, [operand.shape for operand in operands], kind) if len(extents) > 1 else extents[0]
        return Result(kind=kind, shape=shape, extent=extent, elements=cost * math.prod(shape))

    return rule


def of_first(kind: str, cost: int = 1) -> Rule:
    """The rule of what answers a tensor of the first one's shape, each number made from its own place."""

    def rule(see: See, input: Tensor, *arguments: Any, **named: Any) -> Result:  # noqa: A002
        return Result(kind=kind, shape=tuple(input.shape), extent=see(input), elements=cost * input.numel())

    return rule


def over_the_picture(kind: str, cost: int) -> Rule:
    """The rule of normalisations whose statistics run along the picture."""

    def rule(see: See, input: Tensor, *arguments: Any, **named: Any) -> Result:  # noqa: A002
        extent = see(input)
        for dimension in range(1, input.ndim):
            extent = extent.overlooked(dimension, input.shape[dimension], kind)
        return Result(kind=kind, shape=tuple(input.shape), extent=extent, elements=cost * input.numel())

    return rule


def layer_norm(see: See, input: Tensor, normalized_shape: Sequence[int], *arguments: Any, **named: Any) -> Result:  # noqa: A002
    """The rule of a normalisation over the last dimensions."""
    extent = see(input)
    for dimension in range(input.ndim - len(normalized_shape), input.ndim):
        extent = extent.overlooked(dimension, input.shape[dimension], "layer_norm")
    return Result(kind="layer_norm", shape=tuple(input.shape), extent=extent, elements=2 * input.numel())


def softmax(see: See, input: Tensor, dim: int | None = None, *arguments: Any, **named: Any) -> Result:  # noqa: A002
    """The rule of a softmax, or its logarithm, along a dimension."""
    extent = see(input)
    for dimension in range(input.ndim) if dim is None else [dim % input.ndim]:
        extent = extent.overlooked(dimension, input.shape[dimension], "softmax")
    return Result(kind="softmax", shape=tuple(input.shape), extent=extent, elements=3 * input.numel())


def concatenation(see: See, tensors: Sequence[Tensor], dim: int = 0, **named: Any) -> Result:
    """The rule of `cat`."""
    tensors = [tensor for tensor in tensors if tensor.numel() or tensor.ndim > 1]
    dim = named.get("axis", dim) % tensors[0].ndim
    shape = list(tensors[0].shape)
    shape[dim] = sum(tensor.shape[dim] for tensor in tensors)
    extents = [see(tensor) for tensor in tensors]
    return Result(kind="cat", shape=tuple(shape), extent=_side_by_side(extents, [t.shape for t in tensors], dim))


def stack(see: See, tensors: Sequence[Tensor], dim: int = 0, **named: Any) -> Result:
    """The rule of `stack`: `cat` along a dimension that is new."""
    dim = named.get("axis", dim) % (tensors[0].ndim + 1)
    shape = (*tensors[0].shape[:dim], 1, *tensors[0].shape[dim:])
    extents = [replace(e, axes=(*e.axes[:dim], None, *e.axes[dim:])) for e in map(see, tensors)]
    extent = _side_by_side(extents, [shape] * len(tensors), dim)
    return Result(kind="stack", shape=(*shape[:dim], len(tensors), *shape[dim + 1 :]), extent=extent)


def _side_by_side(extents: Sequence[Extent], shapes: Sequence[Sequence[int]], dim: int) -> Extent:
    """What numbers see that were put side by side along a dimension."""
    short = [replace(extent, axes=(*extent.axes[:dim], *extent.axes[dim + 1 :])) for extent in extents]
    merged = joined(short, [[*shape[:dim], *shape[dim + 1 :]] for shape in shapes], "cat")
    there = [extent.axes[dim] for extent in extents]
    axis: Sight = None
    if any(isinstance(sight, Axis) for sight in there):
        known = all(extent.places <= extent.whole for extent in extents)
        loss = merged.loss if known else merged.loss or "cat along the picture"
        return Extent((None,) * len(shapes[0]), merged.whole, loss)
    spread = [sight for sight in there if isinstance(sight, Spread)]
    if spread:
        along = frozenset().union(*(sight.along for sight in spread))
        axis = Spread(along, any(sight.covers and sight.along == along for sight in spread))
    else:
        full: list[bool] = []
        for extent, one, shape in zip(extents, short, shapes, strict=True):
            own = extent.axes[dim]
            equal = (one.axes, one.whole) == (merged.axes, merged.whole)
            full += [equal and seen for seen in (own.full if isinstance(own, Uneven) else [True] * shape[dim])]
        axis = uneven(tuple(full))
    return replace(merged, axes=(*merged.axes[:dim], axis, *merged.axes[dim:]))


def padded(see: See, input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Result:  # noqa: A002
    """The rule of `pad`: units are added, or with negative numbers taken away."""
    extent, shape = see(input), list(input.shape)
    for place in range(len(pad) // 2):
        dimension = input.ndim - 1 - place
        before, after = pad[2 * place : 2 * place + 2]
        shape[dimension] += before + after
        if before or after:
            extent = _padded_along(extent, dimension, input.shape[dimension], before, after, mode)
    return Result(kind="pad", shape=tuple(shape), extent=extent)


def _padded_along(extent: Extent, dimension: int, units: int, before: int, after: int, mode: str) -> Extent:
    axis = extent.axes[dimension]
    if isinstance(axis, Axis):
        extent = extent.with_axis(dimension, axis.moved(-before))
        # Around a circle the units at the border see the other end.
        return replace(extent, loss=extent.loss or "circular padding") if mode == "circular" else extent
    if isinstance(axis, Spread):
        return extent.with_axis(dimension, Spread(axis.along, False))
    if not extent.places:
        return extent
    kept = axis.full if isinstance(axis, Uneven) else (True,) * units
    kept = kept[max(0, -before) : units - max(0, -after)]  # maps that are added are of zeros, and see nothing
    extent = extent.with_axis(dimension, uneven((*[False] * before, *kept, *[False] * after)))
    return extent if any(kept) else replace(extent, loss=extent.loss or "pad")


def reduction(kind: str) -> Rule:
    """The rule of a sum, a mean or an extreme along dimensions."""

    def rule(see: See, input: Tensor, dim: Any = None, keepdim: bool = False, **named: Any) -> Result:  # noqa: A002
        if isinstance(dim, Tensor):
            return each(kind)(see, input, dim)
        dim, keepdim = named.get("axis", dim), named.get("keepdims", keepdim)
        chosen = range(input.ndim) if dim is None else (dim,) if isinstance(dim, int) else dim
        dimensions = {place % input.ndim for place in chosen} or set(range(input.ndim))
        extent = see(input)
        for place in dimensions:
            extent = extent.contracted(place, input.shape[place], kind)
        if keepdim:
            shape = tuple(1 if place in dimensions else size for place, size in enumerate(input.shape))
        else:
            kept = [place for place in range(input.ndim) if place not in dimensions]
            shape = tuple(input.shape[place] for place in kept)
            extent = replace(extent, axes=tuple(extent.axes[place] for place in kept))
        return Result(kind=kind, shape=shape, extent=extent, elements=input.numel())

    return rule


def embedding(see: See, input: Tensor, weight: Tensor, *arguments: Any, **named: Any) -> Result:  # noqa: A002
    """The rule of looking up rows of a table: each place of a sentence has a row's numbers."""
    extent = see(input)
    shape = (*input.shape, weight.shape[1])
    return Result(kind="embedding", shape=shape, extent=replace(extent, axes=(*extent.axes, None)))


def _table() -> Mapping[str, Rule]:
    rules: dict[str, Rule] = {
        "linear": linear,
        "layer_norm": layer_norm,
        "softmax": softmax,
        "log_softmax": softmax,
        "cat": concatenation,
        "concat": concatenation,
        "concatenate": concatenation,
        "stack": stack,
        "pad": padded,
        "embedding": embedding,
        "pixel_unshuffle": pixel_unshuffle,
        "batch_norm": of_first("batch_norm", 2),
        "local_response_norm": of_first("local_response_norm", 4),
        "instance_norm": over_the_picture("instance_norm", 2),
        "group_norm": over_the_picture("group_norm", 2),
    }
    for axes in (1, 2, 3):
        rules[f"conv{axes}d"] = convolution(axes)
        rules[f"conv_transpose{axes}d"] = transposed_convolution(axes)
        for kind in ("max_pool", "avg_pool"):
            rules[f"{kind}{axes}d"] = pool(kind, axes)
            rules[f"adaptive_{kind}{axes}d"] = adaptive_pool(kind, axes)
    for kind in ("sum", "mean", "amax", "amin"):
        rules[kind] = reduction(kind)
    for kind in [
        "relu",
        "relu6",
        "hardtanh",
        "hardswish",
        "hardsigmoid",
        "silu",
        "gelu",
        "leaky_relu",
        "elu",
        "selu",
        "celu",
        "mish",
        "softplus",
        "softsign",
        "tanh",
        "sigmoid",
        "logsigmoid",
        "abs",
        "neg",
        "exp",
        "log",
        "sqrt",
        "rsqrt",
        "square",
        "clamp",
        "clip",
        "clamp_min",
        "clamp_max",
        "dropout",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "alpha_dropout",
        "feature_alpha_dropout",
        "reciprocal",
        "sin",
        "cos",
        "erf",
        "round",
        "floor",
        "threshold",
        "hardshrink",
        "softshrink",
        "tanhshrink",
    ]:
        rules[kind] = of_first(kind)
    for kind in [
        "add",
        "sub",
        "mul",
        "div",
        "pow",
        "maximum",
        "minimum",
        "true_divide",
        "multiply",
        "divide",
        "subtract",
    ]:
        rules[kind] = each(kind)
    for kind in ["add", "sub", "mul", "truediv", "pow"]:
        for prefix in ("", "r", "i"):
            rules[f"__{prefix}{kind}__"] = each(kind)
    rules["__neg__"] = of_first("neg")
    rules["prelu"] = of_first("prelu")
    return MappingProxyType(rules)


RULES = _table()
"""By the name under which torch calls the operation; in-place forms without their underscore."""
