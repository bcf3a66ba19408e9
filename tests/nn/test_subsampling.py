import pytest
import torch

from striate.errors import UsageError
from striate.nn import Subsampling


def layer_with(coefficient, bias, window=2):
    layer = Subsampling(len(coefficient), window)
    with torch.no_grad():
        layer.coefficient.copy_(torch.tensor(coefficient))
        layer.bias.copy_(torch.tensor(bias))
    return layer


def test_by_hand():
    inputs = torch.arange(32.0).view(1, 2, 4, 4)
    # Sums of the first map's windows: 0+1+4+5 = 10, 18, 42, 50; the second map's are 64 more each.
    answers = layer_with([2.0, -1.0], [1.0, 5.0])(inputs)
    assert answers.tolist() == [[[[21.0, 37.0], [85.0, 101.0]], [[-69.0, -77.0], [-101.0, -109.0]]]]


def test_left_over_rows_and_columns_are_not_used():
    inputs = torch.ones(1, 1, 5, 7)
    answers = layer_with([1.0], [0.0])(inputs)
    assert torch.equal(answers, torch.full((1, 1, 2, 3), 4.0))


def test_window_of_three():
    answers = layer_with([1.0], [0.0], window=3)(torch.arange(9.0).view(1, 1, 3, 3))
    assert answers.item() == pytest.approx(36.0, rel=1e-6)


def test_new_layer_is_the_average():
    inputs = torch.randn(2, 3, 6, 6)
    assert torch.allclose(Subsampling(3)(inputs), torch.nn.functional.avg_pool2d(inputs, 2), rtol=0, atol=1e-6)


def test_gradients_by_hand():
    layer = layer_with([3.0], [0.0])
    inputs = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]], requires_grad=True)
    layer(inputs).sum().backward()
    assert layer.coefficient.grad.tolist() == [10.0]
    assert layer.bias.grad.tolist() == [1.0]
    assert inputs.grad.flatten().tolist() == [3.0] * 4


@pytest.mark.parametrize("channels", [1, 6, 16])
def test_two_parameters_a_map(channels):
    assert sum(parameter.numel() for parameter in Subsampling(channels).parameters()) == 2 * channels


def test_repr():
    assert repr(Subsampling(6)) == "Subsampling(6, window=2)"


@pytest.mark.parametrize(("channels", "window", "name", "value"), [(0, 2, "channels", 0), (6, 1.5, "window", 1.5)])
def test_bad_sizes(channels, window, name, value):
    with pytest.raises(UsageError) as error:
        Subsampling(channels, window)
    assert str(error.value) == f"Subsampling: {name} must be a whole number of at least 1, got {value}"
