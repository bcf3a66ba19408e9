"""Where each picture of a set of tar shards lies: written when the shards are, or found by reading their headers.

Shards are plain tar files in the webdataset convention: the members of a picture lie one after the other and share a key, which ends at the
first dot of their name: `000017.jpg`, `000017.cls`. The index, `index.npz` beside them, has where each picture's bytes begin, so that any
picture can be read by itself, in any order, again and again.

Source: webdataset, "The WebDataset Format" (https://webdataset.github.io/webdataset/): keys, extensions, order within a shard.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from striate.data.names import Names
from striate.errors import DataError
from striate.pixels.walking import is_picture_name
from striate.tasks import OF_SEVERAL_LABELS, OF_STRINGS, USUAL_TASK

INDEX = "index.npz"
FORMAT = "striate shards 1"
ENDING = ".tar"

LARGEST_LABEL = 1 << 16
"""Bytes of a member that says what is on a picture."""


@dataclass(frozen=True, eq=False)
class ShardIndex:
    """Rows of n pictures, a column an attribute."""

    shards: tuple[str, ...]
    """The files, relative to the folder."""
    sizes: npt.NDArray[np.int64]
    """(shards,) bytes of each."""
    shard: npt.NDArray[np.int32]
    """(n,) which of them a picture is in."""
    offset: npt.NDArray[np.int64]
    """(n,) where its bytes begin."""
    size: npt.NDArray[np.int64]
    """(n,) how many they are."""
    split: npt.NDArray[np.uint8]
    """(n,) split codes."""
    group: npt.NDArray[np.int32]
    """(n,) places in `groups`, -1 for none."""
    told: npt.NDArray[np.int32]
    """(n,) places in `texts`."""
    digests: npt.NDArray[np.uint8]
    """(n, 32) what the pictures are known by, as `picture_digest` has it; (0, 32) where that is not known."""
    arrays: npt.NDArray[np.bool_]
    """(n,) whether a picture was a row of an array, and is given as one: then it is the same picture as before it was packed."""
    keys: Names
    """What the pictures are called."""
    texts: tuple[str, ...]
    """What is told of pictures, each once, as a table would tell it."""
    groups: tuple[str, ...] = ()
    name: str = ""
    task: str = ""
    """What is asked; empty: not known."""

    def __len__(self) -> int:
        return len(self.shard)


_COLUMNS = {
    "sizes": np.int64,
    "shard": np.int32,
    "offset": np.int64,
    "size": np.int64,
    "split": np.uint8,
    "group": np.int32,
    "told": np.int32,
    "digests": np.uint8,
    "arrays": np.bool_,
}


def index_bytes(index: ShardIndex) -> bytes:
    """The index as a file: an archive of numpy's, without pickles."""
    words = {
        "format": FORMAT,
        "name": index.name,
        "task": index.task,
        "shards": list(index.shards),
        "texts": list(index.texts),
        "groups": list(index.groups),
    }
    stored = io.BytesIO()
    np.savez(
        stored,
        words=np.frombuffer(json.dumps(words).encode(), dtype=np.uint8),  # in ASCII: names that are no UTF-8 survive
        keys=index.keys.buffer,
        key_offsets=index.keys.offsets,
        **{name: getattr(index, name) for name in _COLUMNS},
    )
    return stored.getvalue()


def read_index(content: bytes, where: str) -> ShardIndex:
    """The index of a file's bytes.

    Args:
        content: Of the file.
        where: What errors call it.

    Raises:
        DataError: It is none, is damaged, or says what cannot be.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            columns: dict[str, Any] = {name: np.asarray(arrays[name], kind) for name, kind in _COLUMNS.items()}
            words = json.loads(arrays["words"].tobytes())
            keys = Names(np.asarray(arrays["keys"], np.uint8), np.asarray(arrays["key_offsets"], np.int64))
        if words["format"] != FORMAT:
            raise ValueError(f"its format is {words['format']!r:.60}, and {FORMAT!r} is known")
        lists: dict[str, Any] = {name: tuple(map(str, words[name])) for name in ("shards", "texts", "groups")}
        index = ShardIndex(**columns, **lists, keys=keys, name=str(words["name"]), task=str(words["task"]))
        _check(index)
    except Exception as error:  # a damaged archive fails in many ways
        raise DataError(f"{where} is no index of shards, or damaged: {error}; pack the data anew") from error
    return index


def _check(index: ShardIndex) -> None:
    """Raises ValueError where rows say what cannot be: nothing of an index is believed."""
    count = len(index)
    for name in ("offset", "size", "split", "group", "told", "arrays"):
        if getattr(index, name).shape != (count,):
            raise ValueError(f"{name} has not one value a picture")
    offsets = index.keys.offsets
    if (
        len(index.keys) != count
        or offsets[0] != 0
        or (np.diff(offsets) < 0).any()
        or offsets[-1] != len(index.keys.buffer)
    ):
        raise ValueError("keys has not one name a picture")
    if index.digests.shape not in ((count, 32), (0, 32)):
        raise ValueError("digests has not 32 bytes a picture")
    if index.sizes.shape != (len(index.shards),) or any(not _is_inside(name) for name in index.shards):
        raise ValueError("a shard lies outside the folder")
    within = {"shard": len(index.shards), "told": len(index.texts), "split": 4}
    if any(((getattr(index, name) < 0) | (getattr(index, name) >= most)).any() for name, most in within.items()):
        raise ValueError("a row names what is not there")
    if ((index.group < -1) | (index.group >= len(index.groups))).any():
        raise ValueError("a row names a group that is not there")
    ends = index.offset + index.size
    if (index.offset < 0).any() or (index.size < 0).any() or (ends > index.sizes[index.shard]).any():
        raise ValueError("a picture lies behind the end of its shard")


def _is_inside(name: str) -> bool:
    return name not in ("", ".", "..") and not any(sign in name for sign in "/\\\0")


@dataclass(frozen=True)
class FoundPicture:
    """A picture in a shard, and what its neighbours say of it."""

    key: str
    """With its ending."""
    offset: int
    size: int
    label: str | None
    """Of `.cls`, `.txt` or `.json`; None where nothing tells it."""
    task: str


def scan_shard(file: BinaryIO, where: str) -> Iterator[FoundPicture]:
    """The pictures of a shard that has no index, found by its headers; of its contents only what labels are is read.

    Args:
        file: Open for reading, at its beginning; it must be able to seek.
        where: What errors call it.

    Raises:
        DataError: It is no tar file, or is cut off, or two pictures share a key.
    """
    try:
        with tarfile.open(fileobj=file, mode="r:") as archive:
            gathered = _Gathered(where)
            for member in archive:
                if not member.isreg():
                    continue
                key, _, kind = _split_name(member.name)
                if key != gathered.key:
                    yield from gathered.found()
                    gathered = _Gathered(where, key)
                gathered.take(archive, member, kind)
            yield from gathered.found()
    except tarfile.TarError as error:
        raise DataError(
            f"{where} cannot be read as a tar file: {error}; a compressed one must be unpacked, as its pictures are read one by one"
        ) from error


def _split_name(name: str) -> tuple[str, str, str]:
    """Key, dot and the rest: the key ends at the first dot of the last part."""
    folder, slash, last = name.rpartition("/")
    stem, dot, kind = last.partition(".")
    return f"{folder}{slash}{stem}", dot, kind.lower()


class _Gathered:
    """The members of one key."""

    def __init__(self, where: str, key: str = "") -> None:
        self.key = key
        self._where = where
        self._picture: tuple[str, int, int] | None = None
        self._label: str | None = None
        self._task = ""

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo, kind: str) -> None:
        if is_picture_name(f".{kind}"):
            if self._picture is not None:
                raise DataError(f"{self._where} has two pictures of the key {self.key!r}; a key is of one")
            self._picture = (member.name, member.offset_data, member.size)
        elif kind in _TELLERS and member.size <= LARGEST_LABEL and not (self._label is not None and kind == "cls"):
            stored = archive.extractfile(member)
            told = _told(kind, stored.read().decode("utf-8", "replace")) if stored is not None else None
            if told is not None:
                self._task, self._label = told

    def found(self) -> Iterator[FoundPicture]:
        if self._picture is not None:
            yield FoundPicture(*self._picture, label=self._label, task=self._task)


_TELLERS = ("cls", "txt", "json")
"""Endings of members that say what is on a picture; what `.json` says goes before the number in `.cls`."""


def _told(kind: str, text: str) -> tuple[str, str] | None:
    """What a member says is asked of its picture, and what is on it; None where it says nothing of that."""
    if kind == "txt":
        return OF_STRINGS.name, text.rstrip("\r\n")
    if kind == "cls":
        return USUAL_TASK.name, text.strip()
    try:
        table = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(table, dict):
        return None
    several = table.get("labels")
    if isinstance(several, list) and all(isinstance(one, str) for one in several):
        return OF_SEVERAL_LABELS.name, "|".join(several)
    one = next((table[name] for name in ("label", "cls", "class") if name in table), None)
    return (USUAL_TASK.name, str(one)) if isinstance(one, str | int) and not isinstance(one, bool) else None


def offsets_of(names: Sequence[str]) -> dict[str, int]:
    """The places of distinct names, sorted."""
    return {name: place for place, name in enumerate(sorted(set(names)))}
