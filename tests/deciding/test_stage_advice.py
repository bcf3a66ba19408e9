"""The sample that stages are judged by: of each class its share, the same for the same seed."""

import numpy as np
import pytest

from striate.data import ArrayPictures, Dataset
from striate.deciding.stage_advice import sample_rows
from striate.errors import UsageError


def labelled(counts):
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    pictures = ArrayPictures(np.zeros((len(labels), 4, 4), np.uint8), [f"p/{i}" for i in range(len(labels))])
    return Dataset("p", "p", tuple(map(str, range(len(counts)))), pictures, labels, np.ones(len(labels), np.uint8))


def test_the_sample_is_stratified_and_seeded():
    data = labelled([600, 300, 90, 9, 1])
    rows = sample_rows(data, most=100, seed=0)
    assert (np.diff(rows) > 0).all()
    assert np.bincount(data.labels[rows]).tolist() == [60, 30, 9, 2, 1]
    assert (rows == sample_rows(data, most=100, seed=0)).all()
    assert (rows != sample_rows(data, most=100, seed=1)).any()
    assert (sample_rows(data, most=1000, seed=0) == np.arange(1000)).all()
    with pytest.raises(UsageError, match="a sample needs 2 pictures at least, got 1"):
        sample_rows(data, most=1, seed=0)
