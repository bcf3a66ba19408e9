"""What classifiers are chosen by, where nobody says it: accuracy, or balanced accuracy where the classes are uneven."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from striate.data import Dataset
from striate.decision import Decision
from striate.evaluation.findings import UNEVEN
from striate.evaluation.label_selection import PRECISION
from striate.evaluation.selection_metrics import check_metric_of
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
        asked: A name of `striate.evaluation.selection_metrics.METRIC_NAMES`, if somebody said one.

    Raises:
        UnknownNameError: If there is no such metric.
        UsageError: If it is not of answers like these.
    """
    if asked is not None:
        check_metric_of(asked, several=dataset.task.several)
        return Decision("metric", asked, ASKED_FOR)
    if dataset.task.several:
        return _of_labels(dataset)
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
        metric: A name of `striate.evaluation.selection_metrics.METRIC_NAMES`.
    """
    return not dataset.task.several and metric in EVERY_CLASS_ALIKE and _are_uneven(_counts(dataset, "train"))


def _counts(dataset: Dataset, split: str) -> npt.NDArray[np.int64]:
    """(classes,) pictures of each."""
    return dataset.task.support(dataset.labels[dataset.indices(split)], len(dataset.classes))


def _of_labels(dataset: Dataset) -> Decision:
    """Mean average precision, where each label has validation pictures enough with it and without it; else log loss."""
    validation = _counts(dataset, "val")
    held_out = int(np.minimum(validation, len(dataset.indices("val")) - validation).min())
    if held_out >= LEAST_PICTURES:
        return Decision("metric", PRECISION, "pictures have several labels, of which each counts the same")
    return Decision(
        "metric",
        "log_loss",
        f"pictures have several labels, of which one has or lacks {plural(held_out, 'picture')} for validation: "
        "too few to weigh the labels alike",
    )


def _are_uneven(counts: npt.NDArray[np.int64]) -> bool:
    return bool(counts.max() >= UNEVEN * counts.min())
