"""Heads that learn from subsets: how large these are, and what is held out."""

import numpy as np
import pytest

from striate.errors import DataError
from striate.transfer.subset_heads import DRAWS, stratified_order, subset_sizes, wrong_of_held_out
from striate.watching import Watcher


def test_sizes():
    assert subset_sizes(1_500, 10) == (187, 265, 375, 530, 750, 1_061, 1_500)
    assert subset_sizes(90, 10) == (45, 64, 90)
    with pytest.raises(DataError, match="of 10 classes needs about 107 training pictures at least; there are 93"):
        subset_sizes(70, 10)


def test_each_beginning_has_of_each_class_its_share():
    labels = np.array([0] * 300 + [1] * 100)
    order = stratified_order(labels, np.random.default_rng(0))
    assert sorted(order) == list(range(400))
    for size in (20, 100, 333):
        assert abs((labels[order[:size]] == 1).sum() - size / 4) <= 1


def test_what_was_learnt_from_is_not_answered_and_more_is_better():
    generator = np.random.default_rng(0)
    labels = np.arange(400) % 4
    features = generator.normal(size=(400, 30)).astype(np.float32) + 1.2 * np.eye(30, dtype=np.float32)[labels]
    wrong = wrong_of_held_out(features, labels, (30, 75, 150, 300), each=False, seed=0, watcher=Watcher())
    assert wrong.shape == (DRAWS, 4, 400)
    assert (~np.isnan(wrong)).sum(axis=2).tolist() == [[100] * 4] * DRAWS
    assert (np.isnan(wrong) == np.isnan(wrong[:, :1])).all()  # the same pictures, whatever the size
    errors = np.nanmean(wrong, axis=(0, 2))
    assert errors[-1] < errors[0] - 0.05
    again = wrong_of_held_out(features, labels, (30, 75, 150, 300), each=False, seed=0, watcher=Watcher())
    np.testing.assert_array_equal(wrong, again)


def test_features_that_tell_nothing_are_answered_by_chance():
    labels = np.arange(120) % 3
    wrong = wrong_of_held_out(np.zeros((120, 200), np.float32), labels, (30, 90), each=False, seed=0, watcher=Watcher())
    assert np.nanmean(wrong) == pytest.approx(2 / 3, abs=0.1)
