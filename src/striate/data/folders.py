"""A folder of class folders, with or without split folders above them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np

from striate.data.assembling import assemble, listed
from striate.data.dataset import TRAIN, UNASSIGNED, Dataset, FolderFault
from striate.data.names import Names
from striate.data.pictures import FilePictures
from striate.data.split_folders import arrange
from striate.data.split_names import split_code
from striate.errors import DataError
from striate.name_comparison import comparable, spelled
from striate.pixels.walking import PictureWalk, is_picture_name
from striate.printable_text import is_text

MOST_BESIDE = 50
"""In so many folders beside one is looked for pictures."""


def load_folders(root: Path, *, lenient: bool = False) -> Dataset:
    """The pictures of a class-per-folder tree; names only, nothing is opened.

    Args:
        root: Holds a folder a class, or split folders that do: see `split_folders.arrange`.
        lenient: As `load_data` takes it.

    Raises:
        DataError: There is no class folder, no picture, one class only, a class folder without pictures (in `train`, or
            where there are no splits), a class that `train` lacks, or it cannot be told whether the folders are classes
            or splits.
    """
    walk = PictureWalk(root)
    folders, files = walk.listing(root)
    _count_beside(walk, files)
    arranged = arrange(_Tree(root), folders)
    if not arranged.class_folders:
        raise DataError(_no_class_folder(root, files))
    for place in arranged.files_beside_in:
        _count_beside(walk, walk.listing(root / place)[1])
    walk.ignored.update(arranged.passed_over)
    dataset = replace(_assembled(walk, arranged.class_folders, folders, lenient=lenient), notes=arranged.notes)
    return replace(dataset, folder_faults=_folder_faults(root, arranged.class_folders)) if lenient else dataset


def _count_beside(walk: PictureWalk, files: list[str]) -> None:
    """Counts files that lie where only folders are expected."""
    if files:
        walk.ignored["files beside the class folders"] += len(files)


class _Tree:
    """A look into the folders of a tree before it is walked; what is passed over is counted by the walk, not here."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)
        self._walk = PictureWalk(root)
        self._seen: dict[str, tuple[list[str], int]] = {}

    def subfolders(self, folder: str) -> list[str]:
        return self._look(folder)[0]

    def pictures_in(self, folder: str) -> int:
        return self._look(folder)[1]

    def pictures_below(self, folder: str, most: int | None = None) -> int:
        return sum(1 for _ in islice(self._walk.pictures_below(folder), most))

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
    if pictures and not tables and (above := _holder_of_classes(root)):
        remedy += f"; or, if it is the folder of one class, name {str(above)!r} instead"
    return f"{str(root)!r} holds {found}; {remedy}"


def _holder_of_classes(root: Path) -> Path | None:
    """The folder to name for data of which `root` is one class folder; None if nothing beside it looks like another one.

    Above class folders in splits it is the splits' folder.
    """
    above = root.parent
    try:
        walk = PictureWalk(above)
        beside = [name for name in walk.listing(above)[0] if name != root.name][:MOST_BESIDE]
        if not any(any(map(is_picture_name, walk.listing(above / name)[1])) for name in beside):
            return None
    except (OSError, DataError):
        return None
    return above.parent if split_code(above.name) is not None else above


def _assembled(
    walk: PictureWalk, class_folders: list[tuple[int, str, str]], folders: list[str], *, lenient: bool
) -> Dataset:
    places: dict[str, int] = {}  # class name -> label
    names, labels, splits, empty = [], [], [], []
    _refuse_bytes(walk.root, class_folders)
    if not lenient:
        _refuse_two_forms(walk.root, class_folders)
    for code, folder, name in class_folders:
        keys = list(walk.pictures_below(folder))
        if not keys:
            empty.append((code, folder))
        label = places.setdefault(comparable(name), len(places))
        names.append(Names.from_strings(keys))
        labels.append(np.full(len(keys), label, dtype=np.int32))
        splits.append(np.full(len(keys), code, dtype=np.uint8))
    if len(empty) == len(class_folders):
        raise DataError(
            f"no picture in {str(walk.root)!r}; it has {listed('folder', folders)}, all without a picture in them"
        )
    must_have = [folder for code, folder in empty if code in (UNASSIGNED, TRAIN)]
    if must_have and not lenient:
        raise DataError(
            f"no picture in {listed('class folder', must_have)} of {str(walk.root)!r}; add some, or remove what is empty"
        )
    if empty and not lenient:  # else they are told of one by one
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
        lenient=lenient,
    )


def _refuse_bytes(root: Path, class_folders: list[tuple[int, str, str]]) -> None:
    """Raises DataError if a class has a name that no bundle can hold."""
    for _, folder, name in class_folders:
        if not is_text(name):
            raise DataError(
                f"the class folder {folder!r} in {str(root)!r} has a name that is not UTF-8, so that no file can hold the "
                f"class's name; rename it (in Latin-1 it reads {os.fsencode(name).decode('latin-1')!r}; convmv renames whole trees)"
            )


def _refuse_two_forms(root: Path, class_folders: list[tuple[int, str, str]]) -> None:
    """Raises DataError if two class folders beside each other have the same name in two Unicode forms."""
    for first, second in _two_forms(class_folders):
        names = spelled(PurePosixPath(first).name, PurePosixPath(second).name)
        raise DataError(
            f"two class folders in {str((root / second).parent)!r} have one name: {names}; "
            "put their pictures into one folder"
        )


def _two_forms(class_folders: list[tuple[int, str, str]]) -> Iterator[tuple[str, str]]:
    """Folders of one split that have one name in two Unicode forms."""
    written: dict[tuple[int, str], tuple[str, str]] = {}
    for code, folder, name in class_folders:
        first, other = written.setdefault((code, comparable(name)), (folder, name))
        if other != name:
            yield first, folder


def _folder_faults(root: Path, class_folders: list[tuple[int, str, str]]) -> tuple[FolderFault, ...]:
    """What is wrong with class folders, and hidden folders with pictures in them beside class folders."""
    counts = {folder: sum(1 for _ in PictureWalk(root).pictures_below(folder)) for _, folder, _ in class_folders}
    needed = {folder for code, folder, _ in class_folders if code in (UNASSIGNED, TRAIN)}
    empty = [folder for folder, count in counts.items() if not count]
    faults = [FolderFault("empty" if folder in needed else "unmeasured", (folder,), 0) for folder in empty]
    faults += [FolderFault("twice", pair, sum(counts[one] for one in pair)) for pair in _two_forms(class_folders)]
    above = sorted({"" if "/" not in folder else folder.rpartition("/")[0] + "/" for _, folder, _ in class_folders})
    for place in dict.fromkeys(["", *above]):
        for name in _hidden_folders(root / place):
            with suppress(DataError):  # one that may not be read is nobody's class folder
                pictures = sum(1 for _ in PictureWalk(root).pictures_below(place + name))
                faults += [FolderFault("hidden", (place + name,), pictures)] if pictures else []
    return tuple(faults)


def _hidden_folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.name.startswith(".") and entry.is_dir())


def _one_class(walk: PictureWalk, folder: str) -> str:
    message = f"only one class ({folder!r}) in {str(walk.root)!r}; telling classes apart takes at least two"
    below, _ = PictureWalk(walk.root).listing(walk.root / folder)
    if len(below) > 1 or any(split_code(name) is not None for name in below):
        message += f"; if the classes lie in it, name {str(walk.root / folder)!r} instead"
    return message
