"""The same bytes twice: in one split, on two sides of a split, or under two labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from striate.data.dataset import TEST, TRAIN, VAL
from striate.doctor.audit import Audit
from striate.doctor.kind import Seen

KEPT_FIRST = {TEST: 0, VAL: 1, TRAIN: 2}
"""Of copies in two splits the one that is measured on stays: what was learnt by heart must not be measured."""


def groups(audit: Audit) -> list[npt.NDArray[np.int64]]:
    """The rows of each set of pictures that are the same byte by byte, the one to keep first; sets in the order of the pictures."""
    rows = audit.readable
    _, codes = np.unique(audit.records["digest"][rows].view("V32").ravel(), return_inverse=True)
    order = np.argsort(codes, kind="stable")
    parts = np.split(rows[order], np.flatnonzero(np.diff(codes[order])) + 1)
    found = [part[in_order(audit, part)] for part in parts if len(part) > 1]
    return sorted(found, key=lambda part: int(part.min()))


def in_order(audit: Audit, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The places of rows that show the same, the one to keep first: of the test split, then of val, then the first by name."""
    ranks = np.array([KEPT_FIRST.get(int(code), len(KEPT_FIRST)) for code in audit.dataset.splits[rows]])
    return np.lexsort((rows, ranks))


def same_labels(audit: Audit, rows: npt.NDArray[np.int64]) -> bool:
    """Whether no two labels of some pictures contradict each other."""
    labels = audit.dataset.labels[rows]
    return not audit.dataset.task.contradicts(labels[:-1], labels[1:]).any()


def on_one_side(audit: Audit, rows: npt.NDArray[np.int64]) -> bool:
    """Whether some pictures are all in one split."""
    return len(np.unique(audit.dataset.splits[rows])) == 1


def copies(audit: Audit) -> Iterator[Seen]:
    """Exact copies in one split, under one label."""
    yield from (_seen(audit, rows) for rows in groups(audit) if same_labels(audit, rows) and on_one_side(audit, rows))


def leaked(audit: Audit) -> Iterator[Seen]:
    """Exact copies under one label in more than one split."""
    yield from (
        _seen(audit, rows) for rows in groups(audit) if same_labels(audit, rows) and not on_one_side(audit, rows)
    )


def contradicting(audit: Audit) -> Iterator[Seen]:
    """Exact copies under more than one label."""
    yield from (_seen(audit, rows) for rows in groups(audit) if not same_labels(audit, rows))


def _seen(audit: Audit, rows: npt.NDArray[np.int64]) -> Seen:
    named = {
        "splits": " and ".join(dict.fromkeys(audit.split_name(int(row)) for row in rows)),
        "labels": " and ".join(dict.fromkeys(repr(audit.label_name(int(row))) for row in rows)),
    }
    return Seen(tuple(int(row) for row in rows), float(len(rows)), named)
