"""What a pooling leaves of noise: the arithmetic by known figures, and what is measured beside it."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import striate
from striate.errors import UsageError
from striate.reproductions.experiment import read_experiment
from striate.reproductions.methods import check_experiment
from striate.reproductions.noise_through_pooling import POOLINGS, answers, of_constant_window
from striate.reproductions.sources import HeldPictures

TOY = """
claim = "Pooling leaves noise."
claims = [27]
source = "nowhere"
method = "noise"
data = "digits"
shown = ["noise_left", "shift", "contrast_left", "signal_to_noise"]
[arms.windows]
options = { of = "windows", pooling = "max" }
[arms.pictures]
options = { of = "pictures", pooling = "average" }
[arms.maps]
layers = ["conv 4 3", "relu", "max 2", "conv 4 3", "relu", "average 2", "flatten"]
options = { of = "maps", pooling = "max", before = 2 }
[quick]
seeds = 2
pictures = 60
test_pictures = 100
minutes = 0.1
[whole]
seeds = 1
minutes = 0.1
[[rules]]
says = "the mean of four leaves half of the noise"
measure = "noise_left"
of = "pictures"
between = [0.45, 0.55]
"""


@pytest.mark.parametrize(
    ("count", "mean", "variance"),
    [
        (1, 0.0, 1.0),
        (2, 1 / math.sqrt(math.pi), 1 - 1 / math.pi),
        (3, 1.5 / math.sqrt(math.pi), 0.5594672),
        (
            4,
            1.0293754,
            0.4917152,
        ),  # Harter 1961, Expected Values of Normal Order Statistics, and its table of variances
        (9, 1.4850132, 0.3573533),
    ],
)
def test_the_greatest_of_normal_values_by_known_figures(count, mean, variance):
    assert of_constant_window("max", count) == pytest.approx((mean, math.sqrt(variance)), abs=2e-6)
    assert of_constant_window("min", count) == pytest.approx((-mean, math.sqrt(variance)), abs=2e-6)
    assert of_constant_window("average", count) == (0.0, 1 / math.sqrt(count))


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("size", [2, 3])
def test_noise_on_pictures_of_one_grey_is_what_arithmetic_says(pooling, size):
    """180,000 values, or 80,000, each within a hundredth: five deviations and more of a deviation's own error."""
    grey = np.full((200, 30 * size, 30 * size, 1), 128, np.uint8)
    pictures = HeldPictures(grey, np.zeros(200, np.int64), np.arange(200), (0.5,), (0.25,))
    clean, noisy = answers(nn.Identity(), pictures, 0.1, seed=0, device=torch.device("cpu"))
    assert clean.shape == (200, 1, 30 * size, 30 * size)
    added, left = noisy - clean, POOLINGS[pooling](size)(noisy) - POOLINGS[pooling](size)(clean)
    assert float(added.std()) == pytest.approx(0.1 / 0.25, rel=0.01)
    mean, deviation = of_constant_window(pooling, size**2)
    assert float(left.mean() / added.std()) == pytest.approx(mean, abs=0.01)
    assert float(left.std() / added.std()) == pytest.approx(deviation, abs=0.01)


def test_windows_pictures_and_maps_are_measured(tmp_path):
    file = tmp_path / "noise.toml"
    file.write_text(TOY)
    found = striate.reproduce(str(file), quick=True, output=tmp_path / "result")
    assert found.verdict == "holds"
    assert found.answers("windows", "noise_left").values == (of_constant_window("max", 4)[1],) * 2
    assert found.answers("windows", "contrast_left").values == (1.0, 1.0)
    assert found.answers("windows", "signal_to_noise").values[0] == 1 / of_constant_window("max", 4)[1]
    first, second = found.answers("maps", "noise_left").values
    assert 0.1 < first < 10 and first != second, "each seed has a network of its own"
    for arm in ("pictures", "maps"):
        values = {name: found.answers(arm, name).values[0] for name in found.experiment.shown}
        assert values["signal_to_noise"] == pytest.approx(values["contrast_left"] / values["noise_left"])
    assert abs(found.answers("pictures", "shift").values[0]) < 0.05
    assert found.answers("pictures", "contrast_left").values[0] < 1


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('pooling = "max" }', 'pooling = "maximum" }', "unknown pooling 'maximum'"),
        ('of = "pictures"', 'of = "picture"', "unknown what is pooled 'picture'; did you mean 'pictures'"),
        (', pooling = "average"', "", "arms.pictures: the experiment lacks options.pooling"),
        ("before = 2", "before = 0", "size must be 2..100, before 1 or more and noise above 0, got 2, 0 and 0.1"),
        ("before = 2", "noise = 0.0", "got 2, 1 and 0"),
        ('of = "maps"', 'of = "pictures"', "layers are for maps, got 7 layers and 'pictures'"),
        ('data = "digits"', 'data = "digit"', "unknown data 'digit'; did you mean 'digits'"),
    ],
)
def test_what_makes_no_sense_is_refused(before, after, said):
    assert before in TOY
    with pytest.raises(UsageError) as error:
        check_experiment(read_experiment("noise", TOY.replace(before, after, 1)))
    assert said in str(error.value)


def test_a_pooling_that_is_not_there_is_said(tmp_path):
    file = tmp_path / "noise.toml"
    file.write_text(TOY.replace("before = 2", "before = 3"))
    with pytest.raises(UsageError, match=r"arms\.maps: expected 3 poolings among the layers, got 2"):
        striate.reproduce(str(file), quick=True, seeds=1, output=tmp_path / "result")
