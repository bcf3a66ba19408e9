import time

import pytest

from striate.errors import UsageError
from striate.training import TimePlan, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h30m", 5400), (45, 45), (0.5, 0.5), ("0.5h", 1800), (" 2D ", 172800)],
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "ten", "10 minutes", "-5s", "5x", "m5", "1h 30m"])
def test_what_is_no_duration(text):
    with pytest.raises(UsageError) as caught:
        parse_duration(text)
    assert str(caught.value) == f"a duration is written like 90s, 10m or 1h30m, got {text!r}"


@pytest.mark.parametrize("text", ["3", "1.5", " 600 "])
def test_text_without_a_unit_may_be_seconds_minutes_or_hours(text):
    with pytest.raises(UsageError) as caught:
        parse_duration(text)
    number = text.strip()
    assert str(caught.value) == f"a duration needs a unit: {number}s, {number}m or {number}h; got {text!r}"


@pytest.mark.parametrize("number", [0, -1.0, float("nan"), float("inf")])
def test_a_number_of_seconds_is_above_zero(number):
    with pytest.raises(UsageError, match="a time limit must be above zero, got"):
        parse_duration(number)


def test_a_limit_of_zero():
    with pytest.raises(UsageError, match="a time limit must be above zero, got '0s'"):
        parse_duration("0s")


def plan(seconds, **changes):
    values = {"reserve": 10.0, "step_seconds": 1.0, "validation_seconds": 5.0, "safety": 1.0} | changes
    return TimePlan(deadline=time.monotonic() + seconds + 0.5, **values)


def test_steps_that_fit():
    # 100 s less 10 for sealing and 5 for the last validation: an epoch of 20 steps costs 25 s.
    assert plan(100).steps_left(steps_per_epoch=20, batch=0) == 20 + 2 * 20 + 10
    # Less than an epoch: no validation but the last one.
    assert plan(30).steps_left(steps_per_epoch=20, batch=0) == 15
    assert plan(30).steps_left(steps_per_epoch=20, batch=15) == 5 + 5
    assert plan(5).steps_left(steps_per_epoch=20, batch=0) == 0


def test_what_is_observed_counts():
    slow = plan(100)
    for _ in range(200):
        slow.observe_step(2.0)
    slow.observe_validation(1.0)
    assert slow.step_seconds == pytest.approx(2.0, rel=1e-3)
    assert slow.steps_left(steps_per_epoch=20, batch=0) < plan(100).steps_left(steps_per_epoch=20, batch=0)
