"""Figures of strings that were read, by hand, and what is said of them."""

import numpy as np
import pytest

from striate.errors import UsageError
from striate.evaluation.string_findings import judge_reading
from striate.evaluation.string_scores import StringReadingScores, score_reading


def scores_of(truths, read, alphabet="0123456789", sure=0.9):
    logarithms = np.full(len(truths), np.log(sure))
    return score_reading(truths, read, list(alphabet), of_truth=logarithms, of_read=logarithms)


def test_figures_by_hand():
    scores = scores_of(["123", "44", "", "7"], ["133", "4", "", "7"], sure=0.5)
    assert (scores.count, scores.accuracy, scores.signs) == (4, 0.5, 6)
    assert (scores.exchanged, scores.missing, scores.extra) == (1, 1, 0)
    assert scores.character_error_rate == pytest.approx(2 / 6)
    assert scores.log_loss == pytest.approx(np.log(2))
    assert scores.expected_calibration_error == pytest.approx(0.0)
    assert scores.confusions == (("2", "3", 1), ("4", "", 1))
    assert [(row.length, row.count, row.right, row.errors) for row in scores.by_length] == [
        (0, 1, 1, 0),
        (1, 1, 1, 0),
        (2, 1, 0, 1),
        (3, 1, 0, 1),
    ]
    by_name = {row.name: row for row in scores.per_sign}
    assert (by_name["2"].support, by_name["2"].right, by_name["2"].taken_for, by_name["2"].taken) == (1, 0, "3", 1)
    assert (by_name["3"].support, by_name["3"].right, by_name["3"].read) == (1, 1, 2)
    assert (by_name["4"].right, by_name["4"].taken_for, by_name["4"].taken) == (1, "", 1)


def test_what_is_impossible_counts_as_all_but_that():
    scores = score_reading(["1"], ["2"], ["1", "2"], of_truth=np.array([-np.inf]), of_read=np.zeros(1))
    assert scores.log_loss == pytest.approx(-np.log(1e-300))
    assert scores.expected_calibration_error == 1.0


def test_there_and_back():
    scores = scores_of(["123", "44"], ["133", "4"])
    assert StringReadingScores.from_dict(scores.to_dict()) == scores
    with pytest.raises(UsageError, match="these are no scores of strings"):
        StringReadingScores.from_dict({"count": 1})


def test_no_lines_have_no_scores():
    with pytest.raises(UsageError, match="got 0 and 0"):
        scores_of([], [])


def test_more_wrong_than_there_is():
    assert scores_of(["1"], ["2345"]).character_error_rate == 4.0


def test_the_table_for_people():
    columns, rows = scores_of(["1 "], ["1"], alphabet=" 1").table()
    assert columns[0] == "sign" and rows[0] == ("a space", "1", "0", "0", "0.000", "nothing (1)")
    assert scores_of(["12", "1"], ["12", "2"]).lines(None) == [
        "of length 1: 0 of 1 right, character error rate 100.00%",
        "of length 2: 1 of 1 right, character error rate 0.00%",
    ]


def test_what_is_worth_knowing():
    lost = scores_of(["12"] * 10 + ["3"], ["15"] * 10 + ["3"])
    warning, note = judge_reading(lost, "test", remedy="train longer", many="pictures")
    assert warning.text == "hardly read on test: '2' (0 of 10); train longer"
    assert note.text == "fewer than 10 times test has the sign '3': what is measured of it is mostly luck"
    half = judge_reading(scores_of(["12"] * 20, ["34"] * 20), "val", remedy="look", many="pictures")
    assert half[0].text == "half of the signs of val or more are wrong (character error rate 100.0%); look"
