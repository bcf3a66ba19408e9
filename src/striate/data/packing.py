"""Data written as tar shards, with an index of where each picture lies."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.data.dataset import SPLITS, UNASSIGNED, Dataset, Problem
from striate.data.pictures import picture_digest
from striate.data.shard_index import ENDING, INDEX, index_bytes
from striate.data.shards import made_index
from striate.durable_writing import whole_file, write_durably
from striate.errors import PictureError
from striate.pixels import measure
from striate.watching import Watcher

HEADER = 512
"""Bytes of a member's header: names are short, so that one block is enough."""

ENDINGS = {"JPEG": "jpg", "TIFF": "tif"}
"""Of members, by Pillow's name of the format; the others are called as they are, in small letters."""


@dataclass
class PackedShards:
    """What was written."""

    shards: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    rows: list[tuple[int, int, int, str, str, str]] = field(default_factory=list)
    splits: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    arrays: list[bool] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    """Pictures that could not be read, and are in no shard."""


def pack_shards(dataset: Dataset, folder: Path, *, shard_bytes: int, seed: int, watcher: Watcher) -> PackedShards:
    """Writes the pictures of a data set into a folder, in a drawn order within each split: many readers shuffle shards, and little within.

    Pictures are copied byte for byte; those that are rows of arrays become PNG files, and are given as arrays again. The same data and seed
    give the same bytes.

    Args:
        dataset: Its pictures need not be checked.
        folder: Is there, and empty.
        shard_bytes: A shard is ended before it would be larger, unless it holds one picture alone.
        seed: Draws the order.
        watcher: Hears how far it is.

    Raises:
        OSError: The folder cannot be written.
    """
    packed = PackedShards()
    generator = np.random.default_rng(seed)
    done = 0
    for code in range(len(SPLITS) + 1):
        rows = generator.permutation(np.flatnonzero(dataset.splits == code))
        prefix = "data" if code == UNASSIGNED else SPLITS[code - 1]
        members = _members(dataset, rows, packed)
        member = next(members, None)
        while member is not None:
            name = f"{prefix}-{sum(one.startswith(prefix) for one in packed.shards):06d}{ENDING}"
            packed.shards.append(name)
            with (
                whole_file(folder / name) as file,
                tarfile.TarFile(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive,
            ):
                while member is not None and (archive.offset == 0 or archive.offset + member.room <= shard_bytes):
                    packed.rows.append(member.add_to(archive, len(packed.shards) - 1))
                    packed.splits.append(code)
                    packed.digests.append(member.digest)
                    packed.arrays.append(member.is_array)
                    done += 1
                    watcher.task("packing", done, len(dataset))
                    member = next(members, None)
            packed.sizes.append((folder / name).stat().st_size)
    watcher.task("packing", len(dataset), len(dataset))
    index = made_index(
        packed.shards,
        packed.sizes,
        packed.rows,
        splits=packed.splits,
        task=dataset.task.name,
        name=dataset.name,
        digests=packed.digests,
        arrays=packed.arrays,
    )
    write_durably(folder / INDEX, index_bytes(index))
    return packed


@dataclass(frozen=True)
class _Member:
    """A picture, and the members that tell of it."""

    stem: str
    ending: str
    picture: bytes
    tellers: tuple[tuple[str, bytes], ...]
    key: str
    told: str
    group: str
    digest: bytes
    is_array: bool

    @property
    def room(self) -> int:
        """Bytes in a shard, and of its end."""
        parts = [self.picture, *(content for _, content in self.tellers)]
        return sum(HEADER + -(-len(part) // HEADER) * HEADER for part in parts) + tarfile.RECORDSIZE

    def add_to(self, archive: tarfile.TarFile, shard: int) -> tuple[int, int, int, str, str, str]:
        """Writes the members; answers the picture's row."""
        offset = archive.offset + HEADER
        _add(archive, f"{self.stem}.{self.ending}", self.picture)
        for ending, content in self.tellers:
            _add(archive, f"{self.stem}.{ending}", content)
        return shard, offset, len(self.picture), self.key, self.told, self.group


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o644
    archive.addfile(member, io.BytesIO(content))


def _members(dataset: Dataset, rows: npt.NDArray[np.int64], packed: PackedShards) -> Iterator[_Member]:
    """What is written of each picture; those that cannot be read are problems."""
    for row in rows.tolist():
        key = dataset.pictures.key(row)
        try:
            given = dataset.pictures.read(row)
            picture = _encoded(given)
            known = measure(picture, name=key).format
        except PictureError as error:
            packed.problems.append(Problem(key, error.reason))
            continue
        except OSError as error:
            packed.problems.append(Problem(key, f"the file cannot be read ({error.strerror or error})"))
            continue
        told = dataset.task.tell(dataset.labels[row], dataset.classes)
        place = -1 if dataset.groups is None else int(dataset.groups[row])
        group = dataset.group_names[place] if place >= 0 else ""
        yield _Member(
            f"{len(packed.rows):09d}",
            ENDINGS.get(known, known.lower()),
            picture,
            tuple(_tellers(dataset, row, told, key, group)),
            key,
            told,
            group,
            picture_digest(given),
            not isinstance(given, bytes),
        )


def _tellers(dataset: Dataset, row: int, told: str, key: str, group: str) -> Iterator[tuple[str, bytes]]:
    """The members that say what is on a picture, for readers of any kind."""
    more = {"key": key} | ({"group": group} if group else {})
    if dataset.task.sequential:
        yield "txt", told.encode("utf-8", "surrogatepass")
        yield "json", json.dumps(more).encode()
    elif dataset.task.several:
        yield "json", json.dumps({"labels": list(dataset.task.names(told)), **more}).encode()
    else:
        yield "cls", str(int(dataset.labels[row])).encode()
        yield "json", json.dumps({"label": told, **more}).encode()


def _encoded(picture: bytes | npt.NDArray[np.uint8]) -> bytes:
    if isinstance(picture, bytes):
        return picture
    stored: BinaryIO = io.BytesIO()
    Image.fromarray(picture).save(stored, "PNG")
    return stored.getvalue()  # type: ignore[attr-defined, no-any-return]
