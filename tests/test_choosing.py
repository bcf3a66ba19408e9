"""Which of many are taken: by hand, and what holds for any number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.choosing import by_share, evenly, in_turn


@given(st.integers(0, 3000), st.integers(1, 3000))
def test_even_places_are_in_order_without_repeats_from_the_first_to_the_last(count, most):
    places = evenly(count, most)
    assert len(places) == min(count, most) and (np.diff(places) > 0).all()
    if count:
        assert places[0] == 0 and (places[-1] == count - 1 or most == 1)
        assert most < 2 or np.ptp(np.diff(places)) <= 1 if len(places) > 1 else True


@given(st.lists(st.integers(0, 4), max_size=60), st.integers(0, 60))
def test_no_stratum_comes_again_before_every_other_that_is_left(strata, most):
    strata = np.array(strata, dtype=np.int64)
    places = in_turn(strata, most)
    assert len(set(places.tolist())) == len(places) == min(most, len(strata))
    taken = np.bincount(strata[places], minlength=5)
    there = np.bincount(strata, minlength=5)
    most_taken = taken.max(initial=0)
    assert all(taken[k] >= min(there[k], most_taken - 1) for k in range(5))


def test_shares_are_kept_and_rare_strata_have_their_least():
    strata = np.array([0] * 960 + [1] * 39 + [2])
    places = by_share(strata, 100, seed=3, least=2)
    assert np.bincount(strata[places]).tolist() == [96, 4, 1]
    assert (np.diff(places) > 0).all()
    assert np.array_equal(places, by_share(strata, 100, seed=3, least=2))
    assert not np.array_equal(places, by_share(strata, 100, seed=4, least=2))


@pytest.mark.parametrize("most", [1, 5])
def test_one_of_one(most):
    assert evenly(1, most).tolist() == [0] and in_turn(np.array(["a"]), most).tolist() == [0]
