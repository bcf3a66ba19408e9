import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from striate.augmentation import permutation, uniform


def test_a_draw_depends_on_seed_epoch_and_index_alone():
    together = uniform(3, 5, [9, 4, 7], 6)
    for row, index in enumerate([9, 4, 7]):
        assert np.array_equal(together[row], uniform(3, 5, [index], 6)[0])
        assert np.array_equal(together[row, :2], uniform(3, 5, [index], 2)[0])


def test_draws_differ_by_seed_epoch_index_and_place():
    values = [uniform(seed, epoch, range(50), 4).ravel() for seed in range(4) for epoch in range(4)]
    assert len(np.unique(np.concatenate(values))) == 4 * 4 * 50 * 4


def test_draws_are_uniform_and_uncorrelated():
    draws = uniform(0, 0, range(100_000), 3)
    assert draws.min() >= 0 and draws.max() < 1
    # Standard errors: 1/sqrt(12 n) of the mean, about 1/sqrt(n) of a correlation; five of them.
    assert np.abs(draws.mean(axis=0) - 0.5).max() < 5 / np.sqrt(12 * 100_000)
    assert np.abs(draws.std(axis=0) - 12**-0.5).max() < 0.002
    assert np.abs(np.corrcoef(draws.T) - np.eye(3)).max() < 5 / np.sqrt(100_000)
    counts = np.histogram(draws[:, 0], bins=100, range=(0, 1))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 160  # chi-square with 99 degrees of freedom


def test_known_values_so_that_runs_repeat_across_versions():
    assert uniform(0, 0, [0, 1], 2).round(12).tolist() == EXPECTED
    assert permutation(0, 0, 8).tolist() == EXPECTED_ORDER


EXPECTED = [[0.1296456183, 0.165268963956], [0.851302620129, 0.134532120859]]
EXPECTED_ORDER = [7, 0, 4, 1, 3, 6, 5, 2]


@given(st.integers(0, 2**63 - 1), st.integers(0, 1000), st.integers(0, 300))
def test_a_permutation_visits_everything_once(seed, epoch, length):
    order = permutation(seed, epoch, length)
    assert sorted(order.tolist()) == list(range(length))


def test_permutations_differ_by_epoch():
    assert permutation(0, 0, 100).tolist() != permutation(0, 1, 100).tolist()
