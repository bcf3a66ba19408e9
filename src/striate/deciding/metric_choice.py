"""What classifiers are chosen by, where nobody says it: accuracy, or balanced accuracy where the classes are uneven."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from striate.data import Dataset
from striate.decision import Decision
from striate.evaluation.findings import UNEVEN
from striate.evaluation.selection_metrics import named_metric
from striate.wording import number, plural

ASKED_FOR = "asked for"

LEAST_PICTURES = 5
"""Validation pictures that the rarest class needs for balanced accuracy; with fewer one picture would weigh more than all else."""


EVERY_CLASS_ALIKE = ("balanced_accuracy", "f1_macro")
"""Metrics by which a rare class counts as much as a common one."""


def choose_metric(dataset: Dataset, asked: str | None = None) -> Decision:
    """What the candidates of a tournament are compared by.

    Where the largest class has at least three times the pictures of the smallest, accuracy is mostly that of the largest: always to
    answer it is right on three of four pictures of two such classes, and a classifier that finds the rare one as well loses by it.

    Args:
        dataset: With splits.
        asked: A name of `striate.evaluation.selection_metrics.SELECTION_METRICS`, if somebody said one.

    Raises:
        UnknownNameError: If there is no such metric.
    """
    if asked is not None:
        return Decision("metric", named_metric(asked).name, ASKED_FOR)
    counts, validation = _counts(dataset, "train"), _counts(dataset, "val")
    largest, smallest = int(counts.max()), int(counts.min())
    if not _are_uneven(counts):
        return Decision("metric", "accuracy", "the classes are about even")
    uneven = f"the largest class has {number(largest)} pictures, the smallest {number(smallest)}"
    if smallest == 0 or validation.min() < LEAST_PICTURES:
        held_out = plural(int(validation.min()), "picture")
        return Decision(
            "metric", "accuracy", f"{uneven}, of which {held_out} for validation: too few to weigh the classes alike"
        )
    return Decision("metric", "balanced_accuracy", f"{uneven}: every class counts the same")


def wants_balance(dataset: Dataset, metric: str) -> bool:
    """Whether it is worth trying to make up for uneven classes: every class counts the same, and some have few pictures.

    Args:
        dataset: With splits.
        metric: A name of `striate.evaluation.selection_metrics.SELECTION_METRICS`.
    """
    return metric in EVERY_CLASS_ALIKE and _are_uneven(_counts(dataset, "train"))


def _counts(dataset: Dataset, split: str) -> npt.NDArray[np.int64]:
    """(classes,) pictures of each."""
    return np.bincount(dataset.labels[dataset.indices(split)], minlength=len(dataset.classes))


def _are_uneven(counts: npt.NDArray[np.int64]) -> bool:
    return bool(counts.max() >= UNEVEN * counts.min())
