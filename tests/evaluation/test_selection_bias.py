"""What choosing flatters is found by simulation, and never above what is said to be the most."""

import math

import numpy as np
import pytest

from striate.errors import UsageError
from striate.evaluation.paired import mcnemar_p_value
from striate.evaluation.selection_bias import expected_greatest, most_flattery


def test_the_greatest_of_normal_variables_is_the_known_one():
    # 1 / sqrt(pi) and 3 / (2 sqrt(pi)) exactly; ten and twenty as tabulated (Harter 1961).
    assert expected_greatest(1) == pytest.approx(0, abs=1e-9)
    assert expected_greatest(2) == pytest.approx(1 / math.sqrt(math.pi), abs=1e-6)
    assert expected_greatest(3) == pytest.approx(1.5 / math.sqrt(math.pi), abs=1e-6)
    assert expected_greatest(10) == pytest.approx(1.53875, abs=1e-5)
    assert expected_greatest(20) == pytest.approx(1.86748, abs=1e-5)


def test_the_most_by_hand():
    assert most_flattery(200, 200, 1) == pytest.approx(0, abs=1e-9)
    share = 192 / 204
    assert most_flattery(190, 200, 2) == pytest.approx(
        math.sqrt(share * (1 - share) / 200) / math.sqrt(math.pi), abs=1e-8
    )
    assert most_flattery(200, 200, 5) > 0.005  # also one without a mistake is flattered


@pytest.mark.parametrize("pictures", [50, 200])
@pytest.mark.parametrize("classifiers", [2, 6])
@pytest.mark.parametrize("alike", [0.0, 0.7])
def test_the_winners_curse(pictures, classifiers, alike):
    """The best of equally good ones looks better than it is on the pictures it was taken by, by no more than said; on others it does not.

    `alike` is the part of the variance that their mistakes share. Taken is the one with the most right, and, as a tournament does it,
    one after the other where it is better by a standard error.
    """
    generator, rounds = np.random.default_rng(0), 2000
    level = 1.2816  # below which a standard normal variable is in 90 of 100 cases

    def right(size):
        shared = np.sqrt(alike) * generator.standard_normal((rounds, size, 1), np.float32)
        own = np.sqrt(1 - alike) * generator.standard_normal((rounds, size, classifiers), np.float32)
        return shared + own < level

    chosen_by, untouched = right(pictures), right(pictures)
    shares = chosen_by.mean(axis=1)
    best = shares.argmax(axis=1)
    rows = np.arange(rounds)
    flattery = shares[rows, best].mean() - 0.9
    standard_error = math.sqrt(0.09 / pictures / rounds)
    said = most_flattery(round(0.9 * pictures), pictures, classifiers)
    assert 5 * standard_error < flattery < said
    assert abs(untouched.mean(axis=1)[rows, best].mean() - 0.9) < 4 * standard_error

    taken = np.zeros(rounds, int)
    for number in range(1, classifiers):
        wins = (chosen_by[rows, :, number] & ~chosen_by[rows, :, taken]).sum(axis=1)
        losses = (~chosen_by[rows, :, number] & chosen_by[rows, :, taken]).sum(axis=1)
        better = [
            won > lost and mcnemar_p_value(won, lost) < 0.32
            for won, lost in zip(wins.tolist(), losses.tolist(), strict=True)
        ]
        taken = np.where(better, number, taken)
    careful = shares[rows, taken].mean() - 0.9
    assert 2 * standard_error < careful < flattery + standard_error  # to wait for a standard error flatters less


def test_what_is_no_choice_is_refused():
    with pytest.raises(UsageError, match="got 11 of 10 by 2"):
        most_flattery(11, 10, 2)
    with pytest.raises(UsageError, match="got 1 of 10 by 0"):
        most_flattery(1, 10, 0)
