import pytest
import torch

import striate.deciding.batch_size as room
from striate.deciding.batch_size import choose_batch_size, fits, try_out
from striate.errors import TrainingError
from striate.models import create_model
from striate.training import Recipe
from striate.training.objectives import OBJECTIVES

SIZE = (32, 32)


@pytest.fixture
def network():
    return create_model("resnet20", num_classes=2, in_channels=1, seed=0)


def measured(monkeypatch, network, speeds, *, memory=None, recipe=None, pictures=100_000, scale_rate=True):
    """Chooses between sizes of known speeds, pictures a second."""
    tried = []

    def time_step(network, images, loss, precision, *, steps):
        tried.append(len(images))
        return len(images) / speeds[len(images)]

    monkeypatch.setattr(room, "time_step", time_step)
    monkeypatch.setattr(room, "available_memory", lambda device: memory)
    recipe = recipe or Recipe.from_dict({"batch_size": 64, "optimizer": {"learning_rate": 0.1}})
    chosen, decisions = choose_batch_size(network, recipe, SIZE, training_pictures=pictures, scale_rate=scale_rate)
    return chosen, [(one.what, one.value, one.why) for one in decisions], tried


def test_the_smallest_of_the_fastest_is_taken_and_the_rate_goes_with_it(network, monkeypatch):
    speeds = {8: 100, 16: 150, 32: 196, 64: 198, 128: 200, 256: 190}
    recipe, decisions, tried = measured(monkeypatch, network, speeds)
    assert tried == [8, 16, 32, 64, 128, 256]
    assert recipe.batch_size == 32 and recipe.optimizer.learning_rate == pytest.approx(0.05)
    assert decisions == [
        (
            "batch size",
            "32",
            "measured, pictures a second: 8: 100/s, 16: 150/s, 32: 196/s, 64: 198/s, 128: 200/s, 256: 190/s",
        ),
        ("learning rate", "0.05", "it goes with the batch size: 0.1 was for 64"),
    ]


def test_a_rate_that_was_asked_for_stays_and_adamw_s_goes_with_the_root(network, monkeypatch):
    speeds = {size: float(size) for size in (8, 16, 32, 64, 128, 256)}
    recipe, decisions, _ = measured(monkeypatch, network, speeds, scale_rate=False)
    assert recipe.batch_size == 256 and recipe.optimizer.learning_rate == 0.1 and len(decisions) == 1
    adamw = Recipe.from_dict({"batch_size": 64, "optimizer": {"name": "adamw", "learning_rate": 0.002}})
    recipe, decisions, _ = measured(monkeypatch, network, speeds, recipe=adamw)
    assert recipe.optimizer.learning_rate == pytest.approx(0.004)
    assert decisions[1] == ("learning rate", "0.004", "it goes with the batch size's square root: 0.002 was for 64")


def test_what_memory_does_not_hold_is_not_tried(network, monkeypatch):
    speeds = {size: float(size) for size in (8, 16, 32, 64, 128, 256)}
    few = room.probe_images(network, SIZE, count=2)
    a_picture = room.kept_for_backward(network, few, OBJECTIVES["single_label"].probe, "fp32") / 2
    recipe, decisions, tried = measured(monkeypatch, network, speeds, memory=int(40 * a_picture / room.WORKING_SHARE))
    assert tried == [8, 16, 32] and recipe.batch_size == 32
    assert decisions[0][2].endswith("; 64 do not fit into memory")
    with pytest.raises(TrainingError, match=r"the memory of cpu does not hold a batch of 8 pictures of 32 x 32; use a"):
        measured(monkeypatch, network, speeds, memory=int(4 * a_picture))


def test_few_pictures_and_slow_steps_bound_it(network, monkeypatch):
    speeds = {size: float(size) for size in (8, 16, 32, 64)}
    assert measured(monkeypatch, network, speeds, pictures=300)[2] == [8, 16, 32]  # 64 would leave fewer than 8 steps
    slow = dict.fromkeys((8, 16, 32), 4.0)  # 2, 4, 8 seconds; 16 is more than ten
    assert measured(monkeypatch, network, slow)[2] == [8, 16, 32]


def test_trying_out_takes_two_steps_on_a_copy(network):
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    try_out(network, Recipe(), SIZE, 4)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())

    def full(module, inputs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    network.head.register_forward_pre_hook(full)
    with pytest.raises((MemoryError, TrainingError)):
        try_out(network, Recipe(), SIZE, 4)


@pytest.mark.gpu
def test_a_gpu_is_tried_out(network):
    device = torch.device("cuda")
    assert fits(network.to(device), Recipe(), SIZE, 8)
    assert not fits(network, Recipe(), (4096, 4096), 1024)
