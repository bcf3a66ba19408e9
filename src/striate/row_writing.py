r"""Rows of CSV and lines of JSON whose texts are not ours: names of files and classes.

CSV is UTF-8, a row a line that ends in `\n`. Bytes of a file's name that are no UTF-8 are written as they are, so that the path
leads to the file. A text that a spreadsheet would take for a formula is guarded, and can be had back: a name gets an apostrophe
in front, a path `./`, which leads to the same file.

JSON is UTF-8 too. Whatever could steer a terminal is written by its number, as is a byte that is no UTF-8: `\udcfc` for
0xFC, from which Python's `os.fsencode` makes the byte again.

TOML can do neither: there a path with such bytes is a `file:` address, whose `%FC` is the byte.
"""

from __future__ import annotations

import csv
import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from striate.printable_text import is_harmless, is_text


@dataclass(frozen=True)
class FilePath:
    """A cell that is the path of a file."""

    path: str


Cell = str | int | float | FilePath

_FORMULA = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"  # as they are, and in full width
_NAME = re.compile(f"'*[{_FORMULA}]")  # what needs a guard, or looks as if it had one
_PATH = re.compile(f"(?:[.]/)*[{_FORMULA}]")
_NOT_BYTES = re.compile("[\ud800-\udc7f\udd00-\udfff]")  # halves that stand for no byte; file names of Linux have none
_PLAIN_JSON = re.compile(r"[ -~]*")


def csv_line(cells: Sequence[Cell]) -> bytes:
    r"""A row of CSV, with its line end.

    Args:
        cells: Texts and paths, which are guarded, and numbers, which are written as Python does.

    Example:
        >>> print(csv_line([FilePath("=1.jpg"), "=cmd()", "a,b", -1, 0.5]).decode(), end="")
        ./=1.jpg,'=cmd(),"a,b",-1,0.5
    """
    texts = [_cell_text(cell) for cell in cells]
    buffer = StringIO()
    # Not every version of the module quotes a lone carriage return, and none reads it back unquoted.
    if any("\r" in text for text in texts):
        csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(texts)
    else:
        csv.writer(buffer, lineterminator="\n").writerow(texts)
    return text_bytes(buffer.getvalue())


def _cell_text(cell: Cell) -> str:
    if isinstance(cell, FilePath):
        return guarded_path(cell.path)
    return guarded(cell) if isinstance(cell, str) else str(cell)


def guarded(text: str) -> str:
    """A name that no spreadsheet takes for a formula.

    Source: OWASP, CSV Injection; the apostrophe is what spreadsheets themselves use to say that a cell is text.

    Example:
        >>> guarded("-5"), guarded("'=1+1"), guarded("'plain'")
        ("'-5", "''=1+1", "'plain'")
    """
    return f"'{text}" if _NAME.match(text) else text


def unguarded(cell: str) -> str:
    """The name that a cell was made of.

    Example:
        >>> [unguarded(cell) for cell in ("'-5", "''=1+1", "'plain'")]
        ['-5', "'=1+1", "'plain'"]
    """
    return cell[1:] if cell.startswith("'") and _NAME.match(cell) else cell


def guarded_path(path: str) -> str:
    """A path that no spreadsheet takes for a formula and that leads to the same file.

    Example:
        >>> guarded_path("=photo.jpg"), guarded_path("photos/=1.jpg")
        ('./=photo.jpg', 'photos/=1.jpg')
    """
    return f"./{path}" if _PATH.match(path) else path


def unguarded_path(cell: str) -> str:
    """The path that a cell was made of.

    Example:
        >>> unguarded_path("./=photo.jpg"), unguarded_path("./photo.jpg")
        ('=photo.jpg', './photo.jpg')
    """
    return cell[2:] if cell.startswith("./") and _PATH.match(cell) else cell


def json_text(value: Any, *, indent: int | None = None) -> str:
    r"""JSON whose texts are readable where that does no harm.

    Args:
        value: JSON types; a number that is not finite, which JSON has not, becomes null.
        indent: As for `json.dumps`.

    Example:
        >>> print(json_text({"path": "고양이\u202e\udcfc.jpg"}))
        {"path": "고양이\u202e\udcfc.jpg"}
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    except ValueError:
        text = json.dumps(_finite(value), ensure_ascii=False, allow_nan=False, indent=indent)
    if _PLAIN_JSON.fullmatch(text):
        return text
    return "".join(c if c == "\n" or is_harmless(c) else json.dumps(c)[1:-1] for c in text)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def json_line(value: Any) -> bytes:
    r"""A line of JSON, with its end.

    Example:
        >>> json_line({"label": "é"})
        b'{"label": "\xc3\xa9"}\n'
    """
    return json_text(value).encode() + b"\n"


def path_text(path: str) -> str:
    """A path as text that UTF-8 can hold: as it is, or as a `file:` address if it has bytes that are no UTF-8.

    Example:
        >>> path_text("/photos/gr\u00fcn") == "/photos/gr\u00fcn", path_text("/photos/gr\udcfcn")
        (True, 'file:///photos/gr%FCn')
    """
    return path if is_text(path) else Path(path).absolute().as_uri()


def path_from_text(text: str) -> str:
    r"""The path that `path_text` wrote.

    Example:
        >>> path_from_text("file:///photos/gr%FCn") == "/photos/gr\udcfcn"
        True
    """
    return os.fsdecode(unquote_to_bytes(text[len("file://") :])) if text.startswith("file:///") else text


def text_bytes(text: str) -> bytes:
    r"""UTF-8, with the bytes of file names that are none as they are.

    Example:
        >>> text_bytes("é\udcfc")
        b'\xc3\xa9\xfc'
    """
    return _NOT_BYTES.sub("\ufffd", text).encode("utf-8", "surrogateescape")
