"""Many pictures as a network's input: a data set, or all that lie in a folder and below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from striate.data import BUILT_IN_NAMES, Dataset, load_data
from striate.data.idx import is_idx_folder
from striate.errors import DataError, PictureError
from striate.pixels import PictureSource, PictureWalk
from striate.pixels.walking import is_picture_name
from striate.report.seeing_contents import Picture
from striate.seeing.seen_network import SeenNetwork
from striate.watching import Watcher

BATCH, KEPT = 32, 128
"""So many pictures are prepared together, and so many kept."""


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
        """All of them once, in batches; which could be read is noted in `rows`.

        Raises:
            DataError: None of them can be read.
        """
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
        if not self.rows:
            what = "the only picture" if total == 1 else f"none of the {total:,} pictures"
            read = "cannot be read:" if total == 1 else "can be read, such as"
            raise DataError(f"{what} in {self.name} {read} {self.problems[0]}")

    def images(self, places: Sequence[int]) -> Tensor:
        """(N, C, H, W): the pictures at these places among those that could be read."""
        return self._images([self._pixels(self.rows[place]) for place in places])

    @cached_property
    def _pixels(self) -> Callable[[int], Picture]:
        """The picture of a row, (H, W, C) uint8; the last are kept, since each is asked for several times in a row."""
        return lru_cache(KEPT)(lambda row: self.seen.preprocessing.pixels(self.read(row)))

    def _images(self, pictures: Sequence[Picture]) -> Tensor:
        return torch.from_numpy(self.seen.preprocessing.normalise(np.stack(pictures)))


def check_many(data: str | Path | Dataset) -> None:
    """Refuses a single picture in the place of many.

    Raises:
        DataError: It is one.
    """
    if not isinstance(data, Dataset) and is_picture_name(str(data)) and Path(data).is_file():
        raise DataError(f"{data} is a single picture; give a folder of many, to find those that a map answers to most")


def many_pictures(seen: SeenNetwork, data: str | Path | Dataset) -> ManyPictures:
    """The pictures of a data set, or all that lie in a folder and below it, in whatever order of folders.

    Raises:
        DataError: There are none, or they cannot be used.
    """
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
