"""The curves of two classes are scikit-learn's, thresholds do what is said of them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from striate.errors import UsageError
from striate.evaluation.metrics import NORMAL_QUANTILE_975, wilson_interval
from striate.evaluation.two_classes import (
    AtThreshold,
    at_threshold,
    best_threshold,
    roc_area_interval,
    threshold_curves,
)


@st.composite
def answers(draw):
    """Probabilities, with many equal ones, and truth values of both classes."""
    count = draw(st.integers(2, 60))
    levels = draw(st.sampled_from([2, 5, 1000]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    truth = generator.random(count) < 0.3
    truth[0], truth[1] = True, False
    return generator.integers(0, levels, count) / levels, truth


@settings(max_examples=80, deadline=None)
@given(answers())
def test_curves_and_areas_are_scikit_learns(given_answers):
    values, truth = given_answers
    curves = threshold_curves(values, truth)
    false_alarms, recall, thresholds = metrics.roc_curve(truth, values, drop_intermediate=False)
    assert curves.recall == pytest.approx(recall[1:]) and curves.false_alarms == pytest.approx(false_alarms[1:])
    assert curves.thresholds == pytest.approx(thresholds[1:])
    assert curves.roc_area == pytest.approx(metrics.roc_auc_score(truth, values))
    assert curves.average_precision == pytest.approx(metrics.average_precision_score(truth, values))
    precision, recall, _ = metrics.precision_recall_curve(truth, values)
    assert curves.precision == pytest.approx(precision[:-1][::-1]) and curves.recall == pytest.approx(recall[:-1][::-1])
    assert (curves.positives, curves.negatives) == (truth.sum(), (~truth).sum())


@settings(max_examples=80, deadline=None)
@given(answers())
def test_no_threshold_is_better_than_the_best(given_answers):
    values, truth = given_answers
    best = at_threshold(values, truth, best_threshold(values, truth))
    others = [at_threshold(values, truth, value) for value in values]
    assert all(best.recall + best.specificity >= one.recall + one.specificity - 1e-9 for one in others)


def test_the_best_threshold_lies_between_and_near_a_half():
    truth = np.array([True, True, False, False])
    assert best_threshold(np.array([0.9, 0.8, 0.2, 0.1]), truth) == 0.5
    # 0.85 finds one of two without a false alarm; 0.15 finds both with one: equals, of which that nearer to a half is taken.
    assert best_threshold(np.array([0.9, 0.2, 0.6, 0.1]), truth) == pytest.approx(0.75)


def test_a_threshold_counts_in_pictures():
    point = at_threshold(np.array([0.9, 0.5, 0.4, 0.5, 0.1]), np.array([True, True, True, False, False]), 0.5)
    assert point == AtThreshold(0.5, found=2, missed=1, false_alarms=1, spared=1)
    assert (point.recall, point.specificity, point.precision) == (2 / 3, 0.5, 2 / 3)
    assert (point.recall_interval, point.specificity_interval) == (wilson_interval(2, 3), wilson_interval(1, 2))
    assert at_threshold(np.array([0.2, 0.1]), np.array([True, False]), 0.5).precision == 0


@pytest.mark.parametrize(("area", "positives", "negatives"), [(0.8, 30, 70), (0.5, 5, 5), (1.0, 20, 20), (0.0, 9, 3)])
def test_the_interval_of_an_area_ends_where_the_area_would_be_just_possible(area, positives, negatives):
    low, high = roc_area_interval(area, positives, negatives)
    assert 0 <= low <= area <= high <= 1 and high > low
    for end in (low, high):
        if 0 < end < 1:
            more = (positives + negatives) / 2 - 1
            variance = end * (1 - end) * (1 + more * (1 - end) / (2 - end) + more * end / (1 + end))
            assert abs(area - end) == pytest.approx(
                NORMAL_QUANTILE_975 * math.sqrt(variance / (positives * negatives)), rel=1e-6
            )


def test_the_interval_holds_what_is_true_about_as_often_as_it_says():
    """Scores of two normal distributions, a standard deviation apart: the area is 0.760."""
    generator, true, held = np.random.default_rng(0), 0.7602499, 0
    for _ in range(300):
        values = np.concatenate([generator.normal(1, 1, 40), generator.normal(0, 1, 60)])
        curves = threshold_curves(1 / (1 + np.exp(-values)), np.arange(100) < 40)
        held += curves.roc_area_interval[0] <= true <= curves.roc_area_interval[1]
    assert 0.92 <= held / 300 <= 0.98


@pytest.mark.parametrize(
    ("values", "truth", "message"),
    [
        ([0.1, 0.2], [True, True], "a threshold needs pictures of both classes; these are all of one"),
        ([0.1, 1.2], [True, False], "probabilities must be numbers within 0 and 1"),
        ([0.1, math.nan], [True, False], "probabilities must be numbers within 0 and 1"),
        ([0.1], [True, False], r"as many truth values; got \(1,\) and bool \(2,\)"),
        ([0.1, 0.2], [1, 0], r"got \(2,\) and int64 \(2,\)"),
    ],
)
def test_what_has_no_curves_is_refused(values, truth, message):
    for ask in (threshold_curves, best_threshold):
        with pytest.raises(UsageError, match=message):
            ask(np.array(values), np.array(truth))
