"""What one layer answers to the picture: its maps, and its strongest units sent back to the pixels."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from torch import Tensor, nn

from striate.errors import UsageError
from striate.report.seeing_contents import LARGE, SMALL, WIDE, Panel, Picture, Shown
from striate.seeing.looking import Look, strongest_places
from striate.training.run_folder import CHECKPOINTS
from striate.visualization import (
    HEAD,
    UnheldRectifierWarning,
    Unit,
    deconvnet,
    gradient,
    guided_backpropagation,
    maps_through_training,
)
from striate.visualization.montage import draw_grid, draw_heat, draw_signal
from striate.wording import number, plural

Projection = Callable[..., Tensor]

RULES: dict[str, tuple[str, Projection, str]] = {
    "deconvnet": (
        "DeconvNet",
        deconvnet,
        "the signal goes down through transposed filters and the switches of the pooling, rectified on its way",
    ),
    "guided": (
        "Guided backpropagation",
        guided_backpropagation,
        "the gradient, of which each rectifier lets pass only what is positive and what it let pass going up",
    ),
    "gradient": ("Gradient", gradient, "how much the unit's answer grows with each pixel, to first order"),
}
"""The three rules: name, function, what they do."""

SHORT = {"deconvnet": "DeconvNet", "guided": "guided", "gradient": "gradient"}

UNITS = 9
MAPS_THROUGH_TRAINING = 6
MOST_MAPS, MAPS_ACROSS = 48, 16
GRID_WIDTH = 1200
"""Pixels; a grid of maps is drawn about this wide."""

NO_SWITCHES = (
    "this network has no max pooling, and so no switches: what DeconvNet sends down is the same for every picture, but for "
    "the place where it starts, and tells how the filters are made; guided backpropagation tells of this picture"
)
"""Source: Springenberg et al. 2014, Striving for Simplicity, section 3.4."""


def projection_panel(
    look: Look,
    rules: Sequence[str],
    layer: str,
    unit: Unit | None = None,
    *,
    count: int = UNITS,
    per_row: int = 3,
    explained: bool = True,
) -> Panel:
    """The strongest units of a layer sent back to the pixels, beside what they see of the picture.

    Args:
        look: The network and the picture.
        rules: Keys of `RULES`, in the order in which they are drawn.
        layer: Which layer.
        unit: One map or place of it; None: of the strongest maps the strongest place each.
        count: How many maps.
        per_row: How many units a row has.
        explained: Whether to say what the rules do.
    """
    found = strongest_places(look.maps(layer), unit, count)
    places = [place for place, _ in found]
    images = look.images.expand(len(places), -1, -1, -1)
    signals, said = projected(rules, look.seen.network, images, layer=layer, unit=places)
    cells: list[list[Shown]] = []
    facts = []
    for order, (place, activation) in enumerate(found):
        rows, columns = look.crop(layer, place)
        name = look.seen.classes[place[0]] if layer == HEAD else f"map {place[0]}"
        where = f" at {place[1]}, {place[2]}" if len(place) == 3 else ""
        own = [Shown(look.pixels[rows, columns], (f"{name}{where}: {activation:.3g}",))]
        scales = {}
        for rule in rules:
            drawn = draw_signal(look.seen.in_colours(signals[rule][order][:, rows, columns]))
            scales[rule] = drawn.high
            own.append(Shown(drawn.pixels, (f"{SHORT[rule]} ±{number(float(f'{drawn.high:.2g}'))}",)))
        cells.append(own)
        facts.append({"unit": list(place), "activation": activation, "scale": scales})
    shows = (
        f"{_whose(found, unit, layer)}: what it sees of the picture, and the same part as its signal reaches it. Mid-grey is 0; "
        "where a pixel is brighter, more of its colour would raise the answer. "
    )
    if explained:
        shows += " ".join(f"{RULES[rule][0]}: {RULES[rule][2]}." for rule in rules)
    return Panel(
        method=rules[0],
        title=" and ".join(RULES[rule][0] for rule in rules),
        shows=shows.strip(),
        rows=[[cell for own in cells[at : at + per_row] for cell in own] for at in range(0, len(cells), per_row)],
        columns=["in the picture", *(RULES[rule][0] for rule in rules)] * min(per_row, len(cells)),
        layer=layer,
        warnings=[*([NO_SWITCHES] if "deconvnet" in rules and not has_switches(look.seen.network) else ()), *said],
        facts={"units": facts},
    )


def whole_map_panel(look: Look, rules: Sequence[str], layer: str) -> Panel:
    """A layer's strongest map, all of its places at once, each as strong as it answered, sent back to the pixels."""
    ((place, _), *_) = strongest_places(look.maps(layer), None, 1)
    shown = []
    signals, said = projected(
        rules, look.seen.network, look.images, layer=layer, unit=place[0], strongest=None, start="activation"
    )
    for rule, signal in signals.items():
        drawn = draw_signal(look.seen.in_colours(signal[0]))
        shown.append(Shown(drawn.pixels, (f"{RULES[rule][0]}, ±{number(float(f'{drawn.high:.2g}'))}",), LARGE))
    what = look.seen.classes[place[0]] if layer == HEAD else f"Map {place[0]}"
    return Panel(
        method=rules[0],
        title=f"{what}, the strongest, as a whole",
        shows=f"All places of the layer's strongest map at once, each as strong as it answered, by {len(rules)} rules.",
        rows=[shown],
        layer=layer,
        warnings=said,
        facts={"map": place[0]},
    )


def projected(
    rules: Sequence[str], network: nn.Module, images: Tensor, **chosen: Any
) -> tuple[dict[str, Tensor], list[str]]:
    """What each rule sends down to the pixels, and what whoever looks at it should know of the network's rectifiers."""
    with unheld_rectifiers() as said:
        signals = {rule: RULES[rule][1](network, images, **chosen) for rule in rules}
    return signals, said


@contextmanager
def unheld_rectifiers() -> Iterator[list[str]]:
    """Gives a list that has, once it is left, what was warned of rectifiers that a rule did not hold, each once."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UnheldRectifierWarning)
        yield said
    for warning in caught:
        if not issubclass(warning.category, UnheldRectifierWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        elif str(warning.message) not in said:
            said.append(str(warning.message))


def feature_maps_panel(look: Look, layer: str, unit: Unit | None = None) -> Panel:
    """A layer's maps as a grid, the strongest first, each in the colours of viridis with its own largest answer."""
    maps = look.maps(layer)
    if maps.ndim == 1:
        maps = maps[:, None, None]
    found = strongest_places(maps, unit, MOST_MAPS)
    each = maps.shape[1:]
    drawn = [draw_heat(maps[place[0]]) for place, _ in found]
    across = len(drawn) if len(drawn) < MAPS_ACROSS else MAPS_ACROSS
    times = max(1, round(GRID_WIDTH / (across * each[1])))
    grid = draw_grid([_enlarged(one.pixels, times) for one in drawn], columns=across, gap=4)
    numbers = [place[0] for place, _ in found]
    listed = ", ".join(map(str, numbers[:8])) + (", ..." if len(numbers) > 8 else "")
    total = len(maps)
    which = f"All {total} maps" if len(drawn) == total else f"{len(drawn)} of {total:,} maps, the strongest"
    if len(drawn) == 1:
        which = f"Map {numbers[0]}"
    peak = found[0][1]
    return Panel(
        method="feature-maps",
        title="Feature maps",
        shows=(
            f"{which}, the strongest first ({listed}): where in the picture each answers. The lighter, the more, from 0 or "
            f"below (dark blue) to the map's own largest answer (yellow); the strongest map's is {peak:.3g}."
        ),
        rows=[[Shown(grid, (f"{plural(len(drawn), 'map')} of {each[0]} x {each[1]}",), WIDE if across > 1 else LARGE)]],
        layer=layer,
        facts={"maps": numbers, "largest": [value for _, value in found]},
    )


def through_training_panel(look: Look, layer: str, unit: Unit | None = None) -> Panel:
    """A layer's maps in each epoch that the run kept, a map a row: those that answer most in the end.

    Raises:
        UsageError: The network is of no run, or of one that kept no epochs.
        TrainingError: What was kept cannot be read.
    """
    if look.seen.folder is None:
        raise UsageError(
            f"through-training looks back at a run, and {look.seen.name} is of none; train one with --set keep_epochs=6, "
            "and name its folder"
        )
    epochs = maps_through_training(look.seen.network, look.seen.folder / CHECKPOINTS, look.images, layer=layer)
    by_epoch = {
        epoch: maps[0].float().cpu() if maps.ndim == 4 else maps[0].float().cpu()[:, None, None]
        for epoch, maps in epochs.items()
    }
    last = by_epoch[max(by_epoch)]
    kind = "map" if last.shape[1:] != (1, 1) else "unit"
    numbers = [place[0] for place, _ in strongest_places(last, unit, MAPS_THROUGH_TRAINING)]
    rows, facts = [], []
    for own in numbers:
        each = {epoch: maps[own] for epoch, maps in by_epoch.items()}
        largest = {epoch: float(one.max()) for epoch, one in each.items()}
        high, low = max(*largest.values(), 0.0), min(0.0, *(float(one.min()) for one in each.values()))
        times = max(1, round(SMALL / max(last.shape[1:])))
        name = look.seen.classes[own] if layer == HEAD else f"{kind} {own}"
        rows.append(
            [
                Shown(
                    _enlarged(draw_heat(one, low=low, high=high).pixels, times),
                    (f"epoch {epoch}", f"{name}: {largest[epoch]:.3g}"),
                )
                for epoch, one in each.items()
            ]
        )
        facts.append({"map": own, "largest": list(largest.values())})
    return Panel(
        method="through-training",
        title="Maps through training",
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


def has_switches(network: nn.Module) -> bool:
    """Whether any of a network's modules pools by the maximum."""
    kinds = (nn.MaxPool2d, nn.AdaptiveMaxPool2d, nn.FractionalMaxPool2d)
    return any(isinstance(module, kinds) for module in network.modules())


def _whose(found: Sequence[Any], unit: Unit | None, layer: str) -> str:
    if unit is not None or len(found) == 1:
        return "The unit where the map answers most" if not isinstance(unit, tuple) else "The unit"
    kind = "classes" if layer == HEAD else "maps"
    return f"The {len(found)} {kind} that answer most, each where it answers most"


def _enlarged(pixels: Picture, times: int) -> Picture:
    return np.repeat(np.repeat(pixels, times, axis=0), times, axis=1)
