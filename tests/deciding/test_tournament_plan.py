import dataclasses

import pytest

import striate.deciding.tournament_plan as room
from striate.data.facts import DataFacts
from striate.deciding.candidates import ROWS, Situation, at_most
from striate.deciding.tournament_plan import FIRST_SECONDS, OVERHEAD, inspection_of, plan_tournament, planned_time
from striate.models import list_models
from striate.training.machine_rate import MachineRate, Rate

RATE = MachineRate(Rate(4.9e10, 1.2e10), Rate(6e10, 1.2e11))
LAPTOP = MachineRate(Rate(3e10), Rate(4e10))


def slower(by):
    return MachineRate(Rate(RATE.thumbnails.fp32 / by), Rate(RATE.photographs.best / by))


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
        (THUMBNAILS, "resnet9_x0_25 from scratch at 32 px, a first look"),
        (PHOTOGRAPHS, "resnet9_x0_25 from scratch at 48 px, a first look"),
        (WITH_WEIGHTS, "head on mobilenet_v2"),
    ],
)
def test_the_first_is_done_soon(situation, first):
    candidate = plan(situation).candidates[0]
    assert candidate.name == first
    assert candidate.seconds < 40
    assert plan(situation, rate=LAPTOP).candidates[0].seconds < 40


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


def test_what_promises_more_for_its_cost_comes_first(monkeypatch):
    monkeypatch.setattr(room, "LONGER", 1.0)  # what has the time that is left over stays where it is
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
    fast, slow = plan(PHOTOGRAPHS), plan(PHOTOGRAPHS, rate=slower(8))
    assert plan(PHOTOGRAPHS) == fast
    assert sum(row.multiply_adds for row in slow.candidates) < sum(row.multiply_adds for row in fast.candidates)
    assert slow.candidates[0].epochs < fast.candidates[0].epochs


def test_the_first_look_learns_for_the_time_that_is_meant_for_it():
    candidate = plan(PHOTOGRAPHS, rate=slower(4)).candidates[0]
    fewest = next(row for row in ROWS if row.first and row.looks).fewest_epochs
    assert candidate.seconds <= FIRST_SECONDS + OVERHEAD or candidate.epochs == fewest


def test_costs_are_those_of_the_networks():
    """A first look by hand: three passes over the training pictures, one over validation's an epoch, two at the end."""
    candidate = plan(PHOTOGRAPHS).candidates[0]
    macs = inspection_of("resnet9_x0_25", 3, 48).macs
    assert candidate.epochs == 9  # of 11, which 18,000 looks are: as many as take 22 s
    assert candidate.multiply_adds == macs * ((3 * 1650 + 206) * candidate.epochs + 2 * 206)
    head = plan(WITH_WEIGHTS).candidates[0]
    macs = inspection_of("mobilenet_v2", 3, 128).macs
    assert head.multiply_adds == macs * (1650 + 2 * 206)


def test_pictures_that_grow_cost_what_their_areas_do():
    """From 0.6 of the side, in a straight line over three quarters of the run: the mean area is 3/4 x (1 - 0.6**3) / 1.2 + 1/4."""
    row = next(row for row in ROWS if row.first and row.looks)
    growing = dataclasses.replace(row, settings=("resizing.first=0.6",), looks=1650 * 4, fewest_epochs=1)
    (candidate,) = plan_tournament(PHOTOGRAPHS, rate=RATE, seconds=500, rows=[growing]).candidates
    macs = inspection_of("resnet9_x0_25", 3, 48).macs
    assert candidate.epochs == 4
    assert candidate.multiply_adds == pytest.approx(macs * ((3 * 1650 * 0.74 + 206) * 4 + 2 * 206), rel=1e-4)


def test_the_number_format_is_the_faster_one_for_the_size():
    whole = plan(PHOTOGRAPHS, seconds=1e9).candidates
    assert {row.size: row.precision for row in whole} == {48: "bf16", 64: "bf16", 96: "bf16"}
    assert {row.precision for row in plan(THUMBNAILS, seconds=1e9).candidates} == {"fp32"}
    assert {row.precision for row in plan(PHOTOGRAPHS, rate=LAPTOP).candidates} == {"fp32"}


@pytest.mark.parametrize(("seconds", "side"), [(30.0, 32), (20.0, 32), (1.0, 32)])
def test_little_time_means_a_first_look_at_smaller_pictures_and_fewer_epochs(seconds, side):
    assert plan(PHOTOGRAPHS, rate=LAPTOP, seconds=60).candidates[0].size == 48
    whole = plan(PHOTOGRAPHS, rate=LAPTOP, seconds=seconds)
    (first,) = whole.candidates
    assert first.size == side and first.epochs >= 1
    assert first.seconds <= seconds or first.epochs == 1
    assert whole.seconds == first.seconds


def test_a_first_candidate_without_company_has_all_the_time():
    short, longer = (plan(PHOTOGRAPHS, rate=LAPTOP, seconds=seconds) for seconds in (28.0, 50.0))
    assert len(short.candidates) == len(longer.candidates) == 1
    assert (short.candidates[0].size, longer.candidates[0].size) == (32, 48)
    assert longer.candidates[0].seconds > FIRST_SECONDS + OVERHEAD


def test_many_small_pictures_have_the_network_of_speed_records_late():
    many = Situation(DataFacts(45_000, 10, 32, True), 5000, {})
    assert plan(many, seconds=1e9).candidates[-1].model == "airbench94"
    assert "airbench94" not in {row.model for row in plan(THUMBNAILS, seconds=1e9).candidates}


def test_a_side_that_was_asked_for_is_every_candidates():
    asked = dataclasses.replace(PHOTOGRAPHS, side=48)
    assert {candidate.size for candidate in plan(asked, seconds=1e9).candidates} == {48}


GREY_PAIRS = Situation(DataFacts(2400, 2, 28, False), 300, {}, uneven=True)


def test_uneven_classes_are_made_up_for_in_every_way_that_suits():
    planned = {candidate.name: candidate for candidate in plan(GREY_PAIRS, seconds=1e9).candidates}
    assert {name: candidate.balance for name, candidate in planned.items()} == {
        "lenet5": "",
        "linear": "none",
        "linear, classes weighed alike": "loss",
        "lenet5, classes weighed alike": "loss",
        "lenet5, rare classes shown more often": "sampler",
        "resnet9_x0_25 from scratch at 32 px, classes weighed alike": "loss",
        "resnet9_x0_25 from scratch at 32 px, rare classes shown more often": "sampler",
    }
    assert planned["lenet5, classes weighed alike"].gain < planned["lenet5"].gain
    assert (
        planned["linear, classes weighed alike"].why
        == "every class counts the same, so mistakes in rare ones weigh more"
    )
    whole = plan(dataclasses.replace(WITH_WEIGHTS, uneven=True)).candidates
    heads = [candidate for candidate in whole if candidate.kind == "head"]
    assert [candidate.balance for candidate in heads] == ["", "loss", "loss", "loss"]
    again = next(head for head in heads if head.name == "head on mobilenet_v2, classes weighed alike")
    assert again.seconds < heads[0].seconds


def test_even_classes_are_tried_as_they_are():
    for situation in EVERY:
        names = [candidate.name for candidate in plan(situation, seconds=1e9).candidates]
        assert len(set(names)) == len(names)
        assert not any(candidate.balance for candidate in plan(situation, seconds=1e9).candidates)


def test_a_linear_classifier_is_tried_on_few_tiny_pictures():
    def tried(pictures, side):
        situation = Situation(DataFacts(pictures, 10, side, True), 100, {})
        return [row.seconds for row in plan(situation, seconds=1e9).candidates if row.name == "linear"]

    assert len(tried(5_000, 32)) == 1 and tried(5_000, 32)[0] < OVERHEAD + 1
    assert not tried(5_001, 32) and not tried(5_000, 33)


def test_rows_name_what_there_is():
    for row in ROWS:
        assert not row.model or row.model in list_models()
        assert 0 < row.gain <= 1 and row.why[0].islower() and not row.why.endswith(".")
    assert at_most(64)(DataFacts(1, 2, 28, True)) == 32


def test_a_cheap_candidate_does_not_take_the_time_of_a_promising_one():
    """Of thumbnails from scratch a linear classifier is done at once and promises little; what fits beside it takes it."""
    for seconds in range(30, 200, 10):
        whole = plan(THUMBNAILS, seconds=float(seconds)).candidates
        assert [candidate.name for candidate in whole][1:] != ["linear"], seconds
        assert seconds < 90 or len(whole) > 1, seconds


def test_a_candidate_short_of_time_learns_for_fewer_epochs_also_where_the_recipe_has_their_number():
    whole, short = (plan(WITH_WEIGHTS, seconds=seconds).candidates for seconds in (1e9, 120.0))
    wanted = {candidate.name: candidate for candidate in whole}
    shortened = [candidate for candidate in short if candidate.epochs and not wanted[candidate.name].epochs]
    assert [candidate.kind for candidate in shortened] == ["stages"] and shortened[0].epochs >= 3
    assert sum(candidate.seconds for candidate in short) <= 120


def test_heads_share_the_pass_of_the_first():
    first, *others = plan(WITH_WEIGHTS, seconds=1e9).candidates
    heads = [candidate for candidate in others if candidate.kind == "head"]
    assert len(heads) == 2
    assert {candidate.multiply_adds for candidate in heads} == {first.multiply_adds * 2 * 206 / (1650 + 2 * 206)}


def test_colour_thumbnails_are_worth_fine_tuning_and_drawings_are_not():
    kinds = {}
    for name, situation in (("thumbnails", THUMBNAILS), ("digits", DIGITS)):
        known = dataclasses.replace(situation, weights={"mobilenet_v2": "imagenet"})
        kinds[name] = {candidate.kind for candidate in plan(known, seconds=1e9).candidates}
    assert kinds == {"thumbnails": {"head", "stages", "full", "scratch"}, "digits": {"head", "scratch"}}


def test_time_that_is_left_over_is_learnt_for():
    """No other candidate fits in the rest, so the one that promises most has it, up to two and a half times what it wants."""
    wanted = {candidate.name: candidate.epochs for candidate in plan(THUMBNAILS, seconds=1e9).candidates}
    name = "resnet9_x0_25 from scratch at 32 px"
    for seconds in (150.0, 200.0, 1e9):
        whole = plan(THUMBNAILS, seconds=seconds)
        epochs = {candidate.name: candidate.epochs for candidate in whole.candidates}
        assert 15 < epochs[name] <= 38 == round(2.5 * 15) and whole.seconds <= seconds
    assert wanted[name] == 38  # as much of it as there is
