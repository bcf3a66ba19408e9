"""Data in tar shards: any picture is read by itself, at its place in its shard, so that order, splits and resumes are those of a folder."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from striate.data.assembling import assemble
from striate.data.dataset import UNASSIGNED, Dataset
from striate.data.names import Names
from striate.data.shard_files import ShardFiles, shard_files, whole_index
from striate.data.shard_index import ENDING, INDEX, FoundPicture, ShardIndex, offsets_of, read_index, scan_shard
from striate.data.split_names import split_code
from striate.errors import DataError
from striate.pixels import decode, measure
from striate.tasks import USUAL_TASK, Task, named_task

MOST_NAMED = 3
"""Keys that a message names."""


@dataclass(frozen=True, eq=False)
class ShardPictures:
    """Pictures in shards, by the rows of an index."""

    files: ShardFiles
    index: ShardIndex
    rows: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def key(self, index: int) -> str:
        """What the picture was called when it was packed, or its member's name."""
        return self.index.keys[int(self.rows[index])]

    def read(self, index: int) -> bytes | npt.NDArray[np.uint8]:
        """The encoded picture; (H, W) or (H, W, 3) uint8 where it was a row of an array before it was packed.

        Raises:
            OSError: Its shard cannot be read, or is shorter than the index says.
            PictureError: What was an array cannot be decoded.
        """
        row = int(self.rows[index])
        name = self.index.shards[self.index.shard[row]]
        size = int(self.index.size[row])
        found = self.files.part(name, int(self.index.offset[row]), size)
        if len(found) != size:
            raise OSError(f"{name} ends within it")
        if not self.index.arrays[row]:
            return found
        key = self.key(index)
        channels = measure(found, name=key).channels_needed
        pixels = decode(found, channels=channels, name=key)
        return pixels[..., 0] if channels == 1 else pixels

    def path(self, index: int) -> None:
        """None: it is no file of its own."""

    def select(self, indices: npt.NDArray[np.int64]) -> ShardPictures:
        """The pictures at `indices`, in their order."""
        return ShardPictures(self.files, self.index, self.rows[indices])

    def stamps(self) -> npt.NDArray[np.uint64]:
        """(n,) 64 bits of BLAKE2b of each picture's place, and of its shard's size and times; 0 where the shard cannot be asked."""
        states: list[bytes | None] = []
        for name in self.index.shards:
            try:
                size, mark = self.files.state(name)
                states.append(name.encode("utf-8", "surrogatepass") + struct.pack("<q", size) + mark)
            except OSError:
                states.append(None)
        stamps = np.zeros(len(self), dtype=np.uint64)
        for place, row in enumerate(self.rows.tolist()):
            state = states[self.index.shard[row]]
            if state is not None:
                where = struct.pack("<qq", int(self.index.offset[row]), int(self.index.size[row]))
                stamps[place] = int.from_bytes(blake2b(state + where, digest_size=8).digest(), "little")
        return stamps


def holds_shards(folder: Path) -> bool:
    """Whether a folder holds tar shards: an index of them, or `.tar` files and no picture beside them."""
    try:
        names = [path.name for path in folder.iterdir() if path.is_file()]
    except OSError:
        return False
    return INDEX in names or any(name.endswith(ENDING) for name in names)


def load_shards(location: str | Path, task: Task | None = None) -> Dataset:
    """The pictures of a folder of shards: with an index as that says, without one as the shards' own members tell.

    Without an index a label is what a picture's `.cls`, `.txt` or `.json` (`label` or `cls`) says; a shard's name tells its split, as
    `train-000000.tar` does.

    Args:
        location: The folder, or an address that fsspec knows, such as `s3://bucket/shards` (its package must be installed).
        task: What is asked of the pictures; None: what the index says, or what the members suit.

    Raises:
        UsageError: No package for the address is installed.
        DataError: There are no shards, one of them is damaged or was changed since it was packed, or pictures have no label.
    """
    files = shard_files(location)
    content = whole_index(files, INDEX)
    try:
        index = _scanned(files) if content is None else read_index(content, f"{files.location}/{INDEX}")
        _compare_sizes(files, index)
    except OSError as error:
        raise DataError(f"cannot read the shards in {files.location}: {error}") from error
    found = task or (named_task(index.task) if index.task else USUAL_TASK)
    name = index.name or PurePosixPath(files.location.rstrip("/")).name
    return _assembled(files, index, found, name)


def _assembled(files: ShardFiles, index: ShardIndex, task: Task, name: str) -> Dataset:
    told = [index.texts[place] for place in index.told]
    class_names = sorted({one for text in index.texts for one in task.names(text)})
    order = np.array(
        sorted(range(len(index)), key=lambda row: (index.split[row], told[row], index.keys[row])), dtype=np.int64
    )
    splits = index.split[order]
    if len(set(splits.tolist())) > 1 and UNASSIGNED in splits:
        raise DataError(
            f"some shards in {files.location} are of a split and others of none; name all by their split, or none"
        )
    dataset = assemble(
        name=name,
        location=files.location,
        pictures=ShardPictures(files, index, order),
        class_names=class_names,
        labels=task.encode([told[row] for row in order], class_names),
        splits=splits,
        groups=index.group[order] if index.groups else None,
        group_names=index.groups,
        task=task,
    )
    return replace(dataset, notes=(*dataset.notes, *_notes(files, index)))


def _notes(files: ShardFiles, index: ShardIndex) -> list[str]:
    if index.name:
        return []
    return [
        f"the shards have no index: their headers were read; striate pack {files.location} -o FOLDER writes them with one"
    ]


def _compare_sizes(files: ShardFiles, index: ShardIndex) -> None:
    """Refuses shards that are not those of the index."""
    for name, size in zip(index.shards, index.sizes.tolist(), strict=True):
        try:
            found = files.state(name)[0]
        except FileNotFoundError:
            raise DataError(
                f"{files.location} has no {name}, which its index names; copy it there, or pack anew"
            ) from None
        if found != size:
            raise DataError(
                f"{name} in {files.location} has {found:,} bytes, and its index says {size:,}; copy it anew, or pack anew"
            )


def _scanned(files: ShardFiles) -> ShardIndex:
    """An index of what the shards' headers say."""
    names = [name for name in files.names() if name.endswith(ENDING)]
    if not names:
        raise DataError(f"there is no {ENDING} shard in {files.location}")
    found: list[tuple[int, FoundPicture]] = []
    for place, name in enumerate(names):
        with files.open(name) as file:
            found += [(place, picture) for picture in scan_shard(file, name)]
    unlabelled = [picture.key for _, picture in found if picture.label is None]
    if unlabelled:
        named = ", ".join(unlabelled[:MOST_NAMED])
        raise DataError(
            f"{len(unlabelled):,} of {len(found):,} pictures in {files.location} have no label, such as {named}; expected a member "
            "KEY.cls, KEY.txt or KEY.json beside each"
        )
    return made_index(
        names,
        [files.state(name)[0] for name in names],
        [(place, one.offset, one.size, one.key, one.label or "", "") for place, one in found],
        splits=[_split_of(names[place]) for place, _ in found],
        task=_one_task([picture for _, picture in found], files.location),
    )


def _split_of(name: str) -> int:
    """The split that a shard's name tells: `train-000017.tar`, `val_3.tar`."""
    stem = name.removesuffix(ENDING).rstrip("0123456789").rstrip("-_.")
    return split_code(stem) or UNASSIGNED


def _one_task(found: Sequence[FoundPicture], location: str) -> str:
    tasks = sorted({picture.task for picture in found})
    if len(tasks) > 1:
        raise DataError(f"pictures in {location} are told of in several ways ({', '.join(tasks)}); one is expected")
    return tasks[0] if tasks else ""


def made_index(
    shards: Sequence[str],
    sizes: Sequence[int],
    rows: Sequence[tuple[int, int, int, str, str, str]],
    *,
    splits: Sequence[int],
    task: str,
    name: str = "",
    digests: Sequence[bytes] = (),
    arrays: Sequence[bool] = (),
) -> ShardIndex:
    """An index of rows (shard, offset, size, key, told, group); a group is empty where there is none."""
    texts = offsets_of([row[4] for row in rows])
    groups = offsets_of([row[5] for row in rows if row[5]])
    return ShardIndex(
        shards=tuple(shards),
        sizes=np.array(sizes, dtype=np.int64),
        shard=np.array([row[0] for row in rows], dtype=np.int32),
        offset=np.array([row[1] for row in rows], dtype=np.int64),
        size=np.array([row[2] for row in rows], dtype=np.int64),
        split=np.array(splits, dtype=np.uint8),
        group=np.array([groups.get(row[5], -1) for row in rows], dtype=np.int32),
        told=np.array([texts[row[4]] for row in rows], dtype=np.int32),
        digests=np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, 32),
        arrays=np.array(arrays or [False] * len(rows), dtype=np.bool_),
        keys=Names.from_strings(row[3] for row in rows),
        texts=tuple(texts),
        groups=tuple(groups),
        name=name,
        task=task,
    )
