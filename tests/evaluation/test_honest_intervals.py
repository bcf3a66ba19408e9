"""What intervals and verdicts promise, summed over the binomial distribution: no simulation where none is needed."""

import numpy as np
import pytest
from scipy.stats import binom

from striate.evaluation import PairedComparison, wilson_interval

CELLS = [(count, share) for count in (50, 200, 1_000, 2_000) for share in (0.5, 0.9, 1 - 3 / count)]


def coverage(count, share):
    """How often the interval of k right of `count` holds the true share, exactly."""
    successes = np.arange(count + 1)
    low, high = np.array([wilson_interval(int(k), count) for k in successes]).T
    return float(binom.pmf(successes, count, share)[(low <= share) & (share <= high)].sum())


def test_the_interval_of_an_accuracy_holds_the_truth_as_often_as_it_says():
    found = [coverage(count, share) for count, share in CELLS]
    assert min(found) >= 0.93 and max(found) <= 0.98
    assert 0.945 <= np.mean(found) <= 0.96  # Jeffreys': 0.936


def test_an_accuracy_without_a_mistake_has_an_interval_too():
    low, high = wilson_interval(100, 100)
    assert 0.95 < low < 0.97 and high == 1


@pytest.mark.parametrize(("count", "differing"), [(100, 0.1), (600, 0.02), (600, 0.08), (2_000, 0.3)])
def test_classifiers_that_are_equally_good_are_seldom_told_apart(count, differing):
    generator = np.random.default_rng(count)
    apart = generator.binomial(count, differing, 10_000)
    pairs, times = np.unique(np.stack([generator.binomial(apart, 0.5), apart]), axis=1, return_counts=True)
    told = 0
    for (candidate, both), number in zip(pairs.T.tolist(), times.tolist(), strict=True):
        verdict = PairedComparison(count - both, candidate, both - candidate, 0).verdict
        told += number * (verdict != "not distinguishable")
    assert told <= 550
