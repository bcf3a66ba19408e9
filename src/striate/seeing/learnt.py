"""What a network has learnt, whatever the picture: the inputs that its units and classes would most like to see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from striate.errors import UsageError
from striate.report.seeing_contents import LARGE, WIDE, Panel, Picture, Shown
from striate.seeing.seen_network import SeenNetwork
from striate.visualization import HEAD, Unit, filters, maximize
from striate.visualization.montage import draw_grid, draw_heat, draw_signal
from striate.watching import Watcher

STEPS = 48
MOST_FILTERS, FILTERS_ACROSS, FILTERS_WIDTH = 96, 16, 1200
TINY = 1e-12


def maximize_panel(
    seen: SeenNetwork,
    units: Sequence[tuple[str, Unit]],
    watcher: Watcher,
    *,
    seed: int = 0,
    size: int | tuple[int, int] | None = None,
) -> Panel:
    """The pictures that excite units most, by gradient ascent from faint noise.

    Args:
        seen: The network.
        units: Layer and unit each.
        watcher: Hears how it goes.
        seed: Draws the noise and the movements.
        size: Of the pictures, in pixels; None: as the network's own.

    Raises:
        UsageError: The network does not run on pictures of this size.
    """
    rule = seen.preprocessing
    mean, std = rule.statistics
    shown, facts = [], []
    for done, (layer, unit) in enumerate(units):

        def tell(step: int, done: int = done) -> None:
            watcher.task("maximizing", done * STEPS + step, len(units) * STEPS)

        found = maximize(
            seen.network,
            layer=layer,
            unit=unit,
            size=size or rule.size,
            steps=STEPS,
            seed=seed,
            mean=mean,
            std=std,
            progress=tell,
        )[0]
        pixels: Picture = rule.restored(found.numpy()[np.newaxis])[0]
        name = _name(seen, layer, unit)
        shown.append(Shown(pixels, (name,), LARGE))
        facts.append({"layer": layer, "unit": list(unit) if isinstance(unit, tuple) else unit, "name": name})
    return Panel(
        method="maximize",
        title="What units would most like to see",
        shows=(
            f"Pictures made for the network: from faint noise by {STEPS} steps, each of which makes the unit answer more, kept "
            "smooth and within the range of real pixels. They show what raises the answer most, which no real picture need "
            "look like; another seed gives another one."
        ),
        rows=[shown[at : at + 3] for at in range(0, len(shown), 3)],
        layer=units[0][0] if len({layer for layer, _ in units}) == 1 else "",
        facts={"units": facts, "seed": seed, "steps": STEPS},
    )


def filters_panel(seen: SeenNetwork, layer: str | None = None) -> Panel:
    """A layer's kernels: the first layer's in the colours of the picture, deeper ones by the norm over their channels.

    Raises:
        UsageError: The layer has no kernels.
    """
    kernels = seen.in_colours(filters(seen.network, layer))
    signed = bool((kernels < 0).any())
    some = kernels[:MOST_FILTERS]
    drawn = [
        draw_signal(one, scale=max(float(one.abs().max()), TINY)).pixels if signed else draw_heat(one[0]).pixels
        for one in some
    ]
    height, width = drawn[0].shape[:2]
    times = max(1, round(FILTERS_WIDTH / (FILTERS_ACROSS * width)))
    tiles = [np.repeat(np.repeat(one, times, axis=0), times, axis=1) for one in drawn]
    count = f"{len(some)} of {len(kernels):,}" if len(some) < len(kernels) else f"All {len(kernels):,}"
    how = (
        "Each is drawn on its own scale with mid-grey for 0: it answers to what looks like it."
        if signed
        else "Each has many channels; drawn is how much it weighs each place over all of them, from 0 to its largest."
    )
    return Panel(
        method="filters",
        title="First filters" if layer is None else "Filters",
        shows=f"{count} kernels of {height} x {width}. {how}",
        rows=[[Shown(draw_grid(tiles, columns=min(FILTERS_ACROSS, len(tiles)), gap=4), (), WIDE)]],
        layer=layer or "",
        facts={"kernels": len(kernels), "size": [height, width]},
    )


def unit_to_maximize(seen: SeenNetwork, layer: str | None, unit: Unit | None, target: int | None) -> tuple[str, Unit]:
    """Which unit is meant: of a layer, or a class.

    Raises:
        UsageError: Neither is said.
    """
    layer = layer or HEAD
    if unit is None and layer == HEAD:
        unit = target
    if unit is None:
        raise UsageError("maximize needs a unit: give --unit N with --layer, or --target CLASS")
    return layer, unit


def _name(seen: SeenNetwork, layer: str, unit: Unit) -> str:
    number = unit[0] if isinstance(unit, tuple) else unit
    if layer == HEAD:
        return seen.classes[number]
    where = f" at {unit[1]}, {unit[2]}" if isinstance(unit, tuple) and len(unit) == 3 else ""
    return f"map {number}{where} of {layer}"
