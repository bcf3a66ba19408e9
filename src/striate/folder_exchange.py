"""Two folders change places at once, so that whoever opens one by its name finds the old or the new, never none.

Linux has `renameat2` for it, macOS `renamex_np`. Where the system or the file system has neither, two renames do it: for a
moment between them there is nothing at the place. Readers find by `identity_of` whether a folder was exchanged while they read it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from striate.durable_writing import folder_beside

_HERE = -100  # AT_FDCWD of Linux's fcntl.h
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux's fs.h; RENAME_SWAP of macOS's stdio.h
_UNABLE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)
"""What systems and file systems answer that cannot exchange; sandboxes forbid what they do not know."""

Identity = tuple[int, int, int]
"""The device, the number of a file on it, and when it was last changed or created, in nanoseconds."""


def identity_of(file: Path) -> Identity | None:
    """What tells a folder, by a file in it, from any other that had or will have its name; None if there is none.

    Numbers are given anew: of every second folder that takes a place they are the same. A copy's time of change is its own.
    """
    try:
        there = file.stat()
    except OSError:
        return None
    return there.st_dev, there.st_ino, there.st_ctime_ns


def put_in_place(new: Path, place: Path) -> None:
    """A copy of a folder takes a place, at which there is nothing or a folder, which is then removed.

    A reader finds the whole old folder or the whole new one. What is killed leaves nothing at the place but one of the two, and beside it
    at most an unfinished folder, which the next one removes.

    Args:
        new: The folder that is copied; it stays.
        place: Where the copy goes; the folder above must exist.

    Raises:
        OSError: If the disk is full or the place cannot be written; what was there is as it was.
    """
    with folder_beside(place) as own:
        copy = own / place.name
        _copy(new, copy)
        move_in_place(copy, place)


def _copy(folder: Path, place: Path) -> None:
    """Copies a folder; the first file that cannot be copied ends it, where `copytree` goes on and tells of all in one text."""
    failures: list[OSError] = []

    def copied(source: str, target: str) -> str:
        try:
            return shutil.copy2(source, target)
        except OSError as error:
            failures.append(error)
            raise

    try:
        shutil.copytree(folder, place, copy_function=copied)
    except shutil.Error:
        if failures:
            raise failures[0] from None
        raise


def move_in_place(new: Path, place: Path) -> None:
    """A folder takes a place; what was there has the folder's own name then, and is to be removed.

    Args:
        new: The folder, in a folder of one's own beside the place, as `folder_beside` makes it.
        place: Where it goes.

    Raises:
        OSError: If the place cannot be written; what was there is as it was.
    """
    _flush(new)
    if place.is_dir():
        exchange(new, place)
    else:
        new.rename(place)
    _flush_folder(place.parent)


def exchange(one: Path, other: Path) -> None:
    """Two folders on one file system change their names.

    Raises:
        OSError: If they cannot.
    """
    swap = _system_call()
    if swap is not None:
        number = swap(os.fsencode(one), os.fsencode(other))
        if not number:
            return
        if number not in _UNABLE:
            raise OSError(number, os.strerror(number), str(one), None, str(other))
    with folder_beside(other) as own:
        aside = own / other.name
        other.rename(aside)
        try:
            one.rename(other)
        except OSError:
            aside.rename(other)
            raise
        aside.rename(one)


@lru_cache(maxsize=1)
def _system_call() -> Callable[[bytes, bytes], int] | None:
    """What exchanges two names and answers 0, or the number of the error; None where the system has nothing."""
    try:
        library = ctypes.CDLL(None, use_errno=True)
        if sys.platform == "darwin":
            swap, before = library.renamex_np, ()
        elif sys.platform.startswith("linux"):
            swap, before = library.renameat2, (_HERE,)
        else:
            return None
    except (OSError, AttributeError, TypeError):  # Windows; an older glibc; musl before 1.2.6
        return None
    text, whole = ctypes.c_char_p, ctypes.c_int
    swap.argtypes = [whole, text, whole, text, ctypes.c_uint] if before else [text, text, ctypes.c_uint]
    swap.restype = whole

    def call(one: bytes, other: bytes) -> int:
        return ctypes.get_errno() if swap(*before, one, *before, other, _EXCHANGE) else 0

    return call


def _flush(folder: Path) -> None:
    """Waits until all below a folder is on the disk."""
    for place, _, files in os.walk(folder):
        for name in files:
            with Path(place, name).open("rb") as file:
                os.fsync(file.fileno())
        _flush_folder(Path(place))


def _flush_folder(folder: Path) -> None:
    """Waits until a folder's names are on the disk, where the system opens folders."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
