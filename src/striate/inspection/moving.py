"""What numbers see that were only put in another place: by an index, a permutation or another shape."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from striate.inspection.receptive_field import Axis, Extent, Sight, Spread, Uneven, joined, uneven

ALL = slice(None)
PERMUTATIONS = frozenset({"permute", "transpose", "swapaxes", "swapdims", "t", "movedim", "T", "mT"})
RESHAPES = frozenset(
    [
        "view",
        "reshape",
        "flatten",
        "unflatten",
        "unsqueeze",
        "squeeze",
        "view_as",
        "reshape_as",
    ]
)
SAME = frozenset(
    [
        "contiguous",
        "clone",
        "detach",
        "to",
        "float",
        "double",
        "half",
        "bfloat16",
        "type_as",
        "requires_grad_",
        "alias",
        "data",
    ]
)
EXPANSIONS = frozenset({"expand", "expand_as"})
SPLITS = frozenset({"chunk", "split", "tensor_split", "split_with_sizes"})
PARTS = frozenset({"__getitem__", "narrow", "select", "unbind"})
VIEWS = PERMUTATIONS | RESHAPES | SAME | EXPANSIONS | SPLITS | PARTS
"""Functions that answer numbers that were there, and cost nothing."""


def moved(
    name: str, extent: Extent, source: Tensor, answers: Sequence[Tensor], args: Sequence[Any], named: Mapping[str, Any]
) -> Iterator[Extent]:
    """What each tensor sees that a function of `VIEWS` answers.

    Args:
        name: The function, such as `"permute"`; anything else answers numbers that see what is not known.
        extent: What the numbers saw.
        source: The tensor that held them.
        answers: Those that hold them now.
        args: What the function was given besides the tensor, by place.
        named: The same by name.
    """
    before = tuple(source.shape)
    if name in SPLITS:
        dimension = int(named.get("dim", args[1] if len(args) > 1 else 0)) % len(before)
        begin = 0
        for answer in answers:
            units = answer.shape[dimension]
            yield extent.part(dimension, name, range(begin, begin + units), before[dimension])
            begin += units
        return
    if name == "unbind":
        dimension = int(named.get("dim", args[0] if args else 0)) % len(before)
        for place in range(len(answers)):
            yield indexed(extent, before, (*[ALL] * dimension, place), len(before) - 1)
        return
    for answer in answers:
        after = tuple(answer.shape)
        if name in PERMUTATIONS:
            yield _permuted(name, extent, before, args, named)
        elif name in EXPANSIONS:
            yield _expanded(extent, before, after)
        elif name == "__getitem__":
            yield indexed(extent, before, args[0], len(after))
        elif name in ("narrow", "select"):
            yield indexed(extent, before, _index(name, len(before), args, named), len(after))
        elif name in RESHAPES or (name in SAME and before == after):
            yield _reshaped(extent, before, after)
        else:
            yield extent.lost(len(after), name)


def _index(name: str, dimensions: int, args: Sequence[Any], named: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a `narrow` or `select` would be as an index."""
    given = [*args, *([named[key] for key in ("dim", "index", "start", "length") if key in named])]
    chosen = given[1] if name == "select" else slice(given[1], given[1] + given[2])
    return (*[ALL] * (int(given[0]) % dimensions), chosen)


def _permuted(
    name: str, extent: Extent, before: Sequence[int], args: Sequence[Any], named: Mapping[str, Any]
) -> Extent:
    # Torch knows how a permutation goes: let it permute the places themselves.
    probe = torch.empty([place + 2 for place in range(len(before))], device="meta")
    function = getattr(probe, name)
    order = [size - 2 for size in (function(*args, **named) if callable(function) else function).shape]
    return Extent(tuple(extent.axes[place] for place in order), extent.whole, extent.loss)


def _expanded(extent: Extent, before: Sequence[int], after: Sequence[int]) -> Extent:
    new = len(after) - len(before)
    for dimension, units in enumerate(before):
        if units != after[new + dimension]:
            extent = extent.contracted(dimension, units, "expand")
    return Extent(((None,) * new) + extent.axes, extent.whole, extent.loss)


def indexed(extent: Extent, before: Sequence[int], index: Any, dimensions: int) -> Extent:
    """What the chosen numbers see.

    Args:
        extent: What all of them see.
        before: The shape of all of them.
        index: As in square brackets.
        dimensions: How many the answer has.
    """
    items = list(index) if isinstance(index, tuple) else [index]
    lists = [item for item in items if isinstance(item, list) or (isinstance(item, Tensor) and item.ndim)]
    simple = len(lists) <= 1 and all(torch.as_tensor(item).ndim == 1 for item in lists)
    if any(isinstance(item, bool) for item in items) or (lists and (not simple or _has_numbers(items))):
        return extent.lost(dimensions, "an index")
    if any(item is Ellipsis for item in items):
        place = next(place for place, item in enumerate(items) if item is Ellipsis)
        used = sum(item is not None and item is not Ellipsis for item in items)
        items[place : place + 1] = [ALL] * (len(before) - used)
    kept: list[int | None] = []  # of each new dimension the old one
    dimension = 0
    for item in items:
        if item is None:
            kept.append(None)
            continue
        units = before[dimension]
        if isinstance(item, slice):
            chosen = range(*item.indices(units))
            extent = extent.part(dimension, "an index", chosen, units)
            kept.append(dimension)
        elif isinstance(item, list | Tensor) and (isinstance(item, list) or item.ndim):
            if isinstance(extent.axes[dimension], Axis | Spread | Uneven):
                return extent.lost(dimensions, "an index")
            kept.append(dimension)
        elif units == 1:
            extent = extent.contracted(dimension, 1, "an index")
        elif extent.axes[dimension] is not None:
            return extent.lost(dimensions, "an index")
        dimension += 1
    kept += range(dimension, len(before))
    return Extent(tuple(None if place is None else extent.axes[place] for place in kept), extent.whole, extent.loss)


def _has_numbers(items: Sequence[Any]) -> bool:
    return any(isinstance(item, int) or (isinstance(item, Tensor) and not item.ndim) for item in items)


def _reshaped(extent: Extent, before: tuple[int, ...], after: tuple[int, ...]) -> Extent:
    """Runs of dimensions become runs of others that hold as many numbers; a run of one and one keeps its axis."""
    if math.prod(before) == 0:
        return extent.lost(len(after), "another shape")
    axes: list[Sight] = [None] * len(after)
    for old, new in _runs(before, after):
        if len(old) == len(new) == 1:
            axes[new[0]] = extent.axes[old[0]]
            continue
        small = [place for place in old if before[place] == 1]
        for place in small:
            extent = extent.contracted(place, 1, "another shape")
        large, larger = [p for p in old if before[p] > 1], [p for p in new if after[p] > 1]
        if len(large) == len(larger) == 1:
            axes[larger[0]] = extent.axes[large[0]]
            continue
        there = [extent.axes[place] for place in large if extent.axes[place] is not None]
        if any(isinstance(axis, Axis | Spread) for axis in there):
            if any(isinstance(axis, Uneven) for axis in there):
                return extent.lost(len(after), "another shape")
            along = Extent(tuple(there)).places
            covers = len(larger) == 1 and all(
                extent.axes[place] is None or _covers(extent.axes[place], before[place]) for place in large
            )
            for place in larger:
                axes[place] = Spread(along, covers)
        elif there:
            maps = _maps([extent.axes[p] for p in large], [before[p] for p in large], [after[p] for p in larger])
            if maps is None:
                return extent.lost(len(after), "another shape")
            for place, axis in zip(larger, maps, strict=True):
                axes[place] = axis
    return Extent(tuple(axes), extent.whole, extent.loss)


def _runs(before: Sequence[int], after: Sequence[int]) -> Iterator[tuple[list[int], list[int]]]:
    """The shortest runs of dimensions of two shapes that hold as many numbers each."""
    old, new = list(range(len(before))), list(range(len(after)))
    while old or new:
        left, right = old[:1], new[:1]
        del old[:1], new[:1]
        while True:
            one, other = math.prod(before[place] for place in left), math.prod(after[place] for place in right)
            if one == other:
                break
            (left if one < other else right).append((old if one < other else new).pop(0))
        yield left, right


def _maps(axes: Sequence[Sight], before: Sequence[int], after: Sequence[int]) -> list[Sight] | None:
    """Which of the maps see all that is said of them, in another shape; None where no one dimension tells it."""
    full = torch.ones(list(before), dtype=torch.bool)
    for place, axis in enumerate(axes):
        if isinstance(axis, Uneven):
            shape = [-1 if place == dimension else 1 for dimension in range(len(before))]
            full = full & torch.tensor(axis.full).reshape(shape)
    full = full.reshape(list(after))
    for dimension in range(len(after)):
        line = full.movedim(dimension, 0).reshape(after[dimension], -1)
        if bool((line == line[:, :1]).all()):
            return [uneven(tuple(line[:, 0].tolist())) if dimension == place else None for place in range(len(after))]
    return None


def _covers(axis: Sight, units: int) -> bool:
    return axis.covers(units) if isinstance(axis, Axis) else isinstance(axis, Spread) and axis.covers


# Functions that are no views, and whose answers' places are known all the same. Each is given what tensors see, the answer's
# shape, and the function's own arguments.

See = Callable[[Tensor], Extent]


def _matrix_product(see: See, shape: Sequence[int], left: Tensor, right: Tensor, **named: Any) -> Extent:
    if left.ndim < 2 or right.ndim < 2:
        return joined([see(left).lost(len(shape), "matmul"), see(right).lost(len(shape), "matmul")], [shape, shape])
    rows = see(left).contracted(left.ndim - 1, left.shape[-1], "matmul")
    columns = see(right).contracted(right.ndim - 2, right.shape[-2], "matmul")
    batches = joined(
        [Extent(rows.axes[:-2], rows.whole, rows.loss), Extent(columns.axes[:-2], columns.whole, columns.loss)],
        [left.shape[:-2], right.shape[:-2]],
        "matmul",
    )
    both = Extent((*batches.axes, rows.axes[-2], columns.axes[-1]), batches.whole, batches.loss)
    local = [axis for axis in both.axes if isinstance(axis, Axis)]
    # A number of two places sees what is seen at both: that is no field of one of them.
    return both.lost(len(shape), "matmul") if local and rows.places and columns.places else both


def _attention(see: See, shape: Sequence[int], query: Tensor, key: Tensor, value: Tensor, **named: Any) -> Extent:
    extent = see(query).with_axis(query.ndim - 1, see(value).axes[-1])
    for tensor in (key, value):
        other = see(tensor).contracted(tensor.ndim - 2, tensor.shape[-2], "attention")
        extent = extent.also(other, "attention")
    return extent


def _many_headed(see: See, shape: Sequence[int], query: Tensor, key: Tensor, value: Tensor, *more: Any) -> Extent:
    extent = see(query)
    for tensor in (key, value):
        extent = extent.also(see(tensor).contracted(0, tensor.shape[0], "attention"), "attention")
    return Extent((*extent.axes[: len(shape) - 1], None), extent.whole, extent.loss)


def _normalize(see: See, shape: Sequence[int], input: Tensor, p: float = 2.0, dim: int = 1, **more: Any) -> Extent:  # noqa: A002
    return see(input).overlooked(dim % input.ndim, input.shape[dim], "normalize")


def _index_select(see: See, shape: Sequence[int], input: Tensor, dim: int, index: Tensor) -> Extent:  # noqa: A002
    return indexed(see(input), input.shape, (*[ALL] * (dim % input.ndim), index), len(shape))


SIGHTS: Mapping[str, Callable[..., Extent]] = {
    "matmul": _matrix_product,
    "__matmul__": _matrix_product,
    "bmm": _matrix_product,
    "scaled_dot_product_attention": _attention,
    "multi_head_attention_forward": _many_headed,
    "index_select": _index_select,
    "normalize": _normalize,
}


def attended(name: str, see: See, shape: Sequence[int], args: Sequence[Any], named: Mapping[str, Any]) -> Extent | None:
    """What the answer of a function of `SIGHTS` sees; None of any other, and of one that is called in another way."""
    if name not in SIGHTS or math.prod(shape) == 0:
        return None
    if name == "multi_head_attention_forward":
        args, named = args[:3], {key: named[key] for key in ("query", "key", "value") if key in named}
    try:
        extent = SIGHTS[name](see, shape, *args, **named)
    except TypeError:
        return None
    return extent if len(extent.axes) == len(shape) else None
