import dataclasses

import pytest

from striate.data.facts import DataFacts
from striate.deciding.candidates import ROWS, Situation, at_most
from striate.deciding.tournament_plan import FIRST_SECONDS, OVERHEAD, inspection_of, plan_tournament, planned_time
from striate.models import list_models

RATE = 7e10

DIGITS = Situation(DataFacts(1438, 10, 8, False), 179, {})
THUMBNAILS = Situation(DataFacts(4000, 10, 32, True), 500, {})
PHOTOGRAPHS = Situation(DataFacts(1650, 10, 100, True), 206, {})
WITH_WEIGHTS = dataclasses.replace(PHOTOGRAPHS, weights={"mobilenet_v2": "imagenet"})
EVERY = (DIGITS, THUMBNAILS, PHOTOGRAPHS, WITH_WEIGHTS)


def plan(situation, *, rate=RATE, seconds=None):
    return plan_tournament(situation, rate=rate, seconds=planned_time(situation) if seconds is None else seconds)


@pytest.mark.parametrize(
    ("situation", "first"),
    [
        (DIGITS, "lenet5"),
        (THUMBNAILS, "resnet20 from scratch at 32 px, a first look"),
        (PHOTOGRAPHS, "resnet20 from scratch at 32 px, a first look"),
        (WITH_WEIGHTS, "head on mobilenet_v2"),
    ],
)
def test_the_first_is_done_soon(situation, first):
    candidate = plan(situation).candidates[0]
    assert candidate.name == first
    assert candidate.seconds < 40


@pytest.mark.parametrize("situation", EVERY)
def test_all_fits_the_time_but_the_first_is_always_tried(situation):
    whole = plan(situation)
    assert whole.seconds == sum(candidate.seconds for candidate in whole.candidates)
    assert whole.seconds <= max(planned_time(situation), whole.candidates[0].seconds) <= 600
    short = plan(situation, seconds=1.0)
    assert len(short.candidates) == 1
    assert {row.candidate.name for row in short.left_out} == {
        candidate.name for candidate in (*whole.candidates[1:], *(row.candidate for row in whole.left_out))
    }
    assert all("a longer --time-limit has room for it" in row.why for row in short.left_out)


def test_digits_are_planned_within_a_minute():
    assert planned_time(DIGITS) <= 60 and plan(DIGITS).seconds <= 60


def test_what_promises_more_for_its_cost_comes_first():
    for situation in EVERY:
        others = plan(situation, seconds=1e9).candidates[1:]
        worth = [candidate.gain / candidate.seconds for candidate in others]
        assert worth == sorted(worth, reverse=True)


def test_more_time_means_more_epochs_and_then_more_candidates():
    by_seconds = [plan(PHOTOGRAPHS, seconds=seconds).candidates for seconds in (30, 400, 4000)]
    assert [len(candidates) for candidates in by_seconds] == sorted(len(candidates) for candidates in by_seconds)
    less, more = by_seconds[1][-1], next(row for row in by_seconds[2] if row.name == by_seconds[1][-1].name)
    assert more.epochs >= less.epochs


def test_a_slower_machine_plans_less_and_never_by_a_clock():
    fast, slow = plan(PHOTOGRAPHS), plan(PHOTOGRAPHS, rate=RATE / 8)
    assert plan(PHOTOGRAPHS) == fast
    assert sum(row.multiply_adds for row in slow.candidates) < sum(row.multiply_adds for row in fast.candidates)
    assert slow.candidates[0].epochs < fast.candidates[0].epochs


def test_the_first_look_learns_for_the_time_that_is_meant_for_it():
    candidate = plan(PHOTOGRAPHS, rate=RATE / 4).candidates[0]
    fewest = next(row for row in ROWS if row.first and row.looks).fewest_epochs
    assert candidate.seconds <= FIRST_SECONDS + OVERHEAD or candidate.epochs == fewest


def test_costs_are_those_of_the_networks():
    """A first look by hand: three passes over the training pictures, one over validation's an epoch, two at the end."""
    candidate = plan(PHOTOGRAPHS).candidates[0]
    macs = inspection_of("resnet20", 3, 32).macs
    assert candidate.multiply_adds == macs * ((3 * 1650 + 206) * candidate.epochs + 2 * 206)
    head = plan(WITH_WEIGHTS).candidates[0]
    macs = inspection_of("mobilenet_v2", 3, 128).macs
    assert head.multiply_adds == macs * (1650 + 2 * 206)


def test_a_side_that_was_asked_for_is_every_candidates():
    asked = dataclasses.replace(PHOTOGRAPHS, side=48)
    assert {candidate.size for candidate in plan(asked, seconds=1e9).candidates} == {48}


def test_rows_name_what_there_is():
    for row in ROWS:
        assert not row.model or row.model in list_models()
        assert 0 < row.gain <= 1 and row.why[0].islower() and not row.why.endswith(".")
    assert at_most(64)(DataFacts(1, 2, 28, True)) == 32
