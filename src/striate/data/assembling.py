"""A data set put together of what was found: its classes sorted, and known to training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.data.dataset import SPLITS, TEST, TRAIN, VAL, Dataset, count_table
from striate.data.pictures import Pictures
from striate.encodings import DEFAULT_KIND, named_encoding
from striate.errors import DataError
from striate.tasks import USUAL_TASK, Task


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
                f"{SPLITS[code - 1]!r} has pictures with the {listed(task.noun, unseen)}, which no picture in 'train' has, so that nothing "
                f"can be learnt of {'it' if len(unseen) == 1 else 'them'}: {task.unlearnt}",
            )
        table[table[:, TRAIN] == 0] = 0
    present = sorted((i for i in range(len(class_names)) if table[i].any()), key=lambda i: class_names[i])
    if len(present) < task.fewest_classes:
        raise DataError(_too_few_classes([class_names[i] for i in present], location, task.noun))
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


def _too_few_classes(present: Sequence[str], location: str, noun: str) -> str:
    if not present:
        return f"no picture in {location} has a {noun}; there is nothing to learn"
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
