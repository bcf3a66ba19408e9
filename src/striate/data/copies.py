"""Exact copies of a picture: which contradict each other, and what they tell together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from striate.data.dataset import Dataset

Rows = npt.NDArray[np.int64]


def contradictions(dataset: Dataset, sound: Rows) -> dict[int, str]:
    """The sound pictures that have an exact copy under another label, each with what is wrong.

    Args:
        dataset: With facts.
        sound: The rows that could be read, ascending.
    """
    labels, task = dataset.labels, dataset.task
    codes = _codes(dataset, sound)
    _, kinds = np.unique(labels[sound], axis=0, return_inverse=True)
    order = np.lexsort((kinds.ravel(), codes))
    rows, codes = sound[order], codes[order]  # copies side by side, by label
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    lengths = np.diff(starts, append=len(rows))
    first, last = np.repeat(rows[starts], lengths), np.repeat(rows[starts + lengths - 1], lengths)
    contested = task.contradicts(labels[first], labels[last])
    reasons = {}
    for row, low, high in zip(rows[contested], first[contested], last[contested], strict=True):
        other = low if task.contradicts(labels[[row]], labels[[low]])[0] else high
        reasons[int(row)] = (
            f"it is labelled {task.tell(labels[row], dataset.classes)!r}, but its exact copy "
            f"{dataset.pictures.key(int(other))} is labelled {task.tell(labels[other], dataset.classes)!r}"
        )
    return reasons


def with_joined_copies(dataset: Dataset, sound: Rows) -> Dataset:
    """The data set in which exact copies have the labels of all of them, if it joins copies; arguments as `contradictions` has them."""
    if not dataset.joins_copies:
        return dataset
    labels = dataset.labels.copy()
    for rows in _copies(dataset, sound):
        labels[rows] = dataset.task.joined(labels[rows])
    return replace(dataset, labels=labels)


def repeated_copies(dataset: Dataset, sound: Rows) -> tuple[int, ...]:
    """The rows that are an exact copy of an earlier one in the same split, if the data set joins copies."""
    if not dataset.joins_copies:
        return ()
    return tuple(
        int(row)
        for rows in _copies(dataset, sound)
        for split in np.unique(dataset.splits[rows])
        for row in rows[dataset.splits[rows] == split][1:]
    )


def _copies(dataset: Dataset, rows: Rows) -> Iterator[Rows]:
    """The rows of each picture that is there more than once."""
    codes = _codes(dataset, rows)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    for group in np.split(rows[order], starts[1:]):
        if len(group) > 1:
            yield group


def _codes(dataset: Dataset, rows: Rows) -> Rows:
    """(k,) a number for each content."""
    digests = dataset.checked_facts.digests[rows]
    _, codes = np.unique(digests.view("V32").ravel(), return_inverse=True)
    return codes.astype(np.int64)
