"""The log of a server: a line of JSON an event, on stderr."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from striate.row_writing import json_line


class JsonLog:
    """Writes each event whole, so that lines of several processes do not mix.

    Args:
        descriptor: Where to; None: stderr.
        fields: What every line has.
    """

    def __init__(self, descriptor: int | None = None, fields: Mapping[str, Any] | None = None) -> None:
        self._descriptor = sys.stderr.fileno() if descriptor is None else descriptor
        self._fields = dict(fields or {})

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Writes an event; where nobody reads it any more, nothing is said."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json_line({"time": now, **self._fields, **event})
        try:
            os.write(self._descriptor, line)
        except OSError:
            return


class ServerFaults(logging.Handler):
    """Passes on what the server underneath complains of.

    Args:
        log: Hears it.
    """

    def __init__(self, log: JsonLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a complaint as an event; that it was told to end at once is none."""
        if "asyncio.exceptions.CancelledError" in record.getMessage():
            return
        self._log({"event": "server", "level": record.levelname.lower(), "text": record.getMessage()})
