"""Maps are what the network computes, in evaluation mode, whatever mode it is in."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.visualization import feature_maps


def test_by_hand():
    network = nn.Sequential(nn.Conv2d(1, 1, 2, bias=False), nn.ReLU())
    nn.init.ones_(network[0].weight)
    images = torch.tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [-7.0, -8.0, -9.0]]]])
    assert feature_maps(network, images, layer="1").tolist() == [[[[12.0, 16.0], [0.0, 0.0]]]]
    assert feature_maps(network, images, layer="0").tolist() == [[[[12.0, 16.0], [-6.0, -6.0]]]]


def test_many_pictures_go_through_in_parts_and_come_out_in_order():
    network = create_model("mobilenet_v2", num_classes=4, seed=0).train()
    images = torch.rand(11, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    maps = feature_maps(network, images, layer="features.3")
    assert all(module.training for module in network.modules())
    network.eval()
    with torch.no_grad():
        expected = images
        for layer in list(network.features)[:4]:
            expected = layer(expected)
    torch.testing.assert_close(maps, expected)
    assert not maps.requires_grad
    assert feature_maps(network, images, layer="head").shape == (11, 4)


def test_what_makes_no_sense():
    network = create_model("lenet5", seed=0)
    with pytest.raises(UnknownNameError, match="unknown layer 'conv'"):
        feature_maps(network, torch.zeros(1, 1, 32, 32), layer="conv")
    with pytest.raises(UsageError, match="pictures must be a float tensor"):
        feature_maps(network, torch.zeros(1, 32, 32), layer="c1")
