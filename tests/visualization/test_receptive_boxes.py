"""Boxes hold exactly the pixels that a unit sees."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.visualization import layer_output, receptive_boxes


def test_a_box_by_hand():
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.MaxPool2d(2))
    fields = receptive_boxes(network, (1, 8, 6), layer="1")
    places = torch.tensor([[[0, 0], [1, 1]], [[3, 2], [2, 0]]])
    assert fields.boxes(places).tolist() == [[[0, 0, 3, 3], [1, 1, 5, 5]], [[5, 3, 8, 6], [3, 0, 7, 3]]]
    assert not fields.sees_everything


def test_a_unit_in_the_padding_has_the_pixel_next_to_it():
    fields = receptive_boxes(nn.Conv2d(1, 1, 1, padding=2), (1, 4, 4), layer="head")
    assert fields.boxes(torch.tensor([[0, 0], [7, 7], [2, 3]])).tolist() == [[0, 0, 1, 1], [3, 3, 4, 4], [0, 1, 1, 2]]


def test_numbers_see_the_whole_picture():
    fields = receptive_boxes(create_model("lenet5"), (1, 32, 32), layer="head")
    assert fields.field is None
    assert fields.boxes(torch.zeros(2, 3, 2, dtype=torch.int64)).unique(dim=0).tolist() == [[[0, 0, 32, 32]] * 3]


def test_a_layer_that_is_used_twice_is_met_the_first_time():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution = nn.Conv2d(1, 1, 3)

        def forward(self, images):
            return self.convolution(self.convolution(images))

    assert receptive_boxes(Twice(), (1, 9, 9), layer="convolution").field.size == (3, 3)
    assert receptive_boxes(Twice(), (1, 9, 9), layer="head").field.size == (5, 5)


def test_a_network_that_asks_for_values_promises_nothing():
    class Asking(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution = nn.Conv2d(1, 1, 3)

        def forward(self, images):
            return self.convolution(images if images.sum() > 0 else -images)

    fields = receptive_boxes(Asking(), (1, 9, 9), layer="convolution")
    assert fields.field is None
    assert fields.sees_everything


def test_what_makes_no_sense():
    with pytest.raises(UnknownNameError, match=r"unknown layer 'c2' \(stages: c1, s2, c3, s4, c5, f6, head\)"):
        receptive_boxes(create_model("lenet5"), (1, 32, 32), layer="c2")
    with pytest.raises(UsageError, match=r"a picture's shape is \(channels, height, width\), got \(32, 32\)"):
        receptive_boxes(create_model("lenet5"), (32, 32), layer="c1")


ROWS = [
    ("lenet5", "s4", 32),
    ("resnet20", "layer2", 32),
    ("mobilenet_v2", "features.4", 64),
    ("mobilenet_v2_tf", "features.4", 75),
    ("googlenet", "inception3a", 96),
    ("nin_cifar10", "its second", 32),
    ("allcnn_c", "its second", 32),
]


@pytest.mark.parametrize(("name", "layer", "side"), ROWS, ids=[row[0] for row in ROWS])
def test_what_lies_outside_the_box_changes_nothing(name, layer, side):
    network = create_model(name, seed=0).eval().double()
    layer = layer if layer in dict(network.named_modules()) else network.stages[1]
    generator = torch.Generator().manual_seed(1)
    image = torch.rand(1, network.in_channels, side, side, generator=generator, dtype=torch.float64).requires_grad_()
    maps = layer_output(network, image, layer)
    fields = receptive_boxes(network, image.shape[1:], layer=layer)
    rows, columns = maps.shape[2:]
    for place in [(0, 0), (rows // 2, columns // 2), (rows - 1, columns // 3)]:
        top, left, bottom, right = fields.boxes(torch.tensor(place)).tolist()
        noisy = torch.rand(image.shape, generator=generator, dtype=torch.float64) * 9
        noisy[..., top:bottom, left:right] = image.detach()[..., top:bottom, left:right]
        there = (0, slice(None), *place)
        with torch.no_grad():
            assert torch.equal(layer_output(network, noisy, layer)[there], maps.detach()[there])
