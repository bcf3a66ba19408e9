"""The rows of an index, a picture a row, and the file that keeps them: arrays that hold nothing but numbers."""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from striate.durable_writing import whole_file
from striate.errors import DataError, StriateError, UsageError
from striate.printable_text import printable

VERSION = 1

LONGEST_HEAD = 1 << 16
"""Bytes of what an index says of itself."""

LONGEST_NAME = 4096
"""Characters of a path in a folder."""

MOST_SAID = 200
"""Characters of what is wrong with a file."""


@dataclass(frozen=True)
class MadeBy:
    """What an index's features were computed by: features of another network, or in another number format, are not compared."""

    network: str
    """What to call it."""
    digest: str
    """SHA-256 of the weights, the architecture and the preprocessing."""
    precision: str
    """The engine's number format."""


@dataclass(eq=False)
class IndexedFiles:
    """A row a picture, in code point order of their names."""

    names: Sequence[str]
    """Relative to the folder, with slashes."""
    states: npt.NDArray[np.int64]
    """(n, 3): size, time of the last change, time of the state's last change; the times in nanoseconds since 1970."""
    digests: npt.NDArray[np.uint8]
    """(n, 32): SHA-256 of each file."""
    features: npt.NDArray[np.float32]
    """(n, d): of length 1; a vector of zeros stays one."""

    @classmethod
    def empty(cls) -> IndexedFiles:
        """No picture; how wide features are is not known yet."""
        return cls((), np.zeros((0, 3), np.int64), np.zeros((0, 32), np.uint8), np.zeros((0, 0), np.float32))

    def __len__(self) -> int:
        return len(self.names)


def file_state(path: Path) -> tuple[int, int, int] | None:
    """Size, time of change and time of the state's change of an ordinary file; None of anything else.

    The time of a file's last change can be set, and programs that unpack do; that of its state cannot.
    """
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns) if path.is_file() else None


def write_index(path: Path, rows: IndexedFiles, made_by: MadeBy) -> None:
    """Writes an index, whole or not at all, and waits until it is on the disk: what was there before stays until then.

    Raises:
        StriateError: The file cannot be written, as where the disk is full.
    """
    head = {"version": VERSION, "network": made_by.network, "digest": made_by.digest, "precision": made_by.precision}
    arrays: dict[str, Any] = {
        "head": _as_bytes(json.dumps(head)),
        "names": _as_bytes(json.dumps(list(rows.names))),  # ASCII: also bytes of names that are no UTF-8
        "states": rows.states,
        "digests": rows.digests,
        "features": rows.features,
    }
    try:
        with whole_file(path) as file:
            np.savez(file, **arrays)
    except OSError as error:
        raise StriateError(f"cannot write the index {path}: {error.strerror or error}") from error


def read_index(path: Path) -> tuple[IndexedFiles, MadeBy]:
    """Reads what `write_index` wrote; no more is held than the file has bytes.

    Raises:
        UsageError: There is no such file.
        DataError: It is no index, or it is damaged.
    """
    if not path.is_file():
        raise UsageError(f"there is no index at {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            head = json.loads(_array(archive, "head", np.uint8, (None,), most=LONGEST_HEAD).tobytes())
            names = json.loads(_array(archive, "names", np.uint8, (None,)).tobytes())
            rows = IndexedFiles(
                names,
                _array(archive, "states", np.int64, (len(names), 3)),
                _array(archive, "digests", np.uint8, (len(names), 32)),
                _array(archive, "features", np.float32, (len(names), None)),
            )
        _check(rows)
        if head.pop("version") != VERSION:
            raise ValueError("it was written by another version")
        made_by = MadeBy(**{name: str(value) for name, value in head.items()})
    except Exception as error:  # a damaged archive fails in many ways
        reason = printable(" ".join(str(error).split())[:MOST_SAID]) or type(error).__name__
        raise DataError(
            f"{path} is no index of pictures, or it is damaged ({reason}); delete it, and it is made anew"
        ) from error
    return rows, made_by


def _as_bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode("ascii"), np.uint8)


def _array(
    archive: zipfile.ZipFile, name: str, dtype: Any, shape: tuple[int | None, ...], *, most: int | None = None
) -> npt.NDArray[Any]:
    """One of the arrays, whose header must promise just what the archive holds."""
    entry = archive.getinfo(f"{name}.npy")
    if entry.compress_type != zipfile.ZIP_STORED or (most is not None and entry.file_size > most):
        raise ValueError(f"{name} is not as it is written")
    with archive.open(entry) as file:
        found, in_columns, kind = _header(file)
        fits = len(found) == len(shape) and all(a in (None, b) for a, b in zip(shape, found, strict=True))
        size = math.prod(found) * kind.itemsize
        if kind != np.dtype(dtype) or in_columns or not fits or size != entry.file_size - file.tell():
            raise ValueError(f"{name} is not as it is written")
        return np.frombuffer(file.read(size), dtype).reshape(found)


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"its arrays have the version {version}")
    return np.lib.format.read_array_header_1_0(file)


def _check(rows: IndexedFiles) -> None:
    """Raises ValueError of what `write_index` never writes, such as a name that leads out of the folder."""
    if not isinstance(rows.names, list) or not all(isinstance(name, str) for name in rows.names):
        raise ValueError("its names are no texts")
    if any(later <= name for name, later in zip(rows.names, rows.names[1:], strict=False)):
        raise ValueError("its names are not in order")
    for name in rows.names:
        path = PurePosixPath(name)
        if not name or path.is_absolute() or ".." in path.parts or len(name) > LONGEST_NAME or os.sep + os.sep in name:
            raise ValueError("a name in it leads out of the folder")
    squares = np.einsum("ij,ij->i", rows.features, rows.features)
    if not (np.abs(squares - (squares > 0.5)) < 1e-3).all():  # of length 1 or 0; also refuses what is no number
        raise ValueError("its features are not of length 1")
