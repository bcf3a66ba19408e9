"""Predictions as rows of a file: written by their format, and told apart again where a process was killed between two of them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import BinaryIO

from striate.row_writing import FilePath, csv_line, json_line, json_text, unguarded_path
from striate.tasks import Prediction
from striate.tasks.decision_rule import DecisionRule

BLOCK = 1 << 16
"""Bytes that are read at once."""


@dataclass(frozen=True)
class RowFormat:
    """How predictions stand in a file, a row each."""

    name: str
    header: bytes
    row: Callable[[Prediction], bytes]
    read: Callable[[bytes], tuple[str, bool]]
    """The path of a row, and whether its picture could not be read; raises ValueError where it is no such row."""
    quoted: bool
    """Whether a line's end between quotation marks belongs to the row."""

    def rows(self, file: BinaryIO) -> Iterator[bytes]:
        """The rows of an open file that are whole, the header before them, each with its end; a last one that was torn is none."""
        pending, marks = b"", 0
        while block := file.read(BLOCK):
            for line in _lines(block):
                pending += line
                marks += line.count(b'"') if self.quoted else 0
                if line.endswith(b"\n") and marks % 2 == 0:
                    yield pending
                    pending, marks = b"", 0


def _lines(block: bytes) -> Iterator[bytes]:
    """Lines that end in a line feed alone."""
    start = 0
    while start < len(block):
        end = block.find(b"\n", start) + 1 or len(block)
        yield block[start:end]
        start = end


def row_format(name: str, top: int, further: Sequence[str] = (), *, column: str = "label") -> RowFormat:
    """The format that a name means: `csv` or `jsonl`.

    Args:
        name: One of the two.
        top: The columns of classes that a row of CSV has.
        further: The columns after these: `further_columns`.
        column: As `csv_header` takes it.
    """
    if name == "csv":
        header = csv_header(top, further, column=column)
        return RowFormat(name, header, partial(csv_row, top=top, further=further), _read_csv, quoted=True)
    return RowFormat(name, b"", json_row, _read_json, quoted=False)


def further_columns(rule: DecisionRule | None) -> tuple[str, ...]:
    """The columns that a bundle's decision rule adds, after all others."""
    if rule is None:
        return ()
    return (
        *(("abstains", "reason") if rule.abstains else ()),
        *(("set",) if rule.sets is not None else ()),
        *(("unfamiliarity",) if rule.unfamiliar is not None else ()),
    )


def csv_header(top: int, further: Sequence[str] = (), *, column: str = "label") -> bytes:
    """The first line of CSV; `column` is what a table of the task calls what a picture shows."""
    columns = [f"{what}_{rank}" for rank in range(1, top + 1) for what in ("label", "probability")]
    return csv_line(["path", column, "probability", "error", *columns, *further])


def csv_row(row: Prediction, top: int, further: Sequence[str] = ()) -> bytes:
    """A line of CSV; a set is a JSON list, since names may have any sign in them."""
    rounded = "" if row.probability is None else f"{row.probability:.6f}"
    ranked = [text for label, value in row.top for text in (label, f"{value:.6f}")]
    ranked += [""] * (2 * top - len(ranked))
    told = row.doubt.to_dict() if row.doubt is not None else {}
    added = [_further_cell(told.get(name)) for name in further]
    return csv_line([FilePath(row.path), row.label or "", rounded, row.error or "", *ranked, *added])


def _further_cell(value: bool | float | str | list[str] | None) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return round(value, 6)
    return json_text(value) if isinstance(value, list) else value


def json_row(row: Prediction) -> bytes:
    """A line of JSON."""
    return json_line(row.to_dict())


def _read_csv(row: bytes) -> tuple[str, bool]:
    try:
        cells = next(csv.reader(StringIO(row.decode("utf-8", "surrogateescape"), newline="")), [])
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if len(cells) < 4:
        raise ValueError("it has too few columns")
    return unguarded_path(cells[0]), bool(cells[3])


def _read_json(row: bytes) -> tuple[str, bool]:
    value = json.loads(row)
    if not isinstance(value, dict) or not isinstance(value.get("path"), str):
        raise ValueError("it is no prediction")
    return value["path"], value.get("error") is not None
