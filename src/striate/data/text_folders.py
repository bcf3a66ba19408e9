"""Folders of texts: class folders of text files, or a file a class with a sentence a line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePath

import numpy as np

from striate.data.assembling import assemble, listed
from striate.data.dataset import UNASSIGNED, Dataset
from striate.data.names import Names
from striate.data.split_names import split_code
from striate.data.texts import TextReader, Texts, plain, sentences_of_lines
from striate.errors import DataError
from striate.name_comparison import comparable
from striate.pixels.walking import PictureWalk, is_picture_name

TEXT = ".txt"

FOLDERS_TRIED, FILES_TRIED = 50, 1000
"""In so many folders, and files of each, it is looked for pictures and texts."""

ASIDE = ("readme", "license", "licence", "copying", "changelog")
"""Files whose names begin so tell of the data, and are none."""


@dataclass(frozen=True)
class ClassTexts:
    """Where the texts of a class are in a split."""

    split: int
    name: str
    place: str
    """Of the folder or file, relative to the root."""
    is_file: bool
    """A file with a sentence a line; else a folder of files, each a text."""


def holds_texts(root: Path) -> bool:
    """Whether there are texts and no pictures in a folder; few files are looked at, and by their names alone."""
    found = bool(class_files(names_in(root)[1]))
    waiting, looked = [root], 0
    while waiting and looked < FOLDERS_TRIED:
        folder = waiting.pop(0)
        looked += 1
        folders, files = names_in(folder)
        if any(is_picture_name(name) or "-ubyte" in name for name in files):
            return False
        found = found or (folder != root and any(name.lower().endswith(TEXT) for name in files))
        waiting += [folder / name for name in folders]
    return found


def load_texts(root: Path) -> Dataset:
    """The texts of a folder, all read.

    Either each class has a folder of `.txt` files, each of which is one text; or each class has a file with a sentence a line, and
    they are told apart by their names (`pos.txt`, `neg.txt`) or by their endings (`rt-polarity.pos`, `rt-polarity.neg`). Folders
    that are called as splits are, above either, are splits.

    Args:
        root: For which `holds_texts`.

    Raises:
        DataError: They are of one class only, a split lacks one, or a file cannot be read.
    """
    ignored: Counter[str] = Counter()
    places = list(_places(root, ignored))
    if not places:
        raise DataError(
            f"no texts by class in {str(root)!r}: it needs a folder a class with .txt files in it, or a .txt file a class with a "
            "sentence a line"
        )
    _refuse_splits_as_classes(root, places)
    reader = TextReader()
    keys: list[str] = []
    sentences: list[str] = []
    labels, splits = [], []
    classes: dict[str, int] = {}
    for place in sorted(places, key=lambda place: (place.split, place.name)):
        found = _read(root, place, reader, ignored)
        keys += found[0]
        sentences += found[1]
        label = classes.setdefault(comparable(place.name), len(classes))
        labels.append(np.full(len(found[0]), label, np.int32))
        splits.append(np.full(len(found[0]), place.split, np.uint8))
    if not keys:
        raise DataError(f"the text files of {str(root)!r} are all empty")
    dataset = assemble(
        name=root.name or "data",
        location=str(root),
        pictures=Texts(Names.from_strings(keys), Names.from_strings(sentences)),
        class_names=list(classes),
        labels=np.concatenate(labels),
        splits=np.concatenate(splits),
        ignored=ignored,
    )
    return replace(dataset, notes=reader.notes())


def class_files(files: list[str]) -> dict[str, str]:
    """The class of each file of a folder that has a file a class; none if it has not.

    Example:
        >>> class_files(["rt-polarity.neg", "rt-polarity.pos"]), class_files(["neg.txt", "pos.txt", "README.md"])
        ({'rt-polarity.neg': 'neg', 'rt-polarity.pos': 'pos'}, {'neg.txt': 'neg', 'pos.txt': 'pos'})
        >>> class_files(["notes.txt"]), class_files(["a.py", "b.csv"])
        ({}, {})
    """
    kept = [PurePath(name) for name in files if not _is_aside(name)]
    if len(kept) < 2:
        return {}
    if all(path.suffix.lower() == TEXT for path in kept):
        return {path.name: path.stem for path in kept}
    one_name = len({path.stem for path in kept}) == 1 and all(len(path.suffix) > 1 for path in kept)
    return {path.name: path.suffix[1:] for path in kept} if one_name else {}


def _is_aside(name: str) -> bool:
    return name.lower().startswith(ASIDE) or name.lower().endswith(".md")


def names_in(folder: Path) -> tuple[list[str], list[str]]:
    """Some of the names in a folder: of folders and of files; none where it cannot be read."""
    folders: list[str] = []
    files: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, FILES_TRIED):
                if not entry.name.startswith("."):
                    (folders if entry.is_dir() else files).append(entry.name)
    except OSError:
        return [], []
    return sorted(folders), sorted(files)


def _places(root: Path, ignored: Counter[str]) -> Iterator[ClassTexts]:
    """Where the classes are: in split folders, if there are any, else right in the root."""
    walk = PictureWalk(root)
    folders, _ = walk.listing(root)
    split_folders = {name: code for name in folders if (code := split_code(name)) is not None}
    inside = {name: list(_classes_in(walk, name, code)) for name, code in split_folders.items()}
    if split_folders and any(inside.values()):
        for name in folders:
            if name not in split_folders:
                ignored["folders beside the splits"] += 1
        for places in inside.values():
            yield from places
    else:
        yield from _classes_in(walk, "", UNASSIGNED)
    ignored.update(walk.ignored)


def _classes_in(walk: PictureWalk, folder: str, split: int) -> Iterator[ClassTexts]:
    folders, files = walk.listing(walk.root / folder)
    prefix = f"{folder}/" if folder else ""
    found = False
    for name in folders:
        if any(file.lower().endswith(TEXT) for file in walk.listing(walk.root / folder / name)[1]):
            found = True
            yield ClassTexts(split, name, f"{prefix}{name}", is_file=False)
    named = {} if found else class_files(files)
    if len(files) > len(named):
        walk.ignored["files that are no class's"] += len(files) - len(named)
    for file, name in named.items():
        yield ClassTexts(split, name, f"{prefix}{file}", is_file=True)


def _refuse_splits_as_classes(root: Path, places: list[ClassTexts]) -> None:
    names = sorted({place.name for place in places})
    if all(split_code(name) is not None for name in names):
        raise DataError(
            f"the texts of {str(root)!r} lie in {listed('class', names)}, which are names of splits; "
            "put a folder or a file a class into each, or make a table: text,label,split"
        )


def _read(root: Path, place: ClassTexts, reader: TextReader, ignored: Counter[str]) -> tuple[list[str], list[str]]:
    if place.is_file:
        return sentences_of_lines(reader.text(root / place.place, place.place), place.place, ignored)
    keys, sentences = [], []
    for name in PictureWalk(root).listing(root / place.place)[1]:
        if not name.lower().endswith(TEXT):
            ignored["files that are no texts"] += 1
            continue
        key = f"{place.place}/{name}"
        keys.append(key)
        sentences.append(plain(reader.text(root / key, key)))
    return keys, sentences
