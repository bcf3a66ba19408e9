"""Which of two classifiers of several labels is better: by hand, against scikit-learn, and how often chance parts equal ones."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import average_precision_score, log_loss

from striate.errors import UnknownNameError, UsageError
from striate.evaluation import compare_answers, selection_score
from striate.evaluation.label_selection import LABEL_METRICS
from striate.evaluation.selection_metrics import METRIC_NAMES, check_metric_name, check_metric_of


def drawn(seed, *, count=200, labels=5, better=0.0):
    """Answers of two classifiers, of which the first knows more by `better`, and the truth."""
    generator = np.random.default_rng(seed)
    targets = generator.random((count, labels)) < np.linspace(0.1, 0.5, labels)
    levels = [1.5 * targets - 1 + generator.normal(size=targets.shape) for _ in range(2)]
    levels[0] = levels[0] + better * targets
    return *(1 / (1 + np.exp(-level)) for level in levels), targets


def test_scores_are_scikit_learns():
    one, _, targets = drawn(0)
    assert selection_score("mean_average_precision", one, targets) == pytest.approx(
        average_precision_score(targets, one, average="macro")
    )
    assert selection_score("log_loss", one, targets) == pytest.approx(
        -sum(log_loss(there, chance) for there, chance in zip(targets.T, one.T, strict=True))
    )
    assert selection_score("accuracy", one, targets) == ((one >= 0.5) == targets).all(axis=1).mean()


def test_a_label_that_no_picture_has_counts_for_nothing():
    one, other, targets = drawn(0)
    targets[:, 0] = False
    expected = average_precision_score(targets[:, 1:], one[:, 1:], average="macro")
    assert selection_score("mean_average_precision", one, targets) == pytest.approx(expected)
    without = [answers[:, 1:] for answers in (one, other, targets)]
    found, same = (compare_answers("mean_average_precision", *rows) for rows in ((one, other, targets), without))
    assert (found.gain, found.p_value) == pytest.approx((same.gain, same.p_value))
    assert selection_score("mean_average_precision", one, np.zeros_like(targets)) == 0


@pytest.mark.parametrize("metric", LABEL_METRICS)
def test_the_better_is_told_and_the_sides_are_alike(metric):
    one, other, targets = drawn(1, better=2.0)
    found, turned = compare_answers(metric, one, other, targets), compare_answers(metric, other, one, targets)
    assert found.verdict == "better" and turned.verdict == "worse"
    assert found.gain == pytest.approx(-turned.gain) and found.interval[0] < found.gain < found.interval[1]
    assert (found.wins, found.losses) == (turned.losses, turned.wins)
    assert found.gain == pytest.approx(selection_score(metric, one, targets) - selection_score(metric, other, targets))
    assert compare_answers(metric, one, other, targets) == found  # seeded
    itself = compare_answers(metric, one, one, targets)
    assert (itself.gain, itself.p_value, itself.verdict) == (0, 1.0, "not distinguishable")


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["mean_average_precision", "log_loss"])
@pytest.mark.parametrize(("below", "count"), [(0.32, 300), (0.05, 300)])
def test_equally_good_ones_are_parted_as_often_as_is_said(metric, below, count):
    parted = sum(compare_answers(metric, *drawn(seed, count=150)).p_value < below for seed in range(count))
    low, high = binomtest(parted, count).proportion_ci(0.999)
    assert low <= below <= high + 0.02


def test_metrics_of_the_other_kind_are_refused():
    one, other, targets = drawn(0)
    with pytest.raises(
        UsageError, match="balanced accuracy is of pictures of one class, and these have several labels"
    ):
        compare_answers("balanced_accuracy", one, other, targets)
    with pytest.raises(UsageError, match="take one of accuracy, balanced_accuracy, f1_macro, log_loss"):
        check_metric_of("mean_average_precision", several=False)
    with pytest.raises(UnknownNameError, match="mean_average_precision"):
        check_metric_name("mean_average_precisoin")
    assert set(LABEL_METRICS) <= set(METRIC_NAMES)
    with pytest.raises(UsageError, match="targets of the same shape"):
        compare_answers("log_loss", one, other[:, :4], targets)
