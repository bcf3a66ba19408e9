import math

import pytest
import torch
from torch import nn

from striate.models import create_model
from striate.models.resnet import BasicBlock


def test_depth_is_6n_plus_2():
    network = create_model("resnet20")
    weighted = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert len(weighted) == 20


def test_parameters_by_hand():
    # Convolutions without biases, and two parameters of batch norm a map.
    first = 9 * 3 * 16 + 2 * 16
    layer1 = 6 * (9 * 16 * 16 + 2 * 16)
    layer2 = 9 * 16 * 32 + 5 * 9 * 32 * 32 + 6 * 2 * 32
    layer3 = 9 * 32 * 64 + 5 * 9 * 64 * 64 + 6 * 2 * 64
    network = create_model("resnet20")
    counted = {
        name: sum(parameter.numel() for parameter in module.parameters()) for name, module in network.named_children()
    }
    assert counted["conv1"] + counted["bn1"] == first
    assert (counted["layer1"], counted["layer2"], counted["layer3"]) == (layer1, layer2, layer3)
    assert counted["fc"] == 65 * 10
    assert first + layer1 + layer2 + layer3 + 650 == 269_722


def test_names_are_torchvision_s():
    keys = set(create_model("resnet20").state_dict())
    assert {"conv1.weight", "bn1.running_mean", "layer1.0.conv1.weight", "layer3.2.bn2.bias", "fc.weight"} <= keys
    assert not [key for key in keys if "downsample" in key]  # option A has no parameters


def test_a_block_without_its_convolutions_is_its_shortcut():
    block = BasicBlock(2, 4, 2).eval()
    nn.init.zeros_(block.bn2.weight)  # then the convolutions answer 0
    inputs = torch.arange(-8.0, 24.0).view(1, 2, 4, 4)
    expected = torch.zeros(1, 4, 2, 2)
    expected[:, 1:3] = inputs[:, :, ::2, ::2].relu()
    assert torch.equal(block(inputs), expected)


def test_initialisation():
    network = create_model("resnet20", seed=0)
    assert network.layer3[2].conv2.weight.std().item() == pytest.approx(math.sqrt(2 / (9 * 64)), rel=0.02)
    assert network.fc.weight.std().item() == pytest.approx(math.sqrt(2 / 64), rel=0.1)
    assert not network.fc.bias.any()
    assert all((module.weight == 1).all() for module in network.modules() if isinstance(module, nn.BatchNorm2d))


def test_signal_neither_dies_nor_explodes():
    network = create_model("resnet20", seed=0)
    assert 0.1 < network(torch.randn(16, 3, 32, 32)).std().item() < 10
