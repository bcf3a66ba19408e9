"""What is odd about the classes: their sizes, their folders, their names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

import numpy as np

from striate.data.dataset import TEST, TRAIN, UNASSIGNED, VAL, count_table
from striate.doctor.audit import Audit
from striate.doctor.kind import Seen
from striate.wording import plural

UNEVEN = 10
"""Classes are uneven where the largest has so many times the training pictures of a class."""


def uneven(audit: Audit) -> Iterator[Seen]:
    """Classes with less than a tenth of the training pictures of the largest."""
    usable = audit.usable
    table = count_table(usable.task, usable.labels, usable.splits, len(usable.classes))
    counts = table[:, TRAIN] + table[:, UNASSIGNED]
    largest = int(np.argmax(counts))
    for label in np.flatnonzero((counts > 0) & (counts * UNEVEN < counts[largest])):
        named = {
            "name": usable.classes[label],
            "count": int(counts[label]),
            "largest": usable.classes[largest],
            "most": int(counts[largest]),
        }
        yield Seen((), float(counts[largest] / counts[label]), named, classes=(usable.classes[label],))


def in_folders(kind: str) -> Callable[[Audit], Iterator[Seen]]:
    """The search for class folders of which something is wrong, as `FolderFault.kind` has it."""

    def search(audit: Audit) -> Iterator[Seen]:
        for fault in audit.dataset.folder_faults:
            if fault.kind == kind:
                named = {"count": plural(fault.pictures, "picture")}
                yield Seen((), float(fault.pictures), named, folders=fault.folders)

    return search


def unusable(audit: Audit) -> Iterator[Seen]:
    """Classes of which no picture can be used for training."""
    classes = len(audit.dataset.classes)
    had, has = (count_table(data.task, data.labels, data.splits, classes) for data in (audit.dataset, audit.usable))
    # Data to measure on alone has no training pictures, and needs none.
    columns = [UNASSIGNED, TRAIN] if had[:, [UNASSIGNED, TRAIN]].any() else [VAL, TEST]
    for label in np.flatnonzero(~has[:, columns].any(axis=1)):
        yield Seen(classes=(audit.dataset.classes[label],), named={"name": audit.dataset.classes[label]})


def alike(audit: Audit) -> Iterator[Seen]:
    """Classes whose names differ only by case, spaces or Unicode form."""
    written: dict[str, list[str]] = {}
    for name in audit.dataset.classes:
        written.setdefault(bare(name), []).append(name)
    for names in written.values():
        if len(names) > 1:
            yield Seen(classes=tuple(names), named={"names": " and ".join(map(repr, names))})


def bare(name: str) -> str:
    """A name without what people mistype: case, spaces, underscores, hyphens, compatibility forms.

    Letters alone keep their case, for there are classes of letters; between two digits a gap stays.

    Example:
        >>> bare("Hot Dog") == bare("hot_dog") == bare("hotdog "), bare("a") == bare("A"), bare("1-2") == bare("12")
        (True, False, False)
    """
    plain = unicodedata.normalize("NFKC", name).strip()
    if len(plain) > 1:
        plain = unicodedata.normalize("NFKC", plain.casefold())
    return re.sub(r"(?<!\d)[\s_-]+|[\s_-]+(?!\d|[\s_-])", "", plain)
