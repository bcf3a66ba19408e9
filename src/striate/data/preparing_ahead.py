"""Pictures prepared in the go in which they are checked, so that none is decoded twice."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from striate.data.dataset import Dataset
from striate.data.store import DISK_BUDGET, store_name
from striate.data.store_files import ENDING, make_room, open_array, write_array
from striate.pixels import Preprocessing
from striate.user_cache import kind_folder

Row = npt.NDArray[np.uint8] | None
"""(H, W, C) uint8 of a prepared picture; None of one that cannot be prepared."""


@dataclass
class PreparingAhead:
    """A store's file while it is made of pictures of which it is not known yet which of them are sound.

    Where the guess was wrong, and training wants another size, the file lies in the cache until others need its room.

    Args:
        rule: How the pictures will probably be prepared.
        folder: Where the file is kept; None for `pixels` in the user's cache folder.
        budget: Bytes that all files there may take together.
    """

    rule: Preprocessing
    folder: Path | None = None
    budget: int = DISK_BUDGET

    def __post_init__(self) -> None:
        self._path: Path | None = None
        self._missing: set[int] = set()

    def write(self, rows: Iterable[Row], count: int) -> None:
        """Takes all rows, and keeps them in a file where the disk has room.

        Args:
            rows: Of every picture in order, as they come.
            count: How many.
        """
        rows = iter(rows)
        folder = kind_folder("pixels") if self.folder is None else self.folder
        path, shape = folder / (secrets.token_hex(32) + ENDING), (count, *self.rule.shape)
        try:
            if not make_room(path, count * int(np.prod(self.rule.shape)), self.budget):
                write_array(path, self._whole(rows), shape, np.uint8)
                self._path = path
        except OSError:
            pass  # the check goes on, and pictures are prepared when they are wanted
        for _ in rows:
            pass

    def name(self, dataset: Dataset, kept: npt.NDArray[np.int64], count: int) -> None:
        """Gives the file the name by which `open_store` finds it, without the rows of pictures that were set aside.

        Args:
            dataset: The pictures that are left, checked.
            kept: Which of all they are.
            count: How many there were.
        """
        path, self._path = self._path, None
        if path is None:
            return
        final, shape = path.with_name(store_name(dataset, self.rule) + ENDING), self.rule.shape
        try:
            if self._missing.isdisjoint(kept.tolist()):
                if len(kept) == count:
                    path.replace(final)
                    return
                if (pixels := open_array(path, (count, *shape), np.uint8)) is not None:
                    write_array(final, (pixels[row] for row in kept), (len(kept), *shape), np.uint8)
                    del pixels
            path.unlink(missing_ok=True)
        except OSError:
            pass  # they are prepared anew; what is left here makes room when others need it

    def _whole(self, rows: Iterator[Row]) -> Iterator[npt.NDArray[np.uint8]]:
        """Every row, with zeros for those that are missing, which are noted."""
        blank = np.zeros(self.rule.shape, np.uint8)
        for place, row in enumerate(rows):
            if row is None:
                self._missing.add(place)
            yield blank if row is None else row
