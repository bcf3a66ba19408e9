import itertools
import time

import pytest
import torch

from striate.deciding import time_fit as room
from striate.deciding.time_fit import LARGEST_RESERVE, measure, plan_time
from striate.models import create_model
from striate.pixels import Preprocessing
from striate.training import Recipe, TimePlan

SIZE = (224, 224)


class Pictures:
    """200 of them, split."""

    def __len__(self):
        return 200

    def indices(self, split):
        return range({"train": 160, "val": 20, "test": 20}[split])


@pytest.mark.parametrize(
    ("seconds_a_pass", "side"),
    [
        (30.0, 224),  # it fits with ease
        (110.0, 192),  # 90 s are left: the area must shrink to 82 %
        (1e6, 96),  # never smaller than that
    ],
)
def test_a_head_alone_keeps_the_size_unless_its_pictures_cannot_all_be_looked_at(monkeypatch, seconds_a_pass, side):
    deadline = time.monotonic() + 100

    def measure(deadline, network, recipe, preprocessing, dataset):
        area = preprocessing.size[0] * preprocessing.size[1] / (SIZE[0] * SIZE[1])
        return TimePlan(deadline, reserve=10, step_seconds=50 * area, validation_seconds=1), seconds_a_pass * area

    monkeypatch.setattr(room, "measure", measure)
    recipe = Recipe.from_dict({"model": "mobilenet_v2", "transfer": {"kind": "head"}, "fit_head_first": True})
    preprocessing = Preprocessing(
        colour="rgb", resize="shorter_side", resize_size=SIZE, crop=SIZE, mean=(0.5,) * 3, std=(0.5,) * 3
    )
    timed = plan_time(deadline, None, recipe, preprocessing, Pictures(), size_is_free=True)
    assert (timed.preprocessing.size, timed.steps) == ((side, side), 0)
    said = [(decision.what, decision.value, decision.why) for decision in timed.decisions]
    why = "so that the pictures' features fit the time limit"
    assert said == ([] if side == 224 else [("input size", f"{side} x {side}", why)])


def measured(monkeypatch, *, left, passed, own, step):
    """The plan where the trial's clock moved on by `passed` seconds, of which `own` were its own, and a step takes `step` seconds."""
    monkeypatch.setattr(room, "time_step", lambda *arguments, **options: step)
    for clock, taken in (("perf_counter", passed), ("monotonic", 0.0)):
        readings = itertools.chain([100.0], itertools.repeat(100.0 + taken))
        monkeypatch.setattr(room.time, clock, lambda readings=readings: next(readings))
    own_readings = iter([5.0, 5.0 + own])
    monkeypatch.setattr(room, "own_seconds", lambda: next(own_readings))
    recipe = Recipe.from_dict({"model": "lenet5", "batch_size": 10})
    preprocessing = Preprocessing(
        colour="grey", resize="exact", resize_size=(32, 32), crop=(32, 32), mean=(0.5,), std=(0.5,)
    )
    network = create_model("lenet5", num_classes=2, seed=0)
    assert next(network.parameters()).device == torch.device("cpu")
    return measure(100.0 + left, network, recipe, preprocessing, Pictures())[0]


def test_a_slow_first_pass_on_an_idle_machine_is_no_busy_machine(monkeypatch):
    """A step of 30 ms, of which the first took two seconds: 6 s, 1.5 x 1 ms of 40 pictures, 0.5 ms of 200."""
    plan = measured(monkeypatch, left=45, passed=2.06, own=2.06, step=0.03)
    assert plan.reserve == pytest.approx(6 + 1.5 * 0.001 * 40 + 0.0005 * 200)


def test_a_busy_machine_gets_more_time_for_sealing_but_never_all_of_it(monkeypatch):
    idle = 6 + 1.5 * 0.001 * 40 + 0.0005 * 200
    assert measured(monkeypatch, left=300, passed=1.0, own=0.4, step=0.03).reserve == pytest.approx(2.5 * idle)
    plan = measured(monkeypatch, left=45, passed=1.0, own=0.1, step=0.03)
    assert plan.reserve == LARGEST_RESERVE * 45 and 10 * idle > 45
