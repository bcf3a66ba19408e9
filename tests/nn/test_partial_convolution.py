import pytest
import torch
from torch.nn import functional

from striate.errors import UsageError
from striate.models.lenet import C3_TABLE
from striate.nn import PartialConv2d


def integer_layer():
    """Three input maps; output map 0 sees 0 and 2, output map 1 sees 1. Kernels of 2x2 with the values 1 to 12."""
    layer = PartialConv2d(3, [(0, 2), (1,)], 2)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(1.0, 13.0).view(3, 2, 2))
        layer.bias.copy_(torch.tensor([100.0, -100.0]))
    return layer


def test_by_hand():
    inputs = torch.arange(12.0).view(1, 3, 2, 2)
    # Map 0: 0*1 + 1*2 + 2*3 + 3*4 = 20; map 2: 8*5 + 9*6 + 10*7 + 11*8 = 252; map 1: 4*9 + 5*10 + 6*11 + 7*12 = 236.
    assert integer_layer()(inputs).flatten().tolist() == [20 + 252 + 100, 236 - 100]


def test_dense_weight_is_zero_where_nothing_is_connected():
    dense = integer_layer().dense_weight()
    assert dense.shape == (2, 3, 2, 2)
    assert dense[0, 0].flatten().tolist() == [1, 2, 3, 4]
    assert dense[0, 2].flatten().tolist() == [5, 6, 7, 8]
    assert dense[1, 1].flatten().tolist() == [9, 10, 11, 12]
    assert not dense[0, 1].any() and not dense[1, 0].any() and not dense[1, 2].any()


def test_an_input_map_that_is_not_seen_changes_nothing():
    layer = PartialConv2d(6, C3_TABLE, 5)
    inputs = torch.randn(1, 6, 14, 14)
    before = layer(inputs)
    changed = inputs.clone()
    changed[:, 3] = torch.randn(14, 14)
    differs = (layer(changed) != before).flatten(2).any(dim=2)[0]
    assert differs.tolist() == [3 in row for row in C3_TABLE]


def test_equals_a_full_convolution_with_a_complete_table():
    layer = PartialConv2d(2, [(0, 1)] * 3, 3, stride=2, padding=1)
    inputs = torch.randn(2, 2, 7, 6)
    expected = functional.conv2d(inputs, layer.weight.view(3, 2, 3, 3), layer.bias, stride=2, padding=1)
    assert torch.equal(layer(inputs), expected)
    assert expected.shape == (2, 3, 4, 3)


def test_a_table_in_another_order_names_the_same_kernels():
    layer = PartialConv2d(2, [(1, 0)], 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([10.0, 1.0]).view(2, 1, 1))
    assert layer.dense_weight().flatten().tolist() == [1.0, 10.0]


def test_parameters_of_c3():
    layer = PartialConv2d(6, C3_TABLE, 5)
    assert layer.weight.shape == (60, 5, 5)
    assert sum(parameter.numel() for parameter in layer.parameters()) == 1516
    assert set(layer.state_dict()) == {"weight", "bias"}


def test_every_kernel_gets_its_gradient():
    layer = integer_layer()
    layer(torch.arange(12.0).view(1, 3, 2, 2)).sum().backward()
    # Of a sum, each kernel's gradient is the input map that it looks at: 0, 2, 1.
    assert layer.weight.grad.flatten().tolist() == [0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7]
    assert layer.bias.grad.tolist() == [1.0, 1.0]


def test_new_weights_are_bounded_by_each_map_s_fan_in():
    torch.manual_seed(0)
    layer = PartialConv2d(6, C3_TABLE, 5)
    dense = layer.dense_weight()
    for output_map, row in enumerate(C3_TABLE):
        bound = (25 * len(row)) ** -0.5
        assert 0.9 * bound < dense[output_map].abs().max().item() <= bound
        assert 0 < abs(layer.bias[output_map].item()) <= bound


def test_repr():
    assert (
        repr(PartialConv2d(6, C3_TABLE, 5))
        == "PartialConv2d(6, 16, connections=60, kernel_size=5, stride=1, padding=0)"
    )


@pytest.mark.parametrize(
    ("connections", "message"),
    [
        ([], "PartialConv2d: connections must have a row for each output map, got none"),
        ([(0,), ()], "PartialConv2d: output map 1 must see at least one input map, got none"),
        ([(0, 0)], "PartialConv2d: output map 0 names an input map twice: (0, 0)"),
        ([(2,)], "PartialConv2d: output map 0 sees input map 2, but there are 2 input maps, counted from 0"),
        ([(-1,)], "PartialConv2d: connections[0] must be a whole number of at least 0, got -1"),
        ([(0.5,)], "PartialConv2d: connections[0] must be a whole number of at least 0, got 0.5"),
    ],
)
def test_bad_tables(connections, message):
    with pytest.raises(UsageError) as error:
        PartialConv2d(2, connections, 3)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"in_channels": 0, "kernel_size": 3}, "in_channels must be a whole number of at least 1, got 0"),
        ({"in_channels": 1, "kernel_size": 0}, "kernel_size must be a whole number of at least 1, got 0"),
        ({"in_channels": 1, "kernel_size": 3, "stride": 0}, "stride must be a whole number of at least 1, got 0"),
        ({"in_channels": 1, "kernel_size": 3, "padding": -1}, "padding must be a whole number of at least 0, got -1"),
    ],
)
def test_bad_sizes(arguments, message):
    with pytest.raises(UsageError) as error:
        PartialConv2d(connections=[(0,)], **arguments)
    assert str(error.value) == f"PartialConv2d: {message}"
