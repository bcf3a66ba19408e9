"""`striate.pack`: data as tar shards, of which every command can read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.data import Dataset, Problem, load_data
from striate.data.packing import pack_shards
from striate.durable_writing import folder_beside
from striate.encodings import DEFAULT_KIND
from striate.errors import UsageError
from striate.printable_text import printable
from striate.tasks import Task
from striate.text_layout import facts, wrapped
from striate.watching import Watcher
from striate.wording import plural

SHARD_MEGABYTES = 256
SHOWN = 10
"""Problems that are named."""


@dataclass(frozen=True)
class PackedData:
    """Shards that were written."""

    folder: Path
    data: str
    pictures: int
    shards: tuple[str, ...]
    bytes: int
    splits: dict[str, int]
    """Pictures by split; `unassigned` where there is none."""
    problems: tuple[Problem, ...]
    """Pictures that could not be read, and were left out."""

    @property
    def exit_code(self) -> int:
        """3 where pictures were left out."""
        return 3 if self.problems else 0

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON types."""
        return {
            "folder": str(self.folder),
            "data": self.data,
            "pictures": self.pictures,
            "shards": list(self.shards),
            "bytes": self.bytes,
            "splits": dict(self.splits),
            "problems": [{"path": problem.key, "reason": problem.reason} for problem in self.problems],
        }

    def to_text(self, *, width: int | None = None) -> str:
        """What was written, and what was left out."""
        lines = facts(self._facts(), width=width)
        for problem in self.problems[:SHOWN]:
            lines += wrapped(f"left out: {printable(problem.key)}: {problem.reason}", width)
        if len(self.problems) > SHOWN:
            lines += [f"{len(self.problems) - SHOWN:,} more were left out"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block(f"Shards of {self.data}", notebook.facts(self._facts()))

    def _facts(self) -> list[tuple[str, str]]:
        by_split = ", ".join(f"{count:,} {split}" for split, count in self.splits.items())
        return [
            ("pictures", f"{self.pictures:,}: {by_split}"),
            ("shards", f"{plural(len(self.shards), 'file')}, {self.bytes / 1e6:,.1f} MB"),
            ("folder", printable(str(self.folder))),
        ]


def pack(
    data: str | Path | Dataset,
    output: str | os.PathLike[str],
    *,
    shard_megabytes: float = SHARD_MEGABYTES,
    seed: int = 0,
    root: str | Path | None = None,
    task: Task | str | None = None,
    watcher: Watcher | None = None,
) -> PackedData:
    """Writes pictures as tar shards in the webdataset convention, with an index by which any picture is read by itself.

    Splits, groups and labels are kept. The order within a split is drawn; the same data and seed give the same bytes.

    Args:
        data: As for `striate.train`; of pictures.
        output: The folder, which must not exist.
        shard_megabytes: Most of a shard, in millions of bytes.
        seed: Draws the order.
        root: Where the local copy of a built-in set is.
        task: What is asked of the pictures, as `striate.data.load_data` takes it.
        watcher: Hears how far it is.

    Raises:
        UsageError: There is no such data, the folder exists, or no pictures are given.
        DataError: The data cannot be used, or none of its pictures can be read.
        OSError: The folder cannot be written; nothing is left behind.

    Example:
        >>> pack("digits", "digits-shards").pictures  # doctest: +SKIP
        1797
    """
    place = Path(output)
    if not shard_megabytes > 0:
        raise UsageError(f"a shard must have more than 0 megabytes, got {shard_megabytes}")
    _check_output(place)
    dataset = data if isinstance(data, Dataset) else load_data(data, root=root, task=task)
    if dataset.kind != DEFAULT_KIND:
        raise UsageError(f"shards are of pictures, and {dataset.location} has {dataset.plural}")
    with folder_beside(place) as own:
        new = own / "new"
        new.mkdir()
        packed = pack_shards(
            dataset, new, shard_bytes=int(shard_megabytes * 1e6), seed=seed, watcher=watcher or Watcher()
        )
        _check_output(place)  # somebody else may have made it meanwhile
        new.rename(place)
    names = ("unassigned", "train", "val", "test")
    counts = {name: packed.splits.count(code) for code, name in enumerate(names) if code in packed.splits}
    return PackedData(
        place, dataset.name, len(packed.rows), tuple(packed.shards), sum(packed.sizes), counts, tuple(packed.problems)
    )


def _check_output(place: Path) -> None:
    if os.path.lexists(place):
        raise UsageError(f"{place} exists already; nothing was changed; name another folder")
    if not place.parent.is_dir():
        raise UsageError(f"cannot write {place}: there is no folder {place.parent}")
