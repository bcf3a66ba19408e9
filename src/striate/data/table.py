"""A CSV that lists pictures: `path,label[,split,group]`."""

from __future__ import annotations

import csv
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath

import numpy as np

from striate.data.dataset import UNASSIGNED, Dataset, FilePictures, assemble, listed
from striate.data.names import Names
from striate.data.split_names import split_code
from striate.errors import DataError
from striate.name_comparison import PathFinder, comparable
from striate.printable_text import is_text
from striate.row_writing import unguarded, unguarded_path
from striate.tasks import USUAL_TASK

COLUMNS = ("path", "label", "split", "group")
SPACES = " \t\u00a0\u3000"  # those that do not count around a value; a line end that is quoted belongs to it


@dataclass
class _Rows:
    """The table's pictures, a list an attribute, with the line that each stands in."""

    places: dict[str, int] = field(default_factory=dict)  # key -> row
    labels: list[str] = field(default_factory=list)
    splits: list[int] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    finder: PathFinder = field(default_factory=PathFinder)


def load_table(path: Path) -> Dataset:
    """The pictures that a CSV lists; names only, nothing is opened.

    Args:
        path: A UTF-8 file (with or without BOM) whose first line names the columns, in any order: `path` (relative to
            the CSV's folder, or absolute) and `label`; `split` (`train`, `val`, `test`, or another common spelling) and `group` if
            there are any. Spaces around a value do not count, nor do lines that repeat another; other columns are
            ignored. What Striate guards against spreadsheets in its own tables (see `row_writing`) is read back. A path may
            hold bytes that are no UTF-8, or be in another Unicode form than the file's name.

    Raises:
        DataError: The file is not such a table, or a line of it makes no sense; the message has the line's number.
    """
    ignored: Counter[str] = Counter()
    rows = _read(path, ignored)
    if len(set(rows.splits)) > 1 and UNASSIGNED in rows.splits:
        line = rows.lines[rows.splits.index(UNASSIGNED)]
        raise DataError(
            f"{path}, line {line}: no split, though other lines have one; give every picture a split or none"
        )
    return _assembled(path, rows, ignored)


def _assembled(path: Path, rows: _Rows, ignored: Counter[str]) -> Dataset:
    keys = list(rows.places)
    order = sorted(range(len(keys)), key=lambda row: (rows.splits[row], rows.labels[row], keys[row]))
    class_names = sorted(set(rows.labels))
    group_names = sorted(set(rows.groups) - {""})
    group_places = {"": -1} | {name: place for place, name in enumerate(group_names)}
    return assemble(
        name=path.stem,
        location=str(path),
        pictures=FilePictures(path.parent, Names.from_strings(keys[row] for row in order)),
        class_names=class_names,
        labels=USUAL_TASK.encode([rows.labels[row] for row in order], class_names),
        splits=np.array([rows.splits[row] for row in order], dtype=np.uint8),
        groups=np.array([group_places[rows.groups[row]] for row in order], dtype=np.int32) if group_names else None,
        group_names=tuple(group_names),
        ignored=ignored,
    )


def _read(path: Path, ignored: Counter[str]) -> _Rows:
    rows = _Rows()
    missing: list[tuple[int, str]] = []
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            for line, values in _lines(path, csv.reader(file, strict=True), ignored):
                _add(path, rows, missing, line, values, ignored)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    if missing:
        line, name = missing[0]
        _check_text(path, name)
        more = f" (nor do the files of {len(missing) - 1} more lines)" if len(missing) > 1 else ""
        raise DataError(
            f"{path}, line {line}: the file {name!r} does not exist{more}; "
            f"paths are relative to the folder of the table, or absolute{_slashes(path.parent, name)}"
        )
    return rows


def _slashes(folder: Path, name: str) -> str:
    """What to do about a path that was written on Windows."""
    if "\\" not in name or os.sep == "\\":
        return ""
    slashed = PureWindowsPath(name).as_posix()
    found = f": write {slashed!r}, which exists" if _is_file(folder / slashed) else ", not by backslashes"
    return f"; folders are separated by slashes here{found}"


def _lines(path: Path, reader: Iterator[list[str]], ignored: Counter[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The table's lines as (line number, value by column)."""
    header: list[str] | None = None
    line = 0
    try:
        for values in reader:
            line = reader.line_num  # type: ignore[attr-defined]
            if not any(value.strip() for value in values):
                continue
            if header is None:
                header = _checked_header(path, values, ignored)
            elif len(values) < len(header) or any(value.strip() for value in values[len(header) :]):
                raise DataError(
                    f"{path}, line {line}: {len(values)} values, but the header names {len(header)} columns; "
                    "a value that holds a comma must stand in double quotes"
                )
            else:
                yield line, _values(path, dict(zip(header, values, strict=False)))
    except csv.Error as error:
        raise DataError(f"{path}, line {line + 1}: not CSV ({error})") from error
    if header is None:
        raise DataError(f"{path} is empty; its first line should name the columns: path,label[,split,group]")


def _values(path: Path, row: dict[str, str]) -> dict[str, str]:
    """A line's values by column, as they were before they were guarded against spreadsheets."""
    values = {name: unguarded(value.strip(SPACES)) for name, value in row.items() if name in COLUMNS[1:]}
    for value in values.values():
        _check_text(path, value)
    return values | {"path": unguarded_path(row["path"].strip(SPACES))}


def _check_text(path: Path, value: str) -> None:
    """Raises DataError if there are bytes in a value that are no UTF-8; only the path of a file may have them."""
    if not is_text(value):
        raise DataError(f"{path} is not UTF-8 text; save the table as 'CSV UTF-8'")


def _checked_header(path: Path, values: list[str], ignored: Counter[str]) -> list[str]:
    header = [value.strip().lower() for value in values]
    for name in COLUMNS:
        if header.count(name) > 1:
            raise DataError(f"{path}: the header names the column {name!r} {header.count(name)} times; keep one")
        if name in ("path", "label") and name not in header:
            other_separator = len(values) == 1 and any(character in values[0] for character in ";\t|")
            hint = "; the columns must be separated by commas" if other_separator else ""
            raise DataError(f"{path}: the header has no column {name!r} (it has {', '.join(map(repr, header))}){hint}")
    unknown = [name for name in header if name not in COLUMNS]
    if unknown:
        ignored[f"unknown {listed('column', unknown)}"] += len(unknown)
    return header


def _add(
    path: Path, rows: _Rows, missing: list[tuple[int, str]], line: int, values: dict[str, str], ignored: Counter[str]
) -> None:
    """Adds one line's picture to `rows`, or its file to `missing`."""
    if not values["path"]:
        raise DataError(f"{path}, line {line}: no path; every line must name a picture")
    label = comparable(values["label"])
    if not label:
        raise DataError(f"{path}, line {line}: no label for {values['path']!r}; every picture must have one")
    split = _split(path, line, values.get("split", ""))
    group = comparable(values.get("group", ""))
    key = _key(path.parent, values["path"])
    if key not in rows.places and not _is_file(path.parent / key):
        key = _key(path.parent, str(rows.finder.find(path.parent / key)))
    row = rows.places.setdefault(key, len(rows.places))
    if row < len(rows.lines):
        _same(path, line, rows, row, values["path"], (label, split, group))
        ignored["lines that repeat another"] += 1
        return
    rows.labels.append(label)
    rows.splits.append(split)
    rows.groups.append(group)
    rows.lines.append(line)
    if not _is_file(path.parent / key):
        missing.append((line, values["path"]))


def _split(path: Path, line: int, name: str) -> int:
    if not name:
        return UNASSIGNED
    code = split_code(name)
    if code is None:
        raise DataError(f"{path}, line {line}: unknown split {name!r}; known: train, val (or validation), test")
    return code


def _key(folder: Path, name: str) -> str:
    """A path written in the one way there is: relative if it lies below the folder, without `.`, with slashes."""
    path = Path(os.path.normpath(name))
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return False


def _same(path: Path, line: int, rows: _Rows, row: int, name: str, new: tuple[str, int, str]) -> None:
    """Makes sure that a line that names a picture again says the same of it."""
    old = (rows.labels[row], rows.splits[row], rows.groups[row])
    for column, first, second in zip(COLUMNS[1:], old, new, strict=True):
        if first != second:
            raise DataError(
                f"{path}, line {line}: {name!r} has another {column} than in line {rows.lines[row]}; "
                f"a picture has one {column}"
            )
