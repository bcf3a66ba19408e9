"""The benchmark of reading strings: a run of two steps from the composed folder to its figures."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import striate

SOURCE = Path(__file__).parents[2] / "benchmarks" / "reading_strings.py"


@pytest.fixture(scope="module")
def reading_strings():
    spec = importlib.util.spec_from_file_location("reading_strings", SOURCE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for their annotations
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return striate.compose("digits", tmp_path_factory.mktemp("composed") / "strings", strings=20, lengths=(1, 2)).folder


def test_lines_and_their_inputs(reading_strings, folder):
    lines = reading_strings.read_lines(folder, "train")
    assert lines.pixels.shape == (16, 32, 40)
    assert ["".join(map(str, string)) for string in lines.strings] == list(lines.texts)
    inputs = lines.inputs(np.array([3, 5]))
    assert inputs.shape == (2, 1, 32, 40) and -1 <= inputs.min() < -0.9 and 0.2 < inputs.max() <= 1


def test_a_run(reading_strings, folder):
    told = reading_strings.measure(folder, seed=0, minutes=5, steps=2)
    assert (told["steps"], told["losses_not_finite"], len(told["first_losses"])) == (2, 0, 2)
    assert told["test"]["count"] == 2 and 0 <= told["test"]["read_as_nothing"] <= 2
    again = reading_strings.measure(folder, seed=0, minutes=5, steps=2)
    assert again["first_losses"] == told["first_losses"]
