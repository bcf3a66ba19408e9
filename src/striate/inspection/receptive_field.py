"""Which pixels of the picture a number depends on, exactly, for every unit of every layer at once.

Unit i of an axis sees the pixels from `first + i * jump` to `last + i * jump`. A window of k units, dilated by d, moved
by s and padded by p makes of it

    first' = first - p * jump        last' = last + (d * (k - 1) - p) * jump        jump' = s * jump

and where branches join, a unit sees from the least first to the greatest last. Padding moves the field and does not
change its size; near the border a part of it lies outside the picture.

Source: Araujo, Norris, Sim 2019, Computing Receptive Fields of Convolutional Neural Networks (distill.pub).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Axis:
    """The fields of all units along one axis of the picture, in pixels."""

    first: int = 0
    last: int = 0
    jump: int = 1

    @property
    def size(self) -> int:
        """Pixels from one end of the field to the other."""
        return self.last - self.first + 1

    def window(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Axis:
        """The axis of what a sliding window answers.

        Example:
            >>> Axis().window(3, stride=2, padding=1).window(3, padding=1)
            Axis(first=-3, last=3, jump=2)
        """
        reach = dilation * (kernel - 1)
        return Axis(self.first - padding * self.jump, self.last + (reach - padding) * self.jump, self.jump * stride)

    def moved(self, start: int, step: int = 1) -> Axis:
        """The axis of every `step`-th unit from unit `start` on; `start` is negative where units were added before."""
        return Axis(self.first + start * self.jump, self.last + start * self.jump, self.jump * step)


@dataclass(frozen=True)
class Extent:
    """What a tensor's numbers see: an `Axis` for each dimension that runs along the picture, `None` for each other."""

    axes: tuple[Axis | None, ...]
    everything: bool = False  # each number depends on the whole picture, if only through a side branch
    exact: bool = True

    @property
    def local(self) -> tuple[Axis, ...]:
        """The axes there are, in order."""
        return tuple(axis for axis in self.axes if axis is not None)

    def with_axis(self, dimension: int, axis: Axis | None) -> Extent:
        """The same with another axis; one that is dropped has been looked at as a whole."""
        axes = list(self.axes)
        dropped = axis is None and axes[dimension] is not None
        axes[dimension] = axis
        return replace(self, axes=tuple(axes), everything=self.everything or dropped)

    def lost(self, dimensions: int) -> Extent:
        """What is left after an operation whose windows are not known."""
        return Extent((None,) * dimensions, everything=True, exact=False)


def joined(extents: Sequence[Extent], shapes: Sequence[Sequence[int]]) -> Extent:
    """What the numbers see that are made of several tensors, of shapes that are broadcast, unit by unit.

    Along an axis where a tensor has one unit for all, what that unit sees counts as the whole picture.
    """
    dimensions = max(len(extent.axes) for extent in extents)
    everything = any(extent.everything for extent in extents)
    exact = all(extent.exact for extent in extents)
    longest = [max(sizes) for sizes in zip(*(_aligned(shape, dimensions, 1) for shape in shapes), strict=True)]
    axes: list[Axis | None] = []
    for dimension in range(dimensions):
        here = []
        for extent, shape in zip(extents, shapes, strict=True):
            axis = _aligned(extent.axes, dimensions, None)[dimension]
            if axis is not None and _aligned(shape, dimensions, 1)[dimension] == longest[dimension]:
                here.append(axis)
            elif axis is not None:
                everything = True
        axis, agree = _hull(here)
        axes.append(axis)
        exact &= agree
    return Extent(tuple(axes), everything, exact)


def _aligned(values: Sequence[T], length: int, fill: T) -> list[T]:
    return [fill] * (length - len(values)) + list(values)


def _hull(axes: Iterable[Axis]) -> tuple[Axis | None, bool]:
    axes = list(axes)
    if not axes:
        return None, True
    jumps = {axis.jump for axis in axes}
    hull = Axis(min(axis.first for axis in axes), max(axis.last for axis in axes), max(jumps))
    return hull, len(jumps) == 1
