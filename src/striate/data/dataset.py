"""Labelled pictures: where they are, what they show, which split they belong to; all in flat arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.data.pictures import Pictures, PictureTable
from striate.encodings import DEFAULT_KIND, named_encoding
from striate.errors import StriateError, UnknownNameError, UsageError
from striate.tasks import USUAL_TASK, Task

SPLITS = ("train", "val", "test")

# What `Dataset.splits` holds.
UNASSIGNED, TRAIN, VAL, TEST = 0, 1, 2, 3

SPLIT_CODES = {"train": TRAIN, "val": VAL, "test": TEST}

Progress = Callable[[str, int, int], None]
"""Called with (task, done, total) as a long task goes on: with done = 0 first, with done = total last."""


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
