"""`striate.cache_contents` and `striate.clear_cache`: what is kept in the user's cache folder, and freeing it."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.data.store_files import delete_if_unused, size_text
from striate.errors import UnknownNameError
from striate.text_layout import table, wrapped
from striate.user_cache import KINDS, CachedFile, cache_root, cached_files, kind_folder

ABANDONED = 3600.0
"""Seconds without a byte until an unfinished file is taken for one that a program left behind when it was killed."""


@dataclass(frozen=True)
class CachedKind:
    """What is kept of one kind."""

    name: str
    what: str
    folder: Path
    files: int
    size: int
    """Bytes."""
    first: float | None
    """When the least recently used file was used, in seconds since 1970; None where there is none."""
    last: float | None
    """When the most recently used one was."""
    bound: str
    """What keeps it from growing for ever."""


@dataclass(frozen=True)
class CacheContents:
    """What Striate keeps in the user's cache folder."""

    folder: Path
    kinds: tuple[CachedKind, ...]

    @property
    def size(self) -> int:
        """Bytes of all kinds."""
        return sum(kind.size for kind in self.kinds)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON types."""
        return {
            "folder": str(self.folder),
            "bytes": self.size,
            "kinds": [
                {
                    "kind": kind.name,
                    "what": kind.what,
                    "folder": str(kind.folder),
                    "files": kind.files,
                    "bytes": kind.size,
                    "first_used": kind.first,
                    "last_used": kind.last,
                    "bound": kind.bound,
                }
                for kind in self.kinds
            ],
        }

    def to_text(self, width: int | None = None) -> str:
        """A row a kind, and where it all is; no line is broken within a word.

        Args:
            width: Columns of the screen; None: as many as it takes.
        """
        heads, rows = self._table()
        lines = table(heads, rows, left=("what", "bound"), width=width)
        return "\n".join([*lines, "", *wrapped(f"{size_text(self.size)} in {self.folder}", width)])

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block(f"{size_text(self.size)} in {self.folder}", notebook.table(*self._table()))

    def _table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        now = time.time()
        rows: list[tuple[str, ...]] = [
            (
                kind.name,
                kind.what,
                f"{kind.files:,}",
                size_text(kind.size) if kind.files else "",
                _age(now, kind.first),
                _age(now, kind.last),
                kind.bound,
            )
            for kind in self.kinds
        ]
        return ("kind", "what", "files", "size", "oldest", "newest", "bound"), rows


@dataclass(frozen=True)
class ClearedCache:
    """What was removed from the cache, and what was left."""

    folder: Path
    removed: tuple[tuple[str, int, int], ...]
    """Of each kind: its name, files, bytes."""
    in_use: tuple[Path, ...]
    """Files that a running program has open or is writing."""
    failed: tuple[Path, ...]
    """Files that could not be removed."""

    @property
    def size(self) -> int:
        """Bytes that were freed."""
        return sum(size for *_, size in self.removed)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON types."""
        return {
            "folder": str(self.folder),
            "freed_bytes": self.size,
            "removed": [{"kind": kind, "files": files, "bytes": size} for kind, files, size in self.removed],
            "in_use": [str(path) for path in self.in_use],
            "failed": [str(path) for path in self.failed],
        }

    def to_text(self, width: int | None = None) -> str:
        """What was freed, a line a kind, and what was left and why; no line is broken within a word.

        Args:
            width: Columns of the screen; None: as many as it takes.
        """
        lines = [f"{name}  {_files(files)}, {size_text(size)}" for name, files, size in self.removed if files]
        lines.append(f"{size_text(self.size)} freed in {self.folder}")
        lines += [f"in use, and left: {path}" for path in self.in_use]
        lines += [f"could not be removed: {path}" for path in self.failed]
        return "\n".join(wrapped("\n".join(lines), width))

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block(f"{size_text(self.size)} freed", notebook.plain(self.to_text()))


def cache_contents(kind: str | None = None) -> CacheContents:
    """What is kept in the user's cache folder, by kind; only files that Striate makes count, and links are not followed.

    Args:
        kind: One of `striate.user_cache.KINDS`; None: all.

    Raises:
        UnknownNameError: There is no such kind; the message offers the closest.

    Example:
        >>> [kind.name for kind in cache_contents("frozen").kinds]
        ['frozen']
    """
    return CacheContents(cache_root(), tuple(_kept(name) for name in _chosen(kind)))


def clear_cache(kind: str | None = None) -> ClearedCache:
    """Removes what Striate keeps in the user's cache folder: nothing that it did not make, nothing behind a link.

    What a running program has open stays, as does what one may still be writing.

    Args:
        kind: One of `striate.user_cache.KINDS`; None: all.

    Raises:
        UnknownNameError: There is no such kind; the message offers the closest.
    """
    removed: list[tuple[str, int, int]] = []
    in_use: list[Path] = []
    failed: list[Path] = []
    now = time.time()
    for name in _chosen(kind):
        gone = []
        for file in cached_files(name):
            if file.partial and now - file.used < ABANDONED:
                in_use.append(file.path)
            elif delete_if_unused(file.path):
                gone.append(file)
                _remove_empty_folders(file, kind_folder(name))
            else:
                (in_use if os.access(file.path, os.R_OK) and os.access(file.path.parent, os.W_OK) else failed).append(
                    file.path
                )
        removed.append((name, len(gone), sum(file.size for file in gone)))
    return ClearedCache(cache_root(), tuple(removed), tuple(in_use), tuple(failed))


def _chosen(kind: str | None) -> list[str]:
    if kind is not None and kind not in KINDS:
        raise UnknownNameError("kind of cache", kind, KINDS)
    return list(KINDS) if kind is None else [kind]


def _kept(name: str) -> CachedKind:
    files = list(cached_files(name))
    times = [file.used for file in files]
    kind = KINDS[name]
    return CachedKind(
        name=name,
        what=kind.what,
        folder=kind_folder(name),
        files=len(files),
        size=sum(file.size for file in files),
        first=min(times, default=None),
        last=max(times, default=None),
        bound=kind.bound,
    )


def _remove_empty_folders(file: CachedFile, upto: Path) -> None:
    """The folders between the file and that of its kind, as far as nothing is left in them."""
    with contextlib.suppress(OSError):
        for folder in file.path.parents:
            if folder == upto:
                return
            folder.rmdir()


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def _age(now: float, moment: float | None) -> str:
    """How long ago, in the largest unit that is full.

    Example:
        >>> _age(1000.0, None), _age(1000.0, 995.0), _age(10000.0, 100.0), _age(1e6, 0.0)
        ('', '5 s', '2 h', '11 d')
    """
    if moment is None:
        return ""
    seconds = max(0.0, now - moment)
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds // unit:.0f} {name}"
    return f"{seconds:.0f} s"
