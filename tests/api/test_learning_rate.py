"""The range test as its users meet it."""

import inspect
import json
import signal
from pathlib import Path

import pytest
from PIL import Image

import striate
import striate.api.learning_rate as room
from striate.errors import Interrupted, UsageError


@pytest.fixture(scope="module")
def found():
    return striate.find_learning_rate("digits", model="lenet5_dense", steps=60, precision="fp32")


@pytest.mark.slow
def test_the_suggestion_trains_well_and_ten_times_the_minimum_does_not(found, tmp_path):
    assert 1e-3 < found.suggestion < 0.02 and found.suggestion == max(found.steepest, found.minimum / 10)
    assert found.judgement == "fine" and found.recipe_rate == 0.005
    losses = {}
    for name, rate in (("suggested", found.suggestion), ("too high", 10 * found.minimum)):
        settings = [f"optimizer.learning_rate={rate}"]
        run = striate.train("digits", model="lenet5_dense", epochs=3, settings=settings, output=tmp_path / name)
        losses[name] = run.metrics["test"]["log_loss"]
    assert losses["suggested"] < 0.6 < losses["too high"]


def test_a_rate_that_is_too_high_is_called_so(found):
    settings = ["optimizer.learning_rate=2.0"]
    other = striate.find_learning_rate("digits", model="lenet5_dense", steps=60, precision="fp32", settings=settings)
    assert other.rates == found.rates and other.losses == found.losses  # the recipe's own rate plays no part
    assert other.judgement == "too high"
    assert other.verdict.endswith("The recipe's 2 is too high: at that rate the loss does not fall any more.")
    assert found.verdict == (
        f"Try {found.suggestion:.2g}: where the smoothed loss falls fastest; it is lowest at {found.minimum:.2g}, before it "
        "diverges. The recipe's 0.005 is fine: below the rate at which the loss stops falling, and not far below the "
        "suggestion."
    )


def test_the_picture(found, tmp_path):
    found.draw(tmp_path / "rates.png")
    with Image.open(tmp_path / "rates.png") as picture:
        assert picture.size == (1200, 720)
    found.draw(tmp_path / "rates.svg")
    assert b"<svg" in (tmp_path / "rates.svg").read_bytes()
    json.dumps(found.to_dict())
    for name, text in (
        ("rates.jpg", "expected a name that ends in .pdf, .png, .svg, got '.jpg'"),
        ("missing/rates.png", "there is no folder"),
    ):
        with pytest.raises(UsageError, match=text):
            found.draw(tmp_path / name)


def test_nothing_is_written_and_a_signal_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    class Interrupting(striate.Watcher):
        def task(self, name, done, total):
            if name == "rates" and done == 3:
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match="interrupted; nothing was written"):
        striate.find_learning_rate("digits", model="lenet5_dense", watcher=Interrupting())
    assert not list(Path.cwd().iterdir())


def test_the_options_of_training_are_taken(found):
    other = striate.find_learning_rate("digits", model="lenet5_dense", steps=12, augment="none", init="he_normal")
    assert other.losses[0] != found.losses[0]


def test_every_option_of_training_that_a_sweep_can_use_is_taken():
    taken, of_training = (inspect.signature(verb).parameters for verb in (striate.find_learning_rate, striate.train))
    assert set(of_training) - set(taken) == {
        *("output", "tensorboard"),
        *("quick", "metric", "abstain"),  # a sweep makes no classifiers to choose from, and none that could abstain
        *("vectors", "exclude"),  # it takes all of its data, which are pictures
        *("task", "classifier"),  # of one label each
    }


def test_epochs_and_time_decide_for_a_sweep_what_they_decide_for_a_run(monkeypatch):
    class Asked(Exception):
        pass

    def decide(request, **others):
        raise Asked(request)

    monkeypatch.setattr(room, "decide", decide)
    with pytest.raises(Asked) as caught:
        striate.find_learning_rate("digits", epochs=3, time_limit="5m")
    request = caught.value.args[0]
    assert (request.epochs, request.time_limit) == (3, "5m")


def test_a_head_that_is_fitted_at_once_has_no_rate(finished_run, striped):
    weights = finished_run.folder / "bundle" / "model.safetensors"
    with pytest.raises(UsageError) as caught:
        striate.find_learning_rate(striped, model="resnet20", weights=weights, mean=[0.5], std=[0.25], transfer="head")
    assert str(caught.value) == (
        "this run takes no steps of gradient descent, so it has no learning rate: its head is fitted at once; "
        "to learn more than that, give --transfer full or stages:N"
    )


def test_a_sweep_that_shows_nothing_is_refused_before_the_pictures_are_read():
    with pytest.raises(UsageError, match="a range test needs 10 steps or more, got 0"):
        striate.find_learning_rate("no such folder", steps=0)
    with pytest.raises(UsageError, match="a range test needs rates above 0 that rise, got -1 to 10"):
        striate.find_learning_rate("no such folder", lowest=-1)
