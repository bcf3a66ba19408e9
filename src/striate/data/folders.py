"""A folder of class folders, with or without split folders above them."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from striate.data.dataset import TRAIN, UNASSIGNED, Dataset, FilePictures, assemble, listed
from striate.data.names import Names
from striate.data.split_folders import arrange
from striate.errors import DataError
from striate.pixels import PICTURE_EXTENSIONS

# What operating systems and network drives leave behind, in lower case.
SYSTEM_FOLDERS = frozenset({"__macosx", "$recycle.bin", "system volume information", "@eadir", "lost+found"})
SYSTEM_FILES = frozenset({"desktop.ini", "thumbs.db", "ehthumbs.db"})


@dataclass
class _Walk:
    """One walk through a tree, and what it passed over, by kind."""

    root: Path
    ignored: Counter[str] = field(default_factory=Counter)

    def listing(self, folder: str | Path) -> tuple[list[str], list[str]]:
        """The names of the folders and files in `folder` that may matter, in code point order; counts the others."""
        folders, files = [], []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    kind = _kind(entry)
                    if kind == "folder":
                        folders.append(entry.name)
                    elif kind == "file":
                        files.append(entry.name)
                    else:
                        self.ignored[kind] += 1
        except OSError as error:
            raise DataError(f"cannot read the folder {str(folder)!r}: {error.strerror or error}") from error
        return sorted(folders), sorted(files)

    def pictures_below(self, folder: str) -> list[str]:
        """The pictures in `folder` (a path relative to the root) and in all folders below it, in code point order."""
        found: list[str] = []
        # A link may lead back to where the walk has been in this class, or up to the root and beyond: round in a ring.
        visited = {_identity(above) for above in (self.root, *self.root.parents, (self.root / folder).parent)}
        waiting = [folder]
        while waiting:
            here = waiting.pop()
            identity = _identity(self.root / here)
            if identity in visited:
                self.ignored["links to folders read already"] += 1
                continue
            visited.add(identity)
            folders, files = self.listing(self.root / here)
            pictures = [f"{here}/{name}" for name in files if is_picture_name(name)]
            found += pictures
            self._count("files that are not pictures", len(files) - len(pictures))
            waiting += [f"{here}/{name}" for name in reversed(folders)]
        return sorted(found)

    def _count(self, kind: str, number: int) -> None:
        if number:
            self.ignored[kind] += number

    def count_beside(self, files: list[str]) -> None:
        """Counts files that lie where only folders are expected."""
        self._count("files beside the class folders", len(files))


def is_picture_name(name: str) -> bool:
    """Whether a file is a picture by its extension, in any case.

    Example:
        >>> is_picture_name("IMG_0001.JPG"), is_picture_name("notes.txt")
        (True, False)
    """
    return name[name.rfind(".") :].lower() in PICTURE_EXTENSIONS


def _identity(folder: Path) -> tuple[int, int]:
    """What tells a folder from all others, by whatever path it is reached."""
    try:
        status = folder.stat()
    except OSError as error:
        raise DataError(f"cannot read the folder {str(folder)!r}: {error.strerror or error}") from error
    return status.st_dev, status.st_ino


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


def load_folders(root: Path) -> Dataset:
    """The pictures of a class-per-folder tree; names only, nothing is opened.

    Args:
        root: Holds a folder a class, or split folders that do: see `split_folders.arrange`.

    Raises:
        DataError: There is no class folder, no picture, one class only, a class folder without pictures (in `train`, or
            where there are no splits), a class that `train` lacks, or it cannot be told whether the folders are classes
            or splits.
    """
    walk = _Walk(root)
    folders, files = walk.listing(root)
    walk.count_beside(files)
    arranged = arrange(_Tree(root), folders)
    if not arranged.class_folders:
        raise DataError(_no_class_folder(root, files))
    for place in arranged.files_beside_in:
        walk.count_beside(walk.listing(root / place)[1])
    walk.ignored.update(arranged.passed_over)
    return replace(_assembled(walk, arranged.class_folders, folders), notes=arranged.notes)


class _Tree:
    """A look into the folders of a tree before it is walked; what is passed over is counted by the walk, not here."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self._walk = _Walk(root)
        self._seen: dict[str, tuple[list[str], int]] = {}

    def subfolders(self, folder: str) -> list[str]:
        return self._look(folder)[0]

    def pictures_in(self, folder: str) -> int:
        return self._look(folder)[1]

    def pictures_below(self, folder: str) -> int:
        return len(self._walk.pictures_below(folder))

    def _look(self, folder: str) -> tuple[list[str], int]:
        if folder not in self._seen:
            folders, files = self._walk.listing(self._walk.root / folder)
            self._seen[folder] = folders, sum(map(is_picture_name, files))
        return self._seen[folder]


def _no_class_folder(root: Path, files: list[str]) -> str:
    pictures = sum(is_picture_name(name) for name in files)
    tables = [name for name in files if name.lower().endswith(".csv")]
    found = f"{pictures} picture{'s' * (pictures > 1)} but no class folder" if pictures else "no class folder"
    remedy = "put the pictures of each class into a folder that has the class's name"
    if tables:
        remedy += f", or name the table if it lists them ({str(root / tables[0])!r})"
    return f"{str(root)!r} holds {found}; {remedy}"


def _assembled(walk: _Walk, class_folders: list[tuple[int, str, str]], folders: list[str]) -> Dataset:
    places: dict[str, int] = {}  # class name -> label
    names, labels, splits, empty = [], [], [], []
    for code, folder, name in class_folders:
        keys = walk.pictures_below(folder)
        if not keys:
            empty.append((code, folder))
        # Some systems store é as one character and some as two; the class is the same.
        label = places.setdefault(unicodedata.normalize("NFC", name), len(places))
        names.append(Names.from_strings(keys))
        labels.append(np.full(len(keys), label, dtype=np.int32))
        splits.append(np.full(len(keys), code, dtype=np.uint8))
    if len(empty) == len(class_folders):
        raise DataError(
            f"no picture in {str(walk.root)!r}; it has {listed('folder', folders)}, all without a picture in them"
        )
    must_have = [folder for code, folder in empty if code in (UNASSIGNED, TRAIN)]
    if must_have:
        raise DataError(
            f"no picture in {listed('class folder', must_have)} of {str(walk.root)!r}; add some, or remove what is empty"
        )
    if empty:
        walk.ignored["class folders without pictures in val or test"] += len(empty)
    if len(folders) == 1 and len(places) == 1 and class_folders[0][0] == UNASSIGNED:
        raise DataError(_one_class(walk, folders[0]))
    return assemble(
        name=walk.root.name or "data",
        location=str(walk.root),
        pictures=FilePictures(walk.root, Names.concatenate(names)),
        class_names=list(places),
        labels=np.concatenate(labels),
        splits=np.concatenate(splits),
        ignored=walk.ignored,
    )


def _one_class(walk: _Walk, folder: str) -> str:
    message = f"only one class ({folder!r}) in {str(walk.root)!r}; telling classes apart takes at least two"
    below, _ = _Walk(walk.root).listing(walk.root / folder)
    if len(below) > 1:
        message += f"; if the classes lie in it, name {str(walk.root / folder)!r} instead"
    return message
