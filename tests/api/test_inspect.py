"""`striate.inspect`: names, bundles and any module."""

import pytest
import torch
from torch import nn

import striate
from striate.errors import UsageError


def test_any_module():
    network = nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 2))
    for size in (32, (32, 32), (3, 32, 32)):
        inspection = striate.inspect(network, input_size=size)
        assert (inspection.parameters, inspection.macs) == (456 + 14, 28 * 28 * 450 + 12)
    assert inspection.name == "Sequential"
    assert [stage.name for stage in inspection.stages] == ["0", "1", "2", "3", "4"]


def test_a_module_of_the_catalogue_knows_its_pictures():
    network = striate.create_model("resnet20", num_classes=3, in_channels=1)
    inspection = striate.inspect(network)
    assert inspection.input_shape == (1, 32, 32)
    assert inspection.output_shape == (3,)


def test_half_precision_halves_the_memory():
    network = nn.Conv2d(3, 4, 3)
    single, half = (striate.inspect(network.to(dtype), 16).memory() for dtype in (torch.float32, torch.float16))
    assert (half.inference, half.weights) == (single.inference // 2, single.weights // 2)


def test_what_a_network_does_not_say_must_be_given():
    with pytest.raises(UsageError, match="Conv2d does not say what pictures it takes; give input_size="):
        striate.inspect(nn.Conv2d(1, 1, 1))
    with pytest.raises(UsageError, match="Linear does not say how many channels a picture has"):
        striate.inspect(nn.Linear(2, 1), 2)
    with pytest.raises(UsageError, match="input_size must be a whole number of at least 1, got 0"):
        striate.inspect(nn.Conv2d(1, 1, 1), 0)
