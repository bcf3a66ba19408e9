import pytest
import torch

from striate.errors import UsageError
from striate.initialization import FixedNormal, fans, lecun1998_uniform_, seeded


@pytest.mark.parametrize(
    ("shape", "groups", "expected"),
    [
        ((84, 120), 1, (120, 84)),
        ((6, 3, 5, 5), 1, (75, 150)),
        ((32, 1, 3, 3), 32, (9, 9)),  # depthwise: each map feeds one unit at each of nine places
        ((32, 1, 3, 3), 1, (9, 288)),  # the same, counted without its groups, as torch does
        ((384, 128, 3, 3), 2, (1152, 1728)),
        ((8, 4, 3), 1, (12, 24)),
        ((8, 4, 3, 2, 5), 2, (120, 120)),
    ],
)
def test_fans(shape, groups, expected):
    assert fans(torch.empty(shape), groups=groups) == expected


@pytest.mark.parametrize(
    "layer",
    [torch.nn.Linear(6, 4), torch.nn.Conv1d(6, 4, 3), torch.nn.Conv2d(6, 4, (3, 2)), torch.nn.Conv3d(6, 4, (3, 2, 2))],
)
def test_fans_of_one_group_are_torch_s(layer):
    assert fans(layer.weight) == torch.nn.init._calculate_fan_in_and_fan_out(layer.weight)


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


def test_fixed_normal():
    with seeded(0):
        weight = FixedNormal(0.02).draw_(torch.empty(300, 300), groups=3)
    with seeded(0):
        assert torch.equal(weight, torch.empty(300, 300).normal_(0, 0.02))
