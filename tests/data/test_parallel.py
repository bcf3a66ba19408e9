from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest

from striate.data import parallel
from striate.data.parallel import ordered_results, throttled, worker_count


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("count", [0, 1, 7, 100])
def test_results_come_in_order(workers: int, count: int) -> None:
    def work(index: int) -> int:
        time.sleep(0.001 * (index % 3))  # later items may be done first
        return index

    assert list(ordered_results(work, count, workers=workers, chunk=2)) == list(range(count))


def test_little_is_in_flight() -> None:
    started = []
    with closing(ordered_results(started.append, 1000, workers=2, chunk=1)) as results:
        next(results)
        time.sleep(0.05)
        assert len(started) <= 6


def test_an_error_in_the_work_arrives_and_the_threads_end() -> None:
    def work(index: int) -> None:
        if index == 5:
            raise ValueError("five")

    before = threading.active_count()
    with pytest.raises(ValueError, match="five"):
        list(ordered_results(work, 100, workers=2, chunk=2))
    assert threading.active_count() == before


def test_who_stops_asking_stops_the_work_within_a_chunk() -> None:
    done = []

    def work(index: int) -> None:
        time.sleep(0.01)
        done.append(index)

    generator = ordered_results(work, 640, workers=2, chunk=8)
    next(generator)
    generator.close()
    assert len(done) <= (2 * 2 + 1) * 8  # what is in flight is all that can have been begun


def test_worker_count() -> None:
    assert worker_count(3) == 3
    assert worker_count(0) == 1
    assert worker_count(None) >= 1


def test_progress_is_throttled(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.05, 0.2, 0.25, 0.26])
    monkeypatch.setattr(parallel.time, "monotonic", lambda: next(clock))
    calls: list[tuple[str, int, int]] = []
    report = throttled(lambda *call: calls.append(call), "reading", 4)
    for done in (1, 2, 3, 4):
        report(done)
    assert calls == [("reading", 0, 4), ("reading", 2, 4), ("reading", 4, 4)]


def test_no_progress_for_nothing() -> None:
    calls: list[tuple[str, int, int]] = []
    throttled(lambda *call: calls.append(call), "reading", 0)
    throttled(None, "reading", 3)(3)
    assert calls == []
