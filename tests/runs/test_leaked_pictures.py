"""What a run says where it is measured on pictures that it learnt from."""

import numpy as np
import pytest
from PIL import Image

from striate.data import check_pictures, load_data
from striate.runs.leaked_pictures import judge_leaks, leaked_rows
from striate.sealing.measuring import Measurements
from striate.tasks import USUAL_TASK


@pytest.fixture
def data(drawn, tmp_path):
    """20 training pictures, and 6 others to test on."""
    drawn(tmp_path / "data" / "train", ("a", "b"), 13)
    for label in ("a", "b"):
        (tmp_path / "data" / "test" / label).mkdir(parents=True)
        for number in (10, 11, 12):
            name = f"{label}/{number:03}.png"
            (tmp_path / "data" / "train" / name).rename(tmp_path / "data" / "test" / name)
    return tmp_path / "data"


def _judged(folder, right):
    dataset = check_pictures(load_data(folder))
    labels = dataset.labels[dataset.indices("test")].astype(np.int64)
    answers = np.where(right, labels, 1 - labels)
    probabilities = np.where(np.eye(2)[answers] > 0, 0.9, 0.1)
    scores = {"test": USUAL_TASK.score(probabilities, labels, dataset.classes)}
    measured = Measurements(
        USUAL_TASK, {"temperature": 1.0}, {}, {"test": probabilities}, {"test": labels}, scores, scores
    )
    return leaked_rows(dataset, "test").tolist(), [(one.severity, one.text) for one in judge_leaks(dataset, measured)]


def test_nothing_is_said_of_distinct_pictures(data):
    assert _judged(data, [True] * 6) == ([False] * 6, [])


def test_the_accuracy_without_the_copies_is_said(data):
    whole = Image.open(data / "train" / "a" / "003.png")
    whole.resize((80, 80)).save(data / "test" / "a" / "near.png")
    (data / "test" / "b" / "same.png").write_bytes((data / "train" / "b" / "004.png").read_bytes())
    # In order: a/010, a/011, a/012, a/near, b/010, b/011, b/012, b/same.
    leaked, said = _judged(data, [True, True, False, True, True, False, True, True])
    assert leaked == [False, False, False, True, False, False, False, True]
    assert said == [
        (
            "warning",
            "2 of the 8 pictures of test are copies or near copies of training pictures: with them 75.0% are right, without them "
            f"66.7% of 6 (95 % interval 30.0% to 90.3%); striate check {data} names them",
        )
    ]


def test_where_all_are_copies_nothing_is_left_to_measure(data):
    for path in (data / "test").rglob("*.png"):
        path.unlink()
    for label in ("a", "b"):
        (data / "test" / label / "same.png").write_bytes((data / "train" / label / "004.png").read_bytes())
    leaked, said = _judged(data, [True, True])
    assert leaked == [True, True]
    assert said == [
        (
            "warning",
            "2 of the 2 pictures of test are copies or near copies of training pictures: nothing tells how good the classifier "
            f"is on others; striate check {data} names them",
        )
    ]
