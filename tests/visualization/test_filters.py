"""Kernels by hand: the first layer's as they are, deeper ones' norms."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.visualization import filters
from striate.visualization.filters import first_convolution


def test_the_first_are_in_colour_and_deeper_ones_are_norms():
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Conv2d(2, 4, 1))
    with torch.no_grad():
        network[2].weight[1, :, 0, 0] = torch.tensor([3.0, -4.0])
    first = filters(network)
    assert torch.equal(first, network[0].weight.detach())
    assert first.data_ptr() != network[0].weight.data_ptr()
    assert not first.requires_grad
    assert torch.equal(filters(network, "0"), first)
    deeper = filters(network, "2")
    assert deeper.shape == (4, 1, 1, 1)
    assert deeper[1].item() == 5.0


def test_depthwise_kernels_keep_their_signs():
    network = nn.Sequential(nn.Conv2d(1, 4, 1), nn.Conv2d(4, 4, 3, groups=4))
    assert torch.equal(filters(network, "1"), network[1].weight.detach())


def test_of_a_block_the_largest_kernel_is_meant():
    network = create_model("mobilenet_v2", seed=0)
    assert torch.equal(filters(network, "features.6"), network.get_submodule("features.6.conv.1.0").weight.detach())


def test_of_a_stage_that_ends_in_a_rectifier_its_convolution_is_meant():
    network = create_model("resnet20", seed=0)
    assert network.stages[0] == "relu1"
    assert torch.equal(filters(network, "relu1"), network.conv1.weight.detach())


def test_connections_that_do_not_exist_weigh_nothing():
    network = create_model("lenet5", seed=0)
    shown = filters(network, "c3")
    assert shown.shape == (16, 1, 5, 5)
    expected = network.get_submodule("c3")
    partial = next(part for part in expected.modules() if hasattr(part, "dense_weight"))
    torch.testing.assert_close(shown[0, 0], partial.dense_weight()[0].detach().square().sum(dim=0).sqrt())


@pytest.mark.parametrize("name", ["lenet5", "alexnet", "googlenet", "resnet18", "mobilenet_v1", "efficientnet_b0"])
def test_the_first_of_every_network_see_the_picture(name):
    network = create_model(name, seed=0)
    assert filters(network).shape[1] == network.in_channels


def test_what_makes_no_sense():
    network = create_model("lenet5", seed=0)
    with pytest.raises(UnknownNameError, match="unknown layer 'conv'"):
        filters(network, "conv")
    with pytest.raises(UsageError, match="the layer 's2' has no kernels to look at"):
        filters(network, "s2")
    with pytest.raises(UsageError, match="the layer 'f6' has no kernels to look at"):
        filters(network, "f6")


def test_the_first_convolution_is_named():
    network = create_model("resnet20")
    assert first_convolution(network) == ("conv1", network.conv1)
    assert first_convolution(network.conv1) == ("", network.conv1)
    assert first_convolution(nn.Linear(2, 2)) is None


def test_a_network_without_a_convolution_has_none():
    with pytest.raises(UsageError, match="the network has no convolution, and so no kernels to look at"):
        filters(create_model("linear", seed=0))
