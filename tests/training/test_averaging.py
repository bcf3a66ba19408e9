import copy

import pytest
import torch

from striate.training.averaging import WeightAverage, average_decay, frozen_tensors


def test_decay():
    assert average_decay(step=0, span_steps=1000) == pytest.approx(0.1)
    assert average_decay(step=90, span_steps=1000) == pytest.approx(0.91)
    assert average_decay(step=10**6, span_steps=1000) == pytest.approx(0.999)
    assert average_decay(step=5, span_steps=0) == 0.0


def test_weights_and_statistics_are_averaged_and_counters_copied(small_network):
    network = small_network("resnet20")
    averaged = copy.deepcopy(network).requires_grad_(False)
    before = averaged.fc.weight.clone()
    with torch.no_grad():
        network.fc.weight += 1.0
    network.bn1.running_mean += 2.0
    network.bn1.num_batches_tracked += 7
    WeightAverage(averaged, network).update(0.75)
    assert torch.allclose(averaged.fc.weight, before + 0.25)
    assert torch.allclose(averaged.bn1.running_mean, torch.full((16,), 0.5))
    assert int(averaged.bn1.num_batches_tracked) == 7


def test_without_a_span_the_average_is_the_last_weights(small_network):
    network = small_network()
    averaged = copy.deepcopy(network).requires_grad_(False)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3.0)
    WeightAverage(averaged, network).update(average_decay(step=100, span_steps=0.0))
    for one, other in zip(averaged.parameters(), network.parameters(), strict=True):
        assert torch.equal(one, other)


def test_what_is_frozen_is_left_out(small_network):
    network = small_network("resnet20")
    averaged = copy.deepcopy(network)
    for parameter in network.bn1.parameters():
        parameter.requires_grad_(False)
    network.layer1[0].bn1.bias.requires_grad_(False)
    names = {"bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "bn1.num_batches_tracked"}
    assert frozen_tensors(network) == names | {"layer1.0.bn1.bias"}, "statistics stay where all parameters do"
    before = {name: tensor.clone() for name, tensor in averaged.state_dict().items()}
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.add_(1)
    WeightAverage(averaged, network).update(0.5)
    for name, tensor in averaged.state_dict().items():
        changed = not torch.equal(tensor, before[name])
        assert changed is (name not in names | {"layer1.0.bn1.bias"}), name
