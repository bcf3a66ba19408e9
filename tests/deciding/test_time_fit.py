import time

import pytest

from striate.deciding import time_fit as room
from striate.deciding.time_fit import plan_time
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
