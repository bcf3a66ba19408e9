"""What a command's arguments mean where sentences are given: sentences, files of them, or `-` for stdin."""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from striate.errors import ItemError, UsageError
from striate.row_writing import unguarded
from striate.text.reading import MOST_BYTES, read_text

COLUMN = "text"
"""Of a table, whose header names it."""

FILES = (".txt", ".csv")
"""Endings by which an argument is the name of a file, and no sentence."""


def as_sentences(given: Any) -> Iterable[Any]:
    """One sentence or many, as many."""
    return [given] if isinstance(given, str | bytes | os.PathLike) else given


def expand_sentences(arguments: Iterable[Any]) -> Iterator[Any]:
    """The sentences that arguments mean, in their order.

    - `-`: the lines of stdin, each a sentence.
    - A name that ends in `.txt`: the lines of the file that are not empty. One in `.csv`: its column `text`.
    - Anything else is a sentence itself.

    Raises:
        UsageError: A file cannot be read, or is no such table.
    """
    for argument in arguments:
        if argument == "-":
            yield from _lines_of_stdin()
        elif (path := _file(argument)) is None:
            yield argument
        elif path.suffix.lower() == ".csv":
            rows = rows_of_table(read_file(path)[0], path, needed=(COLUMN,))
            yield from (row[COLUMN] for _, row in rows)
        else:
            yield from (line for line in read_file(path)[0].splitlines() if line.strip())


def check_arguments(arguments: Iterable[Any]) -> None:
    """Refuses, before a sentence is read, files that are not there or hold no sentences, and folders.

    Raises:
        UsageError: If there is one.
    """
    for argument in arguments:
        path = _file(argument)
        if path is not None and not path.is_file():
            raise UsageError(f"there is no file {str(path)!r}; a sentence does not end in {' or '.join(FILES)}")
        if path is None and isinstance(argument, str) and argument != "-" and (kind := _on_disk(argument)):
            raise UsageError(
                f"{argument!r} is a {kind}; a bundle of sentences takes sentences, a .txt file with a sentence a line, "
                "a .csv file with a column text, or - for the lines of stdin"
            )


def read_file(path: Path) -> tuple[str, str]:
    """What a text file says, and its encoding.

    Raises:
        UsageError: It cannot be read, or is no text.
    """
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise UsageError(f"{path} has {size:,} bytes; expected at most {MOST_BYTES:,}")
        return read_text(path.read_bytes(), name=str(path))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    except ItemError as error:
        raise UsageError(f"{path} is no text: {error.reason}") from error


def rows_of_table(said: str, path: Path, *, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, values by column) of a CSV whose first line names the columns; empty lines are passed over.

    What Striate guards against spreadsheets in its own tables is read back.

    Args:
        said: What the file says.
        path: For messages.
        needed: Columns that there must be.

    Raises:
        UsageError: It lacks a column, or a line has another number of values than the header.
    """
    reader = csv.reader(io.StringIO(said, newline=""), strict=True)
    header: list[str] | None = None
    try:
        for values in reader:
            if not any(value.strip() for value in values):
                continue
            if header is None:
                header = _header(path, values, needed)
            elif len(values) < len(header) or any(value.strip() for value in values[len(header) :]):
                raise UsageError(
                    f"{path}, line {reader.line_num}: {len(values)} values, but the header names {len(header)} columns; "
                    "a text that holds a comma must stand in double quotes"
                )
            else:
                yield reader.line_num, {name: unguarded(value) for name, value in zip(header, values, strict=False)}
    except csv.Error as error:
        raise UsageError(f"{path}, line {reader.line_num}: not CSV ({error})") from error
    if header is None:
        raise UsageError(f"{path} is empty; its first line should name the columns: {','.join(needed)}")


def _header(path: Path, values: list[str], needed: tuple[str, ...]) -> list[str]:
    header = [value.strip().lower() for value in values]
    for name in needed:
        if header.count(name) != 1:
            has = ", ".join(map(repr, header))
            raise UsageError(f"{path}: the header must have one column {name!r}; it has {has}")
    return header


def _file(argument: Any) -> Path | None:
    """The file that an argument names; None where it is a sentence."""
    if isinstance(argument, os.PathLike):
        return Path(argument)
    if isinstance(argument, str) and argument.lower().endswith(FILES) and "\n" not in argument:
        return Path(argument)
    return None


def _on_disk(argument: str) -> str:
    """`"folder"`, or `"file of another kind"` for the name of a file, which has an ending; empty for a sentence."""
    try:
        path = Path(argument) if argument else None  # an empty path is the folder that one is in
        if path is None or not (path.is_dir() or (path.suffix and path.is_file())):
            return ""
        return "folder" if path.is_dir() else "file of another kind"
    except (OSError, ValueError):  # longer than any name, or with a zero byte
        return ""


def _lines_of_stdin() -> Iterator[str | bytes]:
    """The lines of stdin without their ends, the empty ones too, so that answers keep the lines' order and number."""
    binary = getattr(sys.stdin, "buffer", None)
    for line in sys.stdin if binary is None else binary:
        yield line.rstrip(b"\r\n") if isinstance(line, bytes) else line.rstrip("\r\n")


def name_of(item: Any) -> str:
    """What a row of predictions calls a sentence: the sentence."""
    if isinstance(item, bytes):
        try:
            return read_text(item, name="")[0]
        except ItemError:
            return repr(item)[:100]
    return str(item)
