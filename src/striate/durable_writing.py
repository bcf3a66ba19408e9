"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


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
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
