import copy
import dataclasses

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.augmentation import AugmentationPolicy, Rotation
from striate.errors import TrainingError
from striate.models import Network, NetworkConfig, create_model, model_row
from striate.training import (
    Recipe,
    StoppedError,
    TimePlan,
    TrainingState,
    checkpoints,
    fit,
    load_checkpoint,
    save_checkpoint,
)
from striate.training.batches import epoch_batches
from striate.training.inputs import Inputs, Targets, augmented, prepare_inputs
from striate.training.losses import create_loss
from striate.training.optimizers import scale_learning_rate
from striate.training.step import Stepper

CPU = torch.device("cpu")
RECIPE = Recipe.from_dict(
    {
        "batch_size": 8,
        "schedule": {"epochs": 3, "warmup_epochs": 0.5},
        "optimizer": {"learning_rate": 0.01},
        "augmentation": {"rotation": {"degrees": 10.0}, "translation": {"share": 0.05}},
        "averaging": {"span": 0.2},
    }
)


def begin(network, recipe=RECIPE, steps=15):
    return TrainingState.begin(network, recipe, total_steps=steps)


def fingerprint(state):
    return {name: tensor.clone() for name, tensor in state.tensors()}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


def test_it_learns(small_network, toy):
    state = begin(small_network(), steps=30)
    results = list(fit(state, RECIPE, toy(40), toy(20), device=CPU))
    assert [result.epoch for result in results] == [1, 2, 3, 4, 5, 6]
    assert results[-1].train_loss < results[0].train_loss
    assert results[-1].val_accuracy == 1.0
    assert results[-1].step == 30
    assert state.progress == 1.0
    assert set(results[0].to_dict()) == {
        "epoch",
        "train_loss",
        "train_accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
        "seconds",
        "pictures_per_second",
        "step",
    }


def test_the_same_seed_gives_the_same_bits(small_network, toy):
    states = []
    for _ in range(2):
        states.append(begin(small_network("resnet20"), steps=4))
        list(fit(states[-1], RECIPE, toy(20), toy(4), device=CPU))
    assert_same(fingerprint(states[0]), fingerprint(states[1]))


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("stop_after", [1, 5, pytest.param(7, marks=pytest.mark.slow), 10])
def test_a_stopped_run_goes_on_to_the_same_bits(small_network, toy, tmp_path, stop_after, optimizer):
    recipe = Recipe.from_dict(RECIPE.to_dict() | {"optimizer": {"name": optimizer, "learning_rate": 0.01}})
    network = small_network("mobilenet_v2") if stop_after == 7 else small_network()
    whole = begin(copy.deepcopy(network), recipe)
    expected = [result.to_dict() for result in fit(whole, recipe, toy(40), toy(12), device=CPU)]

    state = begin(copy.deepcopy(network), recipe)
    rows = []
    with pytest.raises(StoppedError):
        for result in fit(state, recipe, toy(40), toy(12), device=CPU, stop=lambda: state.step >= stop_after):
            rows.append(result.to_dict())
    save_checkpoint(state, tmp_path)
    resumed = begin(small_network("mobilenet_v2") if stop_after == 7 else small_network(), recipe)
    load_checkpoint(resumed, checkpoints(tmp_path)[-1])
    assert_same(fingerprint(resumed), fingerprint(state))
    rows += [result.to_dict() for result in fit(resumed, recipe, toy(40), toy(12), device=CPU)]
    assert_same(fingerprint(resumed), fingerprint(whole))
    for row, other in zip(rows, expected, strict=True):
        for key in row.keys() - {"seconds", "pictures_per_second"}:
            assert row[key] == other[key], key


def test_a_run_stopped_between_the_last_step_and_its_validation_still_validates(small_network, toy, tmp_path):
    state = begin(small_network(), steps=5)
    with pytest.raises(StoppedError):
        list(fit(state, RECIPE, toy(40), toy(12), device=CPU, stop=lambda: state.step >= 5))
    assert state.finished and state.batch == 5
    results = list(fit(state, RECIPE, toy(40), toy(12), device=CPU))
    assert [(result.epoch, result.step) for result in results] == [(1, 5)]
    assert results[0].learning_rate > 0


def test_dropout_draws_from_seed_and_step_alone(small_network, toy):
    network = small_network("mobilenet_v2")
    states = []
    for disturbance in (0, 1):
        torch.manual_seed(disturbance)
        states.append(begin(copy.deepcopy(network), steps=2))
        list(fit(states[-1], RECIPE, toy(8), toy(2), device=CPU))
    assert_same(fingerprint(states[0]), fingerprint(states[1]))


def test_a_loss_that_is_not_finite_names_the_layer_and_the_batch(small_network, toy):
    network = small_network()
    with torch.no_grad():
        network.get_submodule("f6.dense").weight.fill_(float("inf"))
    state = begin(network)
    with pytest.raises(TrainingError) as caught:
        list(fit(state, RECIPE, toy(40), toy(12), device=CPU))
    text = str(caught.value)
    assert text.startswith("the loss is not finite at epoch 1, batch 1 (step 1): ")
    assert "the first layer whose output is not finite is f6.dense (Linear); the batch holds toy/" in text
    assert text.endswith("and 5 more")
    assert all(not module._forward_hooks for module in network.modules())
    assert state.step == 0


def test_a_plan_shortens_a_run_but_not_below_the_steps_taken(small_network, toy):
    state = begin(small_network(), steps=1000)
    ticks = []

    class Shrinking(TimePlan):
        def steps_left(self, *, steps_per_epoch, batch):
            return max(0, 7 - len(ticks))

    plan = Shrinking(deadline=0, reserve=0, step_seconds=0, validation_seconds=0)
    results = list(
        fit(state, RECIPE, toy(40), toy(12), device=CPU, plan=plan, watch=lambda report: ticks.append(report.step))
    )
    assert ticks == list(range(1, 8))
    assert [(result.epoch, result.step) for result in results] == [(1, 5), (2, 7)]
    assert state.total_steps == 7
    assert state.progress == 1.0


def test_without_validation_pictures_the_figures_are_nan(small_network, toy):
    state = begin(small_network(), steps=1)
    result = next(fit(state, RECIPE, toy(8), toy(0), device=CPU))
    assert np.isnan(result.val_loss) and np.isnan(result.val_accuracy)


def test_watchers_hear_of_every_step(small_network, toy):
    reports = []
    state = begin(small_network(), steps=6)
    list(fit(state, RECIPE, toy(17), toy(2), device=CPU, watch=reports.append))
    assert [(report.epoch, report.batch, report.batches, report.pictures) for report in reports] == [
        (1, 1, 2, 8),
        (1, 2, 2, 17),
        (2, 1, 2, 8),
        (2, 2, 2, 17),
        (3, 1, 2, 8),
        (3, 2, 2, 17),
    ]


def test_gradient_clipping_bounds_a_step(small_network, toy):
    recipe = Recipe.from_dict(
        {
            "batch_size": 8,
            "schedule": {"warmup_epochs": 0.0},
            "optimizer": {"learning_rate": 1.0, "momentum": 0.0, "weight_decay": 0.0, "gradient_clip": 0.001},
        }
    )
    network = small_network()
    before = torch.cat([parameter.detach().clone().flatten() for parameter in network.parameters()])
    state = begin(network, recipe, steps=1)
    list(fit(state, recipe, toy(8), toy(0), device=CPU))
    after = torch.cat([parameter.detach().flatten() for parameter in network.parameters()])
    assert float((after - before).norm()) == pytest.approx(0.001, rel=1e-2)


def test_frozen_statistics_stay_to_the_byte_while_the_rest_learns(small_network, toy):
    recipe = Recipe.from_dict(RECIPE.to_dict() | {"freeze_statistics": True})
    network = small_network("resnet20")
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    weight = network.bn1.weight.detach().clone()
    state = begin(network, recipe, steps=3)
    list(fit(state, recipe, toy(20), toy(4), device=CPU))
    for name, buffer in network.named_buffers():
        assert torch.equal(buffer, before[name]), name
    assert not torch.equal(network.bn1.weight, weight)


def test_bf16_trains_too(small_network, toy):
    recipe = Recipe.from_dict(RECIPE.to_dict() | {"precision": "bf16"})
    state = begin(small_network(), recipe, steps=10)
    results = list(fit(state, recipe, toy(40), toy(12), device=CPU))
    assert results[-1].train_loss < results[0].train_loss
    assert all(tensor.dtype != torch.bfloat16 for _, tensor in state.tensors())


def test_augmentation_depends_on_the_sample_not_on_the_batch(small_network, toy):
    recipe = Recipe.from_dict({"augmentation": {"rotation": {"degrees": 30.0}}})
    assert recipe.augmentation == AugmentationPolicy(rotation=Rotation(degrees=30.0))
    examples = toy(6)
    together = augmented(examples, np.arange(6), examples.samples, recipe, 2, CPU)
    alone = augmented(examples, np.array([4]), examples.samples[4:5], recipe, 2, CPU)
    assert torch.equal(together[4], alone[0])


@dataclasses.dataclass(frozen=True, kw_only=True)
class ForkedConfig(NetworkConfig):
    auxiliary_weight: float = 0.25


class Forked(Network):
    """One convolution, a head on its maps, and an auxiliary head on them too."""

    head_name = "head_layer"
    auxiliary_head_names = ("aux",)

    def __init__(self, auxiliary_weight=0.25):
        config = ForkedConfig(
            paper=model_row("resnet20").config.paper,
            benchmark=model_row("resnet20").benchmark,
            auxiliary_weight=auxiliary_weight,
        )
        super().__init__(config, num_classes=2, in_channels=1, feature_width=2 * 32 * 32, stages=("conv",))
        self.conv = nn.Conv2d(1, 2, 1)
        self.head_layer, self.aux = self.build_head(2), self.build_head(2)

    def build_head(self, num_classes):
        return nn.Linear(self.feature_width, num_classes)

    def forward_features(self, images):
        return self.conv(images)

    def forward_head(self, maps, *, vector_only=False):
        return maps.flatten(1) if vector_only else self.head_layer(maps.flatten(1))

    def features(self, images):
        return self.forward_features(images).flatten(1)

    def forward_with_auxiliary(self, images):
        maps = self.forward_features(images)
        return self.forward_head(maps), (self.aux(maps.flatten(1)),)


PLAIN_STEP = Recipe.from_dict(
    {
        "batch_size": 8,
        "optimizer": {"learning_rate": 0.5, "momentum": 0.0, "weight_decay": 0.0, "head_multiplier": 1.0},
        "loss": {"label_smoothing": 0.0},
    }
)


def test_auxiliary_heads_learn_with_the_network_s_weight(toy):
    torch.manual_seed(0)
    network = Forked()
    twin = copy.deepcopy(network)
    examples = toy(8)
    images, labels = examples.images(np.arange(8)), torch.from_numpy(examples.labels)
    logits, (answer,) = twin.forward_with_auxiliary(images)
    own, auxiliary = (functional.cross_entropy(output, labels) for output in (logits, answer))
    (own + 0.25 * auxiliary).backward()

    state = begin(network, PLAIN_STEP, steps=1)
    rate = scale_learning_rate(state.optimizer, 1.0)
    inputs = Inputs(np.arange(8), images, Targets(labels))
    outcome = Stepper(state, PLAIN_STEP, create_loss(PLAIN_STEP.loss)).take(inputs)
    assert outcome.loss.item() == own.item()  # comparable with validation's
    assert outcome.correct.item() == int((logits.argmax(1) == labels).sum())
    clip = PLAIN_STEP.optimizer.gradient_clip
    norm = torch.cat([parameter.grad.flatten() for parameter in twin.parameters()]).norm()
    share = min(1.0, clip / norm.item()) if clip else 1.0
    for ours, theirs in zip(network.parameters(), twin.parameters(), strict=True):
        assert theirs.grad.any()
        torch.testing.assert_close(ours, theirs - rate * share * theirs.grad, rtol=0, atol=1e-6)


def test_a_loss_that_is_not_finite_in_an_auxiliary_head_alone_is_named(toy):
    network = Forked()
    with torch.no_grad():
        network.aux.weight.fill_(float("nan"))
    state = begin(network, PLAIN_STEP, steps=1)
    with pytest.raises(TrainingError, match=r"the first layer whose output is not finite is aux \(Linear\)"):
        list(fit(state, PLAIN_STEP, toy(8), toy(0), device=CPU))
    assert state.step == 0


def test_googlenet_s_auxiliary_heads_learn(toy):
    network = create_model("googlenet_bn", num_classes=2, in_channels=1, seed=0)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state = begin(network, PLAIN_STEP, steps=1)
    list(fit(state, PLAIN_STEP, toy(4), toy(2), device=CPU))
    assert [name for name, tensor in network.state_dict().items() if torch.equal(tensor, before[name])] == []


def recorded(monkeypatch, network, recipe, examples, steps):
    """Trains, and answers which pictures each step had, and what loss came of it."""
    import striate.training.loop as loop

    seen = []

    class Recorder(loop.Stepper):
        def take(self, inputs):
            outcome = super().take(inputs)
            seen.append((inputs.positions.tolist(), float(outcome.loss), inputs.images.clone(), self.loss))
            return outcome

    with monkeypatch.context() as patch:
        patch.setattr(loop, "Stepper", Recorder)
        list(fit(begin(network, recipe, steps=steps), recipe, examples, examples, device=CPU))
    return seen


def test_each_way_to_balance_changes_what_it_says_and_nothing_else(small_network, toy, monkeypatch):
    examples = toy(41)
    examples.labels = (np.arange(41) % 10 == 0).astype(np.int64)
    network = small_network()
    ways = {}
    for way in ("none", "loss", "sampler"):
        recipe = Recipe.from_dict(RECIPE.to_dict() | {"balance": way})
        ways[way] = recorded(monkeypatch, copy.deepcopy(network), recipe, examples, 5)
    plain = [step[0] for step in ways["none"]]
    assert plain == [batch.positions.tolist() for batch in epoch_batches(41, 8, seed=0, epoch=0)]
    # The loss: the same pictures in the same order, another loss.
    assert [step[0] for step in ways["loss"]] == plain
    assert all(torch.equal(one[2], other[2]) for one, other in zip(ways["none"], ways["loss"], strict=True))
    assert ways["loss"][0][1] != ways["none"][0][1]
    # The sampler: other pictures, the same loss.
    assert [len(step[0]) for step in ways["sampler"]] == [len(positions) for positions in plain]
    assert abs(2 * sum(examples.labels[step[0]].sum() for step in ways["sampler"]) - 41) <= 1
    logits, labels = torch.tensor([[0.3, -0.2], [0.1, 0.9]]), torch.tensor([0, 1])
    values = {way: float(steps[0][3](logits, Targets(labels))) for way, steps in ways.items()}
    assert values["sampler"] == values["none"] != values["loss"]


@pytest.mark.parametrize("balance", ["loss", "sampler"])
def test_a_rare_class_is_found_more_often_when_classes_are_balanced(toy, balance):
    """Nine in a hundred are bright by little; unbalanced, a short training calls all of them dark."""
    generator = np.random.default_rng(0)
    examples = toy(220)
    examples.labels = (np.arange(220) % 11 == 0).astype(np.int64)
    noise = generator.normal(0.45 + 0.1 * examples.labels[:, None, None, None], 0.12, (220, 32, 32, 1))
    shade = generator.normal(0, 0.05, (220, 1, 1, 1))
    examples.stored = (255 * (noise + shade)).clip(0, 255).astype(np.uint8)
    recalls = {}
    for way in ("none", balance):
        recipe = Recipe.from_dict(
            {"batch_size": 20, "balance": way, "optimizer": {"learning_rate": 0.05}, "averaging": {"span": 0.1}}
        )
        state = begin(create_model("lenet5_dense", num_classes=2, in_channels=1, seed=0), recipe, steps=44)
        list(fit(state, recipe, examples, toy(0), device=CPU))
        with torch.no_grad():
            answers = state.averaged(prepare_inputs(examples, np.arange(220), device=CPU).images).argmax(1).numpy()
        recalls[way] = [float((answers[examples.labels == label] == label).mean()) for label in (0, 1)]
    assert recalls["none"] == [1.0, 0.0]
    assert min(recalls[balance]) > 0.7, recalls


@pytest.mark.parametrize("balance", ["none", "sampler"])
def test_mixed_and_drawn_evenly_a_stopped_run_goes_on_to_the_same_bits(small_network, toy, tmp_path, balance):
    table = {"mixup": {"alpha": 0.4, "probability": 0.5}, "cutmix": {"alpha": 1.0, "probability": 0.5}}
    recipe = Recipe.from_dict(RECIPE.to_dict() | {"balance": balance, "augmentation": table})
    examples = toy(40)
    examples.labels = (np.arange(40) % 5 == 0).astype(np.int64)
    whole = begin(small_network(), recipe, steps=10)
    list(fit(whole, recipe, examples, toy(4), device=CPU))
    state = begin(small_network(), recipe, steps=10)
    with pytest.raises(StoppedError):
        list(fit(state, recipe, examples, toy(4), device=CPU, stop=lambda: state.step >= 7))
    save_checkpoint(state, tmp_path)
    resumed = begin(small_network(), recipe, steps=10)
    load_checkpoint(resumed, checkpoints(tmp_path)[-1])
    list(fit(resumed, recipe, examples, toy(4), device=CPU))
    assert_same(fingerprint(resumed), fingerprint(whole))


def rising(first=0.25, **changes):
    return Recipe.from_dict(RECIPE.to_dict() | {"resizing": {"first": first, "full_from": 0.9}, **changes})


def seen_sizes(network):
    """A list that gets the side of each training batch."""
    sizes = []

    def note(module, inputs):
        if module.training:
            sizes.append(inputs[0].shape[-1])

    network.register_forward_pre_hook(note)
    network.forward_with_auxiliary = lambda images: (network(images), ())
    return sizes


def test_pictures_grow_to_their_full_size(small_network, toy):
    network = small_network("resnet9_x0_25")
    sizes = seen_sizes(network)
    state = begin(network, rising(), steps=15)
    list(fit(state, rising(), toy(24), toy(4), device=CPU))
    # Five epochs of three steps, that end after 1/5, 2/5... of the run: 32 * (1/4 + 3/4 * (1/5) / 0.9) is 13.3, and so on.
    assert sizes == [16] * 3 + [16] * 3 + [24] * 3 + [32] * 3 + [32] * 3


@pytest.mark.parametrize("stop_after", [4, 8])
def test_a_run_with_growing_pictures_goes_on_to_the_same_bits(small_network, toy, tmp_path, stop_after):
    whole = begin(small_network("resnet9_x0_25"), rising(), steps=9)
    list(fit(whole, rising(), toy(24), toy(4), device=CPU))
    state = begin(small_network("resnet9_x0_25"), rising(), steps=9)
    with pytest.raises(StoppedError):
        list(fit(state, rising(), toy(24), toy(4), device=CPU, stop=lambda: state.step >= stop_after))
    save_checkpoint(state, tmp_path)
    resumed = begin(small_network("resnet9_x0_25"), rising(), steps=9)
    load_checkpoint(resumed, checkpoints(tmp_path)[-1])
    assert resumed.side == state.side < 1 or stop_after == 8
    list(fit(resumed, rising(), toy(24), toy(4), device=CPU))
    assert_same(fingerprint(resumed), fingerprint(whole))


class TenFullSteps(TimePlan):
    """A plan that always has time for ten more steps of full size, and notes what it is told."""

    def observe_step(self, seconds):
        self.seconds = [*getattr(self, "seconds", []), seconds]

    def steps_left(self, *, steps_per_epoch, batch):
        return 10


@pytest.mark.parametrize(("first", "steps"), [(1.0, 11), (0.25, 15)])
def test_a_time_limit_counts_small_pictures_as_what_they_cost(small_network, toy, first, steps):
    plan = TenFullSteps(deadline=0, reserve=0, step_seconds=1, validation_seconds=0)
    state = begin(small_network("resnet9_x0_25"), rising(first), steps=15)
    results = list(fit(state, rising(first), toy(24), toy(4), device=CPU, plan=plan))
    # After the first step ten more of full size fit: that is the end at eleven, or, as the next ones cost less, later.
    assert results[-1].step == steps
    assert len(plan.seconds) == steps and min(plan.seconds) > 0


def test_a_first_layer_s_bias_learns_for_three_epochs_only(toy, tmp_path):
    def new():
        return begin(create_model("airbench94", num_classes=2, in_channels=1, seed=0), steps=10)

    state, biases = new(), []
    for result in fit(state, RECIPE, toy(16), toy(4), device=CPU):
        biases.append(state.network.whitening.bias.detach().clone())
        if result.epoch == 4:
            save_checkpoint(state, tmp_path)
    assert not torch.equal(biases[1], biases[2])
    assert torch.equal(biases[2], biases[3]) and torch.equal(biases[3], biases[4])
    resumed = new()
    load_checkpoint(resumed, checkpoints(tmp_path)[-1])
    list(fit(resumed, RECIPE, toy(16), toy(4), device=CPU))
    assert_same(fingerprint(resumed), fingerprint(state))
