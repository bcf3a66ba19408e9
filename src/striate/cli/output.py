"""Results on stdout that other programs read: bytes of UTF-8, whatever the terminal's encoding is."""

from __future__ import annotations

import sys
from typing import Any

from striate.row_writing import json_line


def print_json(value: Any) -> None:
    """Writes a result to stdout as one line of JSON.

    Args:
        value: JSON types, or the text of JSON.
    """
    write_row(value.encode() + b"\n" if isinstance(value, str) else json_line(value))


def write_row(row: bytes) -> None:
    """Writes a row to stdout as it is, and at once."""
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:  # a notebook's stdout takes text alone
        sys.stdout.write(row.decode("utf-8", "backslashreplace"))
        sys.stdout.flush()
        return
    sys.stdout.flush()  # what was written as text comes before it
    binary.write(row)
    binary.flush()
