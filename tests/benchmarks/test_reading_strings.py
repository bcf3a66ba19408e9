"""The benchmark of reading strings: its lines, its first steps and what it tells of a whole run."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

import striate

SOURCE = Path(__file__).parents[2] / "benchmarks" / "reading_strings.py"


@pytest.fixture(scope="module")
def reading_strings():
    spec = importlib.util.spec_from_file_location("reading_strings", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("strings") / "made"
    return striate.compose("digits", made, lengths=(1, 2), strings=40).folder


def test_lines_and_their_inputs(reading_strings, folder):
    lines = reading_strings.Lines(folder, "train", 5)
    inputs = lines.inputs(np.arange(2))
    assert inputs.shape == (2, 1, 32, 40) and float(inputs.min()) >= -1 and float(inputs.max()) <= 1
    assert len(lines.texts) == 5 and set("".join(lines.texts)) <= set("0123456789")


def test_the_first_steps_are_the_same_again(reading_strings, folder, monkeypatch):
    monkeypatch.setattr(reading_strings, "FIRST", 2)
    train, val = reading_strings.Lines(folder, "train"), reading_strings.Lines(folder, "val")
    told, again = (reading_strings.first_steps(train, val, seed=0, precision="fp32") for _ in range(2))
    assert told["losses"] == again["losses"] and len(told["losses"]) == 2
    assert all(map(math.isfinite, told["losses"])) and told["losses_not_finite"] == 0
    assert told["count"] == len(val.texts) and 0 <= told["read_as_nothing"] <= told["count"]
