"""Advice from pictures: the way through the network, the time, and what comes back."""

import json

import pytest
import torch

import striate
from striate.errors import UsageError
from striate.models import create_model


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Of resnet20 for other classes, at random: early stages see colours as they are, late ones see little."""
    path = tmp_path_factory.mktemp("weights") / "resnet20.pth"
    torch.save(create_model("resnet20", num_classes=7, seed=1).state_dict(), path)
    return path


class Notes(striate.Watcher):
    def __init__(self):
        self.tasks, self.decisions = [], []

    def task(self, name, done, total):
        self.tasks.append(name)

    def decision(self, decision):
        self.decisions.append(decision.what)


@pytest.fixture(scope="module")
def advised(striped, weights):
    watcher = Notes()
    advice = striate.advise(striped, model="resnet20", weights=weights, mean=[0.5], std=[0.5], watcher=watcher)
    return advice, watcher


def test_advice_on_pictures(advised, striped):
    result, watcher = advised
    advice = result.advice
    assert (result.data, result.location, result.model, result.weights) == (
        "striped",
        str(striped),
        "resnet20",
        "resnet20.pth",
    )
    assert result.sample == advice.training_pictures == 48
    assert (advice.classes, result.input_size) == (2, (32, 32))
    assert [score.stage for score in advice.scores] == ["relu1", "layer1", "layer2", "layer3", "features"]
    assert [score.width for score in advice.scores] == [16, 16, 32, 64, 64]
    assert advice.scores[-1] != advice.scores[0]
    # Red and blue are told apart by any head on any stage.
    assert advice.scores[-1].accuracy == 1 and advice.transfer == "head"
    assert {"weights", "input size", "normalisation"} <= {*watcher.decisions}
    assert "features" in watcher.tasks
    assert "timing a step" not in watcher.tasks, "a head needs no time that would have to be measured"


def test_its_forms(advised):
    result, _ = advised
    assert result.to_text().startswith("transfer: head\n48 training pictures of 2 classes, 24 a class, are few; ")
    assert result.to_text().endswith("nats a picture, higher is better")
    table = json.loads(result.to_json())
    assert (table["model"], table["sample"], table["transfer"]) == ("resnet20", 48, "head")
    assert result.picture().startswith(b"<?xml")
    assert result.picture("png").startswith(b"\x89PNG")


@pytest.mark.slow
def test_more_than_a_head_is_timed(weights):
    """No stage of a network at random tells digits apart well, and they are many: more should learn, which takes time."""
    watcher = Notes()
    result = striate.advise("digits", model="resnet20", weights=weights, mean=[0.5], std=[0.5], watcher=watcher)
    advice = result.advice
    assert advice.kind in ("stages", "full") and advice.many
    assert 590 <= result.sample <= 610 and advice.training_pictures > 1400
    assert "timing a step" in watcher.tasks
    assert advice.seconds > 0
    hasty = striate.advise(
        "digits", model="resnet20", weights=weights, mean=[0.5], std=[0.5], time_limit=advice.seconds / 1e3
    )
    assert hasty.advice.kind == "head" and hasty.advice.transfer == "head:layer1+layer2+layer3"
    assert "are allowed: so the head alone learns" in hasty.advice.reasons[1]


def test_an_unknown_network(striped, weights):
    with pytest.raises(UsageError, match=r"unknown model 'resnet2'"):
        striate.advise(striped, model="resnet2", weights=weights)


def test_what_is_asked_of_the_pictures_can_be_said(striped, weights):
    """Class folders as labels: then accuracies are mean average precisions, and a picture in two folders has both labels."""
    found = striate.advise(striped, model="resnet20", weights=weights, mean=[0.5], std=[0.5], task="multi_label")
    assert found.several and "mean average precision" in found.to_text()
    with pytest.raises(UsageError, match="unknown task 'multilabel'; did you mean 'multi_label'"):
        striate.advise(striped, model="resnet20", weights=weights, task="multilabel")
    with pytest.raises(UsageError, match="tells a string of each picture"):
        striate.advise(striped, model="resnet20", weights=weights, task="sequence")
