"""Work on many pictures in threads: results in order, little in flight, an interrupt obeyed at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from typing import TypeVar

from striate.data.dataset import Progress
from striate.hardware import available_processors
from striate.ordered_threads import answers_in_order

Result = TypeVar("Result")

SECONDS_BETWEEN_REPORTS = 0.1


def worker_count(workers: int | None) -> int:
    """The number of threads: as asked, else one for each processor that this process may use."""
    return available_processors() if workers is None else max(1, workers)


def ordered_results(
    work: Callable[[int], Result], count: int, *, workers: int | None = None, chunk: int = 32
) -> Generator[Result, None, None]:
    """`work(0)`, `work(1)`, ... `work(count - 1)`, done in threads and yielded in order.

    Whoever stops asking (an exception, an interrupt) stops the threads after the item that each has in hand.

    Args:
        work: Called from several threads at once; it should spend its time where Python's lock is released.
        count: How many items there are.
        workers: Threads; None for one a core.
        chunk: Items handed to a thread at a time.

    Example:
        >>> list(ordered_results(lambda i: i * i, 5, chunk=2))
        [0, 1, 4, 9, 16]
    """
    stop = threading.Event()

    def do_chunk(start: int) -> list[Result]:
        results = []
        for index in range(start, min(start + chunk, count)):
            if stop.is_set():
                break
            results.append(work(index))
        return results

    threads = worker_count(workers)
    chunks = answers_in_order(do_chunk, range(0, count, chunk), threads=threads, name="striate-data")
    try:
        for results in chunks:
            yield from results
    finally:
        stop.set()
        chunks.close()


def throttled(progress: Progress | None, task: str, total: int) -> Callable[[int], None]:
    """A function of the number done, which tells `progress` of it.

    It does so at the start and the end and at most ten times a second between; where there is nothing to do, never.
    """
    last = float("-inf")

    def report(done: int) -> None:
        nonlocal last
        if progress is None or not total:
            return
        now = time.monotonic()
        if done == total or now - last >= SECONDS_BETWEEN_REPORTS:
            last = now
            progress(task, done, total)

    report(0)
    return report
