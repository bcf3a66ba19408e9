"""Where requests wait for the engine: a bounded room, threads that take from it, and what waits together is computed together."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

Work = Callable[[Sequence[Item]], Sequence[Answer]]

MEMORY = 0.05
"""Weight of the newest in the running mean of the time that an item takes."""


class FullError(Exception):
    """There is no room for a request; it holds how many seconds the room will likely take to empty."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"full for about {seconds:.1f} s")
        self.seconds = seconds


class LateError(Exception):
    """A request was not answered in its time."""


class _Request(Generic[Item, Answer]):
    """The items of one request, and the answers as they come."""

    __slots__ = ("answers", "deadline", "entered", "future", "items", "left", "loop", "taken")

    def __init__(
        self,
        items: Sequence[Item],
        deadline: float,
        loop: asyncio.AbstractEventLoop,
        future: asyncio.Future[list[Answer]],
    ) -> None:
        self.items = items
        self.deadline = deadline
        self.loop = loop
        self.future = future
        self.entered = time.monotonic()
        self.taken = 0
        self.left = len(items)
        self.answers: dict[int, Sequence[Answer]] = {}

    def finish(self, error: BaseException | None = None) -> None:
        """Tells who waits; called in the loop's thread."""
        if self.future.done():  # who waited has gone
            return
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result([answer for start in sorted(self.answers) for answer in self.answers[start]])


class WaitingRoom(Generic[Item, Answer]):
    """Takes requests of several items each, and answers them by threads of its own.

    Nothing waits for company: a thread that is free takes what is there, up to a batch, of one request or of several.

    Args:
        work: Answers items, each by itself, in their order; called by several threads at once.
        threads: How many.
        batch: The most items that `work` gets at once.
        limit: The most items that wait. One request alone may have more.
        observe: Called with the seconds that a request waited, the seconds that the work took, and the items of it.
        name: Of the threads.
    """

    def __init__(
        self,
        work: Work[Item, Answer],
        *,
        threads: int,
        batch: int,
        limit: int,
        observe: Callable[[float, float, int], None] = lambda waited, worked, items: None,
        name: str = "striate-serving",
    ) -> None:
        self._work = work
        self._batch = batch
        self._limit = limit
        self._observe = observe
        self._count = threads
        self._requests: deque[_Request[Item, Answer]] = deque()
        self._condition = threading.Condition()
        self._waiting = 0
        self._working = 0
        self._closed = False
        self._calling = False
        self._seconds_an_item = 0.0
        self._threads = [threading.Thread(target=self._serve, name=f"{name}-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Items that no thread has taken yet."""
        return self._waiting

    @property
    def idle(self) -> bool:
        """Whether nothing waits, and nothing is worked on."""
        with self._condition:
            return not self._waiting and not self._working

    def check(self, items: int = 1) -> None:
        """Whether there is room for a request of so many items.

        Raises:
            FullError: If too many wait.
        """
        if self._waiting and self._waiting + items > self._limit:
            raise FullError(self._waiting * self._seconds_an_item / self._count)

    async def answer(self, items: Sequence[Item], *, seconds: float) -> list[Answer]:
        """The answers to a request's items, in their order.

        Args:
            items: One at least.
            seconds: In which they must be there.

        Raises:
            FullError: If too many wait.
            LateError: If they are not there in time.
            RuntimeError: If the room is closed.
        """
        loop = asyncio.get_running_loop()
        request: _Request[Item, Answer] = _Request(items, time.monotonic() + seconds, loop, loop.create_future())
        with self._condition:
            if self._closed:
                raise RuntimeError("the waiting room is closed")
            self.check(len(items))
            self._requests.append(request)
            self._waiting += len(items)
        if not self._calling:  # what comes in one turn of the loop is computed together
            self._calling = True
            loop.call_soon(self._call)
        late = loop.call_later(seconds, request.finish, LateError())
        try:
            return await request.future
        finally:
            late.cancel()

    def _call(self) -> None:
        """Wakes as many threads as there are batches waiting."""
        self._calling = False
        with self._condition:
            self._condition.notify(-(-self._waiting // self._batch))

    def close(self) -> None:
        """Ends the threads when all that waits is answered; takes nothing more."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _serve(self) -> None:
        while pieces := self._take():
            started = time.monotonic()
            items = [item for request, start, stop in pieces for item in request.items[start:stop]]
            answers: Sequence[Answer] = ()
            error: BaseException | None = None
            try:
                answers = self._work(items)
            except BaseException as raised:  # a thread that ends would leave its requests waiting
                error = raised
            worked = time.monotonic() - started
            self._note(worked, len(items))
            self._hand_out(pieces, answers, error)
            self._observe(started - min(request.entered for request, _, _ in pieces), worked, len(items))

    def _take(self) -> list[tuple[_Request[Item, Answer], int, int]]:
        """Up to a batch of what waits longest, as parts of requests; waits until there is some; nothing when it is closed."""
        with self._condition:
            while True:
                pieces = []
                left = self._batch
                while self._requests and left:
                    request = self._requests[0]
                    start = request.taken
                    if request.future.done() or time.monotonic() > request.deadline:
                        self._waiting -= len(request.items) - start  # nobody waits for it any more
                        self._requests.popleft()
                        continue
                    stop = min(len(request.items), start + left)
                    request.taken = stop
                    left -= stop - start
                    self._waiting -= stop - start
                    pieces.append((request, start, stop))
                    if stop == len(request.items):
                        self._requests.popleft()
                if pieces:
                    self._working += 1
                    return pieces
                if self._closed:
                    return []
                self._condition.wait()

    def _note(self, worked: float, items: int) -> None:
        each = worked / items
        with self._condition:
            self._working -= 1
            old = self._seconds_an_item
            self._seconds_an_item = each if not old else old + MEMORY * (each - old)

    def _hand_out(
        self,
        pieces: Sequence[tuple[_Request[Item, Answer], int, int]],
        answers: Sequence[Answer],
        error: BaseException | None,
    ) -> None:
        place = 0
        for request, start, stop in pieces:
            with self._condition:
                request.answers[start] = answers[place : place + stop - start]
                request.left -= stop - start
                done = request.left == 0
            place += stop - start
            if done or error is not None:
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    request.loop.call_soon_threadsafe(request.finish, error)
