"""Windows by hand: convolutions, dense layers, pooling, subsampling, distances."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from tests.seeing.arithmetic.conftest import check_every_step, counted
from torch import nn

from striate.models import create_model
from striate.nn import (
    EuclideanRBF,
    GlobalAveragePool2d,
    GlobalMaxPool2d,
    MinPool2d,
    SamePaddingConv2d,
    StandardizedLinear,
    Subsampling,
)
from striate.seeing.arithmetic import walked


def test_a_convolution_by_hand_with_padding_marked():
    layer = nn.Conv2d(2, 1, 3, stride=2, padding=1)
    with torch.no_grad():
        layer.weight.copy_(counted(2, 3, 3))
        layer.bias.fill_(0.5)
    walk = walked(nn.Sequential(layer, nn.ReLU()), counted(2, 4, 4))
    told = walk.arithmetic("0", (0, 0, 1))
    window = told.windows[0]
    assert (window.source, window.channels, window.rows, window.columns) == ("input", (0, 1), (-1, 0, 1), (1, 2, 3))
    # Row 0 of the kernel is over padding; then 4*2+5*3+6*4 + 7*6+8*7+9*8 of the first map, and so on of the second.
    assert window.partial_sums.tolist() == [47 + 170, 13 * 18 + 14 * 19 + 15 * 20 + 16 * 22 + 17 * 23 + 18 * 24]
    assert window.largest_first == (1, 0)
    assert [line.value for line in told.lines] == [2192.0, 0.5, 2192.5]
    assert (told.result, told.value, told.difference, told.scale) == (2192.5, 2192.5, 0.0, 2192.5)
    assert (told.activation.step, told.activation.operation, told.activation.value) == ("1", "ReLU", 2192.5)
    shown = told.to_dict(most=1)
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
    assert shown["windows"][0]["values"] == [[[None, None, None], [18.0, 19.0, 20.0], [22.0, 23.0, 24.0]]]
    assert (shown["windows"][0]["left_out"], shown["windows"][0]["left_out_sum"]) == (1, 217.0)


@pytest.mark.parametrize(
    ("layer", "operation", "channels"),
    [
        (nn.Conv2d(4, 4, 3, groups=4, padding=1), "depthwise convolution", (3,)),
        (nn.Conv2d(4, 6, 1), "1x1 convolution", (0, 1, 2, 3)),
        (nn.Conv2d(4, 4, 3, groups=2, dilation=2), "grouped convolution", (2, 3)),
        (nn.Conv2d(4, 6, (3, 5), padding="same"), "convolution", (0, 1, 2, 3)),
        (nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(0, 1), bias=False), "convolution", (0, 1, 2, 3)),
    ],
)
def test_forms_of_convolution(layer, operation, channels):
    torch.manual_seed(0)
    assert check_every_step(nn.Sequential(layer), torch.randn(1, 4, 9, 8), units=40) == [operation]
    told = walked(nn.Sequential(layer), torch.randn(1, 4, 9, 8)).arithmetic("0", (3, 1, 1))
    assert told.windows[0].channels == channels


def test_same_padding_puts_the_odd_zero_after():
    layer = SamePaddingConv2d(1, 1, 3, stride=2, bias=False)
    nn.init.ones_(layer.weight)
    walk = walked(nn.Sequential(layer), counted(1, 4, 4))
    assert walk.arithmetic("0", (0, 0, 0)).windows[0].rows == (0, 1, 2)
    told = walk.arithmetic("0", (0, 1, 1))
    assert (told.windows[0].rows, told.windows[0].inside.tolist()) == (
        (2, 3, 4),
        [[True, True, False]] * 2 + [[False] * 3],
    )
    assert (told.result, told.value, told.formula) == (54.0, 54.0, "y = Σ_c,i,j w·x")


def test_a_dense_layer_by_hand():
    layer = nn.Linear(3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0, 3.0], [4.0, -5.0, 6.0]]))
        layer.bias.copy_(torch.tensor([0.0, 10.0]))
    walk = walked(nn.Sequential(nn.Flatten(), layer), counted(3, 1, 1))
    told = walk.arithmetic("1", (1,))
    assert told.windows[0].terms[:, 0, 0].tolist() == [4.0, -10.0, 18.0]
    assert told.windows[0].largest_first == (2, 1, 0)
    assert (told.result, told.value, told.scale) == (22.0, 22.0, 42.0)
    assert told.formula == "y = Σ_i w·x + b"


def test_a_dense_layer_of_standardised_inputs_by_hand():
    layer = StandardizedLinear(2, 1)
    layer.standardize(torch.tensor([[1.0, 0.0], [3.0, 8.0]]))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[2.0, 4.0]]))
        layer.bias.fill_(1)
    told = walked(nn.Sequential(nn.Flatten(), layer), torch.tensor([4.0, 6.0]).view(1, 2, 1, 1)).arithmetic("1", (0,))
    assert told.windows[0].terms.ravel().tolist() == [4.0, 2.0]  # 2 (4 - 2) / 1, 4 (6 - 4) / 4
    assert (told.result, told.value) == (7.0, 7.0)


def test_pooling_tells_who_wins_and_by_what_a_mean_is_divided():
    picture = counted(1, 5, 5)
    told = walked(nn.Sequential(nn.MaxPool2d(3, stride=2, padding=1)), picture).arithmetic("0", (0, 0, 1))
    assert (told.value, told.windows[0].winner, told.note) == (9.0, (0, 1, 3), "row 1, column 3 wins")
    corner = walked(nn.Sequential(nn.AvgPool2d(3, stride=2, padding=1)), picture).arithmetic("0", (0, 0, 0))
    assert [line.value for line in corner.lines] == [16.0, 9.0, 16 / 9]
    layer = nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False)
    assert walked(nn.Sequential(layer), picture).arithmetic("0", (0, 0, 0)).result == 4.0
    told = walked(nn.Sequential(nn.AdaptiveAvgPool2d(2)), picture).arithmetic("0", (0, 1, 0))
    assert (told.windows[0].rows, told.windows[0].columns, told.result) == ((2, 3, 4), (0, 1, 2), 17.0)


def test_padding_never_wins_though_all_are_negative():
    told = walked(nn.Sequential(nn.MaxPool2d(3, stride=2, padding=1)), -counted(1, 4, 4)).arithmetic("0", (0, 0, 0))
    assert (told.result, told.windows[0].winner) == (-1.0, (0, 0, 0))


def test_least_of_a_window_and_global_pooling():
    told = walked(nn.Sequential(MinPool2d(2)), counted(1, 4, 4)).arithmetic("0", (0, 1, 1))
    assert (told.operation, told.value, told.windows[0].winner) == ("min pooling", 11.0, (0, 2, 2))
    assert walked(nn.Sequential(GlobalMaxPool2d()), counted(2, 2, 2)).arithmetic("0", (1,)).windows[0].winner == (
        1,
        1,
        1,
    )
    mean = walked(nn.Sequential(GlobalAveragePool2d()), counted(2, 2, 2)).arithmetic("0", (1,))
    assert [line.value for line in mean.lines] == [26.0, 4.0, 6.5]


def test_subsampling_by_hand():
    layer = Subsampling(1)
    with torch.no_grad():
        layer.coefficient.fill_(2)
        layer.bias.fill_(1)
    told = walked(nn.Sequential(layer), counted(1, 2, 2)).arithmetic("0", (0, 0, 0))
    assert [line.value for line in told.lines] == [10.0, 2.0, 1.0, 21.0]


def test_squared_distances_to_a_prototype_by_hand():
    layer = EuclideanRBF(torch.tensor([[1.0, -1.0], [1.0, 1.0]]))
    told = walked(nn.Sequential(nn.Flatten(), layer), torch.tensor([1.0, 2.0]).view(1, 2, 1, 1)).arithmetic("1", (0,))
    assert (told.windows[0].terms.ravel().tolist(), told.result, told.value) == ([0.0, 9.0], 9.0, 9.0)


def test_only_the_connected_maps_of_lenet5_are_shown_and_glyphs_by_their_pixels():
    network = create_model("lenet5", seed=0)
    walk = walked(network, torch.rand(1, 1, 32, 32))
    told = walk.arithmetic("c3.convolution", (3, 4, 4))
    assert told.windows[0].channels == network.c3.convolution.connections[3] == (3, 4, 5)
    assert told.note == "it is connected with 3 of 6 maps"
    rbf = walk.arithmetic("output.rbf", (7,))
    assert rbf.windows[0].weights.shape == (1, 12, 7)
    assert set(np.unique(rbf.windows[0].weights)) == {-1.0, 1.0}
    assert rbf.windows[0].weights.ravel().tolist() == network.output.rbf.prototypes[7].tolist()
