from __future__ import annotations

import time

import pytest

from striate.errors import UsageError
from striate.timing import SideBySide, own_seconds, time_side_by_side


def test_work_takes_turns_and_every_other_round_runs_backwards():
    order = []
    timing = time_side_by_side({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, rounds=2, warm_up=1)
    assert order == ["b", "a", "a", "b", "b", "a"]
    assert {name: len(taken) for name, taken in timing.seconds.items()} == {"a": 2, "b": 2}


def test_what_waits_longer_takes_longer():
    timing = time_side_by_side({"short": lambda: None, "long": lambda: time.sleep(0.01)}, rounds=3)
    assert timing.median("long") >= 0.01
    assert min(timing.ratios("short", "long")) > 1


def test_a_thread_s_own_seconds_stand_while_it_has_no_processor():
    begun = own_seconds()
    time.sleep(0.05)
    assert own_seconds() - begun < 0.04
    begun, passed = own_seconds(), time.perf_counter()
    sum(range(1_000_000))
    assert 0 < own_seconds() - begun <= time.perf_counter() - passed + 1e-3


def test_ratios_are_taken_round_by_round():
    timing = SideBySide({"own": (1.0, 2.0, 4.0), "peer": (2.0, 2.0, 2.0)})
    assert timing.ratios("own", "peer") == (2.0, 1.0, 0.5)
    assert timing.ratio("own", "peer") == (1.0, 0.5, 2.0)


@pytest.mark.parametrize(("rounds", "warm_up"), [(0, 1), (1, -1)])
def test_numbers_that_make_no_sense_are_refused(rounds, warm_up):
    with pytest.raises(UsageError, match="rounds must be at least 1 and warm_up at least 0"):
        time_side_by_side({}, rounds=rounds, warm_up=warm_up)
