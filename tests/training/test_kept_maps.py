"""What follows a frozen part learns from its kept maps what it would learn behind it."""

import copy

import numpy as np
import pytest
import torch

from striate.errors import TrainingError
from striate.models import split_after
from striate.training import KeptMaps, Recipe, TrainingState, fit, prepare_inputs
from striate.training.batches import Batch
from striate.training.inputs import prepare_training_inputs
from striate.training.step import smaller_micro_batch
from striate.transfer import freeze, freeze_plan, set_training_mode

CPU = torch.device("cpu")
RECIPE = Recipe.from_dict(
    {"batch_size": 8, "optimizer": {"learning_rate": 0.02, "gradient_clip": 1.0}, "averaging": {"span": 0.2}}
)
STAGE = "layer2"


@pytest.fixture
def network(small_network):
    """Batch norms that have seen other pictures, so that their statistics would move."""
    made = small_network("resnet20")
    with torch.no_grad():
        made(2 * torch.randn(8, 1, 32, 32, generator=torch.Generator().manual_seed(1)) + 1)
    return made


def begin(network, after=""):
    plan = freeze_plan(network, "stages", trainable_stages=1)
    freeze(network, plan)
    return TrainingState.begin(
        network,
        RECIPE,
        total_steps=6,
        rates=plan.rates,
        set_mode=lambda own: set_training_mode(own, plan),
        after=after,
    )


@torch.no_grad()
def kept(network, toy, stage=STAGE):
    before, _ = split_after(copy.deepcopy(network).eval(), stage)
    return KeptMaps(toy.labels, toy.samples, [before(toy.pictures).numpy()], toy.key)


def test_the_tail_learns_from_maps_what_it_learns_in_the_whole_network(network, toy):
    whole, tail = begin(copy.deepcopy(network)), begin(copy.deepcopy(network), after=STAGE)
    expected = list(fit(whole, RECIPE, toy(24), toy(10), device=CPU))
    found = list(fit(tail, RECIPE, kept(network, toy(24)), kept(network, toy(10)), device=CPU))
    assert len(found) == len(expected) == 2
    for one, other in zip(found, expected, strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, rel=1e-5)
        assert one.val_loss == pytest.approx(other.val_loss, rel=1e-5)
        assert (one.train_accuracy, one.val_accuracy) == (other.train_accuracy, other.val_accuracy)
    for name, tensor in tail.network.state_dict().items():
        own = whole.network.state_dict()[name]
        average, averaged = tail.averaged.state_dict()[name], whole.averaged.state_dict()[name]
        if name.startswith(("layer3.", "fc.")):
            assert not torch.equal(tensor, network.state_dict()[name]), name
            torch.testing.assert_close(tensor, own, rtol=1e-4, atol=1e-6)
            torch.testing.assert_close(average, averaged, rtol=1e-4, atol=1e-6)
        else:
            for kept_as_it_was in (tensor, own, average, averaged):
                assert kept_as_it_was.numpy().tobytes() == network.state_dict()[name].numpy().tobytes(), name


def test_minus_zero_stays_minus_zero_in_what_is_frozen(network, toy):
    """The mean of -0 and -0 comes out as 0: other bytes, so the average leaves out what is frozen."""
    with torch.no_grad():
        network.bn1.bias.fill_(-0.0)
        network.bn1.running_mean.fill_(-0.0)
    state = begin(network)
    list(fit(state, RECIPE, toy(24), toy(2), device=CPU))
    for own in (state.network, state.averaged):
        assert torch.signbit(own.bn1.bias).all() and torch.signbit(own.bn1.running_mean).all()


def draws(count):
    maps = [np.full((5, 2, 3, 3), draw, np.float32) for draw in range(count)]
    return KeptMaps(np.arange(5) % 2, np.arange(5) + 100, maps, lambda position: f"picture {position}")


def test_epochs_take_the_draws_in_turns():
    examples, batch = draws(3), Batch(np.array([4, 1]), np.zeros(2, np.int64))
    taken = []
    for epoch in range(7):
        inputs = prepare_training_inputs(examples, batch, device=CPU, recipe=Recipe(), epoch=epoch)
        assert inputs.images.shape == (2, 2, 3, 3) and inputs.targets.labels.tolist() == [0, 1]
        assert inputs.images.is_contiguous(memory_format=torch.channels_last)
        taken.append(inputs.images.unique().item())
    assert taken == [0, 1, 2, 0, 1, 2, 0]
    assert prepare_inputs(examples, batch.positions, device=CPU).images.unique().item() == 0, "as they are"
    assert examples.key(3) == "picture 3"


def test_vectors_are_kept_as_well():
    examples = KeptMaps(np.arange(4), np.arange(4), [np.eye(4, 6, dtype=np.float32)], str)
    assert prepare_inputs(examples, np.array([2, 0]), device=CPU).images.tolist() == np.eye(4, 6)[[2, 0]].tolist()


def test_where_memory_does_not_hold_a_step_of_vectors_either(small_network):
    examples = KeptMaps(np.arange(4), np.arange(4), [np.eye(4, 6, dtype=np.float32)], str)
    state = TrainingState.begin(small_network(), Recipe(), total_steps=1)
    state.micro_batch = 1
    with pytest.raises(TrainingError, match=r"does not hold a step of 1 picture of 6 \(full\); use a smaller network"):
        smaller_micro_batch(state, prepare_inputs(examples, np.arange(4), device=CPU), "full")


def test_a_loss_that_is_not_finite_is_traced_through_the_tail(network, toy):
    state = begin(network, after=STAGE)
    with torch.no_grad():
        network.layer3[1].conv1.weight.fill_(float("inf"))
    with pytest.raises(TrainingError, match=r"is layer3\.1\.conv1 \(Conv2d\); the batch holds toy/\d+, toy/\d+"):
        list(fit(state, RECIPE, kept(network, toy(24)), kept(network, toy(4)), device=CPU))
