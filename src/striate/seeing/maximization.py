"""The inputs that units and classes would most like to see, made for the network from faint noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from striate.errors import UsageError
from striate.report.seeing_contents import LARGE, Panel, Picture, Shown
from striate.seeing.methods import Method
from striate.seeing.observation import check_unit
from striate.seeing.question import Question
from striate.seeing.seen_network import SeenNetwork
from striate.visualization import HEAD, Unit, list_layers, maximize, strongest_maps

STEPS = 48
ACROSS = 3
CLASSES_ON_PAGE, MAPS_ON_PAGE, SIDE_ON_PAGE = 1, 3, 128


def maximize_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """The pictures that excite a unit most; of a whole page the most probable class and the strongest map of some stages.

    Raises:
        UsageError: No unit is named, or the network does not run on pictures of this size.
    """
    seen = question.seen
    units = _units_of_page(question) if question.whole_page else [_unit_asked_for(question)]
    size = _size_on_page(seen) if question.whole_page else seen.preprocessing.size
    shown, facts = [], []
    for done, (layer, unit) in enumerate(units):
        name = _name(seen, layer, unit)
        shown.append(Shown(_maximized(question, layer, unit, size, done, len(units)), (name,), LARGE))
        facts.append({"layer": layer, "unit": list(unit) if isinstance(unit, tuple) else unit, "name": name})
    panel = Panel(
        method=method.name,
        title=method.title,
        shows=(
            f"Pictures made for the network: from faint noise by {STEPS} steps, each of which makes the unit answer more, kept "
            "smooth and within the range of real pixels. They show what raises the answer most, which no real picture need "
            "look like; another seed gives another one."
        ),
        rows=[shown[at : at + ACROSS] for at in range(0, len(shown), ACROSS)],
        layer=units[0][0] if len({layer for layer, _ in units}) == 1 else "",
        facts={"units": facts, "seed": question.seed, "steps": STEPS},
    )
    return (panel,)


def _maximized(question: Question, layer: str, unit: Unit, size: tuple[int, int], done: int, total: int) -> Picture:
    """The picture that a unit would most like to see, by gradient ascent."""
    preprocessing = question.seen.preprocessing
    mean, std = preprocessing.statistics
    found = maximize(
        question.seen.network,
        layer=layer,
        unit=unit,
        size=size,
        steps=STEPS,
        seed=question.seed,
        mean=mean,
        std=std,
        progress=lambda step: question.watcher.task("maximizing", done * STEPS + step, total * STEPS),
    )[0]
    pixels: Picture = preprocessing.restored(found.numpy()[np.newaxis])[0]
    return pixels


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


def _size_on_page(seen: SeenNetwork) -> tuple[int, int]:
    """Smaller than the network's own where it takes that: it is four times as fast."""
    network, (height, width) = seen.network, seen.preprocessing.size
    least = max(getattr(network, "minimum_size", (height, width)))
    if getattr(network, "fixed_size", True) or max(height, width) <= SIDE_ON_PAGE or least > SIDE_ON_PAGE:
        return height, width
    return SIDE_ON_PAGE, SIDE_ON_PAGE


def _name(seen: SeenNetwork, layer: str, unit: Unit) -> str:
    number = unit[0] if isinstance(unit, tuple) else unit
    if layer == HEAD:
        return seen.classes[number]
    where = f" at {unit[1]}, {unit[2]}" if isinstance(unit, tuple) and len(unit) == 3 else ""
    return f"map {number}{where} of {layer}"
