"""Conformal sets: by hand, and their coverage against the exact Beta-binomial distribution."""

import numpy as np
import pytest
from scipy.stats import betabinom

from striate.errors import UsageError
from striate.evaluation.conformal import (
    conformal_rank,
    conformal_sets,
    conformal_thresholds,
    fewest_for_coverage,
    least_probability,
)


def drawn_answers(generator, count, classes=6):
    """Probabilities and labels of a classifier that is about 85 % right and too sure of itself."""
    labels = generator.integers(0, classes, count)
    logits = generator.normal(0, 1.5, (count, classes))
    logits[np.arange(count), labels] += 3.0
    powers = np.exp(1.5 * logits)
    return powers / powers.sum(axis=1, keepdims=True), labels


def test_by_hand():
    of_true = np.array([0.9, 0.2, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.95])  # 9 pictures: rank 9 of 9 at 90 %
    assert (conformal_rank(9, 0.9), least_probability(of_true, 0.9)) == (9, 0.2)
    assert (conformal_rank(9, 0.5), least_probability(of_true, 0.5)) == (5, 0.6)
    assert least_probability(of_true[:8], 0.9) is None


@pytest.mark.parametrize(("coverage", "expected"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_the_fewest_pictures(coverage, expected):
    assert fewest_for_coverage(coverage) == expected
    assert conformal_rank(expected, coverage) <= expected
    assert expected == 1 or conformal_rank(expected - 1, coverage) > expected - 1


def test_a_set_may_be_empty_or_have_every_class():
    probabilities = np.array([[0.4, 0.35, 0.25], [1.0, 0.0, 0.0]])
    assert conformal_sets(probabilities, np.full(3, 0.5)).tolist() == [[False] * 3, [True, False, False]]
    assert conformal_sets(probabilities, np.zeros(3)).all()


@pytest.mark.parametrize("coverage", [0.9, 0.95])
def test_coverage_is_that_of_the_beta_binomial_distribution(coverage):
    count, fresh = 500, 1_000
    rank = conformal_rank(count, coverage)
    exact = betabinom(fresh, rank, count + 1 - rank)
    low, high = exact.ppf(0.005), exact.ppf(0.995)
    generator = np.random.default_rng(7)
    covered = []
    for _ in range(200):
        probabilities, labels = drawn_answers(generator, count + fresh)
        thresholds = conformal_thresholds(probabilities[:count], labels[:count], coverage)
        sets = conformal_sets(probabilities[count:], thresholds)
        covered.append(int(sets[np.arange(fresh), labels[count:]].sum()))
    assert np.mean([low <= found <= high for found in covered[:100]]) >= 0.95
    error = 3 * exact.std() / fresh / np.sqrt(200)
    assert coverage - error <= np.mean(covered) / fresh <= coverage + 1 / (count + 1) + error


def test_by_class_each_class_is_covered():
    generator = np.random.default_rng(3)
    count, fresh, coverage = 1_200, 6_000, 0.9
    plain, by_class = np.zeros(6), np.zeros(6)
    for _ in range(20):
        probabilities, labels = drawn_answers(generator, count + fresh)
        missed = (labels == 0) & (generator.random(count + fresh) < 0.3)  # of one class, more are taken for others
        probabilities[missed] = np.roll(probabilities[missed], 1, axis=1)
        for found, apart in ((plain, False), (by_class, True)):
            thresholds = conformal_thresholds(probabilities[:count], labels[:count], coverage, by_class=apart)
            inside = conformal_sets(probabilities[count:], thresholds)[np.arange(fresh), labels[count:]]
            found += [inside[labels[count:] == place].mean() / 20 for place in range(6)]
    assert plain.min() < 0.87  # what all the pictures together promise, the worst class does not get
    assert np.all(np.abs(by_class - coverage) < 0.015)


def test_by_class_needs_enough_of_each():
    probabilities, labels = np.full((30, 2), 0.5), np.array([0] * 25 + [1] * 5)
    assert conformal_thresholds(probabilities, labels, 0.9).tolist() == [0.5, 0.5]
    assert conformal_thresholds(probabilities, labels, 0.9, by_class=True) is None


@pytest.mark.parametrize("coverage", [0, 1, 2])
def test_what_is_no_coverage_is_refused(coverage):
    with pytest.raises(UsageError, match="a coverage between 0 and 1"):
        conformal_rank(10, coverage)
