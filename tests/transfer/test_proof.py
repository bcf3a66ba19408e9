"""A leak is found, whatever leaked, and names what did; nothing else is taken for one."""

import copy

import pytest
import torch
from torch.nn import functional

from striate.errors import TrainingError, UsageError
from striate.models import create_model
from striate.transfer import fingerprint, freeze, freeze_plan, prove_frozen, set_training_mode


@pytest.fixture
def network():
    return create_model("resnet20", num_classes=3, seed=0)


def train_steps(network, steps=2, *, parameters=None):
    """A few steps of momentum with weight decay, which moves whatever the optimizer holds."""
    generator = torch.Generator().manual_seed(1)
    optimizer = torch.optim.SGD(parameters or network.parameters(), lr=0.1, momentum=0.9, weight_decay=0.1)
    for _ in range(steps):
        images = torch.randn(4, 3, 16, 16, generator=generator)
        loss = functional.cross_entropy(network(images), torch.tensor([0, 1, 2, 0]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@pytest.mark.parametrize("plan_of", [("head", 0), ("stages", 1), ("stages", 2)])
def test_training_leaves_what_is_frozen_byte_for_byte(network, plan_of):
    plan = freeze_plan(network, plan_of[0], trainable_stages=plan_of[1])
    freeze(network, plan)
    before = fingerprint(network, plan)
    learning = {key: parameter.clone() for key, parameter in network.named_parameters() if key in plan.rates}
    train_steps(network)
    assert prove_frozen(before, fingerprint(network, plan)) == len(plan.frozen)
    assert all(not torch.equal(network.get_parameter(key), tensor) for key, tensor in learning.items())


def test_a_leaky_freeze_is_found(network):
    plan = freeze_plan(network, "head")
    freeze(network, plan)
    network.layer1[0].conv1.weight.requires_grad_(True)
    before = fingerprint(network, plan)
    train_steps(network, parameters=[network.layer1[0].conv1.weight, *network.fc.parameters()])
    with pytest.raises(TrainingError) as error:
        prove_frozen(before, fingerprint(network, plan))
    assert str(error.value) == (
        "1 of 114 frozen tensors changed in training: layer1.0.conv1.weight; expected all as they were"
    )


def test_statistics_that_move_are_found(network):
    plan = freeze_plan(network, "stages", trainable_stages=3)
    freeze(network, plan)
    before = fingerprint(network, plan)
    network.train()  # the mistake that `set_training_mode` is there for
    with torch.no_grad():
        network(torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
    with pytest.raises(TrainingError) as error:
        prove_frozen(before, fingerprint(network, plan))
    assert str(error.value) == (
        "3 of 6 frozen tensors changed in training: bn1.running_mean, bn1.running_var, bn1.num_batches_tracked; "
        "expected all as they were"
    )


def test_many_leaks_are_counted(network):
    plan = freeze_plan(network, "head")
    before = fingerprint(network, plan)
    network.train()
    train_steps(network, 1)
    with pytest.raises(
        TrainingError, match=r"^114 of 114 frozen tensors changed in training: conv1.weight, .* and 109 more;"
    ):
        prove_frozen(before, fingerprint(network, plan))
    set_training_mode(network, plan)


def test_what_is_no_change(network):
    plan = freeze_plan(network, "head")
    before = fingerprint(network, plan)
    assert fingerprint(copy.deepcopy(network).to(memory_format=torch.channels_last), plan) == before
    freeze(network, plan)
    assert fingerprint(network, plan) == before


def test_what_is_a_change(network):
    """Bytes and dtypes count, not values alone: 0 and -0 are equal."""
    plan = freeze_plan(network, "head")
    with torch.no_grad():
        network.bn1.bias.zero_()
        before = fingerprint(network, plan)
        network.bn1.bias.mul_(-1)
    after = fingerprint(network, plan)
    assert [key for key in before if before[key] != after[key]] == ["bn1.bias"]
    assert fingerprint(network.bfloat16(), plan)["bn1.bias"] != before["bn1.bias"]


def test_fingerprints_of_different_tensors_prove_nothing(network):
    with pytest.raises(
        UsageError, match=r"the fingerprints are of different tensors, such as layer3\.0\.bn1\.bias; take"
    ):
        prove_frozen(
            fingerprint(network, freeze_plan(network, "head")),
            fingerprint(network, freeze_plan(network, "stages", trainable_stages=1)),
        )
    assert prove_frozen({}, fingerprint(network, freeze_plan(network, "full"))) == 0
