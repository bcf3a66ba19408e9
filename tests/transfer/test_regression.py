"""Regressions of one class or several labels: against scikit-learn, label by label."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from striate.transfer.regression import (
    USUAL,
    comparable_rows,
    cross_validate,
    fit_regression,
    label_chances,
    nats,
    stratified_folds,
    told_right,
)


@pytest.fixture(scope="module")
def drawn():
    """(120, 20) features and (120, 3) labels, of which the last is rare."""
    generator = np.random.default_rng(0)
    features = generator.normal(size=(120, 20)).astype(np.float32)
    levels = features @ generator.normal(size=(20, 3)) / 2 + generator.normal(size=(120, 3))
    return features, levels > np.array([0.0, 0.5, 2.5])


@pytest.mark.parametrize("balanced", [None, "balanced"])
@pytest.mark.parametrize("strength", [1e-3, 1.0])
def test_each_label_is_scikit_learns_own(drawn, strength, balanced):
    features, labels = drawn
    found = fit_regression(features, labels, strength, balanced, iterations=2000, tolerance=1e-7)
    for place, there in enumerate(labels.T):
        alone = LogisticRegression(C=strength, class_weight=balanced, max_iter=5000, tol=1e-9)
        alone.fit(features.astype(np.float64), there)
        np.testing.assert_allclose(found.weights[place], alone.coef_[0], atol=1e-3)
        np.testing.assert_allclose(found.biases[place], alone.intercept_[0], atol=1e-3)


def test_a_label_of_all_or_of_none_is_told_by_its_share(drawn):
    features, labels = drawn
    odd = np.concatenate([labels[:, :1], np.ones((120, 1), bool), np.zeros((120, 1), bool)], axis=1)
    found = fit_regression(features, odd, 0.1, None, iterations=100)
    assert not found.weights[1:].any()
    np.testing.assert_allclose(label_chances(found, features)[0, 1:], [120.5 / 121, 0.5 / 121])
    only = fit_regression(features, odd[:, 1:], 0.1, None, iterations=100)
    np.testing.assert_array_equal(only.biases, found.biases[1:])


def test_classes_are_told_by_their_own_numbers(drawn):
    features, _ = drawn
    classes = np.where(features[:, 0] > 0, 7, np.where(features[:, 1] > 0, 2, 5))
    found = fit_regression(features, classes, 1.0, None, iterations=500)
    model = LogisticRegression(C=1.0, max_iter=500, tol=1e-3).fit(features, classes)
    np.testing.assert_array_equal(told_right(found, features, classes), model.predict(features) == classes)
    two = np.where(features[:, 0] > 0, 7, 2)
    assert told_right(fit_regression(features, two, 1.0, None, iterations=500), features, two).mean() > 0.95


def test_answers_out_of_fold_are_those_of_heads_that_did_not_see_them(drawn):
    features, labels = drawn
    strength, rows, chances = cross_validate(features, labels, class_weight=None, seed=3, strengths=(0.1,))
    assert strength == 0.1 and rows.tolist() == list(range(120))
    expected = np.zeros((120, 3))
    for known, held in stratified_folds(labels, seed=3):
        assert not set(known) & set(held)
        for place in range(3):
            model = LogisticRegression(C=0.1, max_iter=5000, tol=1e-8).fit(features[known], labels[known, place])
            expected[held, place] = model.predict_proba(features[held])[:, 1]
    np.testing.assert_allclose(chances, expected, atol=0.01)
    assert nats(chances, labels).mean() == pytest.approx(
        -np.log(np.where(labels, chances, 1 - chances)).sum(axis=1).mean()
    )


def test_a_rare_label_is_in_every_fold():
    labels = np.zeros((90, 2), bool)
    labels[:30, 0], labels[:6, 1] = True, True
    assert [int(labels[held, 1].sum()) for _, held in stratified_folds(labels, seed=0)] == [2, 2, 2]
    labels[:, 1] = np.arange(90) == 4  # too few for folds: they share the place of others as few
    assert sum(len(held) for _, held in stratified_folds(labels, seed=0)) == 90


def test_labels_that_nobody_could_tell_leave_nothing_to_compare():
    labels = np.zeros((20, 2), bool)
    labels[:2, 0] = True
    assert not len(comparable_rows(labels))
    assert cross_validate(np.zeros((20, 3), np.float32), labels, class_weight=None, seed=0)[:2] == (
        USUAL,
        pytest.approx([]),
    )
    labels[2, 0] = True
    assert len(comparable_rows(labels)) == 20
