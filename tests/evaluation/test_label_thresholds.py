"""The threshold of each label: the best by F1, near a half where it may be, and no luck of a handful of pictures."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from striate.evaluation.label_thresholds import choose_thresholds


def test_it_has_the_highest_f1_that_any_threshold_has():
    generator = np.random.default_rng(1)
    targets = generator.random((200, 3)) < np.array([0.4, 0.2, 0.1])
    probabilities = np.clip(targets * 0.2 + generator.random((200, 3)) * 0.7, 0, 1)
    chosen = choose_thresholds(probabilities, targets, ["a", "b", "c"])
    for place, threshold in enumerate(chosen.values()):
        column, there = probabilities[:, place], targets[:, place]
        best = max(f1_score(there, column >= value) for value in column)
        assert f1_score(there, column >= threshold) == pytest.approx(best, abs=1e-12)


def test_a_label_that_is_told_perfectly_has_the_usual_one():
    probabilities = np.array([[0.9], [0.3]]).repeat(10, axis=0)
    assert choose_thresholds(probabilities, probabilities > 0.5, ["cat"]) == {"cat": 0.5}


@pytest.mark.parametrize(("there", "absent", "threshold"), [(0.4, 0.2, 0.3), (0.9, 0.6, 0.75)])
def test_one_that_is_told_elsewhere_has_the_middle(there, absent, threshold):
    probabilities = np.array([[there], [absent]]).repeat(10, axis=0)
    targets = np.array([[True], [False]]).repeat(10, axis=0)
    assert choose_thresholds(probabilities, targets, ["cat"]) == {"cat": pytest.approx(threshold)}


def test_a_label_of_few_pictures_takes_the_one_of_all_labels():
    probabilities, targets = np.full((40, 2), 0.1), np.zeros((40, 2), bool)
    probabilities[:12, 0], targets[:12, 0] = 0.3, True
    probabilities[:9, 1], targets[:9, 1] = 0.9, True  # nine: too few for a threshold of its own, which would be 0.5
    assert choose_thresholds(probabilities, targets, ["cat", "dog"]) == {"cat": 0.2, "dog": 0.2}


def test_where_all_together_are_few_it_is_a_half():
    targets = np.zeros((30, 2), bool)
    targets[0] = True
    assert choose_thresholds(np.full((30, 2), 0.1), targets, ["cat", "dog"]) == {"cat": 0.5, "dog": 0.5}
