"""Clips in class folders: GIF files, or folders of numbered frames."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from striate.data.assembling import assemble
from striate.data.dataset import UNASSIGNED, Dataset
from striate.data.names import Names
from striate.data.split_names import split_code
from striate.data.text_folders import FILES_TRIED, names_in
from striate.errors import PictureError
from striate.name_comparison import comparable
from striate.pixels import measure
from striate.pixels.clip_encoding import ClipEncoding
from striate.pixels.clips import frame_count, frame_names, natural_order, read_clip
from striate.pixels.walking import PictureWalk, is_picture_name

GIF = ".gif"

CLASSES_TRIED, CLIPS_TRIED = 20, 3
"""So many class folders, and clips of each, are looked at."""

_NUMBERED = re.compile(r"(.*?)(\d+)", re.DOTALL)


@dataclass(frozen=True, eq=False)
class Clips:
    """The clips of a data set, known by their paths relative to `root`; one that is read holds the bytes of all its frames.

    Example:
        >>> clips = Clips(Path("clips"), Names.from_strings(["wave/01", "wave/02.gif"]))
        >>> clips.key(1), clips.path(1) == Path("clips/wave/02.gif")
        ('wave/02.gif', True)
    """

    root: Path
    names: Names
    kind: ClassVar[str] = ClipEncoding.kind

    def __len__(self) -> int:
        return len(self.names)

    def key(self, index: int) -> str:
        """The path relative to the root, with slashes."""
        return self.names[index]

    def read(self, index: int) -> bytes:
        """The bytes of a GIF, or of all frames of a folder, as `read_clip` puts them together.

        Raises:
            OSError: It can no longer be read.
        """
        try:
            return read_clip(self.path(index), name=self.key(index))
        except PictureError as error:
            raise OSError(0, error.reason) from error

    def path(self, index: int) -> Path:
        """The clip's file or folder."""
        return self.root / self.names[index]

    def count(self, index: int) -> int:
        """How many frames there are."""
        path = self.path(index)
        return len(frame_names(path)) if path.is_dir() else frame_count(self.read(index), self.key(index))

    def select(self, indices: npt.NDArray[np.int64]) -> Clips:
        """The clips at `indices`, in their order."""
        return Clips(self.root, self.names.select(indices))


def holds_clips(root: Path) -> bool:
    """Whether class folders hold clips alone: animated GIF files, or folders of numbered frames; few of them are looked at.

    Folders of frames have frames of one size, called alike but for their numbers, which follow one another from 0 or 1 and
    begin with the same name in all folders (`0001.png`, or `frame_0001.png`). Anything else is pictures.
    """
    prefixes: set[str] = set()
    looked = 0
    for folder in _class_folders(root)[:CLASSES_TRIED]:
        folders, files = names_in(folder)
        pictures = [name for name in files if is_picture_name(name)]
        if any(not name.lower().endswith(GIF) for name in pictures) or any(split_code(name) for name in folders):
            return False
        for name in folders[:CLIPS_TRIED]:
            prefix = _frames_prefix(folder / name)
            if prefix is None:
                return False
            prefixes.add(prefix)
        if not all(_is_animated(folder / name) for name in pictures[:CLIPS_TRIED]):
            return False
        looked += len(folders) + len(pictures)
    return looked > 0 and len(prefixes) <= 1


def load_clips(root: Path) -> Dataset:
    """The clips of a folder; names only: none is opened.

    Args:
        root: For which `holds_clips`: a folder a class, or split folders that hold them.

    Raises:
        DataError: A folder cannot be read, there is one class only, or a class is in `val` or `test` and not in `train`.
    """
    walk = PictureWalk(root)
    ignored: Counter[str] = Counter()
    names: list[str] = []
    labels, splits = [], []
    classes: dict[str, int] = {}
    for split, place in sorted(_places(walk, ignored)):
        found = sorted(_clips_in(walk, place, ignored), key=lambda name: (natural_order(name), name))
        label = classes.setdefault(comparable(PurePath(place).name), len(classes))
        names += found
        labels += [label] * len(found)
        splits += [split] * len(found)
    ignored.update(walk.ignored)
    dataset = assemble(
        name=root.name or "data",
        location=str(root),
        pictures=Clips(root, Names.from_strings(names)),
        class_names=list(classes),
        labels=np.array(labels, np.int32),
        splits=np.array(splits, np.uint8),
        ignored=ignored,
    )
    note = (
        f"{names[0]} and the like are taken for clips, one label each; to learn from their pictures one by one, "
        "list them in a CSV file path,label"
    )
    return replace(dataset, notes=(note,))


def _class_folders(root: Path) -> list[Path]:
    """The folders of classes, by a look at the names; none where there are pictures beside them."""
    folders, files = names_in(root)
    if any(is_picture_name(name) or "-ubyte" in name for name in files):
        return []
    splits = [name for name in folders if split_code(name) is not None]
    if not splits:
        return [root / name for name in folders]
    return [root / split / name for split in splits for name in names_in(root / split)[0]]


def _places(walk: PictureWalk, ignored: Counter[str]) -> Iterator[tuple[int, str]]:
    """(split, folder) of each class, the folder relative to the root."""
    folders, _ = walk.listing(walk.root)
    split_folders = {name: code for name in folders if (code := split_code(name)) is not None}
    if not split_folders:
        yield from ((UNASSIGNED, name) for name in folders)
        return
    ignored.update(
        {"folders beside the splits": len(folders) - len(split_folders)} if len(folders) > len(split_folders) else {}
    )
    for split, code in split_folders.items():
        yield from ((code, f"{split}/{name}") for name in walk.listing(walk.root / split)[0])


def _clips_in(walk: PictureWalk, place: str, ignored: Counter[str]) -> Iterator[str]:
    folders, files = walk.listing(walk.root / place)
    for name in folders:
        if frame_names(walk.root / place / name):
            yield f"{place}/{name}"
        else:
            ignored["folders without frames"] += 1
    for name in files:
        if name.lower().endswith(GIF):
            yield f"{place}/{name}"
        else:
            ignored["files that are no clips"] += 1


def _frames_prefix(folder: Path) -> str | None:
    """How the names of a folder's frames begin, before their numbers; None if they are no frames of one clip."""
    folders, files = names_in(folder)
    names = [name for name in files if is_picture_name(name)]
    found = [_NUMBERED.fullmatch(PurePath(name).stem) for name in names]
    if folders or len(names) < 2 or not all(found):
        return None
    prefixes = {match[1] for match in found if match}
    numbers = sorted(int(match[2]) for match in found if match)
    gapless = numbers[-1] - numbers[0] == len(numbers) - 1 or len(files) >= FILES_TRIED
    if len(prefixes) != 1 or len(set(numbers)) != len(numbers) or numbers[0] > 1 or not gapless:
        return None
    return prefixes.pop() if _of_one_size(folder / names[0], folder / names[-1]) else None


def _of_one_size(*paths: Path) -> bool:
    try:
        sizes = {(facts.width, facts.height) for facts in map(measure, paths)}
    except PictureError:
        return True  # who opens it says what is wrong with it
    return len(sizes) == 1


def _is_animated(path: Path) -> bool:
    try:
        return frame_count(read_clip(path), os.fspath(path)) > 1
    except PictureError:
        return True
