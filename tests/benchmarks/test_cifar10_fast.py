"""The race to nine in ten: what a way's recipe says, and what is held out."""

import importlib.util
import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.reproductions.experiment import named_experiment
from striate.reproductions.learning import recipe_of as experiment_recipe

PATH = Path(__file__).parents[2] / "benchmarks/cifar10_fast.py"
spec = importlib.util.spec_from_file_location("cifar10_fast", PATH)
race = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = race  # dataclasses look there for the types of their fields
spec.loader.exec_module(race)


@pytest.fixture
def packed(tmp_path):
    """A file of 40 training and 20 test pictures, noise about one colour a class."""
    arrays, noise = {"classes": np.array(list("abcdefghij"))}, np.random.default_rng(0)
    for split, count in (("train", 40), ("test", 20)):
        pictures = []
        for row in range(count):
            file = io.BytesIO()
            colour = np.array([20 * (row % 10), 120, 180 - 20 * (row % 10)])
            pixels = (colour + noise.integers(0, 75, (32, 32, 3))).astype(np.uint8)
            Image.fromarray(pixels).save(file, "JPEG", quality=75)
            pictures.append(file.getvalue())
        arrays[f"{split}_bytes"] = np.frombuffer(b"".join(pictures), np.uint8)
        arrays[f"{split}_offsets"] = np.cumsum([0, *map(len, pictures)])
        arrays[f"{split}_labels"] = (np.arange(count) % 10).astype(np.uint8)
    np.savez(tmp_path / "packed.npz", **arrays)
    return tmp_path / "packed.npz"


def raced(monkeypatch, packed, *arguments):
    monkeypatch.setattr(race, "STANDARD", ("resnet18", {"stem": "3x3", "widths": (4, 4, 4, 4)}))
    monkeypatch.setitem(race.WAYS, race.WAY, race.Way(2, widths=(24, 24, 24), batch_size=10))
    monkeypatch.setattr(race, "HELD_OUT", 10)
    output = packed.parent / "results"
    monkeypatch.setattr(sys, "argv", ["cifar10_fast.py", str(packed), "--output", str(output), *arguments])
    race.main()
    return json.loads((output / "cifar10_fast.json").read_text())["cells"]


def test_a_record_stands_beside_the_standard_network_and_is_kept(monkeypatch, packed, capsys):
    (cell,) = raced(monkeypatch, packed)
    assert cell["judged_by"] == "test pictures" and 0 <= cell["accuracy"] <= 1
    assert cell["reached"] == (cell["accuracy"] >= 0.9)
    assert cell["standard_pictures_per_second"] > 0 and cell["seconds"] >= 0 and cell["processor_seconds"] >= 0
    few, many = cell["standard_minutes"].values()
    assert many == pytest.approx(few * 35 / 2, rel=0.05, abs=0.5)
    assert "airbench94" in capsys.readouterr().out
    assert len(raced(monkeypatch, packed)) == 1, "what is there is not measured again"
    assert len(raced(monkeypatch, packed, "--seeds", "0", "1")) == 2


def test_a_choice_never_looks_at_the_test_pictures(monkeypatch, packed):
    looked = []
    monkeypatch.setattr(race, "run", lambda way, recipe, training, testing: looked.append((training, testing)) or SUM)
    raced(monkeypatch, packed, "--choose", "--way", race.WAY)
    ((training, testing),) = looked
    assert len(training.labels) == 30 and len(testing.labels) == 10, "all are training pictures, ten of them held out"


SUM = {"accuracy": 0.5, "seconds": 1.0, "processor_seconds": 1.0, "multiply_adds": 1e9}


def test_rates_of_biases_and_head_go_with_the_batch():
    for batch in (500, 2000):
        optimizer = race.recipe_of(race.Way(5, batch_size=batch, rate=0.24), [], 0).optimizer
        assert optimizer.learning_rate * optimizer.bias_multiplier == pytest.approx(0.053 * batch)
        assert optimizer.learning_rate * optimizer.head_multiplier == pytest.approx(0.00083 * batch)


def test_the_shipped_experiment_runs_the_records_way():
    experiment, way = named_experiment("cifar10-fast"), race.WAYS[race.WAY]
    shipped = experiment_recipe(experiment.recipe, experiment.arms["record"].recipe, epochs=way.epochs, seed=0)
    ours = race.recipe_of(way, [], 0)
    assert experiment.whole.epochs == way.epochs and not experiment.arms["record"].config
    for name in ("batch_size", "schedule", "loss", "averaging", "augmentation"):
        assert getattr(shipped, name) == getattr(ours, name), name
    for name in ("learning_rate", "momentum", "bias_multiplier", "head_multiplier", "weight_decay"):
        assert getattr(shipped.optimizer, name) == pytest.approx(getattr(ours.optimizer, name), rel=2e-3), name
