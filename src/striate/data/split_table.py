"""The splits as a file: each picture's path, label, split and content hash."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.data.dataset import SPLIT_CODES, SPLITS, UNASSIGNED, Dataset
from striate.data.names import Names
from striate.durable_writing import whole_file
from striate.errors import DataError
from striate.name_comparison import comparable
from striate.row_writing import Cell, FilePath, csv_line, unguarded, unguarded_path
from striate.tasks import TASKS, Task, task_of_column

COLUMNS = ("path", "split", "sha256")
"""Beside the task's own, which is the second, and `group`."""


@dataclass(frozen=True, eq=False)
class SplitTable:
    """What a split.csv says, row by row."""

    keys: Names
    classes: tuple[str, ...]  # sorted by code point
    labels: npt.NDArray[Any]  # n targets of the task, of places in classes
    splits: npt.NDArray[np.uint8]  # (n,): 0 unassigned, 1 train, 2 val, 3 test
    digests: npt.NDArray[np.uint8]  # (n, 32)
    task: Task
    groups: Names | None = None  # group of each picture, "" for none; None where the file has no such column

    def __len__(self) -> int:
        return len(self.keys)


def write_split_csv(dataset: Dataset, path: Path) -> None:
    """Writes every picture's path, label, split and SHA-256, and its group where there are groups; whole or not at all.

    Args:
        dataset: Checked; its pictures in the order that the rows will have.
        path: The file; one that exists is replaced in one step.

    Raises:
        UsageError: The data set is not checked.
        DataError: The file cannot be written.
    """
    digests = dataset.checked_facts.digests
    try:
        with whole_file(path) as file:
            file.write(csv_line(_header(dataset.task) + ["group"] * (dataset.groups is not None)))
            file.writelines(csv_line(_row(dataset, index, digests)) for index in range(len(dataset)))
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}") from error


def _header(task: Task) -> list[str]:
    return [COLUMNS[0], task.column, *COLUMNS[1:]]


def _task_of(header: list[str]) -> Task | None:
    """The task whose table begins with this line; None if it is no such table."""
    task = task_of_column(header[1]) if len(header) > 1 else None
    return task if task is not None and header in (_header(task), [*_header(task), "group"]) else None


def _row(dataset: Dataset, index: int, digests: npt.NDArray[np.uint8]) -> list[Cell]:
    split = ("", *SPLITS)[dataset.splits[index]]
    key, label = dataset.pictures.key(index), dataset.task.tell(dataset.labels[index], dataset.classes)
    row: list[Cell] = [FilePath(key), label, split, digests[index].tobytes().hex()]
    if dataset.groups is not None:
        group = int(dataset.groups[index])
        row.append(dataset.group_names[group] if group >= 0 else "")
    return row


def read_split_csv(path: Path) -> SplitTable:
    """The table that `write_split_csv` wrote.

    Raises:
        DataError: The file cannot be read or is no such table; the message has the line's number.
    """
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if (task := _task_of(header)) is None:
                columns_of_task = "|".join(dict.fromkeys(task.column for task in TASKS.values()))
                raise DataError(
                    f"{path} is no table of splits: its first line should be path,{columns_of_task},split,sha256[,group]"
                )
            columns: list[list[str]] = [[] for _ in header]
            for row in reader:
                _check_row(f"{path}, line {reader.line_num}", row, len(header))
                for column, value in zip(columns, row, strict=True):
                    column.append(value)
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: not CSV ({error})") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    keys, labels = map(unguarded_path, columns[0]), list(map(unguarded, columns[1]))
    classes = tuple(sorted({name for text in set(labels) for name in task.names(text)}))
    return SplitTable(
        keys=Names.from_strings(keys),
        classes=classes,
        labels=task.encode(labels, classes),
        splits=np.array([SPLIT_CODES.get(name, UNASSIGNED) for name in columns[2]], dtype=np.uint8),
        digests=np.frombuffer(bytes.fromhex("".join(columns[3])), dtype=np.uint8).reshape(-1, 32),
        task=task,
        groups=Names.from_strings(map(unguarded, columns[4])) if len(columns) > 4 else None,
    )


def _check_row(place: str, row: list[str], length: int) -> None:
    if len(row) != length:
        raise DataError(f"{place}: {len(row)} values instead of {length}")
    if row[2] not in ("", *SPLITS):
        raise DataError(f"{place}: unknown split {row[2]!r}; known: {', '.join(SPLITS)}")
    if not re.fullmatch("[0-9a-f]{64}", row[3]):
        raise DataError(f"{place}: {row[3]!r} is no SHA-256 in 64 lower-case hexadecimal digits")


def apply_split_table(dataset: Dataset, table: SplitTable) -> Dataset:
    """The data set with the splits of a table, which knows the pictures by what they are, not by their names.

    What the table lacks is unassigned. Where copies of a picture lie in several splits of the table, the copy with the
    same path counts, else the first of train, val, test.

    Args:
        dataset: Checked, as pictures are known by their digests; splits that it has are forgotten.
        table: From `read_split_csv`.

    Raises:
        UsageError: The data set is not checked.
    """
    digests = np.concatenate([table.digests, dataset.checked_facts.digests])
    _, codes = np.unique(digests.view("V32").ravel(), return_inverse=True)
    listed, ours = codes[: len(table)], codes[len(table) :]
    least = np.full(len(codes), 255, dtype=np.uint8)
    most = np.zeros(len(codes), dtype=np.uint8)
    np.minimum.at(least, listed, table.splits)
    np.maximum.at(most, listed, table.splits)
    splits = np.where(least[ours] == 255, UNASSIGNED, least[ours]).astype(np.uint8)
    torn = {
        (listed[row], comparable(table.keys[row])): table.splits[row]
        for row in np.flatnonzero(least[listed] != most[listed]).tolist()
    }
    for row in np.flatnonzero((least[ours] != 255) & (least[ours] != most[ours])).tolist():
        splits[row] = torn.get((ours[row], comparable(dataset.pictures.key(row))), splits[row])
    return replace(dataset, splits=splits)


def is_split_table(path: Path) -> bool:
    """Whether a file begins as `write_split_csv` begins one."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            header = file.readline().rstrip("\r\n").split(",")
    except OSError:
        return False
    return _task_of(header) is not None
