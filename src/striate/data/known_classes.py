"""Labels as places in the classes that a classifier knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from striate.data.dataset import Dataset
from striate.errors import DataError
from striate.name_comparison import NamePlaces


def labels_of(dataset: Dataset, classes: tuple[str, ...]) -> npt.NDArray[Any]:
    """The labels as targets of the classifier's classes, matched by name.

    Raises:
        DataError: If the classifier does not know one of the classes.
    """
    known = NamePlaces(classes)
    places = [known.find(name) for name in dataset.classes]
    unknown = [name for name, place in zip(dataset.classes, places, strict=True) if place is None]
    if unknown:
        names = ", ".join(repr(name) for name in unknown[:5]) + (
            f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        )
        knows = ", ".join(classes[:10]) + (", ..." if len(classes) > 10 else "")
        raise DataError(f"{dataset.location} has classes that the classifier does not know: {names}; it knows {knows}")
    return dataset.task.replaced(dataset.labels, np.array(places, dtype=np.int64), len(classes))
