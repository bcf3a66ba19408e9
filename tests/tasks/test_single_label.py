"""One label a picture: what is encoded, decided, compared, scored and told of it."""

import numpy as np
import pytest

from striate.evaluation import softmax
from striate.tasks import SINGLE_LABEL, Prediction

CLASSES = ("cat", "dog", "owl")
LOGITS = np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 0.0], [1.0, 1.0, 0.0]], np.float32)


def test_labels_are_the_places_of_their_classes():
    labels = SINGLE_LABEL.encode(["owl", "cat", "owl"], CLASSES)
    assert labels.dtype == np.int32 and labels.tolist() == [2, 0, 2]


def test_splits_and_samplers_go_by_the_labels():
    labels = np.array([2, 0, 2])
    assert SINGLE_LABEL.strata(labels) is labels


def test_different_labels_contradict_each_other():
    assert SINGLE_LABEL.contradicts(np.array([0, 1]), np.array([0, 2])).tolist() == [False, True]


def test_the_head_has_a_logit_a_class():
    assert SINGLE_LABEL.width(CLASSES) == 3


def test_probabilities_are_the_softmax_over_the_temperature():
    found = SINGLE_LABEL.probabilities(LOGITS, {"temperature": 2.0, "pictures": 40})
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, softmax(LOGITS, 2.0))


def test_the_most_probable_class_is_decided_for_the_first_of_equals():
    assert SINGLE_LABEL.decide(SINGLE_LABEL.probabilities(LOGITS, {"temperature": 1.0})).tolist() == [1, 0, 0]


def test_answers_are_the_same_where_labels_are_equal():
    assert SINGLE_LABEL.same(np.array([1, 0, 0]), np.array([1, 2, 0])).tolist() == [True, False, True]


def test_the_surest_mistake_comes_first():
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9], [0.8, 0.2]])
    assert SINGLE_LABEL.surest_mistakes(probabilities, np.array([1, 0, 0]), 5).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("top", "named"), [(0, ()), (2, (("dog", 0.5), ("cat", 0.25))), (9, (("dog", 0.5), ("cat", 0.25), ("owl", 0.25)))]
)
def test_a_picture_is_described_by_its_most_probable_classes(top, named):
    found = SINGLE_LABEL.describe("a.jpg", np.array([0.25, 0.5, 0.25]), CLASSES, top=top)
    assert found == Prediction("a.jpg", "dog", 0.5, named)


def test_scores_are_those_of_the_decided_labels():
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3], [0.5, 0.2, 0.3]])
    scores = SINGLE_LABEL.score(probabilities, np.array([0, 1, 2, 0]), CLASSES)
    right = SINGLE_LABEL.same(SINGLE_LABEL.decide(probabilities), np.array([0, 1, 2, 0]))
    assert scores.accuracy == right.mean() == 0.75
    assert set(SINGLE_LABEL.figures) <= scores.headline().keys() | {"expected_calibration_error_uncalibrated"}
