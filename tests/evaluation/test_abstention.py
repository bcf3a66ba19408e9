"""Which answers are kept back: curves by hand, promises by simulation over validation sets."""

import numpy as np
import pytest
from scipy.stats import beta

from striate.errors import UsageError
from striate.evaluation.abstention import (
    fewest_pictures,
    risk_coverage,
    threshold_for_coverage,
    threshold_for_error,
)


def test_the_curve_by_hand():
    curve = risk_coverage(np.array([0.5, 0.9, 0.7, 0.8]), np.array([False, True, False, True]))
    assert curve.coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve.risk.tolist() == [0.0, 0.0, 1 / 3, 0.5]
    assert curve.threshold.tolist() == [0.9, 0.8, 0.7, 0.5]
    assert curve.area == pytest.approx((0 + 0 + 1 / 3 + 1 / 2) / 4)


def test_equal_confidences_are_answered_together():
    curve = risk_coverage(np.full(4, 0.5), np.array([True, False, True, True]))
    assert (curve.coverage.tolist(), curve.risk.tolist(), curve.area) == ([1.0], [0.25], 0.25)


def test_the_fewest_pictures_are_those_of_the_binomial_tail():
    for target in (0.001, 0.01, 0.05, 0.2):
        count = fewest_pictures(target)
        assert (1 - target) ** count <= 0.05 < (1 - target) ** (count - 1)
        sure = np.linspace(0, 1, count)
        assert threshold_for_error(sure, np.ones(count, bool), target).answered == count
        assert threshold_for_error(sure[1:], np.ones(count - 1, bool), target) is None
        assert threshold_for_coverage(sure, np.ones(count, bool), 1 - target).answered == count
        assert threshold_for_coverage(sure[1:], np.ones(count - 1, bool), 1 - target) is None


def test_where_the_surest_are_wrong_nothing_is_promised():
    sure = np.linspace(0, 1, 500)
    assert threshold_for_error(sure, sure < 0.5, 0.05) is None


def test_one_odd_mistake_among_the_surest_does_not_end_it():
    right = np.ones(2_000, bool)
    right[3] = False
    found = threshold_for_error(np.linspace(1, 0, 2_000), right, 0.05)
    assert (found.answered, found.wrong) == (2_000, 1)


@pytest.mark.parametrize(
    ("count", "target"),
    [
        (200, 0.1),
        (600, 0.01),
        pytest.param(600, 0.05, marks=pytest.mark.slow),
        pytest.param(2_000, 0.02, marks=pytest.mark.slow),
    ],
)
def test_the_promised_error_is_broken_in_at_most_a_twentieth(count, target):
    # A picture of confidence u is wrong with probability (1 - u)^8, so that the error above a threshold t is (1 - t)^8 / 9.
    generator = np.random.default_rng(count)
    broken = answered = 0
    for _ in range(1_000):
        sure = generator.random(count)
        found = threshold_for_error(sure, generator.random(count) >= (1 - sure) ** 8, target)
        broken += found is not None and (1 - found.threshold) ** 8 / 9 > target
        answered += found is not None and found.answered
    assert broken <= 50 + 3 * np.sqrt(1_000 * 0.05 * 0.95)
    best = min(1.0, (9 * target) ** (1 / 8))
    if count * target >= 12:  # enough pictures for much of what could be answered by who knows the truth
        assert answered / (1_000 * count) > 0.8 * best


@pytest.mark.parametrize(("count", "coverage"), [(30, 0.9), (600, 0.9), (600, 0.99), (2_000, 0.5)])
def test_the_promised_coverage_is_broken_as_often_as_the_beta_distribution_says(count, coverage):
    generator = np.random.default_rng(count)
    shares = []
    for _ in range(2_000):
        found = threshold_for_coverage(generator.random(count), np.ones(count, bool), coverage)
        shares.append(1 - found.threshold)
    rank = found.answered
    expected = beta.cdf(coverage, rank, count - rank + 1)
    assert expected <= 0.05 < (beta.cdf(coverage, rank - 1, count - rank + 2) if rank > 1 else 1)
    assert np.mean(np.array(shares) < coverage) == pytest.approx(expected, abs=4 * np.sqrt(0.05 * 0.95 / 2_000))


@pytest.mark.parametrize("value", [0, 1, -0.1, 1.5])
def test_what_is_no_share_is_refused(value):
    sure, right = np.linspace(0, 1, 50), np.ones(50, bool)
    with pytest.raises(UsageError, match="the target must lie between 0 and 1"):
        threshold_for_error(sure, right, value)
    with pytest.raises(UsageError, match="the coverage must lie between 0 and 1"):
        threshold_for_coverage(sure, right, value)


@pytest.mark.parametrize(
    ("sure", "right", "said"),
    [
        (np.ones(3), np.ones(2, bool), "expected"),
        (np.ones(3), np.ones(3), "truth values"),
        (np.array([]), np.array([], bool), "a picture at least"),
        (np.array([0.5, np.nan]), np.ones(2, bool), "finite"),
    ],
)
def test_what_are_no_answers_is_refused(sure, right, said):
    with pytest.raises(UsageError, match=said):
        risk_coverage(sure, right)
