"""Which folders are splits and which are classes, by their names and by what they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from striate.data.assembling import listed
from striate.data.dataset import SPLITS, TRAIN, UNASSIGNED
from striate.data.split_names import means_unlabelled, split_code
from striate.errors import DataError
from striate.name_comparison import comparable


class Tree(Protocol):
    """Folders that can be looked into, by their paths relative to the root."""

    root: str

    def subfolders(self, folder: str) -> list[str]:
        """The names of the folders right in one, in code point order."""

    def pictures_in(self, folder: str) -> int:
        """How many pictures lie right in one."""

    def pictures_below(self, folder: str, most: int | None = None) -> int:
        """How many lie in it and below; it counts no further than to `most`."""


@dataclass(frozen=True)
class Arrangement:
    """What was taken for what."""

    class_folders: list[tuple[int, str, str]]
    """(split, path relative to the root, class): train first."""
    files_beside_in: list[str] = field(default_factory=list)
    """Folders that hold class folders; files right in them belong to no class."""
    passed_over: Counter[str] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()
    """Sentences on what its owner might not expect."""


def arrange(tree: Tree, folders: list[str]) -> Arrangement:
    """Tells splits from classes, or refuses to guess.

    - Folders that are named as splits are splits, with a class folder each below; a class may be called "test" all the
      same where nothing beside it or in it speaks for splits.
    - Where each folder holds nothing but folders that are named as splits, it is a class, and they are its splits.
    - Folders that hold folders of the same names, whatever their own names, are refused: nobody can tell.

    Args:
        tree: The folders.
        folders: Those right in the root, in code point order.

    Raises:
        DataError: Two folders mean one split, or it cannot be told whether folders are splits or classes.
    """
    named = {name: code for name in folders if (code := split_code(name)) is not None}
    if named and _are_splits(tree, folders, named):
        return _splits_above(tree, folders, named)
    if below := _splits_below(tree, folders):
        return below
    _refuse_alike(tree, folders)
    return Arrangement([(UNASSIGNED, name, name) for name in folders])


def _are_splits(tree: Tree, folders: list[str], named: Mapping[str, int]) -> bool:
    if len(named) == len(folders):
        return True
    # A class may well be called "test": what its folder holds tells.
    several = TRAIN in named.values() and len(set(named.values())) > 1
    return any(len(_class_folders_in(tree, name)) >= (1 if several else 2) for name in named)


def _splits_above(tree: Tree, folders: list[str], named: Mapping[str, int]) -> Arrangement:
    """The root holds split folders, and they hold class folders."""
    splits = sorted(named.items(), key=lambda item: (item[1], item[0]))
    passed_over: Counter[str] = Counter()
    unlabelled = []
    if others := [name for name in folders if name not in named]:
        with_pictures = [name for name in others if tree.pictures_below(name, 1)]
        unlabelled = [name for name in with_pictures if means_unlabelled(name)]
        if len(unlabelled) < len(with_pictures):
            raise DataError(
                f"cannot tell splits from classes in {tree.root!r}: it has "
                f"{listed('split folder', [name for name, _ in splits])} and beside them "
                f"{listed('folder', [name for name in with_pictures if name not in unlabelled])} with pictures; "
                "move one kind elsewhere"
            )
        if len(with_pictures) < len(others):
            passed_over["folders without pictures beside the splits"] = len(others) - len(with_pictures)
        if unlabelled:
            passed_over["pictures without a label beside the splits"] = sum(map(tree.pictures_below, unlabelled))
    _one_folder_each(splits, tree.root)
    places = [(code, _inside(tree, name)) for name, code in splits]
    notes = [f"{place!r} is taken for the split {SPLITS[code - 1]}" for code, place in places if place not in SPLITS]
    bare = [place for _, place in places if not tree.subfolders(place) and tree.pictures_in(place)]
    notes += [f"{name!r} is passed over: its pictures have no label" for name in bare + unlabelled]
    return Arrangement(
        [(code, f"{place}/{name}", name) for code, place in places for name in tree.subfolders(place)],
        [place for _, place in places],
        passed_over,
        (f"in {tree.root}, {'; '.join(notes)}",) if notes else (),
    )


def _inside(tree: Tree, folder: str) -> str:
    """The folder, or the one of the same meaning that is all it holds, as archives make them: `test/test`."""
    while len(inner := tree.subfolders(folder)) == 1 and not tree.pictures_in(folder):
        name = folder.rpartition("/")[2]
        means_another = inner[0] != name and split_code(inner[0]) != (split_code(name) or UNASSIGNED)
        if means_another or not tree.subfolders(f"{folder}/{inner[0]}"):  # without folders it is a class
            break
        folder = f"{folder}/{inner[0]}"
    return folder


def _splits_below(tree: Tree, folders: list[str]) -> Arrangement | None:
    """Each folder of the root is a class and holds its splits; None if none does."""
    splits = {top: [(name, code) for name in tree.subfolders(top) if (code := split_code(name))] for top in folders}
    held = {
        top: [(name, code) for name, code in found if tree.pictures_below(f"{top}/{name}", 1)]
        for top, found in splits.items()
        if len({code for _, code in found}) > 1
    }
    speaking = [top for top, found in held.items() if {TRAIN} < {code for _, code in found}]
    if not speaking or len(folders) < 2:
        return None
    for top in folders:
        strays = set(tree.subfolders(top)) - {name for name, _ in splits[top]}
        if tree.pictures_in(top) or any(tree.pictures_below(f"{top}/{name}", 1) for name in strays):
            raise DataError(
                f"cannot tell splits from classes in {tree.root!r}: {speaking[0]!r} holds "
                f"{listed('split folder', [name for name, _ in held[speaking[0]]])}, and {top!r} has pictures beside "
                "such folders; arrange them all alike, the splits on top: train/CLASS/..."
            )
        for name, _ in splits[top]:
            if len(_class_folders_in(tree, f"{top}/{name}")) > 1:
                raise DataError(
                    f"{tree.root!r} holds several data sets: {f'{top}/{name}'!r} is a split folder with class folders "
                    f"in it; name one of them, such as {f'{tree.root}/{top}'!r}"
                )
        _one_folder_each(sorted(splits[top], key=lambda item: item[1]), f"{tree.root}/{top}")
    rows = [(code, f"{top}/{name}", top) for top in folders for name, code in splits[top]]
    rows += [(UNASSIGNED, top, top) for top in folders if not splits[top]]
    meant = listed("class", folders), ", ".join(sorted({name for found in splits.values() for name, _ in found}))
    note = f"in {tree.root}, {meant[0]} hold their splits: {meant[1]}"
    return Arrangement(sorted(rows, key=lambda row: row[0]), folders, notes=(note,))


def _one_folder_each(splits: Iterable[tuple[str, int]], root: str) -> None:
    """Raises DataError if two folders mean the same split."""
    for (first, code), (second, same) in pairwise(splits):
        if code == same:
            raise DataError(f"{first!r} and {second!r} in {root!r} mean the same split; put them into one folder")


def _refuse_alike(tree: Tree, folders: list[str]) -> None:
    """Raises DataError if two folders hold folders of the same names: splits do, and classes may."""
    holders: dict[str, list[str]] = {}  # name of a folder -> the folders of the root seen so far that hold one
    sizes: dict[str, int] = {}
    for top in folders:
        inner = {comparable(name) for name in tree.subfolders(_inside(tree, top))}
        sizes[top] = len(inner)
        shared = Counter(other for name in inner for other in holders.get(name, ()))
        for other, count in shared.items():
            if count < 2 or 2 * count < min(sizes[top], sizes[other]):
                continue
            both = sorted(set(_class_folders_in(tree, top)) & set(_class_folders_in(tree, other)))
            if len(both) > 1:
                raise DataError(_cannot_tell(tree.root, other, top, both))
        for name in inner:
            holders.setdefault(name, []).append(top)


def _class_folders_in(tree: Tree, folder: str) -> list[str]:
    """The comparable names of the folders with pictures in a folder, if it looks as if these were classes."""
    place = _inside(tree, folder)
    beside = tree.pictures_in(place)
    counts = {name: tree.pictures_below(f"{place}/{name}", beside + 1) for name in tree.subfolders(place)}
    if beside >= sum(counts.values()):
        return []
    return [comparable(name) for name, count in counts.items() if count]


def _cannot_tell(root: str, first: str, second: str, names: list[str]) -> str:
    return (
        f"cannot tell splits from classes in {root!r}: {first!r} and {second!r} both hold "
        f"{listed('folder', names)}; if they are splits, call them train, val and test; if they are classes, "
        "put the pictures of each right into its folder, or list them in a CSV table (path,label)"
    )
