"""Text that is safe to show on a terminal."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as typing has it, whose import takes longer than all that is done here
if TYPE_CHECKING:
    from typing import TextIO


def screen_width(stream: TextIO | None = None) -> int | None:
    """Columns of the terminal that a stream goes to, by default stdout; None where it goes elsewhere and COLUMNS does not say."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    stream = stream or sys.stdout
    try:
        return (os.get_terminal_size(stream.fileno()).columns or None) if stream.isatty() else None
    except (OSError, ValueError):  # no terminal after all, or a closed stream
        return None


def printable(text: str) -> str:
    r"""The text with every character that could steer a terminal written out: file names and labels are not ours.

    Example:
        >>> printable("cat\x1b[2J.jpg")
        'cat\\x1b[2J.jpg'
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "backslashreplace").decode("ascii")
        for character in text
    )
