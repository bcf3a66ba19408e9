import time

import pytest
import torch

import striate.api.bench_training as room
from striate.api.bench_training import bench_training
from striate.deciding.decide import decide
from striate.deciding.training_request import TrainingRequest
from striate.errors import UsageError


class Recorder(room.Watcher):
    def __init__(self):
        self.told = []

    def task(self, name, done, total):
        self.told.append((name, done, total))


def test_plain_and_fast_are_measured_in_turns():
    recorder = Recorder()
    result = bench_training("lenet5_dense", batch_size=4, rounds=2, device="cpu", watcher=recorder)
    assert [(way.name, way.peer) for way in result.ways] == [("plain", ""), ("fast", "plain")]
    assert all(way.pictures_per_second > 0 for way in result.ways)
    median, low, high = result.ways[1].ratio
    assert 0 < low <= median <= high
    assert result.size == (32, 32) and result.precision in ("fp32", "bf16") and result.rounds == 2
    assert f"torch {torch.__version__}" in result.versions and "threads" in result.device
    assert recorder.told == [("measuring", done, 6) for done in range(7)]
    assert result.to_dict()["ways"][0]["name"] == "plain"


def test_with_pictures_the_loop_is_measured_beside_the_fast_step(striped, monkeypatch):
    monkeypatch.setattr(room, "STEPS_OF_THE_LOOP", 5)  # more than an epoch has
    result = bench_training("resnet20", data=striped, batch_size=16, rounds=1, device="cpu")
    assert [(way.name, way.peer) for way in result.ways] == [("plain", ""), ("fast", "plain"), ("loop", "fast")]
    assert result.size == (32, 32)


def test_the_loop_is_that_of_a_run(striped):
    network, recipe, examples = room.loop_on(striped, room.model_row("resnet20"), 16, 32, room.Watcher())
    request = TrainingRequest(
        data=striped, model="resnet20", batch_size=16, epochs=room.EPOCHS_OF_THE_LOOP, size=32, precision="fp32"
    )
    run = decide(request, watcher=room.Watcher(), begun=time.monotonic())
    assert (recipe, examples.preprocessing) == (run.plan.recipe, run.plan.preprocessing)
    assert torch.equal(network.conv1.weight, run.network.conv1.weight.cpu())


def test_the_plain_step_is_what_scripts_do(monkeypatch):
    """Contiguous and not fused; the fast one is neither."""
    network = room.create_model("resnet20", num_classes=2, seed=0)
    images = torch.rand(2, 3, 32, 32)
    seen = []
    network.conv1.register_forward_hook(
        lambda module, inputs, output: seen.append(output.is_contiguous(memory_format=torch.channels_last))
    )
    room.plain_step(network, images)()
    fast = network.to(memory_format=torch.channels_last)
    room.fast_step(fast, images.contiguous(memory_format=torch.channels_last), room.Recipe())()
    assert seen == [False, True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 1}, "batch_size must be 2 or more, got 1"),
        ({"rounds": 0}, "rounds must be 1 or more, got 0"),
        ({"model": "resnet21"}, "unknown model 'resnet21'; did you mean 'resnet20'"),
    ],
)
def test_wrong_arguments(options, message):
    with pytest.raises(UsageError, match=message):
        bench_training(**options)


def test_too_few_pictures_for_a_batch(striped):
    with pytest.raises(UsageError, match="has 48 training pictures, fewer than a batch"):
        bench_training("resnet20", data=striped, batch_size=64, device="cpu")


@pytest.mark.parametrize("size", [-1, 0])
def test_a_size_that_makes_no_picture_is_refused(size):
    with pytest.raises(UsageError, match=rf"size must lie in 1..4096 pixels, got {size}"):
        bench_training("lenet5_dense", size=size)
