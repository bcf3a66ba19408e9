"""Networks that are told layer by layer."""

import pytest
import torch
from torch import nn

from striate.errors import UnknownNameError, UsageError
from striate.models.config import Benchmark
from striate.nn import LocalResponseNormalization, MinPool2d
from striate.reproductions.layer_stack import LayerStack, LayerStackConfig

SIZE = Benchmark("pictures", 10, 3, (8, 8), mean=(0.5,) * 3, std=(0.5,) * 3)


def stack(*layers):
    return LayerStack(LayerStackConfig(layers=layers, benchmark=SIZE), num_classes=10, in_channels=3)


def test_layers_are_what_they_are_called():
    network = stack(
        "conv 4 5",
        "norm",
        "tanh",
        "lrn",
        "min 2",
        "separable 6 stride=2",
        "max 2 stride=1",
        "flatten",
        "dense 7",
        "sigmoid",
        "dropout 0.25",
    )
    kinds = [nn.Conv2d, nn.BatchNorm2d, nn.Tanh, LocalResponseNormalization, MinPool2d]
    assert [type(layer) for layer in network.layers[:5]] == kinds
    assert network.layers[0].padding == (2, 2)
    assert network.layers[10].p == 0.25
    assert network.feature_width == 7
    assert network.training
    assert network(torch.zeros(2, 3, 8, 8)).shape == (2, 10)


def test_parameters_by_hand():
    """3x3 convolution of 3 to 4 maps: (27 + 1) * 4; 4 maps of 4x4 to 10: (64 + 1) * 10."""
    network = stack("conv 4 3", "relu", "average 2", "flatten")
    assert sum(parameter.numel() for parameter in network.parameters()) == 28 * 4 + 65 * 10


def test_repetition():
    network = stack("3 times: conv 4 3; relu", "global")
    assert [type(layer).__name__ for layer in network.layers] == ["Conv2d", "ReLU"] * 3 + ["GlobalAveragePool2d"]
    assert network.feature_width == 4


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        (["conv 4"], "the layer 'conv 4' does not fit maps of shape (3, 8, 8)"),
        (["conv four 3"], "could not convert string to float: 'four'"),
        (["conv 4 3 strides=2"], "unexpected keyword argument 'strides'"),
        (["dense 4"], "a dense layer takes a vector: put 'flatten' or 'global' before it"),
        (["relu 3"], "it takes no numbers"),
        (["conv 4 3"], "the layers end with maps of shape (4, 8, 8); end them with 'flatten' or 'global'"),
        (["max 9"], "does not fit maps of shape (3, 8, 8)"),
        (["conv 4 3;", "flatten"], "a layer is missing in 'conv 4 3;'"),
        (["2000 times: relu", "flatten"], "a network has 1000 layers at most here"),
    ],
)
def test_what_does_not_fit_is_refused_and_said(layers, said):
    with pytest.raises(UsageError) as error:
        stack(*layers)
    assert said in str(error.value)


def test_an_unknown_layer_is_refused_with_the_closest():
    with pytest.raises(UnknownNameError, match=r"unknown layer in 'averge 2' 'averge'; did you mean 'average'"):
        stack("averge 2", "flatten")
