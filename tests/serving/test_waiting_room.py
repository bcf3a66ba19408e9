"""The waiting room: order, batches, bounds, lateness, faults and the end."""

import asyncio
import threading
import time

import pytest

from striate.serving.waiting_room import FullError, LateError, WaitingRoom


def doubled(items):
    return [2 * item for item in items]


def test_answers_come_in_order_whatever_the_batches():
    seen = []
    room = WaitingRoom(lambda items: (seen.append(len(items)), doubled(items))[1], threads=2, batch=3, limit=1000)

    async def ask():
        return await asyncio.gather(*(room.answer(list(range(n)), seconds=10) for n in range(1, 20)))

    assert asyncio.run(ask()) == [[2 * k for k in range(n)] for n in range(1, 20)]
    assert max(seen) <= 3
    assert sum(seen) == sum(range(1, 20))
    room.close()


class Held:
    """Work that waits until it is let go."""

    def __init__(self):
        self.go = threading.Event()
        self.batches = []

    def __call__(self, items):
        self.batches.append(list(items))
        assert self.go.wait(10)
        return doubled(items)


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError


def test_what_waits_together_is_computed_together():
    held = Held()
    room = WaitingRoom(held, threads=1, batch=4, limit=100)

    async def ask():
        first = asyncio.ensure_future(room.answer([1], seconds=10))
        await until(lambda: held.batches)
        rest = [asyncio.ensure_future(room.answer([n, n], seconds=10)) for n in (2, 3, 4)]
        await until(lambda: room.waiting == 6)
        held.go.set()
        return [await first, *[await one for one in rest]]

    assert asyncio.run(ask()) == [[2], [4, 4], [6, 6], [8, 8]]
    assert held.batches == [[1], [2, 2, 3, 3], [4, 4]]
    room.close()


def test_what_comes_in_one_turn_of_the_loop_wakes_as_many_threads_as_there_are_batches():
    held = Held()
    room = WaitingRoom(held, threads=3, batch=1, limit=100)

    async def ask():
        asked = [asyncio.ensure_future(room.answer([n], seconds=10)) for n in range(3)]
        await until(lambda: len(held.batches) == 3)  # all three work at once
        held.go.set()
        return [await one for one in asked]

    assert asyncio.run(ask()) == [[0], [2], [4]]
    sizes = []
    together = WaitingRoom(lambda items: (sizes.append(len(items)), doubled(items))[1], threads=3, batch=8, limit=100)

    async def ask_together():
        return await asyncio.gather(*(together.answer([n], seconds=10) for n in range(6)))

    assert asyncio.run(ask_together()) == [[2 * n] for n in range(6)]
    assert sizes == [6]
    room.close()
    together.close()


def test_a_full_room_refuses_and_one_request_may_be_larger_than_it():
    held = Held()
    room = WaitingRoom(held, threads=1, batch=1, limit=3)

    async def ask():
        large = asyncio.ensure_future(room.answer([1, 2, 3, 4, 5], seconds=10))
        await until(lambda: room.waiting == 4)
        with pytest.raises(FullError):
            await room.answer([6], seconds=10)
        with pytest.raises(FullError):
            room.check()
        held.go.set()
        return await large

    assert asyncio.run(ask()) == [2, 4, 6, 8, 10]
    room.close()


def test_who_waits_too_long_is_told_and_what_nobody_waits_for_is_not_computed():
    held = Held()
    room = WaitingRoom(held, threads=1, batch=1, limit=10)

    async def ask():
        first = asyncio.ensure_future(room.answer([1], seconds=10))
        await until(lambda: held.batches)
        with pytest.raises(LateError):
            await room.answer([2], seconds=0.05)
        held.go.set()
        assert await first == [2]
        return await room.answer([3], seconds=10)

    assert asyncio.run(ask()) == [6]
    assert held.batches == [[1], [3]]
    room.close()


def test_a_fault_is_the_requests_own():
    def work(items):
        if 0 in items:
            raise ZeroDivisionError
        return doubled(items)

    room = WaitingRoom(work, threads=1, batch=1, limit=10)

    async def ask():
        with pytest.raises(ZeroDivisionError):
            await room.answer([1, 0, 2], seconds=10)
        return await room.answer([5], seconds=10)

    assert asyncio.run(ask()) == [10]
    room.close()


def test_a_closed_room_answers_what_waits_and_takes_nothing_more():
    held = Held()
    room = WaitingRoom(held, threads=1, batch=1, limit=10)

    async def ask():
        waiting = asyncio.ensure_future(room.answer([1, 2], seconds=10))
        await until(lambda: held.batches)
        room.close()
        with pytest.raises(RuntimeError, match="closed"):
            await room.answer([3], seconds=10)
        held.go.set()
        return await waiting

    assert asyncio.run(ask()) == [2, 4]
    deadline = time.monotonic() + 10
    while any(thread.is_alive() for thread in room._threads):
        assert time.monotonic() < deadline
        time.sleep(0.01)
