"""LogME is the maximum of the evidence, which another formula maximised by scipy has too; its limits and invariances."""

import dataclasses

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

from striate.errors import UsageError
from striate.transfer import StageScore, linear_accuracy, logme, score_stages


def clusters(count, width, classes, *, distance, seed=0):
    """Features around one random centre a class, and their labels."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    centres = generator.normal(size=(classes, width)) * distance
    return centres[labels] + generator.normal(size=(count, width)) + 0.3, labels


def evidence_by_scipy(features, labels):
    """The labels are normally distributed with covariance I / beta + FFᵀ / alpha: no posterior, no iteration."""
    best = []
    for label in np.unique(labels):
        target = (labels == label).astype(float)

        def loss(logs, target=target):
            covariance = np.eye(len(features)) / np.exp(logs[1]) + features @ features.T / np.exp(logs[0])
            return -multivariate_normal(cov=covariance).logpdf(target) / len(features)

        best.append(-minimize(loss, [1.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10}).fun)
    return np.mean(best)


@pytest.mark.parametrize(
    ("count", "width", "classes", "distance"), [(40, 5, 2, 1.0), (30, 30, 3, 0.5), (24, 60, 3, 0.4), (60, 3, 4, 0.1)]
)
def test_it_is_the_maximum_of_the_evidence(count, width, classes, distance):
    features, labels = clusters(count, width, classes, distance=distance)
    # Where many features hit every label the maximum is at infinite beta, which the iteration approaches slowly.
    tolerance = 1e-6 if count > width else 1e-5
    assert logme(features, labels) == pytest.approx(evidence_by_scipy(features, labels), abs=tolerance)


def test_by_hand():
    """One feature, the label itself: the weight is 1, nothing is left, and only the floor of the noise keeps it finite."""
    labels = np.array([0, 1] * 8)
    known = np.stack([labels, 1 - labels], axis=1).astype(float)
    blind = np.zeros((16, 3))
    # Without features the labels are noise around 0 with variance 1/2: n/2 log(1 / (2 pi 1/2)) - n/2, by n.
    assert logme(blind, labels) == pytest.approx(-np.log(np.pi) / 2 - 0.5, abs=1e-12)
    assert logme(known, labels) > 5
    # A constant feature is an intercept: noise of variance 1/4, less a little for having to find the mean.
    assert -np.log(np.pi / 2) / 2 - 0.5 - 0.2 < logme(np.ones((16, 1)), labels) < -np.log(np.pi / 2) / 2 - 0.5


def test_separable_beats_random_labels():
    features, labels = clusters(300, 40, 3, distance=1.0)
    shuffled = np.random.default_rng(1).permutation(labels)
    assert logme(features, labels) > logme(features, shuffled) + 0.5
    # Random labels are no better than no features but for their mean, and many features do not change that.
    many = np.random.default_rng(2).normal(size=(300, 400)) + 0.3
    intercept = logme(np.ones((300, 1)), shuffled)
    assert logme(many, shuffled) < intercept + 0.02
    assert logme(features, shuffled) < intercept + 0.02


def test_invariances():
    features, labels = clusters(50, 8, 3, distance=0.7)
    score = logme(features, labels)
    rotation = np.linalg.qr(np.random.default_rng(3).normal(size=(8, 8)))[0]
    order = np.random.default_rng(4).permutation(50)
    assert logme(features * 1e4, labels) == pytest.approx(score, abs=1e-7)
    assert logme(features * 1e-6, labels) == pytest.approx(score, abs=1e-7)
    assert logme(features @ rotation, labels) == pytest.approx(score, abs=1e-7)
    assert logme(features[order], labels[order]) == pytest.approx(score, abs=1e-7)
    assert logme(features, 7 - 2 * labels) == pytest.approx(score, abs=1e-12)
    assert logme(features.astype(np.float32), labels) == pytest.approx(score, abs=1e-6)


def test_the_two_gram_matrices_agree():
    """A feature of zeros tips the choice between them, and changes nothing: its weight's prior is its posterior."""
    features, labels = clusters(30, 29, 3, distance=0.5)
    padded = np.concatenate([features, np.zeros((30, 3))], axis=1)
    assert logme(padded, labels) == pytest.approx(logme(features, labels), abs=1e-7)


def test_accuracy_of_a_head():
    features, labels = clusters(90, 20, 3, distance=3.0)
    assert linear_accuracy(features, labels) == 1.0
    shuffled = np.random.default_rng(0).permutation(labels)
    assert 0.15 < linear_accuracy(features, shuffled) < 0.5
    assert linear_accuracy(features * 1e-3 + 5, labels) == 1.0
    assert linear_accuracy(features, shuffled, seed=1) == linear_accuracy(features, shuffled, seed=1)


def test_classes_with_few_pictures():
    features, labels = clusters(40, 5, 2, distance=4.0)
    lone = np.concatenate([labels, [9]])
    assert linear_accuracy(np.concatenate([features, features[:1]]), lone) == 1.0
    two = np.concatenate([labels, [9, 9]])
    assert linear_accuracy(np.concatenate([features, features[:2] + 50]), two) == 1.0
    with pytest.raises(UsageError, match="needs two classes of at least two pictures each; add pictures"):
        linear_accuracy(features[:3], np.array([0, 0, 1]))


def test_what_cannot_be_scored():
    features, labels = clusters(12, 4, 2, distance=1.0)
    broken = features.copy()
    broken[3, 2] = np.nan
    for measure in (logme, linear_accuracy):
        with pytest.raises(UsageError, match=r"labels \(pictures,\), got \(12, 4\) and \(11,\)"):
            measure(features, labels[:11])
        with pytest.raises(UsageError, match="the features hold NaN or infinity"):
            measure(broken, labels)
        with pytest.raises(UsageError, match="pictures of at least two classes, got 1"):
            measure(features, np.zeros(12, int))


def test_stages_are_scored_in_order_and_equal_ones_once():
    features, labels = clusters(60, 6, 2, distance=1.0)
    stages = {"early": np.random.default_rng(0).normal(size=(60, 3)), "late": features, "features": features.copy()}
    scores = score_stages(stages, labels)
    assert [score.stage for score in scores] == ["early", "late", "features"]
    assert scores[1] == StageScore("late", 6, logme(features, labels), linear_accuracy(features, labels), 60)
    assert dataclasses.replace(scores[2], stage="late") == scores[1]
    assert scores[0].accuracy < scores[1].accuracy and scores[0].logme < scores[1].logme
