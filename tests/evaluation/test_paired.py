"""McNemar's exact test is scipy's, the interval is the published one and keeps its promise, the verdict is seldom wrong."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, multinomial

from striate.errors import UsageError
from striate.evaluation.paired import (
    SIGNIFICANCE,
    PairedComparison,
    compare_right,
    mcnemar_p_value,
    paired_interval,
    verdict_of,
)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 400), st.integers(0, 400))
def test_the_test_is_scipys(only_candidate, only_reference):
    total = only_candidate + only_reference
    wanted = binomtest(only_candidate, total).pvalue if total else 1.0
    assert mcnemar_p_value(only_candidate, only_reference) == pytest.approx(wanted, rel=1e-10)


def test_the_test_of_many_pictures_is_scipys():
    assert mcnemar_p_value(50_500, 49_500) == pytest.approx(binomtest(50_500, 100_000).pvalue, rel=1e-8)
    assert mcnemar_p_value(0, 100_000) == 0.0


@pytest.mark.parametrize(
    ("only_candidate", "only_reference", "count", "low", "high"),
    [
        # Fagerland, Lydersen and Laake 2014, airway hyper-responsiveness before and after transplantation (Bentur et al. 2009).
        (1, 7, 21, -0.517, -0.026),
        # Agresti and Min 2005.
        (16, 8, 86, -0.020, 0.207),
    ],
)
def test_the_interval_is_the_published_one(only_candidate, only_reference, count, low, high):
    assert paired_interval(only_candidate, only_reference, count) == pytest.approx((low, high), abs=5e-4)
    assert paired_interval(only_reference, only_candidate, count) == pytest.approx((-high, -low), abs=5e-4)


def test_the_interval_where_nothing_or_everything_differs():
    squared = 1.959963984540054**2
    nothing = squared / (100 + squared)  # by hand: with no picture that differs, z^2 = n d / (1 - d) at the limit
    assert paired_interval(0, 0, 100) == pytest.approx((-nothing, nothing), abs=1e-12)
    low, high = paired_interval(100, 0, 100)
    assert (low, high) == (pytest.approx(0.926013, abs=1e-6), 1.0)
    assert paired_interval(0, 100, 100) == (-1.0, pytest.approx(-0.926013, abs=1e-6))


@pytest.mark.parametrize(
    ("only_candidate", "only_reference"), [(0.2, 0.2), (0.1, 0.05), (0.3, 0.05), (0.05, 0.02), (0.02, 0.02), (0.5, 0.2)]
)
@pytest.mark.parametrize("count", [20, 60])
def test_the_interval_covers_the_truth_in_95_of_100_cases(count, only_candidate, only_reference):
    """Summed over every outcome there is, not drawn."""
    shares = [only_candidate, only_reference, 1 - only_candidate - only_reference]
    covered = 0.0
    for first in range(count + 1):
        for second in range(count + 1 - first):
            low, high = paired_interval(first, second, count)
            if low <= only_candidate - only_reference <= high:
                covered += multinomial.pmf([first, second, count - first - second], count, shares)
    # Where about no picture differs, an outcome more or less is a step of some percent, and it may cover more.
    assert 0.935 < covered < (0.98 if count * (only_candidate + only_reference) > 4 else 1)


@pytest.mark.parametrize("discordant", [0.02, 0.1, 0.3, 0.9])
@pytest.mark.parametrize("count", [30, 200])
def test_equally_good_classifiers_are_called_different_in_less_than_5_of_100_cases(count, discordant):
    """Summed over every outcome there is, not drawn."""
    wrong = 0.0
    for total in range(count + 1):
        of_total = math.comb(count, total) * discordant**total * (1 - discordant) ** (count - total)
        refused = sum(
            math.comb(total, first)
            for first in range(total + 1)
            if verdict_of(first - (total - first), mcnemar_p_value(first, total - first)) != "not distinguishable"
        )
        wrong += of_total * refused / 2**total
    assert wrong < SIGNIFICANCE


def test_a_comparison_by_hand():
    candidate = np.array([True] * 8 + [True] * 7 + [False] * 1 + [False] * 4)
    reference = np.array([True] * 8 + [False] * 7 + [True] * 1 + [False] * 4)
    found = compare_right(candidate, reference)
    assert found == PairedComparison(8, 7, 1, 4)
    assert found.to_dict() == {
        "pictures": 20,
        "both_right": 8,
        "only_candidate": 7,
        "only_reference": 1,
        "both_wrong": 4,
        "difference": 0.3,
        "interval": list(paired_interval(7, 1, 20)),
        "p_value": pytest.approx(2 * (1 + 8) / 2**8),  # 0.0703 as published for 7 and 1
        "verdict": "not distinguishable",
    }
    assert PairedComparison(8, 8, 1, 4).verdict == "better" and PairedComparison(8, 1, 8, 4).verdict == "worse"


def test_what_is_no_comparison_is_refused():
    with pytest.raises(UsageError, match=r"same pictures; got bool \(3,\) and bool \(2,\)"):
        compare_right(np.ones(3, bool), np.ones(2, bool))
    with pytest.raises(UsageError, match=r"got int64 \(2,\) and bool \(2,\)"):
        compare_right(np.ones(2, int), np.ones(2, bool))
    with pytest.raises(UsageError, match=r"one picture at least; got \(0, 0, 0, 0\)"):
        compare_right(np.ones(0, bool), np.ones(0, bool))
    with pytest.raises(UsageError, match=r"got \(1, -1, 0, 0\)"):
        PairedComparison(1, -1, 0, 0)
    with pytest.raises(UsageError, match="got 3 and 4 of 6"):
        paired_interval(3, 4, 6)
