"""Labels as places in the classes that a classifier knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from striate.data.dataset import Dataset
from striate.errors import DataError
from striate.name_comparison import NamePlaces


def labels_of(dataset: Dataset, classes: tuple[str, ...]) -> npt.NDArray[Any]:
    """The labels as targets of the classifier's classes, matched by name; signs of strings that it does not know are unknown ones.

    Raises:
        DataError: If the classifier does not know one of the classes, and they are no signs.
    """
    known = NamePlaces(classes)
    places = [known.find(name) for name in dataset.classes]
    unknown = unknown_classes(dataset, classes)
    if unknown and not dataset.task.sequential:
        names = ", ".join(repr(name) for name in unknown[:5]) + (
            f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        )
        knows = ", ".join(classes[:10]) + (", ..." if len(classes) > 10 else "")
        raise DataError(f"{dataset.location} has classes that the classifier does not know: {names}; it knows {knows}")
    found = np.array([-1 if place is None else place for place in places], dtype=np.int64)
    return dataset.task.replaced(dataset.labels, found, len(classes))


def unknown_classes(dataset: Dataset, classes: tuple[str, ...]) -> list[str]:
    """The data's classes that the classifier does not know."""
    known = NamePlaces(classes)
    return [name for name in dataset.classes if known.find(name) is None]
