"""Ending work in good order when a signal asks for it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from striate.errors import Interrupted


@dataclass
class Signals:
    """The first signal that came, if any did."""

    received: int | None = None

    def stopped(self) -> bool:
        """Whether one came: what long work asks between its steps."""
        return self.received is not None

    def interrupted(self, said: str, *, kept: Path | None = None) -> Interrupted:
        """What ends the work when one came; it says what is kept, and has the signal's number for the exit code.

        Args:
            said: One sentence for the user.
            kept: The folder of a result that is whole all the same.
        """
        return Interrupted(said, self.received or signal.SIGINT, kept=kept)


@contextmanager
def interruptible() -> Iterator[Signals]:
    """Notes the first SIGINT or SIGTERM instead of dying from it; a second one raises KeyboardInterrupt at once.

    Outside the main thread, where Python delivers no signals, nothing is changed.
    """
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return

    def note(number: int, frame: FrameType | None) -> None:
        if signals.received is not None:
            raise KeyboardInterrupt
        signals.received = number

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
