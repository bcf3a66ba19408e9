"""What follows from what was measured, by hand."""

import math

import numpy as np
import pytest

from striate.evaluation.metrics import wilson_interval
from striate.evaluation.paired import paired_interval
from striate.reproductions.experiment import Rule
from striate.reproductions.verdicts import Answers, Estimate, Ruling, estimate, rule_on, verdict_of, verdict_on_all


def rule(**values):
    return Rule(**{"says": "it is so", "measure": "error", "of": "a", **values})


def found(low, high):
    return Estimate((low + high) / 2, low, high, "seeds")


@pytest.mark.parametrize(
    ("ends", "interval", "verdict"),
    [
        ({"below": 0.0}, (-0.2, -0.1), "holds"),
        ({"below": 0.0}, (-0.2, 0.0), "not distinguishable"),  # the end itself is outside
        ({"below": 0.0}, (-0.2, 0.1), "not distinguishable"),
        ({"below": 0.0}, (0.0, 0.1), "does not hold"),
        ({"above": 0.1}, (0.11, 0.3), "holds"),
        ({"above": 0.1}, (0.1, 0.3), "not distinguishable"),
        ({"above": 0.1}, (0.0, 0.1), "does not hold"),
        ({"between": (-0.01, 0.01)}, (-0.01, 0.01), "holds"),
        ({"between": (-0.01, 0.01)}, (-0.02, 0.005), "not distinguishable"),
        ({"between": (-0.01, 0.01)}, (0.02, 0.03), "does not hold"),
        ({"between": (-0.01, 0.01)}, (-math.inf, math.inf), "not distinguishable"),
    ],
)
def test_the_whole_interval_lies_in_the_range_or_none_of_it(ends, interval, verdict):
    assert verdict_of(rule(**ends), found(*interval)) == verdict


def test_a_claim_holds_where_all_its_parts_do():
    def ruling(verdict, aside=False):
        return Ruling(rule(below=0.0, aside=aside), found(0, 1), verdict)

    assert verdict_on_all([ruling("holds"), ruling("holds")]) == "holds"
    assert verdict_on_all([ruling("holds"), ruling("not distinguishable")]) == "not distinguishable"
    assert verdict_on_all([ruling("not distinguishable"), ruling("does not hold")]) == "does not hold"
    assert verdict_on_all([ruling("holds"), ruling("does not hold", aside=True)]) == "holds"


def test_over_seeds_it_is_students_t():
    """Mean 2, deviation 1, three values: 4.302653 * 1 / sqrt(3) on either side."""
    answer = estimate(rule(below=0.0), {"a": Answers((1.0, 2.0, 3.0))})
    assert answer.over == "seeds"
    assert answer.value == 2
    assert answer.low == pytest.approx(2 - 4.302653 / math.sqrt(3), abs=1e-6)
    assert answer.high == pytest.approx(2 + 4.302653 / math.sqrt(3), abs=1e-6)


def test_differences_are_taken_within_a_seed():
    """The seeds differ by tenths, the arms within a seed by a hundredth each time: what is paired is told apart."""
    answers = {"a": Answers((0.1, 0.2, 0.31)), "b": Answers((0.11, 0.21, 0.32))}
    answer = estimate(rule(to="b", below=0.0), answers)
    assert answer.value == pytest.approx(-0.01)
    assert answer.high == pytest.approx(-0.01, abs=1e-9)


def test_ratios_are_averaged_by_their_logarithms():
    """2 and 8 times: the middle is 4; the deviation of the logarithms is ln 4 / sqrt 2."""
    answer = estimate(
        rule(measure="seconds", to="b", ratio=True, above=1.0), {"a": Answers((2.0, 8.0)), "b": Answers((1.0, 1.0))}
    )
    assert answer.value == pytest.approx(4)
    assert math.log(answer.high / 4) == pytest.approx(12.7062 * math.log(4) / math.sqrt(2) / math.sqrt(2), rel=1e-4)


def test_a_ratio_to_nothing_is_unknown():
    answer = estimate(
        rule(measure="seconds", to="b", ratio=True, above=1.0), {"a": Answers((2.0,)), "b": Answers((0.0,))}
    )
    assert answer.over == "none"
    assert (answer.low, answer.high) == (-math.inf, math.inf)


def test_what_is_counted_has_no_interval():
    answer = estimate(
        rule(measure="macs", to="b", ratio=True, above=2.0), {"a": Answers((22.0,)), "b": Answers((10.0,))}
    )
    assert (answer.value, answer.low, answer.high, answer.over) == (
        pytest.approx(2.2),
        pytest.approx(2.2),
        pytest.approx(2.2),
        "exact",
    )


def test_one_seed_is_judged_by_its_test_pictures():
    wrong, fewer = np.arange(100) < 20, np.arange(100) < 5
    alone = estimate(rule(below=0.5), {"a": Answers((0.2,), wrong)})
    assert (alone.low, alone.high, alone.over) == (*wilson_interval(20, 100), "pictures")
    beside = estimate(rule(to="b", above=0.0), {"a": Answers((0.2,), wrong), "b": Answers((0.05,), fewer)})
    assert beside.value == pytest.approx(0.15)
    assert (beside.low, beside.high) == paired_interval(15, 0, 100)
    assert (
        rule_on(rule(to="b", above=0.0), {"a": Answers((0.2,), wrong), "b": Answers((0.05,), fewer)}).verdict == "holds"
    )


def test_one_seed_says_nothing_of_what_is_no_error():
    answer = rule_on(rule(measure="seconds", below=5.0), {"a": Answers((2.0,))})
    assert answer.verdict == "not distinguishable"
    assert answer.to_dict()["interval"] == [None, None]


def test_a_value_that_is_no_number_decides_nothing():
    assert (
        rule_on(rule(measure="gradient_ratio", below=5.0), {"a": Answers((1.0, math.nan))}).verdict
        == "not distinguishable"
    )
