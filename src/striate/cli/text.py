"""How much of a terminal there is for text."""

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
