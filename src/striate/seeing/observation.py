"""A network and a picture that it is shown: what every method needs, worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.hooks import held_still
from striate.inspection import Inspection
from striate.pixels import PictureSource
from striate.report.seeing_contents import Picture
from striate.seeing.seen_network import LayerFacts, SeenNetwork
from striate.visualization import HEAD, Unit, layer_output, strongest_maps
from striate.visualization.layers import prepare
from striate.visualization.targets import as_probabilities

Place = tuple[int, int, int]
"""(map, row, column)."""


@dataclass(frozen=True)
class Observation:
    """A network with one picture, and what it answers to that."""

    seen: SeenNetwork
    pixels: Picture
    """(H, W, C) uint8, as the network's rule makes them."""
    target: int
    """The class that is asked about."""
    probabilities: tuple[float, ...]
    """Of each class."""

    @property
    def network(self) -> nn.Module:
        """The network."""
        return self.seen.network

    @cached_property
    def images(self) -> Tensor:
        """(1, C, H, W) float32, normalised."""
        return torch.from_numpy(self.seen.preprocessing.normalise(self.pixels[None]))

    @cached_property
    def inspection(self) -> Inspection:
        """What the network is."""
        return self.seen.inspection()

    @property
    def target_name(self) -> str:
        """The name of the class that is asked about."""
        return self.seen.classes[self.target]

    @cached_property
    def _facts(self) -> dict[str, LayerFacts]:
        return {}

    @cached_property
    def _maps(self) -> dict[str, Tensor]:
        return {}

    def facts(self, layer: str) -> LayerFacts:
        """What a layer answers, and which pixels its units see."""
        if layer not in self._facts:
            self._facts[layer] = self.seen.layer_facts(layer, self.inspection)
        return self._facts[layer]

    def maps(self, layer: str) -> Tensor:
        """What a layer answers to the picture: (maps, height, width) or (numbers,)."""
        if layer not in self._maps:
            self._maps[layer] = answer(self.seen.network, self.images, layer)
        return self._maps[layer]

    def top(self, count: int) -> list[tuple[str, float]]:
        """The most probable classes."""
        order = sorted(range(len(self.probabilities)), key=lambda place: -self.probabilities[place])
        return [(self.seen.classes[place], self.probabilities[place]) for place in order[:count]]

    def crop(self, layer: str, place: Sequence[int]) -> tuple[slice, slice]:
        """The pixels that a unit sees, as rows and columns of the picture; all of it where the layer has no places."""
        height, width = self.pixels.shape[:2]
        field = self.facts(layer).field if len(place) == 3 else None
        if field is None:
            return slice(0, height), slice(0, width)
        sides = []
        for number, start, jump, size, most in zip(
            place[1:], field.start, field.jump, field.size, (height, width), strict=True
        ):
            first = start + number * jump
            sides.append(slice(max(0, first), max(1, min(most, first + size))))
        return sides[0], sides[1]


def observe(seen: SeenNetwork, picture: PictureSource, *, target: int | str | None = None) -> Observation:
    """Shows a picture to a network.

    Args:
        seen: The network.
        picture: As `striate.pixels.decode` takes it.
        target: The class that methods ask about, by name or number; None: the one that the network answers.

    Raises:
        PictureError: The picture cannot be read.
        UsageError: There is no such class, or the network refuses the picture.
    """
    wanted = seen.class_index(target)
    pixels = seen.preprocessing.pixels(picture)
    logits = answer(seen.network, torch.from_numpy(seen.preprocessing.normalise(pixels[None])), HEAD)
    if not torch.isfinite(logits).all():
        raise UsageError(f"{seen.name} answers numbers that are not finite; its weights or its normalisation are wrong")
    probabilities = tuple(as_probabilities(logits[None].double(), seen.temperature, seen.classifier)[0].tolist())
    return Observation(seen, pixels, int(logits.argmax()) if wanted is None else wanted, probabilities)


def answer(network: nn.Module, images: Tensor, layer: str) -> Tensor:
    """What a layer answers to the first picture, in float32 on the processor; the network is left as it was."""
    with held_still(network), torch.no_grad():
        return layer_output(network, prepare(network, images[:1]), layer)[0].float().cpu()


def check_unit(facts: LayerFacts, unit: Unit | None) -> None:
    """Refuses a unit that a layer does not have, before any work.

    Raises:
        UsageError: It is out of range, or of the wrong kind.
    """
    if unit is None:
        return
    place = unit if isinstance(unit, tuple) else (unit,)
    if len(place) not in (1, len(facts.shape)):
        wanted = "a map, or map,row,column" if len(facts.shape) == 3 else "a number"
        raise UsageError(f"a unit of {facts.name} is {wanted}; got {','.join(map(str, place))}")
    kinds = ("maps", "rows", "columns") if len(facts.shape) == 3 else ("units",)
    for kind, number, size in zip(kinds, place, facts.shape, strict=False):
        if not 0 <= number < size:
            raise UsageError(f"the layer {facts.name!r} has {size:,} {kind}, 0 to {size - 1}; got {number}")


def strongest_places(maps: Tensor, unit: Unit | None, count: int) -> list[tuple[Place | tuple[int], float]]:
    """The strongest units: of each of the strongest maps one, or of one map its strongest; with what they answered.

    Args:
        maps: (maps, height, width) or (numbers,).
        unit: A map, a place, or None: the strongest maps.
        count: How many maps, if there are so many.

    Example:
        >>> strongest_places(torch.tensor([[[1.0, 3.0]], [[2.0, 0.0]]]), None, 2)
        [((0, 0, 1), 3.0), ((1, 0, 0), 2.0)]
    """
    if isinstance(unit, tuple) and len(unit) == maps.ndim:
        return [(unit, float(maps[unit]))]
    chosen = strongest_maps(maps, count) if unit is None else [unit if isinstance(unit, int) else unit[0]]
    found: list[tuple[Place | tuple[int], float]] = []
    for number in chosen:
        if maps.ndim == 1:
            found.append(((number,), float(maps[number])))
            continue
        row, column = divmod(int(maps[number].argmax()), maps.shape[2])
        found.append(((number, row, column), float(maps[number, row, column])))
    return found
