"""What the first line of a CSV says it holds, before anything else of it is read."""

from __future__ import annotations

from pathlib import Path

from striate.errors import DataError
from striate.tasks import OF_STRINGS, task_of_column
from striate.text.arguments import COLUMN as OF_SENTENCES

HEADER_BYTES = 1 << 16
"""In so many a table's first line is looked for."""


def header_of(path: Path) -> list[str]:
    """The columns' names in small letters; none of a file that cannot be read."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES).decode("latin-1").lstrip("\xef\xbb\xbf \t\r\n").split("\n", 1)[0]
    except OSError:
        return []
    return [name.strip(" \t\r\"'").lower() for name in header.split(",")]


def is_text_table(path: Path) -> bool:
    """Whether a CSV names a column `text` and none `path`: then sentences are given, in it."""
    columns = header_of(path)
    return OF_SENTENCES in columns and "path" not in columns


def is_string_table(path: Path) -> bool:
    """Whether a CSV names the columns `path` and `text`, and none of classes: then pictures are given, and each says a string."""
    told = [name for name in header_of(path) if task_of_column(name)]
    return "path" in header_of(path) and told == [OF_STRINGS.column]


def string_table_in(folder: Path) -> Path | None:
    """The table `path,text` that lies in a folder of pictures, as `striate compose` writes one; None if there is none.

    Raises:
        DataError: There are several.
    """
    try:
        found = sorted(
            path
            for path in folder.iterdir()
            if path.suffix.lower() == ".csv" and path.is_file() and is_string_table(path)
        )
    except OSError:
        return None
    if len(found) > 1:
        raise DataError(
            f"{folder} holds several tables of what pictures say: {', '.join(path.name for path in found[:5])}; name the one that is meant"
        )
    return found[0] if found else None
