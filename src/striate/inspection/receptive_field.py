"""Which pixels of the picture a number depends on, exactly, for every unit of every layer at once.

Unit i of an axis sees the pixels from `first + i * jump` to `last + i * jump`. A window of k units, dilated by d, moved
by s and padded by p makes of it

    first' = first - p * jump        last' = last + (d * (k - 1) - p) * jump        jump' = s * jump

and where branches join, a unit sees from the least first to the greatest last. Padding moves the field and does not
change its size; near the border a part of it lies outside the picture.

What cannot be followed so (units put in another order, windows that differ) is said to be lost, with its reason: a field is
exact or it is not, and never only likely.

Source: Araujo, Norris, Sim 2019, Computing Receptive Fields of Convolutional Neural Networks (distill.pub).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Axis:
    """The fields of all units along one axis of the picture, in pixels."""

    first: int = 0
    last: int = 0
    jump: int = 1
    along: int = 0  # which axis of the picture: 0 its rows, 1 its columns
    pixels: int = 1  # of the picture along it

    @property
    def size(self) -> int:
        """Pixels from one end of the field to the other."""
        return self.last - self.first + 1

    def window(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Axis:
        """The axis of what a sliding window answers.

        Example:
            >>> axis = Axis().window(3, stride=2, padding=1).window(3, padding=1)
            >>> axis.first, axis.last, axis.jump
            (-3, 3, 2)
        """
        reach = dilation * (kernel - 1)
        first, last = self.first - padding * self.jump, self.last + (reach - padding) * self.jump
        return replace(self, first=first, last=last, jump=self.jump * stride)

    def moved(self, start: int, step: int = 1) -> Axis:
        """The axis of every `step`-th unit from unit `start` on; `start` is negative where units were added before."""
        first, last = self.first + start * self.jump, self.last + start * self.jump
        return replace(self, first=first, last=last, jump=self.jump * step)

    def covers(self, units: int) -> bool:
        """Whether so many units together see the picture from end to end, but for less than one jump at either end."""
        end = self.last + (units - 1) * self.jump
        return self.first < self.jump and end > self.pixels - 1 - self.jump


@dataclass(frozen=True)
class Spread:
    """Units whose places run along these axes of the picture in an order that is not followed, as in a flattened map."""

    along: frozenset[int]
    covers: bool  # all of them together see the picture from end to end


@dataclass(frozen=True)
class Uneven:
    """Maps that differ in what they see: what is said of them holds for all of them together, not for each."""

    full: tuple[bool, ...]  # of each map, whether it holds for that one too


def uneven(full: tuple[bool, ...]) -> Uneven | None:
    """What a dimension is whose units see all that is said of them, or do not."""
    return None if all(full) else Uneven(full)


Sight: TypeAlias = Axis | Spread | Uneven | None
"""What a dimension has to do with the picture; None: nothing."""


@dataclass(frozen=True)
class Extent:
    """What a tensor's numbers see: an `Axis` for each dimension that runs along the picture, `None` for each other."""

    axes: tuple[Sight, ...]
    whole: frozenset[int] = frozenset()  # the picture's axes that each number sees from end to end, if by a side branch
    loss: str = ""  # what the fields were not followed through: then they are not exact

    @property
    def exact(self) -> bool:
        """Whether it is known, and not only likely."""
        return not self.loss

    @property
    def local(self) -> tuple[Axis, ...]:
        """The axes there are, in the picture's order."""
        return tuple(sorted((axis for axis in self.axes if isinstance(axis, Axis)), key=lambda axis: axis.along))

    @property
    def places(self) -> frozenset[int]:
        """The picture's axes that some dimension runs along."""
        spread = [axis.along for axis in self.axes if isinstance(axis, Spread)]
        return frozenset(axis.along for axis in self.local).union(*spread)

    def with_axis(self, dimension: int, axis: Sight) -> Extent:
        """The same with another axis."""
        axes = list(self.axes)
        axes[dimension] = axis
        return replace(self, axes=tuple(axes))

    def overlooked(self, dimension: int, units: int, by: str) -> Extent:
        """What is seen when each number also depends on all units of a dimension, as with a softmax along it."""
        axis = self.axes[dimension]
        if isinstance(axis, Axis):
            covers, along = axis.covers(units), frozenset({axis.along})
        elif isinstance(axis, Spread):
            covers, along = axis.covers, axis.along
        else:
            return self
        if covers or along <= self.whole:
            return replace(self, whole=self.whole | along)
        return replace(self, loss=self.loss or by)

    def contracted(self, dimension: int, units: int, by: str) -> Extent:
        """What is left when all units of a dimension are made one, as by a sum."""
        return self.overlooked(dimension, units, by).with_axis(dimension, None)

    def windowed(
        self, dimension: int, by: str, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
    ) -> Extent:
        """What the answers of a sliding window see."""
        axis = self.axes[dimension]
        if isinstance(axis, Axis):
            return self.with_axis(dimension, axis.window(kernel, stride, padding, dilation))
        if axis is None or (kernel == 1 and stride == 1 and not padding):
            return self
        return self.with_axis(dimension, None)._unfollowed(axis, by)

    def part(self, dimension: int, by: str, chosen: range, units: int) -> Extent:
        """What the chosen ones of a dimension's units see."""
        axis = self.axes[dimension]
        if isinstance(axis, Axis):
            return self.with_axis(dimension, axis.moved(chosen.start, chosen.step))
        if axis is None or len(chosen) == units:
            return self
        if isinstance(axis, Uneven) and any(axis.full[place] for place in chosen):
            return self.with_axis(dimension, uneven(tuple(axis.full[place] for place in chosen)))
        return self.with_axis(dimension, None)._unfollowed(axis, by)

    def _unfollowed(self, axis: Sight, by: str) -> Extent:
        """The same after something was done along such an axis that cannot be followed."""
        along = axis.along if isinstance(axis, Spread) else self.places
        return self if along <= self.whole else replace(self, loss=self.loss or by)

    def lost(self, dimensions: int, by: str) -> Extent:
        """What is left after an operation whose windows are not known."""
        uneven = any(isinstance(axis, Uneven) for axis in self.axes)
        known = self.places <= self.whole and not uneven
        return Extent((None,) * dimensions, self.whole, self.loss if known else self.loss or by)

    def also(self, other: Extent, by: str) -> Extent:
        """The same when each number depends on what another tensor sees too, such as a weight made from the picture."""
        loss = other.loss if other.places <= other.whole else other.loss or by
        return replace(self, whole=self.whole | other.whole, loss=self.loss or loss)


def joined(extents: Sequence[Extent], shapes: Sequence[Sequence[int]], by: str = "a sum") -> Extent:
    """What the numbers see that are made of several tensors, of shapes that are broadcast, unit by unit."""
    dimensions = max(len(shape) for shape in shapes)
    longest = [max(sizes) for sizes in zip(*(_aligned(shape, dimensions, 1) for shape in shapes), strict=True)]
    whole: frozenset[int] = frozenset().union(*(extent.whole for extent in extents))
    loss = next((extent.loss for extent in extents if extent.loss), "")
    stretched: list[list[Sight]] = []
    for extent, shape in zip(extents, shapes, strict=True):
        for dimension, units in enumerate(_aligned(shape, dimensions, 1)):
            own = dimension - dimensions + len(shape)
            if own >= 0 and units != longest[dimension]:  # one unit for all
                extent = extent.contracted(own, units, by)
        whole, loss = whole | extent.whole, loss or extent.loss
        # Where each number sees the picture from end to end anyway, an order that is not followed does no harm.
        kept = [None if isinstance(axis, Spread) and axis.along <= extent.whole else axis for axis in extent.axes]
        stretched.append(_aligned(kept, dimensions, None))
    axes: list[Sight] = []
    for dimension in range(dimensions):
        axis, agree = _hull([axes[dimension] for axes in stretched])
        axes.append(axis)
        if not agree:
            loss = loss or by
    joint = Extent(tuple(axes), whole, loss)
    for extent in extents:
        # What one of them sees in its own place, another must see in the same one, or from end to end, or not at all.
        if joint.places - extent.places - extent.whole and (extent.places or extent.whole):
            joint = replace(joint, loss=joint.loss or by)
    local = [axis.along for axis in joint.local]
    spread = frozenset[int]().union(*(axis.along for axis in axes if isinstance(axis, Spread)))
    followed = len(local) == len(set(local)) and not spread.intersection(local)
    return joint if followed else replace(joint, loss=joint.loss or by)


def _aligned(values: Sequence[T], length: int, fill: T) -> list[T]:
    return [fill] * (length - len(values)) + list(values)


def _hull(sights: Iterable[Sight]) -> tuple[Sight, bool]:
    """One dimension of a joint tensor, and whether that is exact."""
    there = [sight for sight in dict.fromkeys(sights) if sight is not None]
    axes = [sight for sight in there if isinstance(sight, Axis)]
    if len(there) <= 1:
        return (there[0] if there else None), True
    parts = [sight.full for sight in there if isinstance(sight, Uneven)]
    if len(parts) == len(there):
        return uneven(tuple(all(full) for full in zip(*parts, strict=True))), True
    if len(axes) < len(there):
        return axes[0] if axes else None, False
    jumps = {(axis.jump, axis.along) for axis in axes}
    first, last = min(axis.first for axis in axes), max(axis.last for axis in axes)
    return replace(max(axes, key=lambda axis: axis.jump), first=first, last=last), len(jumps) == 1
