"""Pictures that were made of others (stored anew, scaled, lightened, turned, cropped): in one split, across splits, under two labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from striate.data.splitting import unit_of_each
from striate.doctor.audit import Audit
from striate.doctor.exact_copies import in_order, on_one_side, same_labels
from striate.doctor.kind import Seen


def groups(audit: Audit) -> list[npt.NDArray[np.int64]]:
    """The rows of each set of pictures that near copies tie together, with their exact copies; the one to keep first."""
    near = audit.near_copies
    if not len(near.pairs):
        return []
    rows = audit.readable
    units = unit_of_each(audit.records["digest"][rows], None, np.searchsorted(rows, near.pairs))
    tied = np.unique(units[np.searchsorted(rows, near.pairs[:, 0])])
    order = np.argsort(units, kind="stable")
    starts, ends = np.searchsorted(units[order], tied), np.searchsorted(units[order], tied, side="right")
    parts = [rows[order[start:end]] for start, end in zip(starts, ends, strict=True)]
    return sorted((part[in_order(audit, part)] for part in parts), key=lambda part: int(part.min()))


def copies(audit: Audit) -> Iterator[Seen]:
    """Near copies in one split, under one label."""
    yield from (_seen(audit, rows) for rows in groups(audit) if same_labels(audit, rows) and on_one_side(audit, rows))


def leaked(audit: Audit) -> Iterator[Seen]:
    """Near copies under one label in more than one split."""
    yield from (
        _seen(audit, rows) for rows in groups(audit) if same_labels(audit, rows) and not on_one_side(audit, rows)
    )


def contradicting(audit: Audit) -> Iterator[Seen]:
    """Near copies under more than one label."""
    yield from (_seen(audit, rows) for rows in groups(audit) if not same_labels(audit, rows))


def _seen(audit: Audit, rows: npt.NDArray[np.int64]) -> Seen:
    near = audit.near_copies
    places = np.flatnonzero(np.isin(near.pairs[:, 0], rows))
    how = sorted({near.words(int(place)) for place in places} - {""})
    named = {
        "how": f" ({', '.join(how)})" if how else "",
        "splits": " and ".join(dict.fromkeys(audit.split_name(int(row)) for row in rows)),
        "labels": " and ".join(dict.fromkeys(repr(audit.label_name(int(row))) for row in rows)),
    }
    return Seen(tuple(int(row) for row in rows), float(len(rows)), named)
