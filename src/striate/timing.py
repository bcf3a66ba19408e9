"""Timing pieces of work side by side: in turns, in one process, so that a machine's moods hit all of them alike."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from striate.errors import UsageError


def own_seconds() -> float:
    """Processor seconds of the thread that asks: a clock that stands while other programs have the processor.

    For work that this thread does together with threads that it waits for, such as a training step, it tells what the work takes on
    a machine that does nothing else, whatever else the machine does. Where threads wait by turning round and round, as OpenMP's do
    unless OMP_WAIT_POLICY=passive is set, a busy machine shows in it too, by far less than in the time that passes.

    Windows counts a thread's time in steps of 16 ms, which is too coarse: there it is the time that passes.
    """
    return time.perf_counter() if sys.platform == "win32" else time.thread_time()


@dataclass(frozen=True)
class SideBySide:
    """Seconds that each piece of work took in each round."""

    seconds: Mapping[str, tuple[float, ...]]

    def median(self, name: str) -> float:
        """Median seconds of a piece of work."""
        return statistics.median(self.seconds[name])

    def ratios(self, name: str, peer: str) -> tuple[float, ...]:
        """How many times as fast as the peer it was, round by round."""
        return tuple(theirs / own for own, theirs in zip(self.seconds[name], self.seconds[peer], strict=True))

    def ratio(self, name: str, peer: str) -> tuple[float, float, float]:
        """Median, smallest and largest of `ratios`."""
        ratios = self.ratios(name, peer)
        return statistics.median(ratios), min(ratios), max(ratios)


def time_side_by_side(work: Mapping[str, Callable[[], object]], *, rounds: int = 5, warm_up: int = 1) -> SideBySide:
    """Runs every piece of work once a round, in turns, and takes the time of each.

    Args:
        work: What to time, by name; each call must have ended when it returns (synchronise a GPU in it).
        rounds: How many times each is timed.
        warm_up: Rounds before those, which do not count.

    Raises:
        UsageError: `rounds` is below 1 or `warm_up` below 0.

    Example:
        >>> timing = time_side_by_side({"short": lambda: sum(range(10)), "long": lambda: sum(range(100_000))})
        >>> timing.ratio("short", "long")[0] > 1
        True
    """
    if rounds < 1 or warm_up < 0:
        raise UsageError(f"rounds must be at least 1 and warm_up at least 0, got {rounds} and {warm_up}")
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(-warm_up, rounds):
        # Every other round runs backwards: who goes first finds other caches than who goes second.
        for name in list(work) if turn % 2 == 0 else reversed(list(work)):
            begun = time.perf_counter()
            work[name]()
            if turn >= 0:
                seconds[name].append(time.perf_counter() - begun)
    return SideBySide({name: tuple(taken) for name, taken in seconds.items()})
