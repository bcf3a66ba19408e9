"""Alignment and rates, by hand and against a search over all ways."""

import functools
import itertools

import pytest

from striate.errors import UsageError
from striate.evaluation.string_errors import align, distance, score_strings


@functools.cache
def fewest(truth, read):
    """By the definition."""
    if not truth or not read:
        return len(truth) + len(read)
    kept = fewest(truth[1:], read[1:]) + (truth[0] != read[0])
    return min(kept, fewest(truth[1:], read) + 1, fewest(truth, read[1:]) + 1)


STRINGS = ["".join(signs) for length in range(5) for signs in itertools.product("ab", repeat=length)]


def test_every_pair_of_short_strings():
    for truth, read in itertools.product(STRINGS, STRINGS):
        pairs = align(truth, read)
        assert "".join(one or "" for one, _ in pairs) == truth
        assert "".join(other or "" for _, other in pairs) == read
        assert (None, None) not in pairs
        assert distance(truth, read) == fewest(truth, read)


def test_what_is_missing_or_too_much_comes_late():
    assert align("122", "12") == (("1", "1"), ("2", "2"), ("2", None))
    assert align("12", "122") == (("1", "1"), ("2", "2"), (None, "2"))
    assert align("1234", "134") == (("1", "1"), ("2", None), ("3", "3"), ("4", "4"))


def test_rates():
    scores = score_strings(["1203", "55", "7", ""], ["1303", "555", "", ""])
    assert (scores.count, scores.right, scores.signs) == (4, 1, 7)
    assert (scores.exchanged, scores.missing, scores.extra) == (1, 1, 1)
    assert scores.character_error_rate == 3 / 7
    assert scores.sequence_accuracy == 0.25
    low, high = scores.sequence_accuracy_interval
    assert (low, high) == (pytest.approx(0.0456, abs=1e-4), pytest.approx(0.6994, abs=1e-4))  # Wilson of 1 in 4
    assert scores.to_dict()["character_error_rate"] == 3 / 7


def test_more_errors_than_signs():
    assert score_strings(["1"], ["222"]).character_error_rate == 3.0
    assert score_strings([""], ["22"]).character_error_rate == 2.0


@pytest.mark.parametrize(("truths", "read"), [([], []), (["1"], []), (["1"], ["1", "2"])])
def test_what_cannot_be_scored(truths, read):
    with pytest.raises(UsageError, match="as many answers as right strings, at least one"):
        score_strings(truths, read)
