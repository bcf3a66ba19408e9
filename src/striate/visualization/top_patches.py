"""The pictures that activate each map of a layer most, and in them the pixels that the unit sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from striate.errors import UnknownNameError, UsageError
from striate.hooks import held_still, watch_calls, with_gradients
from striate.visualization.explanations import UNIT_METHODS
from striate.visualization.layers import HEAD, checked_output, find_layer, layer_output, prepare
from striate.visualization.receptive_boxes import ReceptiveBoxes, receptive_boxes
from striate.visualization.units import Start, Unit

AT_ONCE = 8
"""Pictures that go through the network together: more is slower on a processor, whose caches their maps leave."""

ImagesOf: TypeAlias = Tensor | Callable[[list[int]], Tensor]
"""All pictures (N, C, H, W), or a function from places in the data set to those pictures."""


MOST_SHOWN = 10  # maps in a notebook


@dataclass(frozen=True, eq=False)
class TopPatches:
    """For each map of a layer, the pictures with its largest activations, the largest first; each picture once a map."""

    layer: str
    pictures: int  # how many were looked at
    activations: Tensor  # (maps, count) float32
    positions: Tensor  # (maps, count) int64: which picture, in the order in which they came, from 0
    places: Tensor | None  # (maps, count, 2) int64: row and column of the unit; None where the layer is no maps
    fields: ReceptiveBoxes

    def __len__(self) -> int:
        """How many maps the layer has."""
        return len(self.activations)

    def __repr__(self) -> str:
        """What it is of, without the tensors."""
        maps, count = self.activations.shape
        return f"<TopPatches of {self.layer!r}: {count} of {self.pictures} pictures for each of {maps} maps>"

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        rows = [
            (number, *(f"{value:.3g}, picture {place}" for value, place in zip(values, places, strict=True)))
            for number in self.strongest(MOST_SHOWN)
            for values, places in [(self.activations[number].tolist(), self.positions[number].tolist())]
        ]
        columns = ("map", *(f"top {place + 1}" for place in range(self.activations.shape[1])))
        return notebook.block(repr(self)[1:-1], notebook.table(columns, rows))

    @property
    def boxes(self) -> Tensor:
        """(maps, count, 4) int64: top, left, bottom, right of what each unit sees, in pixels, cut off at the border."""
        places = torch.zeros((*self.positions.shape, 2), dtype=torch.int64) if self.places is None else self.places
        return self.fields.boxes(places)

    def strongest(self, count: int) -> list[int]:
        """The maps with the largest mean of their activations here, the largest first; those at a ceiling come last.

        Args:
            count: How many, if there are so many.
        """
        means = self.activations.double().mean(dim=1).tolist()
        order = sorted(range(len(means)), key=lambda number: (self.at_ceiling(number), -means[number]))
        return order[:count]

    def at_ceiling(self, map: int) -> bool:  # noqa: A002 - it is what it is called
        """Whether several pictures are here and a map answers the same to all, as behind a ReLU6: their choice is chance."""
        self._check(map)
        values = self.activations[map]
        return len(values) > 1 and bool(values[0] == values[-1])

    def units(self, map: int) -> list[Unit]:  # noqa: A002 - it is what it is called
        """Where a map's activations are, for `deconvnet` and its kind: one for each picture."""
        self._check(map)
        if self.places is None:
            return [map] * self.positions.shape[1]
        return [(map, int(row), int(column)) for row, column in self.places[map].tolist()]

    def crops(self, images_of: ImagesOf, map: int) -> list[Tensor]:  # noqa: A002
        """What of its top pictures a map sees.

        Args:
            images_of: The pictures that were looked at, or a function that gives those at a list of positions.
            map: Which map.

        Returns:
            One (C, height, width) for each picture, cut off where the unit sees beyond the border.

        Raises:
            UsageError: There is no such map.
        """
        self._check(map)
        return self._cut(_images(images_of, self.positions[map].tolist()), self.boxes[map])

    def project(
        self,
        model: nn.Module,
        images_of: ImagesOf,
        map: int,  # noqa: A002
        *,
        start: Start = "one",
        method: str = "deconvnet",
    ) -> list[Tensor]:
        """A map's top activations sent back to the pixels, cropped as `crops` crops the pictures.

        Args:
            model: The network that the patches are of.
            images_of: As `crops` takes it.
            map: Which map.
            start: As `deconvnet` takes it.
            method: By which rule: `"deconvnet"`, `"guided_backpropagation"` or `"gradient"`.

        Raises:
            UnknownNameError: There is no such method.
            UsageError: There is no such map.
        """
        return next(self.projections(model, images_of, [map], start=start, method=method))[1]

    def projections(
        self,
        model: nn.Module,
        images_of: ImagesOf,
        maps: Sequence[int] | None = None,
        *,
        start: Start = "one",
        method: str = "deconvnet",
        progress: Callable[[int], None] | None = None,
    ) -> Iterator[tuple[int, list[Tensor]]]:
        """The same for many maps, one after another: (map, its projections).

        Args:
            model: The network that the patches are of.
            images_of: As `crops` takes it.
            maps: Which; None: all.
            start: As `deconvnet` takes it.
            method: As `project` takes it.
            progress: Called with the number of maps that are done.

        Raises:
            UnknownNameError: There is no such method.
            UsageError: There is no such map.
        """
        if method not in UNIT_METHODS:
            raise UnknownNameError("method", method, UNIT_METHODS)
        wanted = range(len(self)) if maps is None else maps
        for done, number in enumerate(wanted, start=1):
            units, positions = self.units(number), self.positions[number].tolist()
            projected = []
            for begin in range(0, len(positions), AT_ONCE):
                part = slice(begin, begin + AT_ONCE)
                images = _images(images_of, positions[part])
                projected.append(UNIT_METHODS[method](model, images, layer=self.layer, unit=units[part], start=start))
            yield number, self._cut(torch.cat(projected), self.boxes[number])
            if progress is not None:
                progress(done)

    def _cut(self, images: Tensor, boxes: Tensor) -> list[Tensor]:
        return [
            image[:, top:bottom, left:right].clone()
            for image, (top, left, bottom, right) in zip(images, boxes.tolist(), strict=True)
        ]

    def _check(self, number: int) -> None:
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < len(self):
            raise UsageError(f"the layer {self.layer!r} has {len(self)} maps, 0 to {len(self) - 1}; got {number!r}")


@with_gradients
def top_patches(
    model: nn.Module,
    batches: Tensor | Iterable[Tensor],
    *,
    layer: str,
    count: int = 9,
    progress: Callable[[int], None] | None = None,
) -> TopPatches:
    """Finds, in one pass over pictures, those that activate each map of a layer most: one unit of a picture, the strongest.

    Only what is found is kept, so that memory does not grow with the number of pictures. Of equal activations the first is
    taken.

    Args:
        model: Any network; mode, weights, gradients and hooks are left as they were.
        batches: (N, channels, height, width) float, normalised, or any number of such batches; all pictures of one size.
        layer: As `deconvnet` takes it.
        count: How many pictures a map, if there are so many.
        progress: Called with the number of pictures that are done, after each batch.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: There are no pictures, the network refuses them, they differ in size, or `count` is no number of at
            least 1.

    Example:
        >>> network = nn.Conv2d(1, 1, 3, bias=False)
        >>> _ = nn.init.ones_(network.weight)
        >>> images = torch.zeros(2, 1, 8, 8)
        >>> images[0, 0, 2, 2], images[1, 0, 6, 5] = 2.0, 3.0
        >>> patches = top_patches(network, images, layer="head", count=2)
        >>> patches.positions.tolist(), patches.activations.tolist(), patches.boxes[0, 0].tolist()
        ([[1, 0]], [[3.0, 2.0]], [4, 3, 7, 6])

    Source: Zeiler and Fergus 2013, Visualizing and Understanding Convolutional Networks, section 4.1 and Fig. 2.
    """
    return top_patches_of_layers(model, batches, layers=[layer], count=count, progress=progress)[layer]


@with_gradients
def top_patches_of_layers(
    model: nn.Module,
    batches: Tensor | Iterable[Tensor],
    *,
    layers: Sequence[str],
    count: int = 9,
    progress: Callable[[int], None] | None = None,
) -> dict[str, TopPatches]:
    """The same for several layers in one pass, by their names.

    Args:
        model: As `top_patches` takes it.
        batches: As `top_patches` takes them.
        layers: Which.
        count: As `top_patches` takes it.
        progress: As `top_patches` takes it.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: As `top_patches` raises it.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise UsageError(f"count must be a whole number of at least 1, got {count!r}")
    for layer in layers:
        find_layer(model, layer)  # before any picture is read
    best: dict[str, _Best] = {}
    shape: torch.Size | None = None
    seen = 0
    with held_still(model), torch.no_grad():
        for batch in [batches] if isinstance(batches, Tensor) else batches:
            images = prepare(model, batch).detach().contiguous(memory_format=torch.channels_last)
            if shape is not None and images.shape[1:] != shape:
                raise UsageError(
                    f"all pictures must have one size, got {tuple(images.shape[1:])} after {tuple(shape)}; resize or crop them"
                )
            shape = images.shape[1:]
            for begin in range(0, len(images), AT_ONCE):
                part = images[begin : begin + AT_ONCE]
                for layer, found in _best_of_layers(model, part, layers, first=seen).items():
                    joined = best[layer].joined(found) if layer in best else found
                    best[layer] = joined.first(count)
                seen += len(part)
            if progress is not None:
                progress(seen)
    if shape is None:
        raise UsageError("there are no pictures to look at; give at least one batch")
    return {layer: best[layer].patches(model, layer, shape, pictures=seen) for layer in layers}


def _best_of_layers(model: nn.Module, images: Tensor, layers: Sequence[str], *, first: int) -> dict[str, _Best]:
    if len(layers) == 1:  # what comes after it need not run
        return {layers[0]: _Best.of(layer_output(model, images, layers[0]), first=first)}
    found: dict[str, _Best] = {}
    names = {"" if layer == HEAD else layer: layer for layer in layers}

    def leave(name: str, module: nn.Module, output: object) -> None:
        layer = names.get(name)
        if layer is not None and layer not in found:
            found[layer] = _Best.of(checked_output(model, output, images, layer), first=first)

    with watch_calls(model, lambda name, module: None, leave):
        layer_output(model, images, HEAD)
    missing = [layer for layer in layers if layer not in found]
    if missing:
        checked_output(model, None, images, missing[0])
    return found


@dataclass(frozen=True)
class _Best:
    """The largest activations so far: (maps, pictures) each."""

    activations: Tensor
    positions: Tensor  # int64
    indices: Tensor  # int64: row * width + column
    width: int | None  # of the maps; None where the layer answers numbers

    @classmethod
    def of(cls, maps: Tensor, *, first: int) -> _Best:
        """A batch's, one for each picture and map."""
        largest, indices = maps.flatten(2).max(dim=2) if maps.ndim == 4 else (maps, torch.zeros_like(maps).long())
        positions = torch.arange(first, first + len(maps), device=maps.device).expand(maps.shape[1], -1)
        return cls(largest.T, positions, indices.T, maps.shape[3] if maps.ndim == 4 else None)

    def joined(self, later: _Best) -> _Best:
        """With those of later pictures."""
        return _Best(
            torch.cat([self.activations, later.activations], dim=1),
            torch.cat([self.positions, later.positions], dim=1),
            torch.cat([self.indices, later.indices], dim=1),
            self.width,
        )

    def patches(self, model: nn.Module, layer: str, shape: torch.Size, *, pictures: int) -> TopPatches:
        """What is found, with the boxes of pictures of this shape."""
        places = None
        if self.width is not None:
            places = torch.stack([self.indices // self.width, self.indices % self.width], dim=-1).cpu()
        fields = receptive_boxes(model, shape, layer=layer)
        return TopPatches(layer, pictures, self.activations.float().cpu(), self.positions.cpu(), places, fields)

    def first(self, count: int) -> _Best:
        """The largest of them, in order; of equal ones the first."""
        order = self.activations.argsort(dim=1, descending=True, stable=True)[:, :count]
        return _Best(
            self.activations.gather(1, order),
            self.positions.gather(1, order),
            self.indices.gather(1, order),
            self.width,
        )


def _images(images_of: ImagesOf, positions: list[int]) -> Tensor:
    return images_of[positions] if isinstance(images_of, Tensor) else images_of(positions)
