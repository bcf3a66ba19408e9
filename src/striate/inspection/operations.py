"""What each operation of torch answers, costs and sees, said by rules: shapes in, shapes out, nothing computed.

A multiply-add (MAC) is counted for every weight of a convolution or dense layer that is applied, and for every product
of a matrix product. Everything else has 0 MACs and its own element operations: one for each number that an activation or
a sum answers, two for a normalisation (scale and shift), the window's area for each number that a pool answers.

Torch's own shape functions would do, but for normalisations and some activations they load torch's compiler first, which
takes longer than everything here. Operations without a rule do go through them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from striate.inspection.receptive_field import Axis, Extent, joined

See = Callable[[Tensor], Extent]
"""What a tensor's numbers see."""
Sizes = int | Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What an operation answers and costs."""

    kind: str
    shape: tuple[int, ...]
    extent: Extent
    macs: int = 0
    elements: int = 0
    kernel: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1
    note: str = ""


Rule = Callable[..., Result]


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
        extent, before, lengths = see(input), [], []
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
            axis = extent.axes[dimension]
            if axis is not None:
                extent = extent.with_axis(dimension, axis.window(kernel[place], steps[place], left, gaps[place]))
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


def _padding(padding: Sizes | str, place: int, axes: int, reach: int) -> tuple[int, int]:
    if padding == "same":  # stride is 1, and the odd one comes after
        return reach // 2, reach - reach // 2
    if isinstance(padding, str):
        return 0, 0
    size = sizes(padding, axes)[place]
    return size, size


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
            extent=see(input).lost(len(shape)),
            macs=input.numel() * math.prod(weight.shape[1:]),
            kernel=kernel,
            stride=steps,
            padding=pads,
            dilation=gaps,
            groups=groups,
            note="the receptive field is not followed through a transposed convolution",
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
        extent=see(input).with_axis(input.ndim - 1, None),
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
            axis, shape[dimension] = extent.axes[dimension], count
            if count < 1:
                raise ValueError(f"a window of {sides[place]} does not fit on {length} units")
            if axis is not None:
                # The mean of a whole map is global pooling, whatever it is called: what follows sees everything.
                whole = mean and count == 1 and sides[place] >= length > 1
                after = None if whole else axis.window(sides[place], steps[place], pads[place], gaps[place])
                extent = extent.with_axis(dimension, after)
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
        extent, shape, area, note = see(input), list(input.shape), 1, ""
        sides: list[int] = []
        for place in range(axes):
            dimension = input.ndim - axes + place
            length = input.shape[dimension]
            count = length if wanted[place] is None else int(wanted[place])
            side = max(-(-(unit + 1) * length // count) - unit * length // count for unit in range(count))
            sides.append(side)
            axis, shape[dimension], area = extent.axes[dimension], count, area * side
            if axis is not None:
                whole = count == 1 and length > 1
                extent = extent.with_axis(dimension, None if whole else axis.window(side, max(1, length // count)))
            if count > 1 and length % count:
                note = f"its windows differ: {length} units are pooled to {count}; the receptive field is the largest's"
        return Result(
            kind=f"adaptive_{kind}{axes}d",
            shape=tuple(shape),
            extent=extent,
            elements=math.prod(shape) * area,
            kernel=tuple(sides),
            note=note,
        )

    return rule


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
        extent = joined(extents, [operand.shape for operand in operands]) if len(extents) > 1 else extents[0]
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
        everything = Extent(extent.axes, True, extent.exact)
        return Result(kind=kind, shape=tuple(input.shape), extent=everything, elements=cost * input.numel())

    return rule


def layer_norm(see: See, input: Tensor, normalized_shape: Sequence[int], *arguments: Any, **named: Any) -> Result:  # noqa: A002
    """The rule of a normalisation over the last dimensions."""
    extent = see(input)
    along = any(axis is not None for axis in extent.axes[input.ndim - len(normalized_shape) :])
    seen = Extent(extent.axes, extent.everything or along, extent.exact)
    return Result(kind="layer_norm", shape=tuple(input.shape), extent=seen, elements=2 * input.numel())


def softmax(see: See, input: Tensor, dim: int | None = None, *arguments: Any, **named: Any) -> Result:  # noqa: A002
    """The rule of a softmax, or its logarithm, along a dimension."""
    extent = see(input)
    along = dim is None or extent.axes[dim] is not None
    seen = Extent(extent.axes, extent.everything or along, extent.exact)
    return Result(kind="softmax", shape=tuple(input.shape), extent=seen, elements=3 * input.numel())


def concatenation(see: See, tensors: Sequence[Tensor], dim: int = 0, **named: Any) -> Result:
    """The rule of `cat`."""
    tensors = [tensor for tensor in tensors if tensor.numel() or tensor.ndim > 1]
    dim = named.get("axis", dim) % tensors[0].ndim
    shape = list(tensors[0].shape)
    shape[dim] = sum(tensor.shape[dim] for tensor in tensors)
    slices = [[size for place, size in enumerate(tensor.shape) if place != dim] for tensor in tensors]
    extents = [see(tensor) for tensor in tensors]
    if any(extent.axes[dim] is not None for extent in extents):
        joint = extents[0].lost(len(shape))
    else:
        short = [Extent((*e.axes[:dim], *e.axes[dim + 1 :]), e.everything, e.exact) for e in extents]
        merged = joined(short, slices)
        joint = Extent((*merged.axes[:dim], None, *merged.axes[dim:]), merged.everything, merged.exact)
    return Result(kind="cat", shape=tuple(shape), extent=joint)


def padded(see: See, input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Result:  # noqa: A002
    """The rule of `pad`: units are added, or with negative numbers taken away."""
    extent, shape = see(input), list(input.shape)
    for place in range(len(pad) // 2):
        dimension = input.ndim - 1 - place
        shape[dimension] += pad[2 * place] + pad[2 * place + 1]
        axis = extent.axes[dimension]
        if axis is not None:
            extent = extent.with_axis(dimension, axis.moved(-pad[2 * place]))
    return Result(kind="pad", shape=tuple(shape), extent=extent)


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
            extent = extent.with_axis(place, None)
        if keepdim:
            shape = tuple(1 if place in dimensions else size for place, size in enumerate(input.shape))
        else:
            kept = [place for place in range(input.ndim) if place not in dimensions]
            shape = tuple(input.shape[place] for place in kept)
            extent = Extent(tuple(extent.axes[place] for place in kept), extent.everything, extent.exact)
        return Result(kind=kind, shape=shape, extent=extent, elements=input.numel())

    return rule


def _table() -> Mapping[str, Rule]:
    rules: dict[str, Rule] = {
        "linear": linear,
        "layer_norm": layer_norm,
        "softmax": softmax,
        "log_softmax": softmax,
        "cat": concatenation,
        "concat": concatenation,
        "concatenate": concatenation,
        "pad": padded,
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


def view_extent(name: str, extent: Extent, before: tuple[int, ...], after: tuple[int, ...], arguments: Any) -> Extent:
    """What numbers see that were only put in another place.

    Args:
        name: The operation, such as `"permute"`.
        extent: What they saw.
        before: The shape.
        after: The new shape.
        arguments: What the operation was given besides the tensor.
    """
    if name in ("permute", "transpose", "swapaxes", "swapdims", "t", "movedim"):
        # Torch knows how a permutation goes: let it permute the places themselves.
        probe = torch.empty([place + 2 for place in range(len(before))], device="meta")
        order = [size - 2 for size in getattr(probe, name)(*arguments).shape]
        return Extent(tuple(extent.axes[place] for place in order), extent.everything, extent.exact)
    if name == "__getitem__":
        return _indexed(extent, before, arguments[0])
    if before == after:
        return extent
    if name in ("split", "chunk", "unbind", "narrow", "select", "tensor_split", "repeat", "flip", "roll"):
        same = len(before) == len(after)
        axes = [axis if same and before[place] == after[place] else None for place, axis in enumerate(extent.axes)][
            : len(after)
        ]
        if sum(axis is not None for axis in axes) < len(extent.local) or not same:
            return extent.lost(len(after))
        return Extent(tuple(axes), extent.everything, extent.exact)
    return _reshaped(extent, before, after)


def _indexed(extent: Extent, before: tuple[int, ...], index: Any) -> Extent:
    items = list(index) if isinstance(index, tuple) else [index]
    if any(isinstance(item, Tensor | list) for item in items):
        return Extent((None,) * (len(before) + 8), True, False)
    if any(item is Ellipsis for item in items):
        place = next(place for place, item in enumerate(items) if item is Ellipsis)
        used = sum(item is not None and item is not Ellipsis for item in items)
        items[place : place + 1] = [slice(None)] * (len(before) - used)
    axes: list[Axis | None] = []
    dimension, everything = 0, extent.everything
    for item in items:
        if item is None:
            axes.append(None)
            continue
        axis = extent.axes[dimension]
        if isinstance(item, slice):
            start, _, step = item.indices(before[dimension])
            axes.append(axis.moved(start, step) if axis is not None else None)
        else:
            everything |= axis is not None
        dimension += 1
    return Extent((*axes, *extent.axes[dimension:]), everything, extent.exact)


def _reshaped(extent: Extent, before: tuple[int, ...], after: tuple[int, ...]) -> Extent:
    """Dimensions keep their axes as far as they are the same from the left and from the right."""
    axes: list[Axis | None] = [None] * len(after)
    old, new = list(range(len(before))), list(range(len(after)))
    while old and new and before[old[-1]] == after[new[-1]]:
        axes[new.pop()] = extent.axes[old.pop()]
    while old and new and before[old[0]] == after[new[0]]:
        axes[new.pop(0)] = extent.axes[old.pop(0)]
    mixed = any(extent.axes[place] is not None for place in old)
    return Extent(tuple(axes), extent.everything or mixed, extent.exact)
