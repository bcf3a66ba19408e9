"""The degradation experiment in small: what it writes, what it says, and how it ends."""

import json
import signal

import pytest
from PIL import Image

import striate
from striate.errors import Interrupted, UnknownNameError, UsageError

SMALL = {"pictures": 8, "size": 16, "batch_size": 4}


class Findings(striate.Watcher):
    def __init__(self):
        self.found, self.decisions, self.notes = [], {}, []

    def finding(self, what, value, aside):
        self.found.append(what)

    def decision(self, decision):
        self.decisions[decision.what] = decision.value

    def note(self, text):
        self.notes.append(text)


@pytest.fixture(scope="module")
def experiment(striped, tmp_path_factory):
    watcher = Findings()
    folder = tmp_path_factory.mktemp("deepen") / "out"
    return striate.deepen(striped, **SMALL, epochs=2, output=folder, watcher=watcher), watcher


def test_four_networks_take_turns_with_one_recipe(experiment):
    result, watcher = experiment
    names = ["plain20", "plain56", "resnet20", "resnet56"]
    assert watcher.found == [f"{name} epoch {epoch}" for epoch in (1, 2) for name in names]
    assert watcher.decisions["networks"] == ", ".join(names) and watcher.decisions["epochs"] == "2"
    rows = [json.loads(line) for line in (result.folder / "metrics.jsonl").read_text().splitlines()]
    assert [(row["network"], row["epoch"]) for row in rows] == [(name, epoch) for name in names for epoch in (1, 2)]
    for epoch in (1, 2):
        assert len({row["learning_rate"] for row in rows if row["epoch"] == epoch}) == 1
    assert [row.name for row in result.networks] == names
    assert [row.deep for row in result.networks] == [False, True, False, True]
    assert [row.residual for row in result.networks] == [False, False, True, True]
    # The twins have the same layers: shortcuts of option A have no parameters.
    assert [row.parameters for row in result.networks[:2]] == [row.parameters for row in result.networks[2:]]
    last = {row["network"]: row for row in rows if row["epoch"] == 2}
    assert all(row.train_error == 1 - last[row.name]["train_accuracy"] for row in result.networks)
    assert (result.epochs, result.training_pictures, result.validation_pictures) == (2, 8, 6)
    json.dumps(result.to_dict())


def test_gradients_of_every_layer_before_the_first_step_and_after_each_epoch(experiment):
    result, _ = experiment
    rows = [json.loads(line) for line in (result.folder / "gradients.jsonl").read_text().splitlines()]
    assert [(row["network"], row["epoch"], row["step"]) for row in rows[:4]] == [
        ("plain20", 0, 0),
        ("plain20", 1, 2),
        ("plain20", 2, 4),
        ("plain56", 0, 0),
    ]
    assert {row["network"]: len(row["norms"]) for row in rows} == {
        "plain20": 20,
        "plain56": 56,
        "resnet20": 20,
        "resnet56": 56,
    }
    first = {row["network"]: next(iter(row["norms"].values())) for row in rows if row["epoch"] == 0}
    # Batch norm without shortcuts makes the gradient explode towards the first layer.
    assert first["plain56"] > 20 * first["resnet56"]


def test_the_picture_and_the_recipe(experiment):
    result, _ = experiment
    with Image.open(result.picture) as picture:
        assert picture.size == (1500, 1140)
    text = (result.folder / "recipe.toml").read_text()
    assert 'networks = [\n    "plain20",' in text and "span = 0.0" in text and "label_smoothing = 0.0" in text
    assert sorted(path.name for path in result.folder.iterdir()) == [
        "depth.png",
        "gradients.jsonl",
        "metrics.jsonl",
        "recipe.toml",
    ]


@pytest.mark.slow
def test_a_signal_keeps_the_curves(striped, tmp_path):
    class Interrupting(striate.Watcher):
        def finding(self, what, value, aside):
            if what == "plain56 epoch 1":
                signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Interrupted) as caught:
        striate.deepen(striped, **SMALL, epochs=2, output=tmp_path / "out", watcher=Interrupting())
    assert str(caught.value) == f"interrupted in epoch 1; the curves so far are in {tmp_path / 'out'}"
    rows = (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(row)["network"] for row in rows] == ["plain20", "plain56"]
    assert (tmp_path / "out" / "depth.png").exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_wrong_usage_is_one_sentence_and_leaves_no_folder(striped, tmp_path):
    cases = [
        ({"pair": ("plain20", "plain57")}, UnknownNameError, "unknown plain network 'plain57'; did you mean 'plain56'"),
        (
            {"pair": ("plain56", "plain20")},
            UsageError,
            "--pair needs the shallow network first and then a deeper one, got",
        ),
        ({"pictures": 1}, UsageError, "--pictures must be 2 or more, got 1"),
        ({"epochs": 0}, UsageError, "schedule.epochs must be 1 or more, got 0"),
        (
            {"time_limit": "0.01s"},
            UsageError,
            "the time limit has passed before the first step, and an epoch of all four",
        ),
        ({"data": tmp_path / "nothing"}, UsageError, "nothing"),
        ({"device": "tpu"}, UsageError, "device"),
    ]
    for changes, kind, text in cases:
        options = {"data": striped, "output": tmp_path / "out"} | SMALL | changes
        with pytest.raises(kind) as caught:
            striate.deepen(options.pop("data"), **options)
        assert text in str(caught.value)
        assert not (tmp_path / "out").exists()
