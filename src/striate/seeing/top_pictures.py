"""Which of many pictures a layer's maps answer to most: the paper's Figure 2, for any network and any pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from striate.report.seeing_contents import LARGE, Panel, Picture, Shown
from striate.seeing.kernels import first_filters_panels
from striate.seeing.many_pictures import ManyPictures
from striate.seeing.methods import METHODS, Method
from striate.seeing.projections import NO_SWITCHES, has_switches, unheld_rectifiers
from striate.seeing.question import Question
from striate.visualization import HEAD, MapPatches, TopPatches, hierarchy, top_patches
from striate.visualization.hierarchy import map_patches
from striate.visualization.layers import low_middle_high
from striate.visualization.montage import draw_grid, draw_signal
from striate.wording import plural

TOP, MAPS, MAPS_OF_LEVEL = 9, 9, 3
"""So many pictures of a map are shown, so many maps of a layer that is asked for, and so many of each level of a hierarchy."""
ACROSS = 3
TILE = 96
"""Pixels; each part of a picture is drawn this large."""


def top_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """The nine pictures that activate each of some maps most, cut to what the unit sees, beside their projections.

    Raises:
        DataError: None of the pictures can be read.
    """
    pictures, network, watcher = question.pictures, question.seen.network, question.watcher
    patches = top_patches(network, pictures.batches(watcher), layer=question.layer or HEAD, count=TOP)
    wanted = patches.strongest(MAPS) if question.unit is None else [_map_of(question.unit)]
    shown: list[MapPatches] = []
    with unheld_rectifiers() as unheld:
        for done, number in enumerate(wanted):
            watcher.task("projections", done, len(wanted))
            shown += map_patches(patches, network, pictures.images, [number])
    watcher.task("projections", len(wanted), len(wanted))
    return (_panel(method, pictures, patches, shown, unheld),)


def hierarchy_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """The first filters, and the same for a low, a middle and a high layer, found in one pass over the pictures.

    Raises:
        DataError: None of the pictures can be read.
    """
    pictures, network, watcher = question.pictures, question.seen.network, question.watcher

    def tell(what: str, done: int, total: int | None) -> None:
        if total is not None:  # how many pictures have been read is told where they are read
            watcher.task("projections", done, total)

    with unheld_rectifiers() as unheld:
        levels = hierarchy(
            network,
            pictures.batches(watcher),
            pictures.images,
            layers=low_middle_high(network, torch.zeros(1, *question.seen.input_shape)),
            maps=MAPS_OF_LEVEL,
            count=TOP,
            progress=tell,
        )
    panels = list(first_filters_panels(METHODS["filters"], question))
    said: set[str] = set()
    for level in levels:
        of_all = unheld if level is levels[-1] else []  # whose signal passes every layer that those of the others pass
        panel = _panel(METHODS["top"], pictures, level.patches, level.maps, of_all)
        panels.append(dataclasses.replace(panel, warnings=[text for text in panel.warnings if text not in said]))
        said |= set(panel.warnings)
    return tuple(panels)


def _map_of(unit: int | tuple[int, ...]) -> int:
    return unit if isinstance(unit, int) else unit[0]


def _panel(
    method: Method,
    pictures: ManyPictures,
    patches: TopPatches,
    shown: Sequence[MapPatches],
    unheld: Sequence[str],
) -> Panel:
    network = pictures.seen.network
    rules = [METHODS["deconvnet"]] if has_switches(network) else [METHODS["deconvnet"], METHODS["guided"]]
    with unheld_rectifiers() as said:
        rows = [_map_cells(pictures, patches, found, rules) for found in shown]
    return Panel(
        method=method.name,
        title=method.title,
        shows=(
            f"Of {plural(patches.pictures, 'picture')} of {pictures.name}, for each of {plural(len(shown), 'map')} "
            f"those with its largest answer, the largest first, cut to what the unit sees; beside them what of each reaches "
            "the unit. What the nine have in common is what the map looks for."
        ),
        rows=rows,
        columns=["in the pictures", *(rule.title for rule in rules)],
        layer=patches.layer,
        warnings=[
            *([NO_SWITCHES] if len(rules) > 1 else []),
            *dict.fromkeys([*unheld, *said]),
            *_warnings(pictures, patches, shown),
        ],
        facts={"pictures": patches.pictures, "maps": [_facts(pictures, patches, found.map) for found in shown]},
    )


def _warnings(pictures: ManyPictures, patches: TopPatches, shown: Sequence[MapPatches]) -> list[str]:
    """What is to be known of maps whose answers do not tell pictures apart, and of pictures that could not be read."""
    warnings = []
    same = [str(found.map) for found in shown if patches.at_ceiling(found.map)]
    if same:
        which = f"{'maps' if len(same) > 1 else 'map'} {', '.join(same)} of {patches.layer}"
        warnings.append(
            f"{which}: the answer is the same to all that are shown, perhaps the largest or the smallest that there can be; "
            "other pictures may reach it too, and these were the first"
        )
    if pictures.problems:
        skipped = plural(len(pictures.problems), "picture")
        warnings.append(f"{skipped} could not be read and took no part, such as {pictures.problems[0]}")
    return warnings


def _map_cells(pictures: ManyPictures, patches: TopPatches, found: MapPatches, rules: Sequence[Method]) -> list[Shown]:
    """A map's pictures, cut to what it sees, and the projections of these by each rule."""
    seen = pictures.seen
    name = seen.classes[found.map] if patches.layer == HEAD else f"map {found.map}"
    most, least = found.activations[0], found.activations[-1]
    crops = [seen.preprocessing.restored(crop.numpy()[np.newaxis])[0] for crop in found.crops]
    cells = [Shown(_grid(crops), (f"{name}: {most:.3g} to {least:.3g}",), LARGE)]
    for rule in rules:
        signals: Sequence[Tensor] = found.projections
        if rule.checked_as != "deconvnet":
            signals = patches.project(seen.network, pictures.images, found.map, method=rule.checked_as)
        drawn = [draw_signal(seen.in_colours(signal)).pixels for signal in signals]
        cells.append(Shown(_grid(drawn), (f"{rule.title}, each on its own scale",), LARGE))
    return cells


def _facts(pictures: ManyPictures, patches: TopPatches, number: int) -> dict[str, object]:
    rows = [pictures.rows[place] for place in patches.positions[number].tolist()]
    return {
        "map": number,
        "pictures": [pictures.keys[row] for row in rows],
        "activations": patches.activations[number].tolist(),
        "boxes": patches.boxes[number].tolist(),
    }


def _grid(pictures: Sequence[Picture]) -> Picture:
    return draw_grid([_fitted(picture) for picture in pictures], columns=ACROSS, gap=4)


def _fitted(picture: Picture) -> Picture:
    """The picture scaled into a square tile; small ones keep each pixel as a square."""
    height, width = picture.shape[:2]
    scale = TILE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    kind = Image.Resampling.NEAREST if max(height, width) <= TILE // 2 else Image.Resampling.LANCZOS
    image = Image.fromarray(picture.squeeze(2) if picture.shape[2] == 1 else picture).resize(size, kind)
    tile = np.full((TILE, TILE, picture.shape[2]), 255, np.uint8)
    top, left = (TILE - size[1]) // 2, (TILE - size[0]) // 2
    tile[top : top + size[1], left : left + size[0]] = np.asarray(image).reshape(size[1], size[0], -1)
    return tile
