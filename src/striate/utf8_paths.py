"""Paths for libraries that take only text: a file's name may be of any bytes, and Rust's and C++'s often take UTF-8 alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from striate.durable_writing import scratch_folder
from striate.printable_text import is_text


@contextlib.contextmanager
def utf8_path(path: Path) -> Iterator[Path]:
    """A path in UTF-8 that leads to a file within the block: its own, or a link to it.

    What was opened by it stays open afterwards.

    Args:
        path: The file; it need not exist.
    """
    if is_text(str(path)):
        yield path
        return
    with scratch_folder("path") as folder:
        link = folder / f"file{path.suffix if is_text(path.suffix) else ''}"
        link.symlink_to(path.absolute())
        yield link
