"""Pictures that are left out on request: a list that `striate check --fix-list` writes and people edit, and what a run keeps of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from striate.data.assembling import listed
from striate.data.dataset import TRAIN, UNASSIGNED, Dataset, count_table
from striate.durable_writing import write_durably
from striate.errors import DataError, UsageError
from striate.name_comparison import NamePlaces
from striate.printable_text import printable
from striate.row_writing import FilePath, csv_line, unguarded_path
from striate.wording import plural

EXCLUDE = "exclude"
"""What the column `action` says of a picture that is to be left out."""

IGNORED = "pictures left out on request"
"""How `Dataset.ignored` counts them."""


def exclude_pictures(dataset: Dataset, path: str | Path) -> Dataset:
    """The data set without the pictures that a list has, which are its `excluded`; a note says how many there were.

    Args:
        dataset: From `load_data`.
        path: A CSV with a column `path`, of paths as `striate check` shows them, and a column `action` if there is one: then only
            the lines count whose action is `exclude`.

    Raises:
        UsageError: The file is no such list, or none of its pictures is in the data.
        DataError: A class is left without a picture to train on.
    """
    keys = read_exclusions(Path(path))
    if not keys:
        return replace(dataset, notes=(*dataset.notes, f"no picture left out: {path} asks for none"))
    places = NamePlaces(dataset.pictures.key(row) for row in range(len(dataset)))
    found = [key for key in keys if places.find(key) is not None]
    if not found:
        raise UsageError(
            f"--exclude {path}: none of its {plural(len(keys), 'picture')}, such as {printable(keys[0])}, is in {dataset.location}; "
            "paths are those that `striate check` shows for the same data"
        )
    note = f"{plural(len(found), 'picture')} left out, as {path} asks"
    if len(found) < len(keys):
        missing = next(key for key in keys if places.find(key) is None)
        note += f"; {plural(len(keys) - len(found), 'other')} in it, such as {missing}, not in the data"
    left = without(dataset, found)
    _need_classes(dataset, left, path)
    return replace(left, notes=(*dataset.notes, note))


def without(dataset: Dataset, keys: list[str]) -> Dataset:
    """The data set without the pictures of these keys, which are its `excluded`; keys that it has not are passed over."""
    places = NamePlaces(dataset.pictures.key(row) for row in range(len(dataset)))
    rows = sorted({row for key in keys if (row := places.find(key)) is not None})
    kept = np.setdiff1d(np.arange(len(dataset)), np.array(rows, dtype=np.int64))
    excluded = tuple(dataset.pictures.key(row) for row in rows)
    ignored = {**dataset.ignored, **({IGNORED: len(rows)} if rows else {})}
    return replace(dataset.select(kept), excluded=excluded, ignored=ignored)


def read_exclusions(path: Path) -> list[str]:
    """The paths that a list has to leave out, each once, in its order.

    Raises:
        UsageError: The file cannot be read, or is no such list.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            return list(dict.fromkeys(_paths(path, csv.reader(file, strict=True))))
    except OSError as error:
        raise UsageError(f"--exclude {path} cannot be read ({error.strerror or error})") from error
    except csv.Error as error:
        raise UsageError(f"--exclude {path} is not CSV ({error})") from error


def _paths(path: Path, lines: Iterator[list[str]]) -> Iterator[str]:
    header = [name.strip().lower() for name in next(lines, [])]
    if "path" not in header:
        raise UsageError(
            f"--exclude {path} has no column 'path' (its first line is {printable(', '.join(header)) or 'empty'}); "
            "expected a list as `striate check DATA --fix-list FILE.csv` writes it"
        )
    place, action = header.index("path"), header.index("action") if "action" in header else None
    for line in lines:
        if len(line) > place and line[place] and (action is None or line[action : action + 1] == [EXCLUDE]):
            yield unguarded_path(line[place])


def _need_classes(before: Dataset, after: Dataset, path: str | Path) -> None:
    had, has = (
        (table := count_table(data.task, data.labels, data.splits, len(data.classes)))[:, TRAIN] + table[:, UNASSIGNED]
        for data in (before, after)
    )
    if lost := [before.classes[label] for label in np.flatnonzero((had > 0) & (has == 0))]:
        raise DataError(
            f"--exclude {path} leaves no picture of {listed('class', lost)} to train on; keep some, or remove the class"
        )


def write_excluded(dataset: Dataset, path: Path) -> None:
    """Writes what was left out of a data set, as a list that leaves the same out again; no file where nothing was."""
    path.unlink(missing_ok=True)  # of a run that never began here
    if dataset.excluded:
        lines = [csv_line(["path"]), *(csv_line([FilePath(key)]) for key in dataset.excluded)]
        write_durably(path, b"".join(lines))


def apply_excluded(dataset: Dataset, path: Path) -> Dataset:
    """The data set without what `write_excluded` wrote, if it wrote anything.

    Raises:
        UsageError: The list is damaged.
    """
    return without(dataset, read_exclusions(path)) if path.is_file() else dataset
