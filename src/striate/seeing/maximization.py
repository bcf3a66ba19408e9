"""The inputs that units and classes would most like to see, made for the network from faint noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from striate.errors import UsageError
from striate.report.seeing_contents import LARGE, Panel, Picture, Shown
from striate.seeing.methods import Method
from striate.seeing.observation import check_unit
from striate.seeing.question import Question
from striate.seeing.seen_network import SeenNetwork
from striate.visualization import HEAD, Unit, list_layers, maximize, strongest_maps
from striate.visualization.maximization import STEPS
from striate.watching import Watcher

ACROSS = 3
CLASSES_ON_PAGE, MAPS_ON_PAGE, STEPS_ON_PAGE = 1, 3, 48
SMALL_SIDE, LEAST_STEPS = 128, 48
MULTIPLY_ADDS = 320e9
"""Of all steps for a unit: about 20 seconds of processor time. What is dearer is made with fewer steps, or smaller."""


def maximize_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """The pictures that excite a unit most; of a whole page the most probable class and the strongest map of some stages.

    Raises:
        UsageError: No unit is named, or the network does not run on pictures of this size.
    """
    seen, seed = question.seen, question.seed
    units = _units_of_page(question) if question.whole_page else [_unit_asked_for(question)]
    shown, facts, most = [], [], 0
    for done, (layer, unit) in enumerate(units):
        name = _name(seen, layer, unit)
        size, steps = _small(seen) if question.whole_page else _size_and_steps(seen, layer)
        told = _Part(question.watcher, done, len(units))
        shown.append(Shown(_maximized(seen, layer, [unit], size, steps, seed, told)[0], (name,), LARGE))
        facts.append({"layer": layer, "unit": list(unit) if isinstance(unit, tuple) else unit, "name": name})
        most = max(most, steps)
    panel = Panel(
        method=method.name,
        title=method.title,
        shows=(
            f"Pictures made for the network: from faint noise by up to {most} steps, each of which makes the unit answer more while the "
            "picture is moved, turned and scaled a little, within the range of real pixels. They show what raises the answer most, which "
            "no real picture need look like; another seed gives another one."
        ),
        rows=[shown[at : at + ACROSS] for at in range(0, len(shown), ACROSS)],
        layer=units[0][0] if len({layer for layer, _ in units}) == 1 else "",
        facts={"units": facts, "seed": seed, "steps": most},
    )
    return (panel,)


def favourite_pictures(
    seen: SeenNetwork, layer: str, units: Sequence[Unit], *, seed: int = 0, watcher: Watcher | None = None
) -> Picture:
    """The pictures that units of one layer would most like to see: (units, height, width, channels) uint8, RGB or grey.

    All are made in one batch; the same units and seed give the same bytes on the same machine.

    Args:
        seen: The network, opened.
        layer: A name of `striate.visualization.list_layers`, or any module's path; `"head"` for classes.
        units: Of that layer: maps, places (map, row, column), or classes.
        seed: Draws the noise that they begin as, and how they are moved.
        watcher: Hears of each step as the task `"maximizing"`; what it raises there ends the work, and the network is as it was.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: There is no such unit, or none is named.

    Example:
        >>> from striate.seeing.seen_network import seen_network
        >>> favourite_pictures(seen_network("lenet5"), "c3", [4, 7]).shape
        (2, 32, 32, 1)
    """
    facts = seen.layer_facts(layer)
    for unit in units:
        check_unit(facts, unit)
    size, steps = _size_and_steps(seen, layer)
    return _maximized(seen, layer, units, size, steps, seed, _Part(watcher or Watcher(), 0, 1))


@dataclass(frozen=True)
class _Part:
    """Which part of the work it is that is watched."""

    watcher: Watcher
    done: int
    total: int

    def told(self, step: int, steps: int) -> None:
        self.watcher.task("maximizing", self.done * steps + step, self.total * steps)


def _maximized(
    seen: SeenNetwork, layer: str, units: Sequence[Unit], size: tuple[int, int], steps: int, seed: int, part: _Part
) -> Picture:
    """The pictures of units of one layer, by gradient ascent: (units, height, width, channels)."""
    mean, std = seen.preprocessing.statistics
    found = maximize(
        seen.network,
        layer=layer,
        unit=list(units),
        size=size,
        steps=steps,
        seed=seed,
        mean=mean,
        std=std,
        reverse_channels=seen.preprocessing.reverses_channels,
        progress=lambda step: part.told(step, steps),
    )
    return seen.preprocessing.restored(found.numpy())


def _size_and_steps(seen: SeenNetwork, layer: str) -> tuple[tuple[int, int], int]:
    """As large as the network's own pictures and with all the steps, or as near to that as `MULTIPLY_ADDS` allow.

    They follow from the network alone, so that the same picture comes of the same seed.
    """
    parts = seen.inspection().layers
    inside = [
        place
        for place, part in enumerate(parts)
        if layer in (part.stage, part.name) or part.name.startswith(f"{layer}.")
    ]
    last = inside[-1] if inside and layer != HEAD else len(parts) - 1
    macs = sum(part.macs for part in parts[: last + 1] if not part.auxiliary)
    size = seen.preprocessing.size
    if macs * LEAST_STEPS > MULTIPLY_ADDS:
        small, _ = _small(seen)
        macs, size = round(macs * math.prod(small) / math.prod(size)), small
    return size, max(LEAST_STEPS, min(STEPS, int(MULTIPLY_ADDS // max(macs, 1))))


def _unit_asked_for(question: Question) -> tuple[str, Unit]:
    layer = question.layer or HEAD
    unit = question.target if question.unit is None else question.unit
    if unit is None:  # `check_method` says what to give
        raise UsageError(f"{question.method} needs a unit")
    check_unit(question.seen.layer_facts(layer), unit)
    return layer, unit


def _units_of_page(question: Question) -> Sequence[tuple[str, Unit]]:
    """The strongest map of a few stages from the first to the last, and the most probable classes."""
    observation = question.observation
    layers = list_layers(question.seen.network) if question.layer is None else [question.layer]
    stages = [layer for layer in layers if layer != HEAD and observation.maps(layer).ndim == 3]
    places = {round(at * (len(stages) - 1) / MAPS_ON_PAGE) for at in range(1, MAPS_ON_PAGE + 1)} if stages else set()
    maps = [(stages[place], strongest_maps(observation.maps(stages[place]), 1)[0]) for place in sorted(places)]
    classes = np.argsort(-np.asarray(observation.probabilities), kind="stable")[:CLASSES_ON_PAGE].tolist()
    return [*maps, *((HEAD, number) for number in classes)]


def _small(seen: SeenNetwork) -> tuple[tuple[int, int], int]:
    """A size smaller than the network's own where it takes that, which is three times as fast, and few steps."""
    network, (height, width) = seen.network, seen.preprocessing.size
    least = max(getattr(network, "minimum_size", (height, width)))
    if getattr(network, "fixed_size", True) or max(height, width) <= SMALL_SIDE or least > SMALL_SIDE:
        return (height, width), STEPS_ON_PAGE
    return (SMALL_SIDE, SMALL_SIDE), STEPS_ON_PAGE


def _name(seen: SeenNetwork, layer: str, unit: Unit) -> str:
    number = unit[0] if isinstance(unit, tuple) else unit
    if layer == HEAD:
        return seen.classes[number]
    where = f" at {unit[1]}, {unit[2]}" if isinstance(unit, tuple) and len(unit) == 3 else ""
    return f"map {number}{where} of {layer}"
