"""Boxes, refusals, and every step of every network of the catalogue beside its tensors."""

from __future__ import annotations

import pytest
import torch
from tests.seeing.arithmetic.conftest import check_every_step, counted, stirred
from torch import nn

from striate.errors import UnknownNameError, UsageError
from striate.inspection.input_shape import input_shape
from striate.models import create_model, list_models
from striate.seeing.arithmetic import walked
from striate.visualization import receptive_boxes


def test_boxes_follow_units_through_flattening():
    walk = walked(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(8, 2)), counted(1, 4, 4))
    box = walk.box("0", (1, 1, 0))
    assert (box.top, box.left, box.bottom, box.right, box.whole) == (1, 0, 4, 3, False)
    assert walk.box("1", (6,)) == box  # the third of the second map
    assert walk.box("2", (0,)).to_dict() == {"top": 0, "left": 0, "bottom": 4, "right": 4, "whole": True, "known": True}
    assert walk.box("input", (0, 2, 3)).to_dict() == {
        "top": 2,
        "left": 3,
        "bottom": 3,
        "right": 4,
        "whole": False,
        "known": True,
    }


def test_boxes_are_those_of_the_layers():
    network = create_model("resnet20", seed=0)
    walk = walked(network, torch.rand(1, 3, 32, 32))
    for step, layer in (("conv1", "conv1"), ("layer2.0.conv2", "layer2.0.conv2"), ("layer2.0.relu2", "layer2.0")):
        boxes = receptive_boxes(network, (3, 32, 32), layer=layer)
        box = walk.box(step, (0, 3, 5))
        assert [box.top, box.left, box.bottom, box.right] == boxes.boxes(torch.tensor([3, 5])).tolist()
    assert walk.box("layer2.0.add", (0, 3, 5)) == walk.box("layer2.0.relu2", (0, 3, 5))
    assert not walk.box("layer2.0.add", (0, 3, 5)).whole


def test_a_box_that_was_not_followed_says_so():
    walk = walked(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ChannelShuffle(2), _Unknown()), torch.rand(1, 1, 6, 6))
    assert walk.box("2.fft_fft2", (0, 1, 1)).known is False
    assert walk.box("1", (1, 1, 2)) == walk.box("0", (2, 1, 2))  # the third map is the second after the shuffle
    assert walk.arithmetic("1", (1, 1, 2)).note == "the number at (2, 1, 2) of 0"


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


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_why_a_step_is_not_told():
    (step,) = walked(nn.Sequential(nn.Softmax2d()), counted(2, 2, 2)).steps
    assert step.why_not == "it is a softmax of something else than a vector"
    script = torch.jit.script(nn.ReLU())
    with pytest.raises(UsageError, match="what Sequential answers is not made by functions that can be followed"):
        walked(nn.Sequential(script), counted(1, 2, 2))
    with pytest.raises(UsageError, match="the network does not run on a picture of shape"):
        walked(nn.Sequential(nn.Conv2d(3, 1, 1)), counted(1, 2, 2))


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
    side = height if height <= 227 else 224  # the largest take smaller pictures too
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
