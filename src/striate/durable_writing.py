"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from striate.errors import UsageError


def check_writable(path: str | Path, *, endings: Collection[str] = ()) -> None:
    """Finds before any work is done what would keep a file from being written.

    Args:
        path: Where it is to be written.
        endings: What its name may end in, such as `.png`, in lower case; any where none is given.

    Raises:
        UsageError: If the ending is another, the folder does not exist or cannot be written, or the file is a folder.

    Example:
        >>> check_writable("field.gif", endings=[".png", ".svg"])
        Traceback (most recent call last):
        striate.errors.UsageError: cannot write field.gif: expected a name that ends in .png, .svg, got '.gif'
    """
    path = Path(path)
    if endings and path.suffix.lower() not in endings:
        ending = repr(path.suffix) if path.suffix else "no ending"
        raise UsageError(
            f"cannot write {path}: expected a name that ends in {', '.join(sorted(endings))}, got {ending}"
        )
    if not path.parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no folder {path.parent}")
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a folder")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"cannot write {path}: there is no permission to write in {path.parent}")


def write_durably(path: Path, content: bytes) -> None:
    """Writes a file under a temporary name beside its place, flushes it to the disk, and renames it into place.

    What was at `path` before stays as it was until the new file is whole, even if the power goes.

    Args:
        path: The file; its folder must exist.
        content: All of it.

    Raises:
        OSError: If the disk is full or the folder cannot be written; nothing is left behind.
    """
    _write(path, content, durably=True)


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file that a reader finds whole at any time, old or new, but that may be lost when the power goes.

    For what is written again and again: it costs no wait for the disk.

    Args:
        path: The file; its folder must exist.
        content: All of it.

    Raises:
        OSError: If the disk is full or the folder cannot be written; nothing is left behind.
    """
    _write(path, content, durably=False)


def _write(path: Path, content: bytes, *, durably: bool) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            if durably:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is not None:
            error.filename = str(path)  # the name that was asked for, not that of the moment
        raise
