import pytest
import torch

from striate.errors import UsageError
from striate.nn import ZeroPaddedIdentity


def test_by_hand():
    inputs = torch.arange(1.0, 33.0).view(1, 2, 4, 4)
    answers = ZeroPaddedIdentity(2, 4, stride=2)(inputs)
    assert answers[0, 1].tolist() == [[1.0, 3.0], [9.0, 11.0]]
    assert answers[0, 2].tolist() == [[17.0, 19.0], [25.0, 27.0]]
    assert not answers[0, 0].any() and not answers[0, 3].any()


def test_the_odd_map_of_zeros_comes_after():
    answers = ZeroPaddedIdentity(1, 4)(torch.ones(1, 1, 1, 1))
    assert answers.flatten().tolist() == [0.0, 1.0, 0.0, 0.0]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [(1, 1), (2, 5), (7, 8), (9, 3)])
def test_is_as_large_as_a_3x3_convolution_s_output(size, stride):
    inputs = torch.zeros(1, 2, *size)
    convolution = torch.nn.Conv2d(2, 4, 3, stride, padding=1)
    assert ZeroPaddedIdentity(2, 4, stride)(inputs).shape == convolution(inputs).shape


def test_same_width_and_stride_one_change_nothing():
    inputs = torch.randn(2, 3, 5, 4)
    assert torch.equal(ZeroPaddedIdentity(3, 3)(inputs), inputs)


def test_no_state_and_repr():
    assert ZeroPaddedIdentity(16, 32, 2).state_dict() == {}
    assert repr(ZeroPaddedIdentity(16, 32, 2)) == "ZeroPaddedIdentity(16, 32, stride=2)"


def test_narrowing():
    with pytest.raises(UsageError) as error:
        ZeroPaddedIdentity(4, 2)
    assert str(error.value) == "ZeroPaddedIdentity: out_channels must be at least in_channels, got 2 after 4"


@pytest.mark.parametrize("name", ["in_channels", "out_channels", "stride"])
def test_bad_sizes(name):
    arguments = {"in_channels": 2, "out_channels": 4, "stride": 1} | {name: 0}
    with pytest.raises(UsageError) as error:
        ZeroPaddedIdentity(**arguments)
    assert str(error.value) == f"ZeroPaddedIdentity: {name} must be a whole number of at least 1, got 0"
