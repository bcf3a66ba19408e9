import math

import pytest

from striate.training.recipe import ScheduleConfig
from striate.training.schedule import learning_rate_factor, warmup_steps


def factor(step, progress, warmup=0, **config):
    return learning_rate_factor(ScheduleConfig(**config), step=step, progress=progress, warmup_steps=warmup)


def test_the_cosine_falls_from_one_to_the_final_fraction():
    assert factor(0, 0.0) == 1.0
    assert factor(50, 0.5, final_fraction=0.2) == pytest.approx(0.6)
    assert factor(100, 1.0, final_fraction=0.2) == pytest.approx(0.2)
    assert factor(25, 0.25) == pytest.approx((1 + math.cos(math.pi / 4)) / 2)


def test_warm_up_rises_in_equal_steps():
    assert [factor(step, 0.0, warmup=4) for step in range(6)] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])


def test_warm_up_is_never_more_than_a_third_of_the_run():
    config = ScheduleConfig(warmup_epochs=2.0)
    assert warmup_steps(config, steps_per_epoch=10, total_steps=300) == 20
    assert warmup_steps(config, steps_per_epoch=10, total_steps=30) == 10


def test_stairs_hold_for_their_epochs_and_the_last_to_the_end():
    stairs = {"epochs": 10, "stairs": ((2, 1.0), (3, 0.4), (1, 0.1))}
    assert [factor(0, epoch / 10, **stairs) for epoch in range(10)] == [1, 1, 0.4, 0.4, 0.4, 0.1, 0.1, 0.1, 0.1, 0.1]
    assert factor(0, 0.2 - 1e-12, **stairs) == 0.4, "a rounded share of the run"
    assert factor(0, 0.19999, **stairs) == 1.0
    assert factor(0, 0.25, warmup=4, **stairs) == pytest.approx(0.2 * 0.4)
