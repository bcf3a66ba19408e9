import json
import shutil

import numpy as np
import pytest

import striate
from striate.errors import DataError, UsageError


@pytest.fixture(scope="module")
def blinder(drawn, tmp_path_factory):
    """A run that learnt the two classes the wrong way round, of pictures of its own."""
    folder = drawn(tmp_path_factory.mktemp("data") / "swapped", ("across", "bands"), 6, seed=5)
    (folder / "across").rename(folder / "other")
    (folder / "bands").rename(folder / "across")
    (folder / "other").rename(folder / "bands")
    return striate.train(folder, output=tmp_path_factory.mktemp("runs") / "blinder", model="linear")


@pytest.fixture(scope="module")
def found(finished_run, blinder):
    return striate.compare_runs(finished_run, blinder, split="val")


def test_counts_are_those_of_the_two_evaluations(found, finished_run, blinder, striped):
    first, whole = striate.evaluate(finished_run, striped, split="val"), striate.evaluate(blinder, striped)
    same = [whole.keys.index(key) for key in first.keys]
    right = [
        first.probabilities.argmax(axis=1) == first.labels,
        (whole.probabilities.argmax(axis=1) == whole.labels)[same],
    ]
    assert found.compared.both_right == np.sum(right[0] & right[1])
    assert found.compared.only_candidate == np.sum(right[0] & ~right[1]) == len(found.gained)
    assert found.compared.only_reference == np.sum(~right[0] & right[1]) == len(found.lost)
    assert found.split == "val" and found.names == (finished_run.folder.name, "blinder")
    assert [(name, count) for name, count, *_ in found.by_class] == [("across", 3), ("bands", 3)]
    assert sum(row[2] for row in found.by_class) == right[0].sum()


def test_the_data_is_the_first_runs_own(found, striped):
    assert found.data == str(striped)


def test_what_it_says(found):
    figures = json.loads(json.dumps(found.to_dict()))
    assert figures["verdict"] == found.verdict and figures["compared"]["pictures"] == 6
    text = found.to_text(width=70)
    assert "right alone" in text and "points (95 % interval" in text
    assert found._repr_html_().startswith("<div")


def test_a_classifier_beside_itself_is_not_distinguishable(finished_run, striped):
    same = striate.compare_runs(finished_run, finished_run, striped, split="val")
    assert same.verdict == "not distinguishable" and same.compared.difference == 0
    assert same.names[0] == str(finished_run.folder.resolve())  # two of one name are told apart by their paths
    with pytest.raises(UsageError, match="the same pictures right; there is nothing to show"):
        same.sheet()


def test_the_sheet_shows_the_pictures_that_flip(found):
    assert len(found.gained) == 6 and not found.lost and found.verdict == "better"  # p = 2 / 2^6
    sheet = found.sheet()
    assert sheet.dtype == np.uint8 and sheet.shape[2] == 3 and sheet.shape[0] > 200


def test_pictures_that_one_of_them_was_trained_on_are_left_out(finished_run, blinder, striped):
    assert striate.evaluate(blinder, striped).scores.count == 60  # it knows none of them
    assert striate.compare_runs(blinder, finished_run, striped).compared.count == 12  # the other learnt from 48


def test_wrong_requests(finished_run, tmp_path):
    bundle = shutil.copytree(finished_run.folder / "bundle", tmp_path / "alone")
    with pytest.raises(UsageError, match="alone is a bundle, which does not say where its pictures are; name the data"):
        striate.compare_runs(bundle, finished_run)
    with pytest.raises(DataError, match="the classifiers were trained on all 48 pictures"):
        striate.compare_runs(finished_run, finished_run, split="train")
