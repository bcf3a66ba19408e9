"""The learning-rate range test: the sweep, where it ends, and what is read from it."""

import math

import numpy as np
import pytest
import torch

from striate.errors import TrainingError, UsageError
from striate.models import create_model
from striate.training import Recipe, StoppedError
from striate.training.range_test import Sweep, range_test, smooth, suggest_rate

CPU = torch.device("cpu")


class Stripes:
    """Two classes of 32 x 32 pictures: stripes across and down, with noise."""

    mean, std = (0.5,), (0.25,)
    reverses_channels = False

    def __init__(self, count=64):
        generator = np.random.default_rng(0)
        self.labels = (np.arange(count) % 2).astype(np.int64)
        self.samples = np.arange(count)
        rows, columns = np.mgrid[:32, :32]
        stripes = [(rows // 4 % 2) * 120, (columns // 4 % 2) * 120]
        noise = generator.integers(0, 100, (count, 32, 32, 1))
        self._pixels = (np.stack([stripes[label] for label in self.labels])[..., None] + noise).astype(np.uint8)

    def pixels(self, positions):
        return self._pixels[positions]

    def key(self, position):
        return str(position)


def recipe(**optimizer):
    return Recipe.from_dict(
        {"model": "lenet5_dense", "batch_size": 16, "optimizer": optimizer, "loss": {"label_smoothing": 0.0}}
    )


def network():
    return create_model("lenet5_dense", num_classes=2, in_channels=1, seed=0)


def test_rates_rise_by_one_factor_and_the_network_stays_as_it_was():
    trained, taken = network(), []
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    random = torch.get_rng_state()
    sweep = range_test(
        trained,
        recipe(),
        Stripes(),
        device=CPU,
        lowest=1e-5,
        highest=1e-2,
        steps=31,
        watch=lambda *place: taken.append(place),
    )
    assert sweep.rates == pytest.approx(10.0 ** np.linspace(-5, -2, 31)) and not sweep.diverged
    assert taken[:2] == [(1, 31), (2, 31)] and taken[-1] == (31, 31)
    assert all(torch.equal(value, before[name]) for name, value in trained.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())
    again = range_test(trained, recipe(), Stripes(), device=CPU, lowest=1e-5, highest=1e-2, steps=31)
    assert sweep.losses.tolist() == again.losses.tolist()


def test_the_first_loss_is_the_untrained_networks_own():
    sweep = range_test(network(), recipe(), Stripes(), device=CPU, lowest=1e-9, highest=1e-8, steps=10)
    assert sweep.losses[:4] == pytest.approx(sweep.losses[4:8], rel=0.2)  # an epoch of 4 batches, twice, nothing learnt
    assert sweep.losses.mean() == pytest.approx(math.log(2), rel=0.5)


def test_a_rate_that_is_too_high_ends_the_sweep():
    sweep = range_test(network(), recipe(momentum=0.9), Stripes(), device=CPU, lowest=1e-4, highest=1e4, steps=60)
    assert sweep.diverged and len(sweep.losses) < 60 and np.isfinite(sweep.losses).all()
    found = suggest_rate(sweep)
    assert found.suggestion == max(found.steepest, found.minimum / 10)
    assert found.steepest <= found.minimum < sweep.rates[-1]


def test_a_learner_of_which_all_is_known():
    """Loss 2.3 falling to 0.8 around a rate of 0.01, diverging above 0.3."""
    rates = 10.0 ** np.linspace(-5, 1, 121)
    losses = np.where(rates < 0.3, 2.3 - 1.5 / (1 + (0.01 / rates) ** 2), 5.0)
    found = suggest_rate(Sweep(rates, losses, True))
    assert found.steepest == pytest.approx(0.01, rel=0.15)  # where x²/(1 + x²) is steepest over log x: x = 1
    assert 0.1 < found.minimum < 0.3 and found.suggestion == found.minimum / 10 > found.steepest


def test_smoothing_shifts_nothing_and_keeps_what_is_flat_or_straight():
    assert smooth(np.full(20, 3.0)).tolist() == [3.0] * 20
    straight = np.arange(40.0)
    assert smooth(straight)[10:30] == pytest.approx(straight[10:30], abs=1e-3)
    spike = np.zeros(41)
    spike[20] = 1.0
    assert smooth(spike)[20] == smooth(spike).max()
    assert smooth(spike) == pytest.approx(smooth(spike)[::-1])


def test_what_cannot_be_read_is_said():
    rates = 10.0 ** np.linspace(-5, 1, 20)
    with pytest.raises(TrainingError) as caught:
        suggest_rate(Sweep(rates[:5], np.ones(5), True))
    assert str(caught.value) == (
        "the loss diverged after 5 steps, too early to read a learning rate; give a lower --lowest"
    )
    with pytest.raises(TrainingError) as caught:
        suggest_rate(Sweep(rates, np.linspace(1, 4, 20), True))
    assert str(caught.value) == (
        "the loss never fell before it diverged at 10: there is little left to learn, or the initial weights or the data keep "
        "the network from it; no rate can be read, but a tenth of that is the most to try"
    )
    with pytest.raises(TrainingError) as caught:
        suggest_rate(Sweep(rates, np.linspace(1, 2, 20), False))
    assert str(caught.value) == (
        "the loss never fell, whatever the rate up to 10: give more --steps, or look at the data and the initial weights"
    )
    with pytest.raises(UsageError) as caught:
        range_test(network(), recipe(), Stripes(), device=CPU, lowest=1.0, highest=0.1)
    assert str(caught.value) == "a range test needs rates above 0 that rise, got 1 to 0.1"
    with pytest.raises(UsageError, match="a range test needs 10 steps or more, got 9"):
        range_test(network(), recipe(), Stripes(), device=CPU, steps=9)
    with pytest.raises(StoppedError):
        range_test(network(), recipe(), Stripes(), device=CPU, stop=lambda: True)
