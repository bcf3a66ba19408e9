"""How the command ends: with one sentence and the right exit code, whatever came, and whenever it came."""

from __future__ import annotations

import os
import signal
import sys

from striate.cli.text import tell
from striate.printable_text import printable

TYPE_CHECKING = False  # as typing has it, whose import would take longer than all that is done here
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import NoReturn


class Signals:
    """How SIGINT and SIGTERM end the command.

    While a verb works, the first one is raised as `Interrupted`, so that what was begun is put in order. Everything else ends at once:
    what comes before and after, a second signal, and an import, for some modules swallow what is raised while they are loaded.
    """

    def __init__(self) -> None:
        self._working = False
        self._received = 0

    def listen(self) -> None:
        """Takes the signals over; who started the process with SIGINT ignored, as a shell does with background jobs, keeps that."""
        self._working, self._received = False, 0
        signal.signal(signal.SIGTERM, self._end)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._end)

    def work(self, verb: Callable[[], None]) -> None:
        """Does what a verb does.

        Raises:
            Interrupted: If a signal came, also where what it raised was swallowed or became another error.
        """
        self._working = True
        try:
            verb()
        except Exception:
            self._check()
            raise
        finally:
            self._working = False
        self._check()

    def _check(self) -> None:
        if self._received:
            raise _interrupted(self._received) from None

    def _end(self, number: int, frame: FrameType | None) -> None:
        at_once = not self._working or self._received or _importing(frame)
        self._received = number
        if at_once:
            _end_at_once(number, working=self._working)
        raise _interrupted(number)


SIGNALS = Signals()


def _importing(frame: FrameType | None) -> bool:
    """Whether a frame, or one that called it, imports a module."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _end_at_once(number: int, *, working: bool) -> NoReturn:
    try:
        sys.stdout.flush()  # rows that are done
        if working and sys.stderr.isatty():
            os.write(2, b"\x1b[?25h")  # the cursor, which a live bar hides
        os.write(2, f"striate: {_said(number)}\n".encode())
    except Exception:  # noqa: S110 - there is nobody to tell
        pass
    finally:
        os._exit(128 + number)


def end_at_once(exit_code: int) -> None:
    """Ends the process in good order, but takes nothing apart that the system frees anyway: that takes as long as compiling a network.

    Returns where what was printed cannot be written: then Python, which ends the process in its own way, says so.
    """
    import atexit

    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(exit_code)


def _interrupted(number: int) -> BaseException:
    from striate.errors import Interrupted

    return Interrupted(_said(number), number)


def _said(number: int) -> str:
    return "interrupted" if number == signal.SIGINT else "terminated"


def leave(message: str, exit_code: int) -> NoReturn:
    """Says why on stderr, in one line, and ends the process."""
    import contextlib
    import re

    with contextlib.suppress(OSError):  # who read it has gone
        sys.stdout.flush()
    line = printable(re.sub(r"\s*[\r\n]+\s*", " ", message.strip()))  # a command in it is pasted: its spaces stay
    tell(f"striate: {line}")
    sys.exit(exit_code)
