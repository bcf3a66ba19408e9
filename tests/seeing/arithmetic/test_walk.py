"""Exact numbers by hand for each kind of step, and every step of every network of the catalogue beside its tensors."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.errors import UnknownNameError, UsageError
from striate.inspection.input_shape import input_shape
from striate.models import create_model, list_models
from striate.nn import Subsampling
from striate.seeing.arithmetic import walked

TOLERANCE = 1e-6
"""Of the sum of the absolute products: what float32 rounds in the sums of the catalogue's layers is less (measured: 1.3e-7)."""


def counted(*sides: int) -> torch.Tensor:
    """A picture of the numbers from 1 on."""
    return torch.arange(1.0, 1 + np.prod(sides)).view(1, *sides)


def stirred(network: nn.Module) -> nn.Module:
    """The network with statistics and shifts that are not those of a new layer, so that each has a part in its answer."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.5, generator=generator)
                module.running_var.uniform_(0.5, 2, generator=generator)
                module.bias.normal_(0, 0.3, generator=generator)
    return network


def check_every_step(network: nn.Module, picture: torch.Tensor, *, units: int = 3) -> list[str]:
    """Holds random units of every step to the tensors; answers the operations that were met."""
    walk = walked(network, picture)
    draw = random.Random(0)
    assert [step.why_not for step in walk.steps if step.why_not] == []
    for step in walk.steps:
        for _ in range(units):
            unit = tuple(draw.randrange(side) for side in step.shape)
            told = walk.arithmetic(step.name, unit)
            assert told.relative_difference <= TOLERANCE, (step.name, unit, told.result, told.value, told.scale)
            assert told.value == walk.numbers(step.name)[unit]
            assert told.operation == step.operation
    return [step.operation for step in walk.steps]


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


def test_batch_normalisation_by_hand():
    layer = nn.BatchNorm2d(1, eps=0.25)
    with torch.no_grad():
        layer.running_mean.fill_(1)
        layer.running_var.fill_(2)
        layer.weight.fill_(3)
        layer.bias.fill_(0.5)
    told = walked(nn.Sequential(layer), counted(1, 2, 2)).arithmetic("0", (0, 1, 1))
    assert [(line.symbol, line.value) for line in told.lines] == [
        ("x", 4.0),
        ("μ", 1.0),
        ("σ²", 2.0),
        ("ε", 0.25),
        ("n", 2.0),
        ("γ", 3.0),
        ("β", 0.5),
        ("y", 6.5),
    ]


def test_subsampling_by_hand():
    layer = Subsampling(1)
    with torch.no_grad():
        layer.coefficient.fill_(2)
        layer.bias.fill_(1)
    told = walked(nn.Sequential(layer), counted(1, 2, 2)).arithmetic("0", (0, 0, 0))
    assert [line.value for line in told.lines] == [10.0, 2.0, 1.0, 21.0]


class _Residual(nn.Module):
    """A sum in `forward`, of something that is changed in place afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(1, 1, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        nn.init.constant_(self.weigh.weight, -2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.weigh(images)
        maps += images
        maps = self.relu(maps)
        return functional.relu(torch.cat([maps, images], dim=1) - 3)


def test_steps_between_layers_keep_what_is_changed_in_place():
    walk = walked(_Residual(), counted(1, 2, 2))
    assert [(step.name, step.inputs) for step in walk.steps] == [
        ("weigh", ("input",)),
        ("add", ("weigh", "input")),
        ("relu", ("add",)),
        ("cat", ("relu", "input")),
        ("sub", ("cat",)),
        ("relu_2", ("sub",)),
    ]
    told = walk.arithmetic("add", (0, 1, 1))
    assert [(window.source, window.terms.item()) for window in told.windows] == [("weigh", -8.0), ("input", 4.0)]
    assert (told.result, told.value, told.activation.value) == (-4.0, -4.0, 0.0)
    branch = walk.arithmetic("cat", (1, 0, 1))
    assert (branch.note, branch.windows[0].source, branch.value) == ("branch 2 of 2: input", "input", 2.0)
    assert [line.value for line in walk.arithmetic("sub", (1, 1, 1)).lines] == [4.0, 3.0, 1.0]


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


def test_boxes_follow_units_through_flattening():
    walk = walked(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2)), counted(1, 4, 4))
    box = walk.box("0", (1, 1, 0))
    assert (box.top, box.left, box.bottom, box.right, box.whole) == (1, 0, 4, 3, False)
    assert walk.box("1", (6,)) == box  # the third of the second map
    assert walk.box("2", (0,)).to_dict() == {"top": 0, "left": 0, "bottom": 4, "right": 4, "whole": True}
    assert walk.box("input", (0, 2, 3)).to_dict() == {"top": 2, "left": 3, "bottom": 3, "right": 4, "whole": False}


def test_a_walk_leaves_the_network_as_it_was_and_counts_what_it_keeps():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Dropout(0.9), nn.Flatten())
    walk = walked(network, counted(1, 4, 4))
    assert walk.bytes == 4 * (16 + 8)  # dropout and flattening share the convolution's memory
    assert all(module.training for module in network.modules())
    assert not network[0]._forward_hooks and not network[0]._forward_pre_hooks
    assert walk.arithmetic("1", (0, 0, 0)).formula == "y = x"


class _Unknown(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.fft.fft2(images).real


def test_refusals_say_what_to_do():
    walk = walked(nn.Sequential(nn.Conv2d(1, 2, 3), _Unknown()), counted(1, 4, 4))
    with pytest.raises(UnknownNameError, match="'0'"):
        walk.arithmetic("00", (0, 0, 0))
    with pytest.raises(UsageError, match=r"0 gives numbers of shape \(2, 2, 2\), so a unit is 3 whole numbers"):
        walk.arithmetic("0", (0, 0, 2))
    with pytest.raises(
        UsageError, match=r"the arithmetic of 1\.fft_fft2 is not told: no rule tells what fft_fft2 computes"
    ):
        walk.arithmetic("1.fft_fft2", (0, 0, 0))
    with pytest.raises(UsageError, match=r"a walk takes one picture, .* got torch.float32 of shape \(2, 1, 4, 4\)"):
        walked(nn.ReLU(), torch.zeros(2, 1, 4, 4))
    with pytest.raises(
        UsageError, match="with a picture of 1024 x 1024 pixels that is more than 6 MiB; give a smaller picture"
    ):
        walked(nn.Sequential(nn.ReLU(), nn.ReLU()), torch.zeros(1, 1, 1024, 1024), most_bytes=6 * 2**20)


FAST = (
    "lenet5",
    "lenet5_relu",
    "resnet20",
    "rcnn_96",
    "nin_cifar10",
    "resnet9_x0_25",
    "mobilenet_v2",
    "efficientnet_b0_tf",
)


def check_row(name: str) -> list[str]:
    network = stirred(create_model(name, seed=0, auxiliary=False))
    channels, height, _ = input_shape(network, None)
    side = min(height, 224)
    picture = torch.randn(1, channels, side, side, generator=torch.Generator().manual_seed(1))
    return check_every_step(network, picture)


def test_every_step_of_networks_of_each_kind_equals_the_tensors():
    met = {operation for name in FAST for operation in check_row(name)}
    assert met >= {
        "partial convolution",
        "subsampling",
        "scaled tanh",
        "Euclidean radial basis function",
        "depthwise convolution",
        "ReLU6",
        "sum",
        "product",
        "SiLU",
        "sigmoid",
        "zero-padded identity",
        "local response normalisation",
        "batch normalisation",
        "max pooling",
        "average pooling",
        "dropout",
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", list_models("picture", sequential=False))
def test_every_step_of_the_catalogue_equals_the_tensors(name):
    check_row(name)


@pytest.mark.parametrize("name", ["resnet18"])
def test_a_network_of_torchvision_that_changes_in_place(name):
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    met = check_every_step(stirred(torchvision.models.get_model(name)), torch.randn(1, 3, 64, 64))
    assert met.count("sum") == 8
