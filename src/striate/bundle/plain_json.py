"""JSON that may come from anybody: read into plain values, or refused with a sentence."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from striate.errors import BundleError

MOST_BYTES = 64 << 20
"""Of a file: the logits of six canaries of 100,000 classes take a third of it."""

MOST_LEVELS = 16
"""Lists and objects inside one another; a contract has five."""

MOST_CHARACTERS = 10_000
"""Of one text or name."""

MOST_SAID = 300
"""Characters of what the reader says is wrong."""


def read_json_object(path: Path, name: str) -> dict[str, Any]:
    """Reads a JSON object of plain values: finite numbers, texts that UTF-8 can hold, no key twice, few levels.

    Args:
        path: The file.
        name: What messages call it.

    Raises:
        BundleError: If the file cannot be read, or is not such an object.
    """
    try:
        if (size := path.stat().st_size) > MOST_BYTES:
            raise BundleError(f"{name} has {size:,} bytes; expected at most {MOST_BYTES:,}")
        table = json.loads(
            path.read_text(encoding="utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_float=_finite,
            parse_constant=_refuse_constant,
        )
    except OSError as error:
        raise BundleError(f"{name} cannot be read: {error.strerror or error}") from error
    except RecursionError as error:
        raise BundleError(f"{name} cannot be read: lists and objects lie inside one another too deeply") from error
    except ValueError as error:
        raise BundleError(f"{name} cannot be read: {str(error)[:MOST_SAID]}") from error
    if not isinstance(table, dict):
        raise BundleError(f"{name} is not a JSON object")
    _check_plain(table, name, MOST_LEVELS)
    return table


def _without_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"it has the key {twice[:80]!r} twice")
    return table


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:80]} is larger than a computer can hold")
    return value


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is not a number that JSON has")


def _check_plain(value: Any, name: str, levels: int) -> None:
    if isinstance(value, str):
        _check_text(value, name)
    elif isinstance(value, dict | list):
        if not levels:
            raise BundleError(f"{name} cannot be read: lists and objects lie inside one another too deeply")
        for key in value if isinstance(value, dict) else ():
            _check_text(key, name)
        for element in value.values() if isinstance(value, dict) else value:
            if type(element) is not float:  # of which there are thousands, as logits
                _check_plain(element, name, levels - 1)


def _check_text(text: str, name: str) -> None:
    if len(text) > MOST_CHARACTERS:
        raise BundleError(f"{name} has a text of {len(text):,} characters; expected at most {MOST_CHARACTERS:,}")
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        shown = text[max(0, error.start - 20) : error.end + 20]
        raise BundleError(f"{name} has a text that UTF-8 cannot hold: {shown!r}") from error
