"""Which units of a layer a signal starts at: one, those of a map, or the strongest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from striate.errors import UnknownNameError, UsageError

Unit: TypeAlias = int | tuple[int, int, int]
"""A map (of numbers: one of them), or a place of a map: (map, row, column)."""

Start: TypeAlias = Literal["one", "activation"]
"""What the signal is at a unit where it starts."""


def starting_signal(
    maps: Tensor,
    unit: Unit | Sequence[Unit] | None,
    *,
    layer: str,
    strongest: int | None = 1,
    start: Start = "one",
) -> Tensor:
    """Zero everywhere but at the chosen units of each picture.

    Args:
        maps: (N, C, H, W) or (N, C): what the layer answered.
        unit: A map, a place of a map, or a list with one of those for each picture; None: any unit of the layer.
        layer: Its name, for messages.
        strongest: How many of a picture's chosen units are kept, the most active first; None: all of them.
        start: `"one"`: the signal is 1 at each of them; `"activation"`: what the unit answered.

    Returns:
        Like `maps`.

    Raises:
        UsageError: There is no such unit, or `strongest` is no number of at least 1.
        UnknownNameError: `start` is neither.

    Example:
        >>> maps = torch.tensor([[[[1.0, 3.0]], [[2.0, 0.0]]]])  # two maps of one row
        >>> starting_signal(maps, None, layer="maps", start="activation").tolist()
        [[[[0.0, 3.0]], [[0.0, 0.0]]]]
        >>> starting_signal(maps, 1, layer="maps").tolist()
        [[[[0.0, 0.0]], [[1.0, 0.0]]]]
    """
    if start not in get_args(Start):
        raise UnknownNameError("start", start, get_args(Start))
    if strongest is not None and (isinstance(strongest, bool) or not isinstance(strongest, int) or strongest < 1):
        raise UsageError(f"strongest must be a whole number of at least 1, or None for all units, got {strongest!r}")
    units = list(unit) if isinstance(unit, Sequence) and not isinstance(unit, tuple) else [unit] * len(maps)
    if len(units) != len(maps):
        raise UsageError(f"a list of units must have one for each of the {len(maps)} pictures, got {len(units)}")
    maps = maps.detach()
    signal = torch.zeros_like(maps, memory_format=torch.contiguous_format)
    for own, answered, wanted in zip(signal, maps, units, strict=True):
        chosen = torch.zeros_like(answered, dtype=torch.bool)
        chosen[_place(wanted, answered, layer)] = True
        places = chosen.flatten().nonzero().flatten()
        if strongest is not None and strongest < len(places):
            order = answered.flatten()[places].argsort(descending=True, stable=True)
            places = places[order[:strongest]]
        own.flatten()[places] = answered.flatten()[places] if start == "activation" else 1.0
    return signal


def strongest_maps(maps: Tensor, count: int) -> list[int]:
    """The maps of one picture with the largest activation anywhere, the strongest first.

    Args:
        maps: (C, H, W) or (C,).
        count: How many, if there are so many.

    Example:
        >>> strongest_maps(torch.tensor([[[1.0, 3.0]], [[2.0, 0.0]], [[4.0, 4.0]]]), 2)
        [2, 0]
    """
    peaks = maps.detach().flatten(1).amax(dim=1) if maps.ndim == 3 else maps.detach()
    return [int(place) for place in peaks.argsort(descending=True, stable=True)[:count]]


def _place(unit: Unit | None, answered: Tensor, layer: str) -> tuple[int | slice, ...]:
    """The unit as an index into one picture's maps."""
    if unit is None:
        return (slice(None),)
    place = unit if isinstance(unit, tuple) else (unit,)
    if len(place) not in (1, answered.ndim) or any(isinstance(n, bool) or not isinstance(n, int) for n in place):
        wanted = "(map, row, column), or a map's number" if answered.ndim == 3 else "a number"
        raise UsageError(f"a unit of the layer {layer!r} is {wanted}, got {unit!r}")
    for what, number, size in zip(("maps", "rows", "columns"), place, answered.shape, strict=False):
        if not 0 <= number < size:
            what = "units" if answered.ndim == 1 else what
            raise UsageError(f"the layer {layer!r} has {size} {what}, 0 to {size - 1}; got {number} (unit {unit})")
    return place
