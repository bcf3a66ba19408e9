"""Which of many pictures a layer's maps answer to most: the paper's Figure 2, for any network and any pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from striate.data import BUILT_IN_NAMES, Dataset, load_data
from striate.data.idx import is_idx_folder
from striate.errors import DataError, PictureError
from striate.pixels import PictureSource, PictureWalk
from striate.pixels.walking import is_picture_name
from striate.report.seeing_contents import LARGE, Panel, Picture, Shown
from striate.seeing.layers import NO_SWITCHES, RULES, has_switches, unheld_rectifiers
from striate.seeing.seen_network import SeenNetwork
from striate.visualization import HEAD, TopPatches, Unit, top_patches_of_layers
from striate.visualization.montage import draw_grid, draw_signal
from striate.watching import Watcher
from striate.wording import plural

TOP, TOP_MAPS, HIERARCHY_MAPS = 9, 9, 3
BATCH = 32
TILE = 96
"""Pixels; each part of a picture is drawn this large."""


@dataclass(frozen=True)
class ManyPictures:
    """Many pictures, as a network's input; those that cannot be read are passed over."""

    seen: SeenNetwork
    name: str
    keys: Sequence[str]
    """What each is called."""
    read: Callable[[int], PictureSource]
    rows: list[int] = field(default_factory=list)
    """Filled while they are first read: which of them could be."""
    problems: list[str] = field(default_factory=list)
    """Filled while they are first read: each of the others, with the reason."""

    def batches(self, watcher: Watcher) -> Iterator[Tensor]:
        """All of them once, in batches; which could be read is noted in `rows`."""
        self.rows.clear()
        self.problems.clear()
        batch: list[Picture] = []
        total = len(self.keys)
        for row in range(total):
            try:
                batch.append(self.seen.preprocessing.pixels(self.read(row), name=self.keys[row]))
            except PictureError as error:
                self.problems.append(str(error))
                continue
            self.rows.append(row)
            if len(batch) == BATCH:
                yield self._images(batch)
                batch = []
                watcher.task("pictures", row + 1, total)
        if batch:
            yield self._images(batch)
        watcher.task("pictures", total, total)

    def pixels(self, places: Sequence[int]) -> list[Picture]:
        """The pictures at these places among those that could be read, as uint8."""
        return [self.seen.preprocessing.pixels(self.read(self.rows[place])) for place in places]

    def _images(self, pictures: Sequence[Picture]) -> Tensor:
        return torch.from_numpy(self.seen.preprocessing.normalise(np.stack(pictures)))


def many_pictures(seen: SeenNetwork, data: str | Path | Dataset) -> ManyPictures:
    """The pictures of a data set, or all that lie in a folder and below it, in whatever order of folders.

    Raises:
        DataError: There are none, or they cannot be used.
    """
    if not isinstance(data, Dataset) and is_picture_name(str(data)) and Path(data).is_file():
        raise DataError(f"{data} is a single picture; give a folder of many, to find those that a map answers to most")
    if isinstance(data, Dataset) or data in BUILT_IN_NAMES or not Path(data).is_dir() or is_idx_folder(Path(data)):
        dataset = data if isinstance(data, Dataset) else load_data(data)
        keys = [dataset.pictures.key(row) for row in range(len(dataset))]
        many = ManyPictures(seen, dataset.name, keys, dataset.pictures.read)
    else:
        folder = Path(data)
        keys = list(PictureWalk(folder).pictures_below())
        many = ManyPictures(seen, folder.resolve().name, keys, lambda row: folder / keys[row])
    if not many.keys:
        raise DataError(f"there are no pictures to look at in {many.name}")
    return many


def top_panel(
    pictures: ManyPictures, layer: str, unit: Unit | None, watcher: Watcher, *, maps: int = TOP_MAPS
) -> Panel:
    """The nine pictures that activate each of some maps most, cut to what the unit sees, beside their projections.

    Args:
        pictures: Which.
        layer: Whose maps.
        unit: One map; None: those with the largest activations.
        watcher: Hears how it goes.
        maps: How many maps.

    Raises:
        DataError: None of the pictures can be read.
    """
    return _panel(pictures, _searched(pictures, [layer], watcher)[layer], unit, watcher, maps)


def hierarchy_panels(
    pictures: ManyPictures, layers: Sequence[str], watcher: Watcher, *, maps: int = HIERARCHY_MAPS
) -> tuple[Panel, ...]:
    """The same for several layers, from low to high, found in one pass over the pictures.

    Raises:
        DataError: None of the pictures can be read.
    """
    found = _searched(pictures, layers, watcher)
    panels: list[Panel] = []
    for layer in layers:
        panel = _panel(pictures, found[layer], None, watcher, maps)
        said = {warning for earlier in panels for warning in earlier.warnings}
        panels.append(dataclasses.replace(panel, warnings=[one for one in panel.warnings if one not in said]))
    return tuple(panels)


def _searched(pictures: ManyPictures, layers: Sequence[str], watcher: Watcher) -> dict[str, TopPatches]:
    batches = pictures.batches(watcher)
    first = next(batches, None)
    if first is None:
        count = len(pictures.keys)
        what = "the only picture" if count == 1 else f"none of the {count:,} pictures"
        read = "cannot be read:" if count == 1 else "can be read, such as"
        raise DataError(f"{what} in {pictures.name} {read} {pictures.problems[0]}")
    return top_patches_of_layers(pictures.seen.network, _after(first, batches), layers=layers, count=TOP)


def _panel(pictures: ManyPictures, patches: TopPatches, unit: Unit | None, watcher: Watcher, maps: int) -> Panel:
    seen = pictures.seen
    wanted = patches.strongest(maps) if unit is None else [unit if isinstance(unit, int) else unit[0]]
    rules = ["deconvnet"] if has_switches(seen.network) else ["deconvnet", "guided"]
    cells = []
    with unheld_rectifiers() as said:
        for done, number in enumerate(wanted):
            watcher.task("projections", done, len(wanted))
            cells.append(_map_cells(pictures, patches, number, rules))
    watcher.task("projections", len(wanted), len(wanted))
    warnings = [*([NO_SWITCHES] if len(rules) > 1 else []), *said]
    same = [number for number in wanted if patches.at_ceiling(number)]
    if same:
        which = f"{'maps' if len(same) > 1 else 'map'} {', '.join(map(str, same))} of {patches.layer}"
        warnings.append(
            f"{which}: the answer is the same to all that are shown, perhaps the largest or the smallest that there can be; "
            "other pictures may reach it too, and these were the first"
        )
    if pictures.problems:
        skipped = plural(len(pictures.problems), "picture")
        warnings.append(f"{skipped} could not be read and took no part, such as {pictures.problems[0]}")
    facts = {
        "pictures": patches.pictures,
        "maps": [_facts(pictures, patches, number) for number in wanted],
    }
    return Panel(
        method="top",
        title="Strongest pictures of each map",
        shows=(
            f"Of {plural(patches.pictures, 'picture')} of {pictures.name}, for each of {plural(len(wanted), 'map')} "
            f"those with its largest answer, the largest first, cut to what the unit sees; beside them what of each reaches "
            "the unit. What the nine have in common is what the map looks for."
        ),
        rows=cells,
        columns=["in the pictures", *(RULES[rule][0] for rule in rules)],
        layer=patches.layer,
        warnings=warnings,
        facts=facts,
    )


def _map_cells(pictures: ManyPictures, patches: TopPatches, number: int, rules: Sequence[str]) -> list[Shown]:
    places = patches.positions[number].tolist()
    units = patches.units(number)
    boxes = patches.boxes[number].tolist()
    shown = pictures.pixels(places)
    images = torch.from_numpy(pictures.seen.preprocessing.normalise(np.stack(shown)))
    name = pictures.seen.classes[number] if patches.layer == HEAD else f"map {number}"
    values = patches.activations[number].tolist()
    crops = [one[top:bottom, left:right] for one, (top, left, bottom, right) in zip(shown, boxes, strict=True)]
    cells = [Shown(_grid(crops), (f"{name}: {values[0]:.3g} to {values[-1]:.3g}",), LARGE)]
    for rule in rules:
        signal = RULES[rule][1](pictures.seen.network, images, layer=patches.layer, unit=units)
        drawn = [
            draw_signal(pictures.seen.in_colours(one[:, top:bottom, left:right])).pixels
            for one, (top, left, bottom, right) in zip(signal, boxes, strict=True)
        ]
        cells.append(Shown(_grid(drawn), (f"{RULES[rule][0]}, each on its own scale",), LARGE))
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
    return draw_grid([_fitted(one) for one in pictures], columns=3, gap=4)


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


def _after(first: Tensor, rest: Iterator[Tensor]) -> Iterator[Tensor]:
    yield first
    yield from rest
