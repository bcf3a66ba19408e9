"""Answers of heads to pictures that they were not fitted to: by hand what is kept and left out, and that nothing leaks."""

import numpy as np
import pytest

from striate.transfer.out_of_fold import answer_out_of_fold
from striate.transfer.regression import logistic_regression


def test_a_class_of_too_few_is_left_out_and_one_that_is_not_there_gets_nothing():
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    features = np.eye(4)[labels] + np.random.default_rng(0).normal(0, 0.01, (9, 4))
    rows, chances = answer_out_of_fold(features, labels, classes=4, each=True, balanced=False, seed=0)
    assert rows.tolist() == [0, 1, 2, 5, 6, 7, 8]
    assert chances.shape == (7, 4) and chances.dtype == np.float32
    assert chances.sum(axis=1) == pytest.approx(1) and not chances[:, [1, 3]].any()
    assert (chances.argmax(axis=1) == labels[rows]).all()
    rows, chances = answer_out_of_fold(features[:5], labels[:5], classes=4, each=True, balanced=False, seed=0)
    assert not len(rows) and chances.shape == (0, 4)


def test_what_cannot_be_learnt_is_right_by_chance_though_a_head_knows_it_by_heart():
    generator = np.random.default_rng(1)
    features, labels = generator.normal(size=(200, 400)), np.arange(200) % 2
    assert logistic_regression(1.0, None, iterations=200).fit(features, labels).score(features, labels) == 1.0
    _, chances = answer_out_of_fold(features, labels, classes=2, each=False, balanced=False, seed=0)
    assert 0.4 < (chances.argmax(axis=1) == labels).mean() < 0.6  # 200 throws of a coin


def test_balanced_finds_more_of_the_rare():
    generator = np.random.default_rng(2)
    labels = (np.arange(300) % 10 == 0).astype(int)
    features = generator.normal(size=(300, 3)) + labels[:, None]
    found = []
    for balanced in (False, True):
        _, chances = answer_out_of_fold(features, labels, classes=2, each=False, balanced=balanced, seed=0)
        found.append(int((chances.argmax(axis=1) == 1)[labels == 1].sum()))
    assert found[1] > found[0] + 5
