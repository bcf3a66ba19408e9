"""Work done by threads a little ahead of who takes the answers, which come in the order of what it is done on."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from striate.errors import StriateError

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def answers_in_order(
    work: Callable[[Item], Answer], items: Iterable[Item], *, threads: int, name: str
) -> Generator[Answer, None, None]:
    """`work(item)` of each item, done in threads and yielded in the items' order.

    Two items a thread are taken ahead of what was answered, so that they may be endless. Whoever stops asking, by an error or an
    interrupt, waits for what the threads have in hand, and the rest is not begun.

    Args:
        work: Called from several threads at once; it should spend its time where Python's lock is released.
        items: Taken in the caller's thread.
        threads: How many.
        name: How the threads' names begin.

    Raises:
        StriateError: The process forked meanwhile, and this is the child: its parent has the threads.

    Example:
        >>> list(answers_in_order(lambda number: number * number, range(5), threads=2, name="square"))
        [0, 1, 4, 9, 16]
    """
    process = os.getpid()
    items = iter(items)
    waiting: deque[Future[Answer]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    try:
        while True:
            for item in islice(items, 2 * threads - len(waiting)):
                waiting.append(pool.submit(work, item))
            if not waiting:
                return
            yield waiting.popleft().result()
            if os.getpid() != process:
                raise StriateError(
                    "answers that were begun before the process forked go on only in the one that began them"
                )
    finally:
        if os.getpid() == process:
            pool.shutdown(wait=True, cancel_futures=True)


def in_chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of `size`; the last one may be shorter.

    Example:
        >>> list(in_chunks("abcde", 2))
        [['a', 'b'], ['c', 'd'], ['e']]
    """
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
