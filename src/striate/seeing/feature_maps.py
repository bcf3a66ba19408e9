"""A layer's maps: as they answer to a picture, and as they came to do so while the network was trained."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from striate.errors import UsageError
from striate.report.seeing_contents import LARGE, SMALL, WIDE, Panel, Picture, Shown
from striate.seeing.methods import Method
from striate.seeing.observation import Observation, strongest_places
from striate.seeing.question import Question
from striate.training.run_folder import CHECKPOINTS
from striate.visualization import HEAD, maps_through_training
from striate.visualization.montage import draw_grid, draw_heat
from striate.wording import plural

MAPS_THROUGH_TRAINING = 6
MOST_MAPS, MAPS_ACROSS = 48, 16
GRID_WIDTH = 1200
"""Pixels; a grid of maps is drawn about this wide."""


def feature_map_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """A layer's maps as a grid, the strongest first, each in the colours of viridis with its own largest answer."""
    layer = question.layer or HEAD
    maps = _with_places(question.observation.maps(layer))
    found = strongest_places(maps, question.unit, MOST_MAPS)
    height, width = maps.shape[1:]
    drawn = [draw_heat(maps[place[0]]) for place, _ in found]
    across = min(len(drawn), MAPS_ACROSS)
    times = max(1, round(GRID_WIDTH / (across * width)))
    grid = draw_grid([_enlarged(heat.pixels, times) for heat in drawn], columns=across, gap=4)
    numbers = [place[0] for place, _ in found]
    listed = ", ".join(map(str, numbers[:8])) + (", ..." if len(numbers) > 8 else "")
    total = len(maps)
    which = f"All {total} maps" if len(drawn) == total else f"{len(drawn)} of {total:,} maps, the strongest"
    if len(drawn) == 1:
        which = f"Map {numbers[0]}"
    panel = Panel(
        method=method.name,
        title=method.title,
        shows=(
            f"{which}, the strongest first ({listed}): where in the picture each answers. The lighter, the more, from 0 or "
            f"below (dark blue) to the map's own largest answer (yellow); the strongest map's is {found[0][1]:.3g}."
        ),
        rows=[[Shown(grid, (f"{plural(len(drawn), 'map')} of {height} x {width}",), WIDE if across > 1 else LARGE)]],
        layer=layer,
        facts={"maps": numbers, "largest": [activation for _, activation in found]},
        on_sheet=False,
    )
    return (panel,)


def through_training_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """A layer's maps in each epoch that the run kept, a map a row: those that answer most in the end.

    Raises:
        UsageError: The network is of no run, or of one that kept no epochs.
        TrainingError: What was kept cannot be read.
    """
    observation, layer = question.observation, question.layer or HEAD
    by_epoch = _maps_by_epoch(observation, layer)
    last = by_epoch[max(by_epoch)]
    kind = "map" if last.shape[1:] != (1, 1) else "unit"
    numbers = [place[0] for place, _ in strongest_places(last, question.unit, MAPS_THROUGH_TRAINING)]
    rows, facts = [], []
    for number in numbers:
        name = observation.seen.classes[number] if layer == HEAD else f"{kind} {number}"
        largest = {epoch: float(maps[number].max()) for epoch, maps in by_epoch.items()}
        rows.append(_through_epochs(name, {epoch: maps[number] for epoch, maps in by_epoch.items()}, largest))
        facts.append({"map": number, "largest": list(largest.values())})
    panel = Panel(
        method=method.name,
        title=method.title,
        shows=(
            f"What {plural(len(numbers), kind)} of the layer answered to the picture after each epoch that was kept; epoch 0 is "
            f"before the first step. All pictures of a {kind} have one scale, the lighter, the more; under each is its "
            "largest answer."
        ),
        rows=rows,
        columns=[f"epoch {epoch}" for epoch in by_epoch],
        layer=layer,
        facts={"epochs": list(by_epoch), "maps": facts},
    )
    return (panel,)


def _maps_by_epoch(observation: Observation, layer: str) -> dict[int, Tensor]:
    """(maps, height, width) of the layer by epoch."""
    if observation.seen.folder is None:
        raise UsageError(
            f"through-training looks back at a run, and {observation.seen.name} is of none; train one with "
            "--set keep_epochs=6, and name its folder"
        )
    kept = observation.seen.folder / CHECKPOINTS
    epochs = maps_through_training(observation.network, kept, observation.images, layer=layer)
    return {epoch: _with_places(maps[0].float().cpu()) for epoch, maps in epochs.items()}


def _through_epochs(name: str, maps: dict[int, Tensor], largest: dict[int, float]) -> list[Shown]:
    """One map (height, width) after each epoch, all on one scale."""
    high = max(*largest.values(), 0.0)
    low = min(0.0, *(float(heat.min()) for heat in maps.values()))
    shown = []
    for epoch, heat in maps.items():
        times = max(1, round(SMALL / max(heat.shape)))
        pixels = _enlarged(draw_heat(heat, low=low, high=high).pixels, times)
        shown.append(Shown(pixels, (f"epoch {epoch}", f"{name}: {largest[epoch]:.3g}")))
    return shown


def _with_places(maps: Tensor) -> Tensor:
    """(maps, height, width); of (numbers,), which have no places, (numbers, 1, 1)."""
    return maps[:, None, None] if maps.ndim == 1 else maps


def _enlarged(pixels: Picture, times: int) -> Picture:
    return np.repeat(np.repeat(pixels, times, axis=0), times, axis=1)
