"""Pictures of several digits: what they show is what they are labelled with; and a classifier of them, by default, at its bar."""

import csv
import importlib.util
from pathlib import Path

import numpy as np
import pytest

import striate
from striate.data import load_data

SOURCE = Path(__file__).parents[2] / "benchmarks" / "composed_digits.py"


@pytest.fixture(scope="module")
def composed():
    spec = importlib.util.spec_from_file_location("composed_digits", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_what_is_shown_is_what_is_told(composed):
    digits = np.stack(
        [np.full((composed.QUARTER, composed.QUARTER), 100 + 10 * digit, np.uint8) for digit in range(10)]
    )
    drawn = list(composed.compose(digits, np.arange(10), 400, seed=0))
    for picture, shown in drawn:
        assert picture.shape == (composed.SIDE, composed.SIDE) and picture.dtype == np.uint8
        assert len(shown) <= 4 and list(shown) == sorted(set(shown))
        # Noise adds up to some 50 levels to what is drawn, so that the brightest digit is told by the least that is as bright.
        assert (picture.max() >= 100) == bool(shown)
        if shown:
            assert (picture >= 100 + 10 * max(shown)).sum() > composed.QUARTER**2 / 2
    assert 0 < sum(not shown for _, shown in drawn) < 3 * composed.EMPTY * len(drawn)
    again = list(composed.compose(digits, np.arange(10), 400, seed=0))
    assert all((one[0] == other[0]).all() and one[1] == other[1] for one, other in zip(drawn, again, strict=True))


@pytest.mark.slow
def test_a_classifier_by_default_reaches_the_bar(composed, real_data, tmp_path):
    table = composed.write_composed(
        load_data("mnist", root=real_data("mnist")), tmp_path, train=6000, val=1000, test=2000
    )
    run = striate.train(table, output=tmp_path / "run", quick=True)  # those that come after the first are better still
    found = run.metrics["test"]
    assert found["mean_average_precision"] >= 0.97
    assert found["mean_average_precision_interval"][0] >= 0.97
    classifier = run.classifier()
    with table.open(encoding="utf-8") as file:
        empty = [tmp_path / row["path"] for row in csv.DictReader(file) if row["split"] == "test" and not row["labels"]]
    answers = classifier.predict(empty)
    assert len(empty) > 50 and np.mean(answers == "") > 0.95
