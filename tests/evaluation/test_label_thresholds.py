"""The threshold of each label: the best by F1, near a half where it may be, and no luck of a handful of pictures."""

from statistics import NormalDist

import numpy as np
import pytest
from sklearn.metrics import f1_score

from striate.evaluation.label_thresholds import choose_thresholds


def test_it_has_the_highest_f1_that_any_threshold_has_but_for_one_missed_picture():
    generator = np.random.default_rng(1)
    targets = generator.random((200, 3)) < np.array([0.4, 0.2, 0.1])
    probabilities = np.clip(targets * 0.2 + generator.random((200, 3)) * 0.7, 0, 1)
    chosen = choose_thresholds(probabilities, targets, ["a", "b", "c"])
    for place, threshold in enumerate(chosen.values()):
        column, there = probabilities[:, place], targets[:, place]
        f1 = {value: f1_score(there, column >= value) for value in column}
        least = max(f1.values()) - 1 / (2 * there.sum() - 1)
        assert f1_score(there, column >= threshold) >= least - 1e-12
        nearer = [value for value in f1 if abs(value - 0.5) < abs(threshold - 0.5) - 0.02]
        assert all(f1[value] < least for value in nearer)


def test_one_odd_picture_does_not_carry_the_threshold_away():
    probabilities = np.array([0.99] * 20 + [0.01] * 20 + [0.9])
    targets = (np.arange(41) < 20)[:, None]
    assert choose_thresholds(probabilities[:, None], targets, ["cat"]) == {"cat": 0.5}  # the highest F1 is at 0.945
    probabilities[-2:] = 0.9  # two are no luck any more
    assert choose_thresholds(probabilities[:, None], targets, ["cat"]) == {"cat": pytest.approx(0.945)}


def test_on_new_pictures_it_does_better_than_the_very_highest_f1_of_validation():
    """Logits of two Gaussians whose probabilities are right, four deviations apart: told almost perfectly."""
    generator, apart, share = np.random.default_rng(0), 4.0, 0.2
    offset = np.log(share / (1 - share))

    def expected_f1(threshold):
        cut = (np.log(threshold / (1 - threshold)) - offset) / apart
        named = [1 - NormalDist(mean).cdf(cut) for mean in (apart / 2, -apart / 2)]
        return 2 * share * named[0] / (share * named[0] + (1 - share) * named[1] + share)

    chosen, highest = [], []
    for _ in range(200):
        there = generator.random(200) < share
        logits = apart * generator.normal(np.where(there, apart / 2, -apart / 2)) + offset
        scores = np.sort(1 / (1 + np.exp(-logits)))[::-1]
        there = there[np.argsort(-logits)]
        f1 = 2 * np.cumsum(there) / (np.arange(1, 201) + there.sum())
        highest.append(expected_f1(scores[np.argmax(f1)]))
        chosen.append(expected_f1(choose_thresholds(scores[:, None], there[:, None], ["cat"])["cat"]))
    best = max(map(expected_f1, np.linspace(0.01, 0.99, 99)))
    assert best - np.mean(chosen) < 0.5 * (best - np.mean(highest))


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
