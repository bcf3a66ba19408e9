"""One walk over folders for everything that looks for pictures, so that every command finds the same ones."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from striate.errors import DataError
from striate.pixels.formats import PICTURE_EXTENSIONS

# What operating systems and network drives leave behind, in lower case.
SYSTEM_FOLDERS = frozenset({"__macosx", "$recycle.bin", "system volume information", "@eadir", "lost+found"})
SYSTEM_FILES = frozenset({"desktop.ini", "thumbs.db", "ehthumbs.db"})


@dataclass
class PictureWalk:
    """A walk through a tree of folders, and what it passed over, by kind.

    Links are followed, but no folder is read twice; hidden and system files and folders are passed over. A file counts
    as a picture by its extension, in any case, also where its format cannot be read here: who opens it says so.

    Attributes:
        root: The folder that the walk begins in; what it finds is named relative to it.
        broken_too: Whether links that lead nowhere, pipes and folders that may not be read are found as well if they
            are called like a picture (folders: in any case), for who names each thing that cannot be read.
        ignored: How many things were passed over, by kind.
    """

    root: Path
    broken_too: bool = False
    ignored: Counter[str] = field(default_factory=Counter)

    def listing(self, folder: str | Path) -> tuple[list[str], list[str]]:
        """The names of the folders and files in `folder` that may matter, in code point order; counts the others.

        Raises:
            DataError: The folder cannot be read.
        """
        folders, files = [], []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    kind = _kind(entry)
                    if kind == "folder":
                        folders.append(entry.name)
                    elif kind == "file" or (self.broken_too and kind in _BROKEN and is_picture_name(entry.name)):
                        files.append(entry.name)
                    else:
                        self.ignored[kind] += 1
        except OSError as error:
            raise DataError(f"cannot read the folder {str(folder)!r}: {error.strerror or error}") from error
        return sorted(folders), sorted(files)

    def pictures_below(self, folder: str = "") -> Iterator[str]:
        """The pictures in a folder and in all folders below it, relative to the root, in code point order, one by one.

        Args:
            folder: Relative to the root, with slashes; empty for the root itself.

        Raises:
            DataError: A folder cannot be read.
        """
        # A link may lead back to where the walk has been, or up to the root and beyond: round in a ring.
        root = Path(os.path.abspath(self.root))  # noqa: PTH100 - a link's own place counts
        visited = {_identity(place) for place in (root, *root.parents, (root / folder).parent)}
        if not folder:
            visited.discard(_identity(self.root))
        waiting = [
            f"{folder}/" if folder else ""
        ]  # folders end in a slash: so they sort among files as what is in them
        while waiting:
            here = waiting.pop()
            if here and not here.endswith("/"):
                yield here
                continue
            try:
                found = self._unvisited(here, visited)
            except DataError:
                if not self.broken_too or not here:
                    raise
                yield here.removesuffix("/")
                continue
            waiting += (here + name for name in reversed(found))

    def _unvisited(self, here: str, visited: set[tuple[int, int]]) -> list[str]:
        """What is in a folder, sorted; nothing if the walk has been there."""
        identity = _identity(self.root / here)
        if identity in visited:
            self.ignored["links to folders read already"] += 1
            return []
        visited.add(identity)
        folders, files = self.listing(self.root / here)
        pictures = [name for name in files if is_picture_name(name)]
        if len(pictures) < len(files):
            self.ignored["files that are not pictures"] += len(files) - len(pictures)
        return sorted([*pictures, *(f"{name}/" for name in folders)])


def is_picture_name(name: str) -> bool:
    """Whether a file is a picture by its extension, in any case.

    Example:
        >>> is_picture_name("IMG_0001.JPG"), is_picture_name("IMG_0002.HEIC"), is_picture_name("notes.txt")
        (True, True, False)
    """
    return name[name.rfind(".") :].lower() in PICTURE_EXTENSIONS


_BROKEN = ("broken links", "pipes and devices")


def _kind(entry: os.DirEntry[str]) -> str:
    name = entry.name
    try:
        is_folder, is_file = entry.is_dir(), entry.is_file()
    except OSError:  # a link to itself, or into a folder that may not be entered
        is_folder = is_file = False
    if name.startswith("."):
        return "hidden folders" if is_folder else "hidden files"
    if is_folder:
        return "system folders" if name.lower() in SYSTEM_FOLDERS else "folder"
    if is_file:
        return "system files" if name.lower() in SYSTEM_FILES else "file"
    return "broken links" if entry.is_symlink() else "pipes and devices"


def _identity(folder: Path) -> tuple[int, int]:
    """What tells a folder from all others, by whatever path it is reached."""
    try:
        status = folder.stat()
    except OSError as error:
        raise DataError(f"cannot read the folder {str(folder)!r}: {error.strerror or error}") from error
    return status.st_dev, status.st_ino
