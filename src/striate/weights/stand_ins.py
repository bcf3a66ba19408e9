"""What stands in for the objects that training programs save beside the weights: nothing of them is kept, and no code of theirs runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch


class StandIn:
    """Takes whatever the object that it stands for is made of, and forgets it."""

    def __new__(cls, *parts: object) -> StandIn:
        """An empty one."""
        return super().__new__(cls)

    def __init__(self, *parts: object) -> None:
        """Nothing is kept."""

    def __setstate__(self, state: object) -> None:
        """Nothing is kept."""


NAMES = (
    "argparse.Namespace",
    "types.SimpleNamespace",
    "numpy.core.multiarray.scalar",  # a number, as NumPy 1 calls what makes it
    "numpy._core.multiarray.scalar",  # and NumPy 2
    "numpy.core.multiarray._reconstruct",  # an array
    "numpy._core.multiarray._reconstruct",
    "numpy.ndarray",
    "numpy.dtype",
    "pathlib.Path",
    "pathlib.PosixPath",
    "pathlib.WindowsPath",
    "pathlib._local.PosixPath",  # as Python 3.13 calls it
    "pathlib._local.WindowsPath",
)
"""Plain values, whose place in a pickle says all of them: what makes them is named, and is never called."""


def _stand_in(name: str) -> type[StandIn]:
    """A class of its own that torch's unpickler finds under the name."""
    module, _, qualified = name.rpartition(".")
    return type(qualified, (StandIn,), {"__module__": module, "__qualname__": qualified})


STAND_INS: list[Callable[..., Any] | tuple[Callable[..., Any], str]] = [_stand_in(name) for name in NAMES]
_BY_TURNS = threading.Lock()  # torch keeps one list for all threads


@contextmanager
def standing_in() -> Iterator[None]:
    """Lets `torch.load(weights_only=True)` pass over the objects of `NAMES`; every other global is refused as ever."""
    with _BY_TURNS, torch.serialization.safe_globals(STAND_INS):
        yield
