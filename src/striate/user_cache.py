"""The user's cache folder: what is kept in it between runs, and how much of it.

Everything in it can be made or fetched anew. Each kind has a folder of its own, and here is said by which names what Striate
puts there is known: whatever else lies there is somebody else's.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True)
class Kind:
    """One kind of what is kept."""

    name: str
    """Of its folder in the cache."""
    what: str
    names: str
    """What Striate calls its files there, as paths below the folder with `/`: a regular expression, compiled when it is needed."""
    bound: str
    """What keeps it from growing for ever."""


PARTIAL = ".partial"
"""How the names of unfinished files end, in every kind."""

_ARRAY = r"[0-9a-f]{64}\.array\.npy"
_MNIST = r"(?:(?:Fashion)?MNIST/raw/(?:train|t10k)-(?:images-idx3|labels-idx1)-ubyte(?:\.gz)?)"
_CIFAR = r"(?:cifar-10-python\.tar\.gz|cifar-10-batches-py/(?:data_batch_[1-5]|test_batch|batches\.meta|readme\.html))"

KINDS = {
    kind.name: kind
    for kind in (
        Kind("pixels", "pictures, resized and cropped", _ARRAY, "the least recently used make room"),
        Kind("frozen", "what frozen layers answer", _ARRAY, "up to 8 GB; the least recently used make room"),
        Kind("checks", "what was found in each picture", r"[0-9a-f]{32}\.npz", "the 200 data sets used last"),
        Kind(
            "compiled",
            "engines, compiled for this processor",
            r"[0-9a-f]{24}-[\w.]+-\w+/[\w.-]+\.(?:blob|cl_cache)",
            "the 20 used last, up to 4 GB",
        ),
        Kind("weights", "downloaded weights", r"[\w.-]+-[0-9a-f]{8}\.pth", "none: they are fetched when asked for"),
        Kind("datasets", "downloaded data sets", f"{_MNIST}|{_CIFAR}", "none: they are fetched when asked for"),
        Kind("catalogue", "totals of the catalogue", r"[0-9a-f]{64}\.json", "those of the last 5 versions"),
        Kind("features", "features of pictures, for search", r"[0-9a-f]{64}\.npz", "the 20 folders indexed last"),
        Kind("rates", "how fast this machine trains", r"[0-9a-f]{64}\.json", "the 20 measured last"),
    )
}  # fmt: skip
"""In the order in which they are shown."""


def cache_root() -> Path:
    """Striate's folder in the user's cache; it need not be there."""
    return platformdirs.user_cache_path("striate")


def kind_folder(kind: str) -> Path:
    """The folder of a kind; it need not be there.

    Example:
        >>> kind_folder("frozen").name
        'frozen'
    """
    return cache_root() / KINDS[kind].name


@dataclass(frozen=True)
class CachedFile:
    """A file in the cache that Striate made."""

    path: Path
    size: int
    """Bytes."""
    used: float
    """When it was last written or, of kinds of which the least recently used is forgotten, used: seconds since 1970."""
    partial: bool
    """Whether it is unfinished."""


def cached_files(kind: str) -> Iterator[CachedFile]:
    """The files of a kind that Striate made, in the order of their paths; links are neither followed nor answered."""
    folder = kind_folder(kind)
    if not _is_folder(folder):
        return
    for place, folders, files in os.walk(folder):  # which goes into no link
        folders.sort()
        for name in sorted(files):
            path = Path(place, name)
            partial = name.endswith(PARTIAL)
            if not partial and not re.fullmatch(KINDS[kind].names, path.relative_to(folder).as_posix()):
                continue
            try:
                status = path.lstat()
            except OSError:
                continue  # another program makes room too
            if stat.S_ISREG(status.st_mode):
                yield CachedFile(path, status.st_size, status.st_mtime, partial)


def forget_oldest(kind: str, *, most: int) -> None:
    """Removes all files of a kind but the so many that were used last; what cannot be removed stays."""
    files = sorted((file for file in cached_files(kind) if not file.partial), key=lambda file: -file.used)
    for file in files[most:]:
        try:
            file.path.unlink()
        except OSError:
            return


def _is_folder(path: Path) -> bool:
    """Whether it is a folder itself, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False
