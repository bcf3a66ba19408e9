"""Arrays as files in a cache folder, one row a picture: whole or absent, and within a budget.

A file is a .npy: decoded pictures, or what a network says of them. Who maps it holds a shared lock on it for as long
as the map lives (the map keeps the file open), and who writes one holds a lock on the unfinished file; so what nobody
has locked may be deleted. Where there are no such locks, the system itself refuses to delete a file that is open.
"""

from __future__ import annotations

import mmap
import os
import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from numpy.lib import format as npy

from striate.durable_writing import whole_file

if sys.platform != "win32":
    import fcntl

ENDING = ".array.npy"
PARTIAL_ENDING = ".array.partial"

# A disk is never filled to its last byte: the run that wants the pictures writes checkpoints too.
SPARE_BYTES = 256 << 20


def size_text(size: int) -> str:
    """A number of bytes for people.

    Example:
        >>> size_text(1 << 30), size_text(1_500_000), size_text(12)
        ('1.1 GB', '1.5 MB', '12 bytes')
    """
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"


def open_array(path: Path, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any] | None:
    """The array in a file, mapped read-only and marked as just used; None if there is none of this shape and type."""
    try:
        with path.open("rb") as file:
            with suppress(OSError):  # where a file system has no locks, nothing on it is deleted either
                _lock(file, exclusive=False)
            if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return None  # deleted while we waited for the lock
            # Compared, not parsed: numpy raises all kinds of errors at a damaged header.
            header = _header(shape, dtype)
            if file.read(len(header)) != header:
                return None
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            array = np.frombuffer(mapped, dtype=dtype, offset=len(header)).reshape(shape)
    except (OSError, ValueError):  # ValueError: cut off
        return None
    with suppress(OSError):
        os.utime(path)
    return array


def write_array(path: Path, rows: Iterable[npt.NDArray[Any]], shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
    """Writes a file; it appears under its name when it is whole, and an interrupt leaves nothing behind.

    Args:
        path: The file.
        rows: Arrays of the type, which together are all rows in order.
        shape: Of the whole.
        dtype: Its type.

    Raises:
        OSError: It cannot be written.
    """
    with whole_file(path, ending=PARTIAL_ENDING) as file:
        with suppress(OSError):
            _lock(file, exclusive=True)
        file.write(_header(shape, dtype))
        # Plain writes, not a map: where the disk is full a write fails, a map kills the process.
        for row in rows:
            file.write(np.ascontiguousarray(row).data)


def make_room(path: Path, size: int, budget: int) -> str:
    """Deletes what must go so that a file of this size fits; answers why it does not, or nothing.

    Args:
        path: The file to come; its folder is made if need be.
        size: Its bytes.
        budget: Bytes that all files in the folder may take together.

    Raises:
        OSError: The folder cannot be made or read.
    """
    folder = path.parent
    if size > budget:
        return f"it takes {size_text(size)}, and the cache may take {size_text(budget)}"
    folder.mkdir(parents=True, exist_ok=True)
    for partial in folder.glob("*" + PARTIAL_ENDING):
        delete_if_unused(partial)  # what a killed process left
    files = []
    for file in folder.glob("*" + ENDING):
        with suppress(FileNotFoundError):  # another program makes room too
            files.append((file.stat().st_mtime_ns, file.stat().st_size, file))
    files = sorted(item for item in files if item[2] != path)
    taken = sum(length for _, length, _ in files)
    for _, length, file in files:
        if taken + size <= budget:
            break
        if delete_if_unused(file):
            taken -= length
    if taken + size > budget:
        return f"other runs use {size_text(taken)} of the {size_text(budget)} that the cache may take"
    free = shutil.disk_usage(folder).free
    if free < size + SPARE_BYTES:
        return f"it takes {size_text(size)}, and the disk of {folder} has only {size_text(free)} free"
    return ""


def _header(shape: tuple[int, ...], dtype: npt.DTypeLike) -> bytes:
    """What a .npy begins with."""
    buffer = BytesIO()
    npy.write_array_header_1_0(buffer, {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def delete_if_unused(path: Path) -> bool:
    """Deletes a file that no program has locked; answers whether it is gone."""
    try:
        with path.open("rb") as file:
            _lock(file, exclusive=True, wait=False)
            if sys.platform != "win32":  # while it is locked
                path.unlink()
        path.unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _lock(file: IO[bytes], *, exclusive: bool, wait: bool = True) -> None:
    """Locks a file until it and its maps are closed; on Windows a file that is open is as good as locked.

    Raises:
        OSError: Somebody else holds it and we do not wait, or the file system has no locks.
    """
    if sys.platform != "win32":
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
