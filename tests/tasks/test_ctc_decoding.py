"""Decoding, against all paths there are."""

import itertools
import math

import numpy as np
import pytest

from striate.errors import UsageError
from striate.tasks.ctc_decoding import collapsed, decode_by_prefixes, decode_greedily, places_needed


def log_probabilities(places, signs, seed):
    logits = np.random.default_rng(seed).normal(0, 2, (places, signs + 1))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def all_strings(table):
    """The probability of every string, summed over all paths."""
    found = {}
    for path in itertools.product(range(table.shape[1]), repeat=len(table)):
        said = [one for one, _ in itertools.groupby(path)]
        string = tuple(one - 1 for one in said if one)
        found[string] = found.get(string, 0.0) + math.exp(sum(table[place, one] for place, one in enumerate(path)))
    return found


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("places", "signs"), [(1, 1), (3, 1), (4, 2), (5, 2), (4, 3)])
def test_with_every_beginning_kept_it_is_exact(places, signs, seed):
    table = log_probabilities(places, signs, seed)
    expected = all_strings(table)
    found = decode_by_prefixes(table, width=10_000)
    assert {string for string, log in found if log > -np.inf} == set(expected)
    for string, log in found:
        if log > -np.inf:
            assert math.exp(log) == pytest.approx(expected[string], rel=1e-9)
    assert sum(expected.values()) == pytest.approx(1)
    assert found[0][0] == max(expected, key=expected.get)
    assert [log for _, log in found] == sorted((log for _, log in found), reverse=True)


def test_the_most_probable_string_need_not_be_that_of_the_most_probable_path():
    table = np.log([[0.6, 0.4], [0.6, 0.4]])  # blank blank: 0.36; sign in any of three ways: 0.64
    assert decode_greedily(table[None]) == [()]
    assert decode_by_prefixes(table, width=4)[0] == ((0,), pytest.approx(math.log(0.64)))


@pytest.mark.parametrize("seed", range(3))
def test_greedily_it_is_the_most_probable_path(seed):
    table = log_probabilities(5, 2, seed)
    paths = itertools.product(range(3), repeat=5)
    best = max(paths, key=lambda path: sum(table[place, one] for place, one in enumerate(path)))
    assert decode_greedily(table[None]) == [tuple(one - 1 for one, _ in itertools.groupby(best) if one)]


def test_a_beam_of_one_still_sums_the_paths_of_its_beginning():
    table = np.log([[0.1, 0.9], [0.5, 0.5]])
    assert decode_by_prefixes(table, width=1) == [((0,), pytest.approx(math.log(0.9)))]  # once, or held


@pytest.mark.parametrize(
    ("path", "string"),
    [([], ()), ([0, 0], ()), ([1, 1, 1], (0,)), ([1, 0, 1], (0, 0)), ([0, 2, 2, 0, 2, 1], (1, 1, 0))],
)
def test_paths_and_their_strings(path, string):
    assert collapsed(path) == string


@pytest.mark.parametrize("signs", [(), (0,), (0, 0), (0, 1, 1, 1), (2, 1, 2)])
def test_fewest_places(signs):
    paths = (path for count in range(7) for path in itertools.product(range(4), repeat=count))
    assert places_needed(signs) == min(len(path) for path in paths if collapsed(path) == signs)


def test_no_beam():
    with pytest.raises(UsageError, match="a beam keeps at least 1 beginning, got 0"):
        decode_by_prefixes(np.log([[0.5, 0.5]]), width=0)
