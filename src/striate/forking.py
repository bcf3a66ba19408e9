"""Forks of a process that predicts, which is what `multiprocessing` does on Linux unless it is told otherwise.

A child has a copy of everything but the threads. A lock that one of those held stays locked in it for ever, and pools of threads wait for
threads that are not there. So no fork happens while a network runs, and engines begin anew in a child. Those of the process that forked
are not destroyed in it, as they would wait for their threads to end; and torch, which would wait for its helpers at the first sum that is
large enough to be shared, computes there with one thread, as in the workers of its own `DataLoader`.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATIENCE = 30.0
"""Seconds that a fork waits for networks that run; one batch takes far less."""


class ForkGate:
    """Keeps forks and running networks apart: each waits for the other."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begins anew, as in a forked child, where nothing runs."""
        self._changed = threading.Condition()
        self._running = 0
        self._forks = 0
        self.opening = threading.Lock()
        """Held by the thread that opens an engine anew."""

    @contextmanager
    def running(self) -> Iterator[None]:
        """The time in which a network runs or is compiled. It does not nest."""
        with self._changed:
            self._changed.wait_for(lambda: not self._forks)
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Before a fork: waits until nothing runs, and lets nothing begin."""
        with self._changed:
            self._forks += 1
            self._changed.wait_for(lambda: not self._running, timeout=PATIENCE)

    def reopen(self) -> None:
        """After a fork, in the process that did it."""
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()


GATE = ForkGate()

_BEFORE: list[Callable[[], None]] = []


def before_each_fork(prepare: Callable[[], None]) -> Callable[[], None]:
    """Has a function called before each fork, once no network runs."""
    _BEFORE.append(prepare)
    return prepare


_OUTLIVING: weakref.WeakSet[Any] = weakref.WeakSet()


def outliving_forks(made: Any) -> Any:
    """An object with threads of its own, marked as one that a forked child never destroys."""
    _OUTLIVING.add(made)
    return made


def _prepare() -> None:
    GATE.close()
    for prepare in _BEFORE:
        prepare()


def _begin_anew() -> None:
    GATE.renew()
    for made in _OUTLIVING:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(made))
    if (torch := sys.modules.get("torch")) is not None and hasattr(torch, "set_num_threads"):
        torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_prepare, after_in_parent=GATE.reopen, after_in_child=_begin_anew)
