"""Strings as a task: written down, decided, compared and told, by hand."""

import numpy as np
import pytest

from striate.errors import UnknownNameError, UsageError
from striate.tasks import OF_STRINGS, SEQUENCE, SINGLE_LABEL, named_task, said_of, task_of_column
from striate.tasks.ctc_decoding import UNKNOWN
from striate.tasks.sequence import normal_string

CLASSES = (" ", "1", "2", "é")


def line(*said, sure=0.9):
    """(T, 5) probabilities of a path of logits' places."""
    rows = np.full((len(said), 5), (1 - sure) / 4)
    rows[np.arange(len(said)), said] = sure
    return rows


def test_it_is_known():
    assert named_task("sequence") is SEQUENCE is OF_STRINGS is task_of_column("text")


def test_strings_are_normal():
    assert normal_string("  e\u0301 \t1\u00a02\n") == "\u00e9 1 2"
    assert SEQUENCE.names("e\u03011 \u00e9 1") == ("\u00e9", "1", " ")


def test_there_and_back():
    told = ["12 2", "", "e\u0301"]
    targets = SEQUENCE.encode(told, CLASSES)
    assert targets.tolist() == [[1, 2, 0, 2], [-1] * 4, [3, -1, -1, -1]]
    assert [SEQUENCE.tell(target, CLASSES) for target in targets] == ["12 2", "", "\u00e9"]
    assert said_of(SEQUENCE, targets[1], CLASSES) == "nothing"


def test_a_sign_that_nobody_knows_is_right_nowhere():
    targets = SEQUENCE.encode(["1x", "12"], CLASSES)
    assert targets.tolist() == [[1, UNKNOWN], [1, 2]]
    assert SEQUENCE.tell(targets[0], CLASSES) == "1\ufffd"
    assert SEQUENCE.same(targets, targets).tolist() == [False, True]


def test_classes_at_other_places():
    targets = SEQUENCE.encode(["12", "2"], ["1", "2"])
    assert SEQUENCE.replaced(targets, np.array([5, -1]), 6).tolist() == [[5, UNKNOWN], [UNKNOWN, -1]]


def test_what_the_strings_have():
    targets = SEQUENCE.encode(["11", "12", ""], ["1", "2", "3"])
    assert SEQUENCE.support(targets, 3).tolist() == [2, 1, 0]
    assert SEQUENCE.shows(targets, 1).tolist() == [False, True, False]
    assert SEQUENCE.strata(targets).tolist() == [2, 2, 0]
    assert SEQUENCE.contradicts(targets[:2], targets[1:]).tolist() == [True, True]


def test_the_blank_is_no_sign():
    assert SEQUENCE.width(CLASSES) == 5 and SEQUENCE.outputs(CLASSES) == ("", " ", "1", "2", "é")


def test_it_reads_greedily_and_knows_how_sure_it_is():
    probabilities = np.stack([line(2, 2, 0, 3), line(0, 0, 0, 0)])
    answers = SEQUENCE.decide(probabilities)
    assert [SEQUENCE.tell(answer, CLASSES) for answer in answers] == ["12", ""]
    assert SEQUENCE.confidence(probabilities, answers)[1] == pytest.approx(0.9**4)
    assert SEQUENCE.decide(np.empty((0, 4, 5))).shape[0] == 0


def test_by_a_beam_the_most_probable_string_need_not_be_that_of_the_best_path():
    probabilities = np.array([[[0.6, 0.4], [0.6, 0.4]]])  # no sign .36, one .64: of three paths
    assert SEQUENCE.tell(SEQUENCE.decide(probabilities)[0], ["1"]) == ""
    beam = SEQUENCE.with_decoding("beam")
    assert beam.tell(beam.decide(probabilities)[0], ["1"]) == "1"
    found = beam.describe("a.png", probabilities[0], ["1"], top=5)
    assert found.label == "1" and found.probability == pytest.approx(0.64)
    assert [label for label, _ in found.top] == ["1", ""]
    assert beam.alternatives(["1"], 3) == 3 and SEQUENCE.alternatives(["1"], 3) == 1


def test_ways_to_read_that_there_are_not():
    with pytest.raises(UnknownNameError, match=r"unknown decoding 'bean'; did you mean 'beam'"):
        SEQUENCE.with_decoding("bean")
    with pytest.raises(UsageError) as error:
        SINGLE_LABEL.with_decoding("beam")
    assert (
        str(error.value)
        == "--decoding beam is a way to read strings, and this classifier answers with classes; leave it out"
    )


def test_nothing_that_is_read_is_said():
    found = SEQUENCE.describe("a.png", line(0, 0, 0, 0), CLASSES, top=1)
    assert found.label == "" and found.to_text() == "a.png  nothing  65.6%"
    assert found.to_dict()["top"] == [{"label": "", "probability": pytest.approx(0.9**4)}]


def test_the_surest_mistakes_first():
    probabilities = np.stack([line(2, 0, sure=0.6), line(2, 0, sure=0.9), line(3, 0)])
    targets = SEQUENCE.encode(["2", "2", "2"], CLASSES)
    assert SEQUENCE.surest_mistakes(probabilities, targets, 5).tolist() == [1, 0]


def test_scores_go_there_and_back():
    probabilities = np.stack([line(2, 0, 3), line(0, 0, 0)])
    scores = SEQUENCE.score(probabilities, SEQUENCE.encode(["12", "1"], CLASSES), CLASSES)
    assert (scores.accuracy, scores.missing, scores.read_as_nothing) == (0.5, 1, 1)
    assert SEQUENCE.read_scores(scores.to_dict()) == scores


def test_what_is_said_of_one_that_reads_blanks_alone():
    probabilities = np.stack([line(0, 0, 0)] * 30)
    scores = SEQUENCE.score(probabilities, SEQUENCE.encode(["12"] * 30, CLASSES), CLASSES)
    (finding,) = SEQUENCE.judge(scores, "val", remedy="train longer")
    assert finding.severity == "warning"
    assert finding.text == "30 of 30 pictures of val are read as nothing: it says blanks alone; train longer"
