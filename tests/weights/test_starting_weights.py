"""Training that starts from published weights."""

import tomllib

import pytest
import torch

import striate
from striate.deciding.transfer_choice import EPOCHS_ASKED
from striate.errors import Interrupted, UsageError, WeightsError
from striate.training import checkpoints
from striate.weights.starting_weights import are_published, find_weights

QUICK = {"model": "resnet20", "epochs": 1, "settings": ["batch_size=16"]}


class Recorder(striate.Watcher):
    def __init__(self):
        self.decisions, self.tasks = {}, []

    def decision(self, decision):
        self.decisions[decision.what] = (decision.value, decision.why)

    def task(self, name, done, total):
        self.tasks.append(name)


@pytest.mark.slow
def test_training_starts_from_them_with_their_preprocessing(published, striped, tmp_path):
    recorder = Recorder()
    run = striate.train(striped, **QUICK, weights="imagenet", output=tmp_path / "run", watcher=recorder)
    assert f"downloading {published.file_name}" in recorder.tasks
    assert recorder.decisions["weights"] == (
        "somebody's resnet20",
        "114 of 116 tensors loaded; the head is new: 1,000 classes in the file, 2 here",
    )
    assert recorder.decisions["recipe"] == ("fine_tune", "trained weights are given")
    assert recorder.decisions["head"][0] == "fitted first"
    assert recorder.decisions["transfer"] == ("full", EPOCHS_ASKED)
    assert recorder.decisions["input size"] == ("32 x 32", "what somebody's resnet20 was evaluated with")
    assert recorder.decisions["normalisation"] == (
        "mean 0.4, 0.5, 0.6, deviation 0.1, 0.2, 0.3",
        "what somebody's resnet20 expects",
    )
    assert run.contract.preprocessing == published.preprocessing
    settings = tomllib.loads((run.folder / "recipe.toml").read_text())["run"]
    assert settings["weights"] == "imagenet"
    assert settings["weights_sha256"].startswith(published.sha256_prefix)


@pytest.mark.slow
def test_what_the_user_says_of_the_inputs_comes_first(published, striped, tmp_path):
    recorder = Recorder()
    run = striate.train(
        striped, **QUICK, weights="imagenet", size=24, mean=[0.5], std=[0.25], output=tmp_path / "run", watcher=recorder
    )
    rule = run.contract.preprocessing
    assert (rule.resize_size, rule.crop, rule.filter) == ((30, 30), (24, 24), "bicubic")
    assert (rule.mean, rule.std) == ((0.5,) * 3, (0.25,) * 3)
    assert recorder.decisions["input size"] == ("24 x 24", "asked for")


def test_a_resume_before_the_first_checkpoint_finds_them_again(published, striped, tmp_path, monkeypatch):
    import striate.api.train

    def stop(*arguments, **named):
        raise Interrupted("stopped by the test")

    with monkeypatch.context() as patched:
        patched.setattr(striate.api.train, "carry_out", stop)
        with pytest.raises(Interrupted):
            striate.train(striped, **QUICK, weights="imagenet", output=tmp_path / "run")
    assert not checkpoints(tmp_path / "run" / "checkpoints")
    started = []
    monkeypatch.setattr(
        striate.api.train, "carry_out", lambda folder, run, dataset, network, **named: started.append(network)
    )
    striate.resume(tmp_path / "run")
    assert torch.equal(started[0].conv1.weight, striate.models.create_model("resnet20", seed=1).conv1.weight)


def test_without_a_model_it_is_one_that_has_them(striped, tmp_path, monkeypatch):
    asked = []

    def refuse(name):
        asked.append(name)
        raise WeightsError("offline")

    monkeypatch.setattr("striate.weights.starting_weights.published_weights", refuse)
    with pytest.raises(WeightsError, match="offline"):
        striate.train(striped, weights="imagenet", output=tmp_path / "run")
    assert asked == ["mobilenet_v2"]


def test_a_row_without_them_is_said_before_the_pictures_are_read(tmp_path):
    with pytest.raises(UsageError, match="lenet5 has no published ImageNet weights"):
        striate.train(tmp_path / "not there", model="lenet5", weights="imagenet")


@pytest.mark.parametrize(("weights", "expected"), [("imagenet", True), ("./imagenet", False), ("a.pth", False)])
def test_are_published(weights, expected):
    assert are_published(weights) is expected


def test_their_name(published, tmp_path):
    assert find_weights("imagenet", "resnet20", watcher=striate.Watcher()).name == "somebody's resnet20"
    torch.save({"a": torch.zeros(1)}, tmp_path / "mine.pth")
    found = find_weights(tmp_path / "mine.pth", "resnet20", watcher=striate.Watcher())
    assert (found.name, found.published) == ("mine.pth", None)
