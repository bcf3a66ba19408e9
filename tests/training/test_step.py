import copy
import math

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from striate.errors import TrainingError, UsageError
from striate.models import create_model
from striate.training import Recipe, StoppedError, TrainingState, checkpoints, fit, load_checkpoint, save_checkpoint
from striate.training.batches import epoch_batches
from striate.training.inputs import prepare_inputs
from striate.training.losses import create_loss
from striate.training.step import Stepper, learns_statistics

CPU = torch.device("cpu")
FULL = "DefaultCPUAllocator: can't allocate memory: you tried to allocate 1099511627776 bytes. Error code 12"


def recipe_of(**changes):
    table = {
        "batch_size": 8,
        "schedule": {"epochs": 3, "warmup_epochs": 0.0},
        "optimizer": {"learning_rate": 0.02},
        "loss": {"label_smoothing": 0.1},
        "averaging": {"span": 0.2},
        "augmentation": {"rotation": {"degrees": 10.0}},
    }
    return Recipe.from_dict(table | changes)


def begin(network, recipe, steps=15):
    return TrainingState.begin(network, recipe, total_steps=steps)


def fingerprint(state):
    return {name: tensor.clone() for name, tensor in state.tensors()}


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert torch.equal(tensor, other[name]), name


class Crowded:
    """Makes a network fail in its last layer where more than so many pictures pass at once, and counts the attempts."""

    def __init__(self, network, fits, error=None):
        self.fits, self.attempts = fits, []
        self.error = error or RuntimeError(FULL)
        network.head.register_forward_pre_hook(self.look)

    def look(self, module, inputs):
        if module.training:
            self.attempts.append(len(inputs[0]))
            if len(inputs[0]) > self.fits:
                raise self.error


@pytest.mark.parametrize(
    "error", [RuntimeError(FULL), MemoryError(), torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")]
)
def test_where_memory_is_short_the_gradient_stays_that_of_the_whole_batch(small_network, toy, error):
    recipe = recipe_of(optimizer={"learning_rate": 0.5, "momentum": 0.0, "weight_decay": 0.0})
    examples = toy(8)
    inputs = prepare_inputs(examples, np.arange(7), device=CPU)  # parts of 3, 2 and 2
    network = small_network()
    whole, parts = begin(copy.deepcopy(network), recipe), begin(copy.deepcopy(network), recipe)
    crowded = Crowded(parts.network, 3, error)
    notes = []
    expected = Stepper(whole, recipe, create_loss(recipe.loss)).take(inputs)
    outcome = Stepper(parts, recipe, create_loss(recipe.loss), note=notes.append).take(inputs)
    assert crowded.attempts == [7, 3, 2, 2]
    assert parts.micro_batch == 3
    assert outcome.loss.item() == pytest.approx(expected.loss.item(), rel=1e-6)
    assert outcome.correct.item() == expected.correct.item()
    for one, other in zip(parts.network.parameters(), whole.network.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    assert notes == [
        "memory does not hold a step of 7 pictures: from here on batches are worked in parts of 3, and their gradients are added "
        "up; the batch size stays 8"
    ]


def test_a_failed_attempt_leaves_nothing_behind(small_network, toy):
    """A run that fails once goes on to the very bits of a run that was worked in parts from the start."""
    recipe = recipe_of(accumulate=2)
    network = small_network("resnet20")
    told = begin(copy.deepcopy(network), recipe, steps=4)
    assert told.micro_batch == 4
    list(fit(told, recipe, toy(20), toy(4), device=CPU))

    surprised = begin(copy.deepcopy(network), recipe_of(), steps=4)
    crowded = Crowded(surprised.network, 5)
    notes = []
    list(fit(surprised, recipe_of(), toy(20), toy(4), device=CPU, note=notes.append))
    assert crowded.attempts == [8, 4, 4, 4, 4, 4, 4, 4]  # the third batch of the epoch has 4 pictures
    assert_same(fingerprint(told), fingerprint(surprised))
    assert len(notes) == 1
    assert notes[0].endswith("the batch size stays 8, but batch norm sees each part by itself")


def test_a_failure_in_the_middle_of_an_epoch_resumes_to_the_same_bits(small_network, toy, tmp_path):
    recipe = recipe_of()
    network = small_network("resnet20")

    class Late(Crowded):
        """Memory becomes short at the third step."""

        def look(self, module, inputs):
            if module.training:
                self.attempts.append(len(inputs[0]))
                if len(self.attempts) > 2 and len(inputs[0]) > 5:
                    raise self.error

    whole = begin(copy.deepcopy(network), recipe, steps=6)
    Late(whole.network, 5)
    list(fit(whole, recipe, toy(24), toy(4), device=CPU))

    state = begin(copy.deepcopy(network), recipe, steps=6)
    Late(state.network, 5)
    with pytest.raises(StoppedError):
        list(fit(state, recipe, toy(24), toy(4), device=CPU, stop=lambda: state.step >= 4))
    save_checkpoint(state, tmp_path)
    resumed = begin(small_network("resnet20"), recipe, steps=6)
    load_checkpoint(resumed, checkpoints(tmp_path)[-1])
    assert resumed.micro_batch == 4
    list(fit(resumed, recipe, toy(24), toy(4), device=CPU))
    assert_same(fingerprint(resumed), fingerprint(whole))


@pytest.mark.slow
def test_a_step_that_fits_in_no_part_is_an_error_and_changes_nothing(small_network, toy):
    for name, frozen, smallest in (("resnet20", False, 2), ("resnet20", True, 1), ("lenet5_dense", False, 1)):
        recipe = recipe_of(freeze_statistics=frozen)
        state = begin(small_network(name), recipe)
        before = fingerprint(state)
        crowded = Crowded(state.network, 0)
        with pytest.raises(TrainingError) as caught:
            list(fit(state, recipe, toy(16), toy(4), device=CPU))
        assert str(caught.value) == (
            f"the memory of cpu does not hold a step of {smallest} picture{'s' if smallest > 1 else ''} of 32 x 32 ({FULL}); "
            "use a smaller network, a smaller --size, or free some memory"
        )
        assert crowded.attempts == [8, 4, 2, 1][: 3 if smallest == 2 else 4]
        assert_same(fingerprint(state), before)
        assert all(parameter.grad is None for parameter in state.network.parameters())


def test_other_errors_are_not_taken_for_a_lack_of_memory(small_network, toy):
    state = begin(small_network(), recipe_of())
    Crowded(state.network, 0, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        list(fit(state, recipe_of(), toy(16), toy(4), device=CPU))
    assert state.micro_batch == 0


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_figures_that_are_read_late_are_the_same_and_so_are_the_weights(small_network, toy, monkeypatch, name):
    recipe = recipe_of(optimizer={"name": name, "learning_rate": 0.01, "gradient_clip": 1.0})
    network = small_network("resnet20")
    runs = []
    for deferred in (False, True):
        if deferred:
            read_late(monkeypatch)
        state = begin(copy.deepcopy(network), recipe, steps=6)
        reports = []
        rows = [row.to_dict() for row in fit(state, recipe, toy(24), toy(4), device=CPU, watch=reports.append)]
        runs.append((fingerprint(state), rows, [report.step for report in reports]))
    (bits, rows, heard), (late_bits, late_rows, late_heard) = runs
    assert_same(bits, late_bits)
    for row, other in zip(rows, late_rows, strict=True):
        assert {**row, "seconds": 0, "pictures_per_second": 0} == {**other, "seconds": 0, "pictures_per_second": 0}
    assert heard == [1, 2, 3, 4, 5, 6]
    assert late_heard == [2, 3, 5, 6]  # every two steps, and at the end of an epoch


def read_late(monkeypatch):
    """What a GPU does, on the processor."""
    import striate.training.loop as loop

    class Late(Stepper):
        def __init__(self, state, recipe, loss, *, deferred, note):
            super().__init__(state, recipe, loss, deferred=True, note=note)

    monkeypatch.setattr(loop, "Stepper", Late)
    monkeypatch.setattr(loop, "STEPS_UNREAD", 2)


@pytest.mark.parametrize("stop_at", [None, 2])
def test_a_loss_that_is_not_finite_is_named_truthfully_when_it_is_read_late(small_network, toy, monkeypatch, stop_at):
    recipe = recipe_of(augmentation={})
    examples = toy(40)
    state = begin(small_network(), recipe)
    third = epoch_batches(40, 8, seed=0, epoch=0)[2].positions
    before = {}

    steps = [0]

    def spoil(module, inputs, output):
        return output * float("nan") if steps[0] == 3 else output

    def count(module, inputs):
        if module.training:
            steps[0] = min(3, steps[0] + 1)
            if steps[0] == 3 and not before:
                before.update(fingerprint(state))

    state.network.register_forward_pre_hook(count)
    state.network.get_submodule("f6.dense").register_forward_hook(spoil)
    read_late(monkeypatch)
    stop = None if stop_at is None else (lambda: state.step >= stop_at + 1)
    with pytest.raises(TrainingError) as caught:
        list(fit(state, recipe, examples, toy(4), device=CPU, stop=stop))
    names = ", ".join(f"toy/{position}" for position in third[:3])
    assert str(caught.value) == (
        "the loss is not finite at epoch 1, batch 3 (step 3): the first layer whose output is not finite is "
        f"f6.dense (Linear); the batch holds {names} and 5 more"
    )
    after = fingerprint(state)
    for name in before:
        if name.startswith("network."):
            assert torch.equal(after[name], before[name]), name  # no step from the third on changed a weight


def test_a_batch_norm_that_is_frozen_does_not_learn_from_the_batch(small_network):
    network = small_network("resnet20").train()
    assert learns_statistics(network)
    assert not learns_statistics(network.eval())
    assert not learns_statistics(small_network().train())


def test_batch_norm_takes_no_steps_of_one_picture(small_network):
    recipe = Recipe(model="resnet20", batch_size=1)
    with pytest.raises(UsageError) as caught:
        Stepper(begin(small_network("resnet20"), recipe), recipe, create_loss(recipe.loss))
    assert str(caught.value) == (
        "batch_size must be 2 or more for resnet20, whose batch norm learns nothing from one picture, got 1"
    )
    for name, frozen in (("lenet5_dense", False), ("resnet20", True)):
        recipe = Recipe(model=name, batch_size=1, freeze_statistics=frozen)
        Stepper(begin(small_network(name), recipe), recipe, create_loss(recipe.loss))


def test_a_compiled_network_learns_the_same(small_network, toy, monkeypatch):
    compile_once = torch.compile
    monkeypatch.setattr(torch, "compile", lambda call, dynamic: compile_once(call, dynamic=dynamic, backend="eager"))
    bits = []
    for compiles in (False, True):
        recipe = recipe_of(compile=compiles)
        state = begin(small_network(), recipe, steps=2)
        list(fit(state, recipe, toy(16), toy(4), device=CPU))
        bits.append(fingerprint(state))
    assert_same(*bits)
    assert math.isfinite(float(bits[0]["network.f6.dense.weight"].sum()))


class Reads(TorchDispatchMode):
    """Counts how often a number is read from a tensor, which on a GPU waits for everything before it."""

    count = 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.count += function is torch.ops.aten._local_scalar_dense.default
        return function(*arguments, **(options or {}))


@pytest.mark.parametrize("name", ["resnet20", "mobilenet_v2", "googlenet_bn"])
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_step_whose_figures_are_read_late_reads_nothing(toy, name, optimizer):
    recipe = recipe_of(optimizer={"name": optimizer, "learning_rate": 0.01, "gradient_clip": 1.0})
    state = begin(create_model(name, num_classes=2, in_channels=1, seed=0), recipe)
    inputs = prepare_inputs(toy(2), np.arange(2), device=CPU)
    for deferred in (True, False):
        stepper = Stepper(state, recipe, create_loss(recipe.loss), deferred=deferred)
        with Reads() as reads:
            stepper.take(inputs)
        assert reads.count == (0 if deferred else 2)


@pytest.mark.gpu
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_gpu_is_not_waited_for(small_network, toy, optimizer):
    recipe = recipe_of(precision="bf16", optimizer={"name": optimizer, "learning_rate": 0.01, "gradient_clip": 1.0})
    device = torch.device("cuda")
    state = begin(small_network("resnet20").to(device).to(memory_format=torch.channels_last), recipe)
    inputs = prepare_inputs(toy(8), np.arange(8), device=device)
    stepper = Stepper(state, recipe, create_loss(recipe.loss), deferred=True)
    stepper.take(inputs)  # the first makes the optimizer's state
    torch.cuda.set_sync_debug_mode("error")
    try:
        stepper.take(inputs)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.gpu
@pytest.mark.parametrize("compiles", [False, True])
def test_a_gpu_learns(small_network, toy, compiles):
    recipe = recipe_of(precision="bf16", compile=compiles)
    device = torch.device("cuda")
    state = begin(small_network("resnet20").to(device).to(memory_format=torch.channels_last), recipe, steps=30)
    results = list(fit(state, recipe, toy(40), toy(20), device=device))
    assert results[-1].train_loss < results[0].train_loss and results[-1].val_accuracy == 1.0


@pytest.mark.gpu
def test_a_gpu_without_memory_goes_on_with_parts(toy):
    device = torch.device("cuda")
    network = create_model("resnet20", num_classes=2, in_channels=1, seed=0).to(device)
    torch.cuda.set_per_process_memory_fraction(0.01)
    try:
        recipe = recipe_of(batch_size=4096)
        state = begin(network, recipe, steps=2)
        notes = []
        list(fit(state, recipe, toy(8192), toy(4), device=device, note=notes.append))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert 0 < state.micro_batch < 4096 and notes
