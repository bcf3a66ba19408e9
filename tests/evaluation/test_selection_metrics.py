"""Scores are those of `score`; the tests of the metrics without an exact one agree with scipy's, and keep their level."""

import numpy as np
import pytest
from scipy.stats import binomtest, permutation_test
from sklearn.metrics import balanced_accuracy_score, f1_score

from striate.errors import UnknownNameError, UsageError
from striate.evaluation import score
from striate.evaluation.metric_comparison import EXCHANGES
from striate.evaluation.selection_metrics import (
    SELECTION_METRICS,
    MetricComparison,
    compare_answers,
    selection_score,
)

SAMPLED = [name for name in SELECTION_METRICS if name != "accuracy"]


def answers(labels, accuracy, generator, *, classes):
    """Probabilities that are right on about such a share of the pictures, with a sureness of its own on each."""
    right = generator.random(len(labels)) < accuracy
    called = np.where(right, labels, (labels + generator.integers(1, classes, len(labels))) % classes)
    sureness = generator.uniform(0.55, 0.99, len(labels))
    probabilities = np.repeat(((1 - sureness) / (classes - 1))[:, None], classes, axis=1)
    probabilities[np.arange(len(labels)), called] = sureness
    return probabilities


@pytest.mark.parametrize("metric", SELECTION_METRICS)
def test_the_score_is_the_figure_of_that_name(metric):
    generator = np.random.default_rng(0)
    labels = generator.choice([0, 1, 3], 80, p=[0.8, 0.15, 0.05])  # no picture of class 2
    probabilities = answers(labels, 0.7, generator, classes=4)
    figure = getattr(score(probabilities, labels, list("abcd")), metric)
    wanted = -figure if metric == "log_loss" else figure
    assert selection_score(metric, probabilities, labels) == pytest.approx(wanted, abs=1e-12)


def test_accuracy_has_the_exact_test():
    labels = np.array([0] * 10 + [1] * 10)
    reference = np.eye(2)[labels]
    reference[:9] = reference[:9, ::-1]
    candidate = np.eye(2)[labels]
    candidate[-1] = candidate[-1, ::-1]
    found = compare_answers("accuracy", candidate, reference, labels)
    assert (found.wins, found.losses, found.gain) == (9, 1, 0.4)
    assert found.p_value == pytest.approx(binomtest(9, 10).pvalue)
    assert found.verdict == "better" and compare_answers("accuracy", reference, candidate, labels).verdict == "worse"


def test_exchanges_of_balanced_accuracy_by_hand():
    """The candidate alone has three of the two pictures' class right: of 2 ** 3 exchanges, two part them as far."""
    labels = np.array([0] * 6 + [1] * 3)
    reference = np.eye(2)[np.zeros(9, int)]
    candidate = np.eye(2)[labels]
    found = compare_answers("balanced_accuracy", candidate, reference, labels)
    assert found.gain == pytest.approx(0.5)
    assert found.p_value == pytest.approx(0.25, abs=0.03)  # 2,000 draws: three standard deviations


@pytest.mark.parametrize("metric", SAMPLED)
def test_the_p_value_is_that_of_scipys_permutation_test(metric):
    generator = np.random.default_rng(1)
    labels = generator.choice(3, 60, p=[0.7, 0.2, 0.1])
    first, second = (answers(labels, accuracy, generator, classes=3) for accuracy in (0.8, 0.65))

    def difference(one, other, axis=-1):
        """scipy hands in the numbers of answers, exchanged between the two on each picture."""

        def of(rows):
            probabilities = np.where(rows[:, None] < 60, first, second)
            called = probabilities.argmax(axis=1)
            if metric == "log_loss":
                return np.log(probabilities[np.arange(60), labels]).mean()
            if metric == "balanced_accuracy":
                return balanced_accuracy_score(labels, called)
            return f1_score(labels, called, average="macro", zero_division=0)

        return of(one) - of(other)

    numbers = np.arange(60)
    wanted = permutation_test(
        (numbers, numbers + 60), difference, permutation_type="samples", n_resamples=399, vectorized=False, rng=0
    )
    found = compare_answers(metric, first, second, labels)
    assert found.gain == pytest.approx(wanted.statistic, abs=1e-6)
    spread = np.sqrt(wanted.pvalue * (1 - wanted.pvalue) * (1 / 400 + 1 / (EXCHANGES + 1)))
    assert abs(found.p_value - wanted.pvalue) < 4 * spread + 3e-3


@pytest.mark.parametrize("metric", SAMPLED)
def test_equally_good_classifiers_are_seldom_called_different_and_the_interval_covers(metric):
    generator = np.random.default_rng(2)
    different = covered = 0
    for round_ in range(40):
        labels = np.array([0] * 90 + [1] * 20)
        first, second = (answers(labels, 0.8, generator, classes=2) for _ in range(2))
        found = compare_answers(metric, first, second, labels, seed=round_)
        different += found.verdict != "not distinguishable"
        covered += found.interval[0] <= 0 <= found.interval[1]
    assert different <= 7  # 2 of 40 are due; more than 7 in one of 1,000 such tests
    assert covered >= 33


@pytest.mark.parametrize("metric", SAMPLED)
def test_a_clear_difference_is_found_with_an_interval_around_it(metric):
    generator = np.random.default_rng(3)
    labels = np.array([0] * 180 + [1] * 60)
    better, worse = (answers(labels, accuracy, generator, classes=2) for accuracy in (0.95, 0.75))
    found = compare_answers(metric, better, worse, labels)
    assert found.verdict == "better" and found.interval[0] < found.gain < found.interval[1] and found.interval[0] > 0
    turned = compare_answers(metric, worse, better, labels)
    assert turned.verdict == "worse" and turned.gain == pytest.approx(-found.gain)
    assert compare_answers(metric, better, worse, labels) == found  # the same draws


@pytest.mark.parametrize("metric", SAMPLED)
def test_equal_answers_are_not_told_apart(metric):
    labels = np.array([0, 1] * 10)
    same = answers(labels, 0.8, np.random.default_rng(0), classes=2)
    assert compare_answers(metric, same, same, labels) == MetricComparison(0.0, (0.0, 0.0), 1.0, 0, 0)


def test_what_cannot_be_compared_is_refused():
    labels = np.array([0, 1])
    with pytest.raises(UnknownNameError, match="unknown metric 'balanced'; did you mean 'balanced_accuracy'"):
        selection_score("balanced", np.eye(2), labels)
    with pytest.raises(UsageError, match=r"same pictures and classes; got \(2, 2\) and \(2, 3\)"):
        compare_answers("accuracy", np.eye(2), np.eye(3)[:2], labels)
