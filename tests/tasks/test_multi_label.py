"""Several labels a picture: tables, targets, strata, decisions, mistakes and what is said of a picture."""

import numpy as np
import pytest

from striate.evaluation import fit_temperature
from striate.tasks import MULTI_LABEL, SINGLE_LABEL, said_of

CLASSES = ("cat", "dog", "owl")


def test_a_text_names_each_label_once_whatever_stands_around_the_bars():
    assert MULTI_LABEL.names(" dog | cat|dog| ") == ("dog", "cat")
    assert MULTI_LABEL.names("") == MULTI_LABEL.names(" | ") == ()


def test_targets_are_told_as_they_were_read():
    targets = MULTI_LABEL.encode(["dog|cat", "", "owl"], CLASSES)
    assert targets.tolist() == [[True, True, False], [False, False, False], [False, False, True]]
    assert [MULTI_LABEL.tell(target, CLASSES) for target in targets] == ["cat|dog", "", "owl"]
    assert said_of(MULTI_LABEL, targets[1], CLASSES) == "no label"


def test_two_texts_of_one_picture_tell_their_labels_together():
    assert MULTI_LABEL.also("owl|cat", "dog|cat") == "cat|dog|owl"
    assert SINGLE_LABEL.also("owl", "dog") == "owl"


def test_labels_are_counted_moved_and_forgotten():
    targets = MULTI_LABEL.encode(["cat|dog", "dog", ""], CLASSES)
    assert MULTI_LABEL.support(targets, 3).tolist() == [1, 2, 0]
    assert MULTI_LABEL.shows(targets, 1).tolist() == [True, True, False]
    moved = MULTI_LABEL.replaced(targets, np.array([1, -1, 0]), 2)
    assert moved.tolist() == [[False, True], [False, False], [False, False]]
    assert MULTI_LABEL.joined(targets).tolist() == [True, True, False]


def test_the_stratum_of_a_picture_is_its_rarest_label_and_none_is_one_of_its_own():
    told = ["cat", "cat|dog", "cat|owl", "dog|owl", "cat|dog|owl", "dog", ""]
    targets = MULTI_LABEL.encode(told, CLASSES)  # cat 4, dog 4, owl 3; of cat and dog, equally rare, it is the first
    assert MULTI_LABEL.strata(targets).tolist() == [0, 0, 2, 2, 2, 1, 3]


def test_copies_contradict_where_a_label_is_in_one_alone():
    one, other = MULTI_LABEL.encode(["cat|dog", "cat"], CLASSES), MULTI_LABEL.encode(["dog|cat", "cat|owl"], CLASSES)
    assert MULTI_LABEL.contradicts(one, other).tolist() == [False, True]


def test_probabilities_are_sigmoids_by_themselves():
    found = MULTI_LABEL.probabilities(np.array([[0.0, 2.0, -1e4]]), {"temperature": 2.0})
    assert found.tolist() == [[0.5, pytest.approx(1 / (1 + np.exp(-1.0))), 0.0]]


def test_a_temperature_is_fitted_to_each_label_of_each_picture():
    logits, targets = np.array([[1.0, -2.0], [3.0, -1.0]] * 10), np.array([[True, False], [False, False]] * 10)
    flat = np.stack([np.zeros(40), logits.ravel()], axis=1)
    assert MULTI_LABEL.fit_temperature(logits, targets) == fit_temperature(flat, targets.ravel().astype(int))


def test_a_label_is_named_from_its_threshold_on():
    task = MULTI_LABEL.with_thresholds({"owl": 0.2, "cat": 0.8}, CLASSES)
    assert task.thresholds == (0.8, 0.5, 0.2)
    assert task.decide(np.array([[0.8, 0.4, 0.1], [0.7, 0.5, 0.2]])).tolist() == [
        [True, False, False],
        [False, True, True],
    ]
    assert MULTI_LABEL.decide(np.array([[0.5, 0.49]])).tolist() == [[True, False]]


def test_an_answer_is_right_where_all_labels_are_and_as_probable_as_they_are_together():
    probabilities = np.array([[0.9, 0.2], [0.9, 0.6]])
    answers = MULTI_LABEL.decide(probabilities)
    assert MULTI_LABEL.same(answers, np.array([[1, 0], [1, 0]])).tolist() == [True, False]
    assert MULTI_LABEL.confidence(probabilities, answers) == pytest.approx([0.9 * 0.8, 0.9 * 0.6])


def test_the_surest_mistakes_come_first():
    probabilities = np.array([[0.9, 0.4], [0.99, 0.01], [0.9, 0.1], [0.6, 0.4]])
    targets = np.array([[1, 1], [0, 0], [1, 0], [0, 1]])
    assert MULTI_LABEL.surest_mistakes(probabilities, targets, 5).tolist() == [1, 0, 3]
    assert MULTI_LABEL.surest_mistakes(probabilities, targets, 1).tolist() == [1]


def test_a_picture_is_said_to_have_every_label_over_its_threshold():
    task = MULTI_LABEL.with_thresholds({"cat": 0.3}, CLASSES)
    row = task.describe("a.png", np.array([0.4, 0.9, 0.1]), CLASSES, top=3)
    assert (row.label, row.labels) == ("cat|dog", (("dog", 0.9), ("cat", 0.4)))
    assert row.probability == pytest.approx(0.4 * 0.9 * 0.9)
    assert row.to_text() == "a.png  dog 90.0%, cat 40.0%  (not: owl 10.0%)"
    assert row.to_dict()["labels"] == [{"label": "dog", "probability": 0.9}, {"label": "cat", "probability": 0.4}]


def test_a_picture_without_a_label_is_said_to_have_none():
    row = MULTI_LABEL.describe("a.png", np.array([0.1, 0.0001]), ("cat", "dog"), top=5)
    assert (row.label, row.labels) == ("", ())
    assert row.to_text() == "a.png  no label  (not: cat 10.0%)"


def test_one_label_a_picture_is_told_without_a_list_of_labels():
    row = SINGLE_LABEL.describe("a.png", np.array([0.9, 0.1]), ("cat", "dog"), top=2)
    assert row.labels is None and "labels" not in row.to_dict()
