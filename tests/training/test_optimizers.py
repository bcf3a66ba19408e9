import pytest
import torch

from striate.initialization import drafting
from striate.models import create_model
from striate.training.optimizers import create_optimizer, scale_learning_rate
from striate.training.recipe import OptimizerConfig


def test_norms_and_biases_are_not_decayed_and_the_head_is_faster(small_network):
    network = small_network("resnet20")
    optimizer = create_optimizer(network, OptimizerConfig(learning_rate=0.1, weight_decay=0.01, head_multiplier=5.0))
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    seen = {}
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            seen[names[id(parameter)]] = (group["lr"], group["weight_decay"])
    assert seen.keys() == dict(network.named_parameters()).keys()
    assert seen["fc.weight"] == (0.5, 0.01)
    assert seen["fc.bias"] == (0.5, 0.0)
    assert seen["conv1.weight"] == (0.1, 0.01)
    assert seen["bn1.weight"] == (0.1, 0.0)
    assert seen["bn1.bias"] == (0.1, 0.0)


def settings_by_name(network, optimizer):
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    groups = optimizer.param_groups
    return {names[id(own)]: (group["peak"], group["weight_decay"]) for group in groups for own in group["params"]}


def test_rates_multiply_and_what_is_frozen_is_left_out(small_network):
    network = small_network("resnet20")
    network.conv1.weight.requires_grad_(False)
    config = OptimizerConfig(learning_rate=0.1, weight_decay=0.01, head_multiplier=5.0)
    rates = {"layer1.0.conv1.weight": 0.5, "layer1.0.bn1.weight": 0.5, "fc.weight": 0.2}
    optimizer = create_optimizer(network, config, rates)
    seen = settings_by_name(network, optimizer)
    assert seen.keys() == dict(network.named_parameters()).keys() - {"conv1.weight"}
    assert seen["layer1.0.conv1.weight"] == (0.05, 0.01)
    assert seen["layer1.0.bn1.weight"] == (0.05, 0.0)
    assert seen["fc.weight"] == (pytest.approx(0.1), 0.01)
    assert seen["fc.bias"] == (0.5, 0.0)
    assert seen["layer2.0.conv1.weight"] == (0.1, 0.01)
    scale_learning_rate(optimizer, 0.5)
    assert all(group["lr"] == group["peak"] / 2 for group in optimizer.param_groups)


def test_auxiliary_heads_are_heads():
    with drafting():
        network = create_model("googlenet", num_classes=2)
    seen = settings_by_name(network, create_optimizer(network, OptimizerConfig(learning_rate=0.1, head_multiplier=5.0)))
    faster = {name.rpartition(".")[0] for name, (rate, _) in seen.items() if rate == 0.5}
    assert faster == {"aux1.fc2", "aux2.fc2", "fc"}, "the layers that answer classes"


def test_the_schedule_scales_every_group(small_network):
    optimizer = create_optimizer(small_network(), OptimizerConfig(learning_rate=0.1, head_multiplier=2.0))
    scale_learning_rate(optimizer, 0.5)
    assert sorted({group["lr"] for group in optimizer.param_groups}) == [0.05, 0.1]


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_fused_steps_equal_plain_ones(small_network, name):
    config = OptimizerConfig(name=name, learning_rate=0.01)
    results = []
    for fused in (True, False):
        network = small_network()
        optimizer = create_optimizer(network, config)
        for group in optimizer.param_groups:
            assert group["fused"]
            group["fused"] = fused
        for _ in range(3):
            network(torch.ones(2, 1, 32, 32)).square().sum().backward()
            optimizer.step()
            optimizer.zero_grad()
        results.append(torch.cat([parameter.flatten() for parameter in network.parameters()]))
    assert torch.allclose(*results, atol=1e-6)


def test_biases_may_learn_faster(small_network):
    network = small_network("resnet20")
    config = OptimizerConfig(learning_rate=0.1, weight_decay=0.01, head_multiplier=2.0, bias_multiplier=16.0)
    optimizer = create_optimizer(network, config)
    seen = settings_by_name(network, optimizer)
    assert seen["bn1.weight"] == seen["bn1.bias"] == (pytest.approx(1.6), 0.0)
    assert seen["fc.bias"] == (pytest.approx(3.2), 0.0) and seen["fc.weight"] == (0.2, 0.01)
    assert seen["conv1.weight"] == (0.1, 0.01)
    assert scale_learning_rate(optimizer, 0.5) == pytest.approx(0.1)  # the head's, not its bias's


def test_where_biases_alone_learn_theirs_is_the_rate(small_network):
    network = small_network("resnet20")
    for parameter in network.parameters():
        parameter.requires_grad_(parameter.ndim == 1)
    optimizer = create_optimizer(network, OptimizerConfig(learning_rate=0.1))
    assert scale_learning_rate(optimizer, 0.5) == pytest.approx(0.05)
