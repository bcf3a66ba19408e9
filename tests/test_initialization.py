import math

import pytest
import torch

from striate.errors import UsageError
from striate.initialization import (
    caffe_xavier_uniform_,
    fans,
    glorot_uniform_,
    he_normal_,
    lecun1998_uniform_,
    seeded,
)


@pytest.mark.parametrize(
    ("shape", "groups", "expected"),
    [
        ((84, 120), 1, (120, 84)),
        ((6, 3, 5, 5), 1, (75, 150)),
        ((32, 1, 3, 3), 32, (9, 9)),  # depthwise: each map feeds one unit at each of nine places
        ((32, 1, 3, 3), 1, (9, 288)),  # the same, counted without its groups, as torch does
        ((8, 4, 3), 1, (12, 24)),
    ],
)
def test_fans(shape, groups, expected):
    assert fans(torch.empty(shape), groups=groups) == expected


def test_fans_of_a_vector():
    with pytest.raises(UsageError) as error:
        fans(torch.empty(3))
    assert str(error.value) == "a weight with fans has at least two axes, (out, in, ...), got shape (3,)"


def test_lecun1998():
    torch.manual_seed(0)
    weight = torch.empty(400, 100)
    assert lecun1998_uniform_(weight) is weight
    assert 0.999 * 0.024 < weight.abs().max().item() <= 0.024
    assert weight.std().item() == pytest.approx(1.3856 / 100, rel=0.01)
    assert weight.mean().item() == pytest.approx(0, abs=3e-4)


def test_lecun1998_with_the_fan_in_said():
    assert lecun1998_uniform_(torch.empty(1000), fan_in=4).abs().max().item() == pytest.approx(0.6, rel=0.01)


def test_lecun1998_without_inputs():
    with pytest.raises(UsageError) as error:
        lecun1998_uniform_(torch.empty(3), fan_in=0)
    assert str(error.value) == "fan_in must be at least 1, got 0"


@pytest.mark.parametrize(("fan", "expected"), [("in", math.sqrt(2 / 288)), ("out", math.sqrt(2 / 576))])
def test_he_normal(fan, expected):
    torch.manual_seed(0)
    weight = torch.empty(64, 32, 3, 3)
    assert he_normal_(weight, fan=fan) is weight
    assert weight.std().item() == pytest.approx(expected, rel=0.02)
    assert weight.mean().item() == pytest.approx(0, abs=0.05 * expected)


def test_he_normal_follows_torch():
    ours, theirs = torch.empty(8, 4, 3, 3), torch.empty(8, 4, 3, 3)
    torch.manual_seed(0)
    he_normal_(ours, fan="out")
    torch.manual_seed(0)
    torch.nn.init.kaiming_normal_(theirs, mode="fan_out", nonlinearity="relu")
    assert torch.equal(ours, theirs)


def test_he_normal_of_an_unknown_fan():
    with pytest.raises(UsageError) as error:
        he_normal_(torch.empty(2, 2), fan="average")
    assert str(error.value) == "fan must be 'in' or 'out', got 'average'"


def test_glorot_uniform():
    torch.manual_seed(0)
    weight = torch.empty(64, 32, 3, 3)
    assert glorot_uniform_(weight) is weight
    bound = math.sqrt(6 / (288 + 576))
    assert 0.999 * bound < weight.abs().max().item() <= bound
    assert weight.std().item() == pytest.approx(math.sqrt(2 / (288 + 576)), rel=0.01)
    torch.manual_seed(0)
    assert torch.equal(torch.nn.init.xavier_uniform_(torch.empty(64, 32, 3, 3)), weight)


def test_glorot_uniform_of_groups():
    weight = glorot_uniform_(torch.empty(4000, 1, 3, 3), groups=4000)
    assert weight.abs().max().item() == pytest.approx(math.sqrt(6 / 18), rel=0.01)


def test_caffe_xavier_counts_the_inputs_alone():
    torch.manual_seed(0)
    weight = torch.empty(64, 32, 3, 3)
    assert caffe_xavier_uniform_(weight) is weight
    bound = math.sqrt(3 / 288)
    assert 0.999 * bound < weight.abs().max().item() <= bound
    assert weight.std().item() == pytest.approx(math.sqrt(1 / 288), rel=0.01)


def test_seeded_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    with seeded(3):
        first = torch.rand(3)
    assert torch.equal(torch.random.get_rng_state(), before)
    with seeded(3):
        assert torch.equal(torch.rand(3), first)
    with seeded(4):
        assert not torch.equal(torch.rand(3), first)


def test_seeded_puts_the_generator_back_after_an_error():
    before = torch.random.get_rng_state()
    with pytest.raises(RuntimeError), seeded(3):
        torch.rand(3)
        raise RuntimeError
    assert torch.equal(torch.random.get_rng_state(), before)


def test_no_seed_draws_from_the_global_generator():
    before = torch.random.get_rng_state()
    with seeded(None):
        torch.rand(3)
    assert not torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("seed", [1.0, True, "0", -1, 2**63])
def test_bad_seed(seed):
    with pytest.raises(UsageError) as error, seeded(seed):
        pass
    assert str(error.value) == f"seed must be a whole number from 0 to 2**63 - 1, got {seed!r}"
