"""The judge: its sample is of each class its share, the same for the same seed, and drawn once; its score is of real features."""

import copy

import numpy as np
import pytest
import torch

import striate.deciding.judge as room
from striate.data import ArrayPictures, Dataset
from striate.data.preparation import prepare_data
from striate.deciding.judge import SampleJudge, sample_rows
from striate.errors import UsageError
from striate.models import create_model
from striate.pixels import Preprocessing
from striate.training import Recipe
from striate.watching import Watcher


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


@pytest.mark.parametrize(("counts", "able"), [((2, 2), True), ((5, 1, 1), False), ((1, 1, 1), False), ((9,), False)])
def test_two_classes_of_two_pictures_can_be_judged(counts, able):
    assert SampleJudge(labelled(counts), seed=0, watcher=Watcher()).able is able


def rule(side):
    size = (side, side)
    return Preprocessing(
        colour="rgb", resize="shorter_side", resize_size=size, crop=size, mean=(0.5,) * 3, std=(0.5,) * 3
    )


def judge_of(striped):
    return SampleJudge(prepare_data(striped, seed=0, root=None, watcher=Watcher()), seed=0, watcher=Watcher())


def test_pictures_are_prepared_once_for_each_input(striped, monkeypatch):
    judge, opened = judge_of(striped), []
    original = room.open_store
    monkeypatch.setattr(room, "kept_store", lambda *_: None)
    monkeypatch.setattr(room, "open_store", lambda *a, **k: opened.append(a[1]) or original(*a, **k))
    small, large = judge.examples(rule(32), most=20), judge.examples(rule(64), most=20)
    assert [examples.pixels(np.arange(2)).shape for examples in (small, large)] == [(2, 32, 32, 3), (2, 64, 64, 3)]
    assert judge.examples(rule(32), most=20) is small and opened == [rule(32), rule(64)]
    assert len(judge.examples(rule(32), most=600).labels) == 48


def test_a_sample_of_pictures_that_are_kept_is_not_prepared_anew(striped, monkeypatch):
    judge = judge_of(striped)
    plain = judge.examples(rule(32), most=20)
    room.open_store(judge._dataset, rule(32))
    monkeypatch.setattr(room, "open_store", lambda *_, **__: pytest.fail("was prepared"))
    again = judge_of(striped).examples(rule(32), most=20)
    assert (again.pixels(np.arange(20)) == plain.pixels(np.arange(20))).all()
    assert (again.labels == plain.labels).all() and again.digest == plain.digest


def test_the_score_is_that_of_the_vector_before_the_head(striped, monkeypatch):
    """Of real features; the network is left as it is."""
    network = create_model("resnet20", num_classes=2, seed=0)
    before = copy.deepcopy(network.state_dict())
    seen = {}
    honest = room.score_stages

    def look(features, labels, **settings):
        seen.update(features)
        return honest(features, labels, **settings)

    monkeypatch.setattr(room, "score_stages", look)
    monkeypatch.setattr(room, "FEWER_PICTURES", 20)
    score = judge_of(striped).score(network, rule(32), Recipe())
    assert seen.keys() == {"features"} and seen["features"].shape == (20, network.feature_width)
    assert (score.stage, score.width, score.pictures) == ("features", network.feature_width, 20)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
