"""How much of a terminal there is for text, and sentences on it."""

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


def tell(text: str) -> None:
    """Writes a sentence to stderr; on a screen it is broken between words."""
    from striate.text_layout import wrapped

    print("\n".join(wrapped(text, screen_width(sys.stderr))), file=sys.stderr)  # noqa: T201 - the command's one way to say so
