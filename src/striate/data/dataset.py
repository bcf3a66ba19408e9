"""Labelled pictures: where they are, what they show, which split they belong to; all in flat arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from striate.data.names import Names
from striate.encodings import DEFAULT_KIND, named_encoding
from striate.errors import DataError, StriateError, UnknownNameError, UsageError
from striate.tasks import USUAL_TASK, Task

SPLITS = ("train", "val", "test")

# What `Dataset.splits` holds.
UNASSIGNED, TRAIN, VAL, TEST = 0, 1, 2, 3

SPLIT_CODES = {"train": TRAIN, "val": VAL, "test": TEST}

Progress = Callable[[str, int, int], None]
"""Called with (task, done, total) as a long task goes on: with done = 0 first, with done = total last."""


class Pictures(Protocol):
    """The pictures of a data set, unread."""

    def __len__(self) -> int: ...

    def key(self, index: int) -> str:
        """A name, unique in the data set and stable: the path relative to the data's root, or one like `digits/17`."""

    def read(self, index: int) -> bytes | npt.NDArray[np.uint8]:
        """The encoded picture, or (H, W) or (H, W, 3) uint8, grey or RGB.

        Raises:
            OSError: The file cannot be read.
        """

    def path(self, index: int) -> Path | None:
        """The picture's file, None where it has none."""

    def select(self, indices: npt.NDArray[np.int64]) -> Pictures:
        """The pictures at `indices`, in their order."""


@dataclass(frozen=True, eq=False)
class FilePictures:
    """Picture files, known by their paths relative to `root`; a path that is absolute stays as it is.

    Example:
        >>> pictures = FilePictures(Path("photos"), Names.from_strings(["cat/1.jpg"]))
        >>> pictures.key(0), pictures.path(0) == Path("photos/cat/1.jpg")
        ('cat/1.jpg', True)
    """

    root: Path
    names: Names

    def __len__(self) -> int:
        return len(self.names)

    def key(self, index: int) -> str:
        """The path relative to the root, with slashes."""
        return self.names[index]

    def read(self, index: int) -> bytes:
        """The file's bytes."""
        return self.path(index).read_bytes()

    def path(self, index: int) -> Path:
        """The picture's file."""
        return self.root / self.names[index]

    def select(self, indices: npt.NDArray[np.int64]) -> FilePictures:
        """The pictures at `indices`, in their order."""
        return FilePictures(self.root, self.names.select(indices))


@dataclass(frozen=True, eq=False)
class ArrayPictures:
    """Pictures that are rows of arrays, in memory or mapped; a key is the array's name and the row in it.

    Example:
        >>> pictures = ArrayPictures.whole({"digits": np.zeros((3, 8, 8), dtype=np.uint8)})
        >>> len(pictures), pictures.key(2), pictures.read(2).shape
        (3, 'digits/2', (8, 8))
    """

    parts: Mapping[str, npt.NDArray[np.uint8]]  # by name: (n, H, W) or (n, H, W, 3)
    rows: npt.NDArray[np.int64]  # the pictures as rows of the parts laid end to end

    @classmethod
    def whole(cls, parts: Mapping[str, npt.NDArray[np.uint8]]) -> ArrayPictures:
        """All rows of all parts, in order."""
        return cls(parts, np.arange(sum(len(part) for part in parts.values())))

    def __len__(self) -> int:
        return len(self.rows)

    def _place(self, index: int) -> tuple[str, int]:
        row = int(self.rows[index])
        for name, part in self.parts.items():
            if row < len(part):
                return name, row
            row -= len(part)
        raise IndexError(f"row {int(self.rows[index])} lies behind the last part")

    def key(self, index: int) -> str:
        """The part's name and the row in it."""
        name, row = self._place(index)
        return f"{name}/{row}"

    def read(self, index: int) -> npt.NDArray[np.uint8]:
        """(H, W) or (H, W, 3) uint8, grey or RGB."""
        name, row = self._place(index)
        return np.asarray(self.parts[name][row])

    def path(self, index: int) -> None:
        """None: a row of an array is no file."""

    def select(self, indices: npt.NDArray[np.int64]) -> ArrayPictures:
        """The pictures at `indices`, in their order."""
        return ArrayPictures(self.parts, self.rows[indices])


@dataclass(frozen=True)
class Problem:
    """A picture that was set aside, and why."""

    key: str
    reason: str


@dataclass(frozen=True)
class FolderFault:
    """Something wrong with class folders, as the listing shows it."""

    kind: str  # "empty", "unmeasured" (empty in val or test), "hidden", "twice" (one name in two Unicode forms side by side)
    folders: tuple[str, ...]  # relative to the data's root, with slashes
    pictures: int  # how many lie in them


@dataclass(frozen=True, eq=False)
class PictureTable:
    """What a full look at every picture found, row by row."""

    digests: npt.NDArray[np.uint8]  # (n, 32): `picture_digest` of each
    widths: npt.NDArray[np.int32]  # (n,) pixels, upright; of texts words
    heights: npt.NDArray[np.int32]  # (n,) pixels, upright; of texts 1
    colour: npt.NDArray[np.bool_]  # (n,): whether the picture needs three channels
    spans: npt.NDArray[np.uint8] | None = (
        None  # (n,): from the darkest to the brightest value, 0..255; None: not looked at
    )
    thumbnails: npt.NDArray[np.uint8] | None = None  # (n, 32, 32) grey; zeros where a picture is broken or too small
    colours: npt.NDArray[np.uint8] | None = None  # (n, 8, 8, 3) averages; likewise

    def select(self, indices: npt.NDArray[np.int64]) -> PictureTable:
        """The rows at `indices`, in their order."""
        return PictureTable(
            self.digests[indices],
            self.widths[indices],
            self.heights[indices],
            self.colour[indices],
            *(None if column is None else column[indices] for column in (self.spans, self.thumbnails, self.colours)),
        )


def picture_digest(picture: bytes | npt.NDArray[np.uint8]) -> bytes:
    """The SHA-256 that a picture is known by: of the encoded bytes, or of an array's shape and values.

    Args:
        picture: An encoded picture, or (H, W) or (H, W, 3) uint8.

    Example:
        >>> picture_digest(b"").hex()[:8], picture_digest(np.zeros((2, 3), dtype=np.uint8)).hex()[:8]
        ('e3b0c442', 'c5d0ba22')
    """
    if isinstance(picture, bytes):
        return hashlib.sha256(picture).digest()
    shape = "x".join(str(length) for length in picture.shape)
    return hashlib.sha256(shape.encode() + b"\n" + picture.tobytes()).digest()


SHOWN = 10  # classes whose first picture a notebook shows


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled pictures. Immutable: every step (checking, splitting, selecting) answers a new one.

    Example:
        >>> from striate.data import load_data
        >>> digits = load_data("digits")
        >>> len(digits), digits.classes[:3], digits.has_splits
        (1797, ('0', '1', '2'), False)
    """

    name: str  # short, for people and folder names
    location: str  # the absolute path it was loaded from, or the built-in name
    classes: tuple[str, ...]  # sorted by code point; a label is a place in here
    pictures: Pictures
    labels: npt.NDArray[Any]  # n of them, the task's targets: (n,) int32 places in `classes`, or (n, classes) bool
    splits: npt.NDArray[np.uint8]  # (n,): 0 unassigned, 1 train, 2 val, 3 test
    groups: npt.NDArray[np.int32] | None = None  # (n,): places in group_names, -1 for none
    group_names: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()  # the pictures that were set aside; they are not among `pictures`
    ignored: Mapping[str, int] = field(default_factory=dict)  # what was passed over, by kind
    excluded: tuple[str, ...] = ()  # keys of pictures that were left out on request; they are not among `pictures`
    facts: PictureTable | None = None  # after check_pictures
    task: Task = USUAL_TASK  # what the labels answer
    joins_copies: bool = False  # whether copies of a picture tell its labels together, each of them one
    notes: tuple[str, ...] = ()  # decisions taken on the data that its owner should hear of, a sentence each
    folder_faults: tuple[FolderFault, ...] = ()  # only where they were asked for: see `load_data`

    def __len__(self) -> int:
        return len(self.labels)

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        counts = self.counts()
        splits = list(dict.fromkeys(split for row in counts.values() for split in row))
        rows = [(name, *(f"{row.get(split, 0):,}" for split in splits)) for name, row in counts.items()]
        said = f"{len(self):,} {self.plural} of {len(self.classes):,} classes, from {self.location}"
        shown = [part for label in range(min(len(self.classes), SHOWN)) if (part := self._first_of(label))]
        table = notebook.table(("class", *splits), rows)
        return notebook.block(self.name, notebook.text(said), *shown, table)

    def _first_of(self, label: int) -> str:
        """The first picture of a class, small, for a notebook; nothing if there is none that can be read, or no pictures are given."""
        if self.kind != DEFAULT_KIND:
            return ""
        from striate import notebook
        from striate.pixels import decode

        places = np.flatnonzero(self.task.shows(self.labels, label))[:1]
        try:
            pictures = [decode(self.pictures.read(int(place))) for place in places]
        except (OSError, StriateError):
            return ""
        return "".join(notebook.picture(notebook.small(one), said=self.classes[label]) for one in pictures)

    @property
    def kind(self) -> str:
        """What is given: a name of `striate.encodings`."""
        return getattr(self.pictures, "kind", DEFAULT_KIND)

    @property
    def plural(self) -> str:
        """What its items are called: `pictures`, or `sentences`."""
        return named_encoding(self.kind).plural

    @property
    def has_splits(self) -> bool:
        """Whether the pictures are assigned to splits."""
        return bool(np.any(self.splits != UNASSIGNED))

    @property
    def checked_facts(self) -> PictureTable:
        """The facts that `check_pictures` found.

        Raises:
            UsageError: The pictures were not checked.
        """
        if self.facts is None:
            raise UsageError(f"the pictures of {self.name!r} are not checked yet; call check_pictures first")
        return self.facts

    def indices(self, split: str) -> npt.NDArray[np.int64]:
        """Where the pictures of a split are, ascending; empty where the split has none.

        Data with `val` and no `test` has no row twice: `indices("test")` is empty, and who evaluates takes `val`.

        Raises:
            UnknownNameError: The split is not one of `SPLITS`.

        Example:
            >>> from striate.data import assign_splits, check_pictures, load_data
            >>> digits = assign_splits(check_pictures(load_data("digits")), seed=0)
            >>> [len(digits.indices(split)) for split in SPLITS]
            [1439, 179, 179]
        """
        if split not in SPLITS:
            raise UnknownNameError("split", split, SPLITS)
        return np.flatnonzero(self.splits == SPLIT_CODES[split])

    def select(self, indices: npt.NDArray[np.int64]) -> Dataset:
        """The pictures at `indices`, in their order; classes and everything else stay.

        Args:
            indices: (k,) int64 in 0..n - 1.
        """
        return replace(
            self,
            pictures=self.pictures.select(indices),
            labels=self.labels[indices],
            splits=self.splits[indices],
            groups=None if self.groups is None else self.groups[indices],
            facts=None if self.facts is None else self.facts.select(indices),
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """Pictures by class and split; `unassigned` is what is in no split, and a split without a picture is left out.

        A picture of several classes counts for each of them.

        Example:
            >>> from striate.data import load_data
            >>> load_data("digits").counts()["7"]
            {'unassigned': 179}
        """
        table = count_table(self.task, self.labels, self.splits, len(self.classes))
        present = [code for code in (UNASSIGNED, TRAIN, VAL, TEST) if table[:, code].any()]
        return {
            name: {("unassigned", *SPLITS)[code]: int(table[label, code]) for code in present}
            for label, name in enumerate(self.classes)
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) over every picture's digest, class names and split, whatever their order and file names.

        Raises:
            UsageError: The pictures were not checked.
        """
        targets, places = np.unique(self.labels, axis=0, return_inverse=True)
        told = (self.task.tell(target, self.classes) for target in targets)
        names = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in told]
        rows = np.zeros((len(self), 65), dtype=np.uint8)
        rows[:, :32] = self.checked_facts.digests
        rows[:, 32:64] = np.frombuffer(b"".join(names), dtype=np.uint8).reshape(-1, 32)[places.ravel()]
        rows[:, 64] = self.splits
        return hashlib.sha256(np.sort(rows.view("V65"), axis=0).tobytes()).hexdigest()


def count_table(
    task: Task, labels: npt.NDArray[Any], splits: npt.NDArray[np.uint8], classes: int
) -> npt.NDArray[np.int64]:
    """(classes, 4) pictures by class and split code."""
    return np.stack([task.support(labels[splits == code], classes) for code in (UNASSIGNED, TRAIN, VAL, TEST)], axis=1)


def assemble(
    *,
    name: str,
    location: str,
    pictures: Pictures,
    class_names: Sequence[str],
    labels: npt.NDArray[Any],
    splits: npt.NDArray[np.uint8],
    groups: npt.NDArray[np.int32] | None = None,
    group_names: tuple[str, ...] = (),
    ignored: Mapping[str, int] | None = None,
    lenient: bool = False,
    task: Task = USUAL_TASK,
) -> Dataset:
    """A data set whose classes are sorted, have pictures, and are known to training where there is a training split.

    Args:
        name: As in `Dataset`.
        location: As in `Dataset`.
        pictures: n of them.
        class_names: In any order; those without a picture are dropped.
        labels: n targets of the task, with places in `class_names`.
        splits: (n,), split codes.
        groups: As in `Dataset`.
        group_names: As in `Dataset`.
        ignored: As in `Dataset`.
        lenient: Whether a class may lack training pictures.
        task: As in `Dataset`. Where a picture may be of several classes, one that `train` lacks is left out, with a note.

    Raises:
        DataError: There is no picture, there are too few classes, or a class appears in `val` or `test` and not in `train`.
    """
    table = count_table(task, labels, splits, len(class_names))
    items = named_encoding(getattr(pictures, "kind", DEFAULT_KIND)).plural
    if not len(pictures):
        raise DataError(f"no picture in {location}")
    notes: tuple[str, ...] = ()
    if (splits == TRAIN).any() and not lenient:
        for code in (VAL, TEST):
            unseen = sorted(class_names[int(i)] for i in np.flatnonzero((table[:, code] > 0) & (table[:, TRAIN] == 0)))
            if not unseen:
                continue
            if not task.several:
                raise DataError(
                    f"{SPLITS[code - 1]!r} has {items} of {listed('class', unseen)}, which 'train' lacks, in {location}; "
                    f"add {items} to 'train', or remove those in {SPLITS[code - 1]!r}"
                )
            notes += (
                f"{SPLITS[code - 1]!r} has pictures with the {listed('label', unseen)}, which no picture in 'train' has, so that nothing "
                f"can be learnt of {'it' if len(unseen) == 1 else 'them'}: left out; the pictures keep their other labels",
            )
        table[table[:, TRAIN] == 0] = 0
    present = sorted((i for i in range(len(class_names)) if table[i].any()), key=lambda i: class_names[i])
    if len(present) < task.fewest_classes:
        raise DataError(_too_few_classes([class_names[i] for i in present], location))
    places = np.full(len(class_names), -1, dtype=np.int32)
    places[present] = np.arange(len(present), dtype=np.int32)
    return Dataset(
        name=name,
        location=location,
        classes=tuple(class_names[i] for i in present),
        pictures=pictures,
        labels=task.replaced(labels, places, len(present)),
        splits=splits,
        groups=groups,
        group_names=group_names,
        ignored=dict(ignored or {}),
        task=task,
        notes=notes,
    )


def _too_few_classes(present: Sequence[str], location: str) -> str:
    if not present:
        return f"no picture in {location} has a label; there is nothing to learn"
    return f"only one class ({present[0]!r}) in {location}; telling classes apart takes at least two"


def listed(noun: str, names: Sequence[str], most: int = 5) -> str:
    """Names for a sentence: `class 'cat'`, or `classes 'cat', 'dog' and 3 more`.

    Example:
        >>> listed("class", ["cat"]), listed("folder", ["a", "b", "c"], most=2)
        ("class 'cat'", "folders 'a', 'b' and 1 more")
    """
    plural = noun if len(names) == 1 else noun + ("es" if noun.endswith("s") else "s")
    shown = ", ".join(repr(name) for name in names[:most])
    return f"{plural} {shown}" + (f" and {len(names) - most} more" if len(names) > most else "")
