"""A CSV that lists pictures: `path,label[,split,group]`, or `path,labels`, or a column a label with 0 and 1, or `path,text`."""

from __future__ import annotations

import csv
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PureWindowsPath

import numpy as np

from striate.data.assembling import assemble, listed
from striate.data.dataset import UNASSIGNED, Dataset
from striate.data.names import Names
from striate.data.pictures import FilePictures
from striate.data.split_names import split_code
from striate.errors import DataError
from striate.name_comparison import PathFinder, comparable
from striate.printable_text import is_text
from striate.row_writing import unguarded, unguarded_path
from striate.tasks import OF_SEVERAL_LABELS, SEVERAL_HINT, TASKS, USUAL_TASK, Task, task_of_column

COLUMNS = ("path", "split", "group")
"""Beside those that tell what is right."""
TOLD = tuple(dict.fromkeys(task.column for task in TASKS.values()))
"""Those that tell it."""
FLAGS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}
"""What a column of one label may hold, in small letters."""
SPACES = " \t\u00a0\u3000"  # those that do not count around a value; a line end that is quoted belongs to it


@dataclass(frozen=True)
class _Header:
    """What the columns of a table are."""

    names: list[str]  # in small letters
    task: Task
    told: str = ""  # the column that tells what is right
    flags: tuple[str, ...] = ()  # or the labels that have a column each, as they are written
    of_one: bool = False  # whether a line tells one of the labels of its picture


@dataclass
class _Rows:
    """The table's pictures, a list an attribute, with the line that each stands in."""

    header: _Header
    places: dict[str, int] = field(default_factory=dict)  # key -> row
    told: list[str] = field(default_factory=list)
    splits: list[int] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    finder: PathFinder = field(default_factory=PathFinder)


def load_table(path: Path, task: Task | None = None) -> Dataset:
    """The pictures that a CSV lists; names only, nothing is opened.

    Args:
        path: A UTF-8 file (with or without BOM) whose first line names the columns, in any order: `path` (relative to
            the CSV's folder, or absolute) and `label`, or `labels` (several with `|` between them, or none), or a column for each
            label that holds 0 and 1; `split` (`train`, `val`, `test`, or another common spelling) and `group` if
            there are any; or `text`, the string that a picture says, which may be empty. Spaces around a value do not
            count, nor do lines that repeat another; other columns are ignored. What Striate guards against spreadsheets in
            its own tables (see `row_writing`) is read back. A path may hold bytes that are no UTF-8, or be in another Unicode
            form than the file's name.
        task: What is asked of the pictures; None for what the columns suit. Where that is several labels a picture, lines with a
            `label` that name a picture again add to its labels.

    Raises:
        DataError: The file is not such a table, or a line of it makes no sense; the message has the line's number.
    """
    ignored: Counter[str] = Counter()
    rows = _read(path, task, ignored)
    if len(set(rows.splits)) > 1 and UNASSIGNED in rows.splits:
        line = rows.lines[rows.splits.index(UNASSIGNED)]
        raise DataError(
            f"{path}, line {line}: no split, though other lines have one; give every picture a split or none"
        )
    return _assembled(path, rows, ignored)


def _assembled(path: Path, rows: _Rows, ignored: Counter[str]) -> Dataset:
    keys = list(rows.places)
    order = sorted(range(len(keys)), key=lambda row: (rows.splits[row], rows.told[row], keys[row]))
    task = rows.header.task
    class_names = sorted({name for told in set(rows.told) for name in task.names(told)})
    group_names = sorted(set(rows.groups) - {""})
    group_places = {"": -1} | {name: place for place, name in enumerate(group_names)}
    dataset = assemble(
        name=path.stem,
        location=str(path),
        pictures=FilePictures(path.parent, Names.from_strings(keys[row] for row in order)),
        class_names=class_names,
        labels=task.encode([rows.told[row] for row in order], class_names),
        splits=np.array([rows.splits[row] for row in order], dtype=np.uint8),
        groups=np.array([group_places[rows.groups[row]] for row in order], dtype=np.int32) if group_names else None,
        group_names=tuple(group_names),
        ignored=ignored,
        task=task,
    )
    notes = (*dataset.notes, *_other_separator(rows), *_say_nothing(dataset))
    return replace(dataset, joins_copies=rows.header.of_one, notes=notes)


def _say_nothing(dataset: Dataset) -> list[str]:
    """A hint where strings are empty, which may be missing ones."""
    if not dataset.task.sequential:
        return []
    empty = np.flatnonzero([not dataset.task.tell(target, dataset.classes) for target in dataset.labels])
    if not len(empty):
        return []
    of = (
        f"{len(empty):,} of {len(dataset):,} pictures have an empty text, such as {dataset.pictures.key(int(empty[0]))}"
    )
    return [f"{of}: they are learnt as lines that say nothing; leave them out where the text is merely not known"]


def _other_separator(rows: _Rows) -> list[str]:
    """A hint where a column of several labels has none with `|`, but some with what others write between labels."""
    if rows.header.told != OF_SEVERAL_LABELS.column or any("|" in told for told in rows.told):
        return []
    meant = next((told for told in rows.told if ";" in told or "," in told), None)
    return [] if meant is None else [f"{meant!r} is taken for one label: between several stands '|'"]


def _read(path: Path, task: Task | None, ignored: Counter[str]) -> _Rows:
    missing: list[tuple[int, str]] = []
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            lines = _lines(path, csv.reader(file, strict=True))
            _, names = next(lines, (0, []))
            rows = _Rows(_header(path, names, task, ignored))
            for line, values in lines:
                _add(path, rows, missing, line, _values(path, line, rows.header, values), ignored)
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


def _lines(path: Path, reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """The table's lines as (line number, values), the header first; those without a value are passed over."""
    columns = line = 0
    try:
        for values in reader:
            line = reader.line_num  # type: ignore[attr-defined]
            if not any(value.strip() for value in values):
                continue
            if columns and (len(values) < columns or any(value.strip() for value in values[columns:])):
                raise DataError(
                    f"{path}, line {line}: {len(values)} values, but the header names {columns} columns; "
                    "a value that holds a comma must stand in double quotes"
                )
            columns = columns or len(values)
            yield line, values
    except csv.Error as error:
        raise DataError(f"{path}, line {line + 1}: not CSV ({error})") from error


def _values(path: Path, line: int, header: _Header, row: list[str]) -> dict[str, str]:
    """A line's values by column, as they were before they were guarded against spreadsheets; `told` is what is right."""
    given = dict(zip(header.names, row, strict=False))
    values = {name: unguarded(given[name].strip(SPACES)) for name in (*COLUMNS[1:], header.told) if name in given}
    for value in values.values():
        _check_text(path, value)
    told = values.get(header.told, "") if header.told else _told_by_flags(path, line, header, given)
    return values | {"told": told, "path": unguarded_path(given["path"].strip(SPACES))}


def _told_by_flags(path: Path, line: int, header: _Header, given: dict[str, str]) -> str:
    """What a line with a column a label tells, as one text."""
    flags = []
    for label in header.flags:
        value = given[label.lower()].strip(SPACES)
        flag = FLAGS.get(value.lower())
        if flag is None:
            raise DataError(
                f"{path}: the header has no column {USUAL_TASK.column!r} (it has {', '.join(map(repr, header.names))}), and line {line} "
                f"has {value!r} under {label!r}: what a picture shows stands in a column {' or '.join(map(repr, TOLD))}, or in a column "
                "for each label that holds 0 and 1"
            )
        flags.append(flag)
    return header.task.tell(np.array(flags), header.flags)


def _check_text(path: Path, value: str) -> None:
    """Raises DataError if there are bytes in a value that are no UTF-8; only the path of a file may have them."""
    if not is_text(value):
        raise DataError(f"{path} is not UTF-8 text; save the table as 'CSV UTF-8'")


def _header(path: Path, values: list[str], task: Task | None, ignored: Counter[str]) -> _Header:
    """What the first line says the columns are, and what is asked: the task that was named, else what the columns suit."""
    if not values:
        raise DataError(f"{path} is empty; its first line should name the columns: path,label[,split,group]")
    names = [value.strip().lower() for value in values]
    told = list(dict.fromkeys(name for name in names if task_of_column(name)))
    if len(told) > 1 and task is not None:
        told = [name for name in told if name == task.column] or told
    if len(told) > 1:
        raise DataError(
            f"{path}: the header names both {' and '.join(map(repr, told))}; keep one, or say by --task what is asked"
        )
    for name in (*COLUMNS, *told):
        if names.count(name) > 1:
            raise DataError(f"{path}: the header names the column {name!r} {names.count(name)} times; keep one")
    others = [value.strip() for value in values if value.strip().lower() not in (*COLUMNS, *TOLD)]
    if "path" not in names or not (told or others):
        raise DataError(_lacking(path, values, names, "label" if "path" in names else "path"))
    if not told:
        return _header_of_flags(path, names, others, task, ignored)
    if others:
        unknown = [other.lower() for other in others]
        ignored[f"unknown {listed('column', unknown)}"] += len(unknown)
    meant = task_of_column(told[0]) or USUAL_TASK
    of_strings = task is not None and task.sequential and not meant.several  # a column `label` that holds strings
    if task is None or task.column == told[0] or of_strings:
        return _Header(names, task or meant, told[0])
    if meant.several or task.sequential:
        holds = "a string a picture" if meant.sequential else "several labels a picture"
        wanted = "a string" if task.sequential else "several labels" if task.several else "one label"
        raise DataError(
            f"{path} has the column {told[0]!r}, {holds}, and {wanted} a picture was asked for; "
            f"rename the column to {task.column!r} if each picture has {'them' if task.several and not task.sequential else 'one'}"
        )
    return _Header(names, task, told[0], of_one=True)


def _lacking(path: Path, values: list[str], names: list[str], column: str) -> str:
    other_separator = len(values) == 1 and any(character in values[0] for character in ";\t|")
    hint = "; the columns must be separated by commas" if other_separator else ""
    return f"{path}: the header has no column {column!r} (it has {', '.join(map(repr, names))}){hint}"


def _header_of_flags(
    path: Path, names: list[str], others: list[str], task: Task | None, ignored: Counter[str]
) -> _Header:
    """The header of a table with a column a label; a column without a name, as data frames have for their rows' numbers, is none."""
    unnamed = [name for name in others if not name or name.lower().startswith("unnamed:")]
    flags = tuple(name for name in others if name not in unnamed)
    if not flags or (task is not None and (task.sequential or not task.several)):
        raise DataError(_lacking(path, names, names, USUAL_TASK.column if task is None else task.column))
    of_several = task or OF_SEVERAL_LABELS
    for name in flags:
        if names.count(name.lower()) > 1:
            raise DataError(f"{path}: the header names the column {name!r} {names.count(name.lower())} times; keep one")
        _check_text(path, name)
        if of_several.names(name) != (name,):
            raise DataError(f"{path}: the column {name!r} can be no label: '|' stands between labels; rename it")
    if unnamed:
        ignored["columns without a name"] += len(unnamed)
    return _Header(names, of_several, flags=flags)


def _add(
    path: Path, rows: _Rows, missing: list[tuple[int, str]], line: int, values: dict[str, str], ignored: Counter[str]
) -> None:
    """Adds one line's picture to `rows`, or its file to `missing`."""
    if not values["path"]:
        raise DataError(f"{path}, line {line}: no path; every line must name a picture")
    told = comparable(values["told"])
    if not told and (rows.header.of_one or not rows.header.task.several):
        raise DataError(f"{path}, line {line}: no label for {values['path']!r}; every picture must have one")
    split = _split(path, line, values.get("split", ""))
    group = comparable(values.get("group", ""))
    key = _key(path.parent, values["path"])
    if key not in rows.places and not _is_file(path.parent / key):
        key = _key(path.parent, str(rows.finder.find(path.parent / key)))
    row = rows.places.setdefault(key, len(rows.places))
    if row < len(rows.lines):
        if rows.header.of_one:
            rows.told[row], told = (rows.header.task.also(rows.told[row], told),) * 2
        else:
            ignored["lines that repeat another"] += 1
        _same(path, line, rows, row, values["path"], (told, split, group))
        return
    rows.told.append(told)
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
    old = (rows.told[row], rows.splits[row], rows.groups[row])
    columns = ("label", *COLUMNS[1:])
    for column, first, second in zip(columns, old, new, strict=True):
        if first != second:
            several = rows.header.task.several
            said = "a picture stands in one line" if several and column == "label" else f"a picture has one {column}"
            hint = f"; {SEVERAL_HINT}" if column == "label" and not several else ""
            raise DataError(
                f"{path}, line {line}: {name!r} has another {column} than in line {rows.lines[row]}; {said}{hint}"
            )
