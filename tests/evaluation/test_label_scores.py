"""Figures of several labels a picture, by hand and held to scikit-learn's."""

import json

import numpy as np
import pytest
from sklearn import metrics

from striate.errors import UsageError
from striate.evaluation.label_scores import MultiLabelScores, label_reliability, precision_recall, score_labels


@pytest.fixture(scope="module")
def answers():
    generator = np.random.default_rng(0)
    targets = generator.random((300, 5)) < np.array([0.5, 0.3, 0.2, 0.1, 0.0])
    # Rounded, so that many are equal: average precision must not depend on their order.
    return np.clip(np.round(targets * 0.4 + generator.random((300, 5)) * 0.6, 2), 0, 1), targets


def test_figures_are_scikit_learns(answers):
    probabilities, targets = answers
    thresholds = np.array([0.3, 0.4, 0.5, 0.6, 0.7])
    named, there = probabilities >= thresholds, targets.any(axis=0)
    scores = score_labels(probabilities, targets, list("abcde"), thresholds=thresholds)
    assert scores.accuracy == metrics.accuracy_score(targets, named)
    each = metrics.average_precision_score(targets[:, there], probabilities[:, there], average=None)
    assert [row.average_precision for row in scores.per_class[:4]] == pytest.approx(each, abs=1e-12)
    assert scores.per_class[4].average_precision is None  # no picture has it
    assert scores.mean_average_precision == pytest.approx(each.mean(), abs=1e-12)
    for name in ("precision", "recall", "f1"):
        oracle = getattr(metrics, f"{name}_score")
        micro = oracle(targets, named, average="micro", zero_division=0)
        assert getattr(scores, f"{name}_micro") == pytest.approx(micro, abs=1e-12)
        of_labels = oracle(targets, named, average=None, zero_division=0)
        assert [getattr(row, name) for row in scores.per_class] == pytest.approx(of_labels, abs=1e-12)
    assert scores.f1_macro == pytest.approx(
        metrics.f1_score(targets[:, there], named[:, there], average="macro"), abs=1e-12
    )
    losses = [metrics.log_loss(targets[:, k], probabilities[:, k], labels=[0, 1]) for k in range(5)]
    assert scores.log_loss == pytest.approx(sum(losses), abs=1e-9)
    counts = metrics.multilabel_confusion_matrix(targets, named)
    assert [
        [[row.true_negatives, row.false_positives], [row.false_negatives, row.true_positives]]
        for row in scores.per_class
    ] == counts.tolist()


def test_a_curve_is_scikit_learns(answers):
    probabilities, targets = answers
    recall, precision, average = precision_recall(probabilities[:, 0], targets[:, 0])
    wanted, found, _ = metrics.precision_recall_curve(targets[:, 0], probabilities[:, 0])
    assert recall == pytest.approx(found[-2::-1]) and precision == pytest.approx(wanted[-2::-1])
    assert average == pytest.approx(metrics.average_precision_score(targets[:, 0], probabilities[:, 0]), abs=1e-12)


def test_intervals_hold_what_was_measured_and_are_of_the_width_of_chance(answers):
    probabilities, targets = answers[0][:, :3], answers[1][:, :3]
    scores = score_labels(probabilities, targets, list("abc"))
    low, high = scores.mean_average_precision_interval
    assert low < scores.mean_average_precision < high and 0.01 < high - low < 0.1
    low, high = scores.f1_micro_interval
    assert low < scores.f1_micro < high
    assert score_labels(probabilities, targets, list("abc")) == scores  # the same pictures are drawn


def test_there_is_no_interval_where_a_label_has_few_pictures(answers):
    scores = score_labels(*answers, list("abcde"))
    assert scores.mean_average_precision_interval is None and "f1_micro_interval" not in scores.headline()


def test_scores_come_back_through_json(answers):
    for width in (3, 5):
        scores = score_labels(answers[0][:, :width], answers[1][:, :width], list("abcde")[:width])
        assert MultiLabelScores.from_dict(json.loads(json.dumps(scores.to_dict()))) == scores
    with pytest.raises(UsageError, match=r"^these are no scores of several labels a picture: "):
        MultiLabelScores.from_dict({"accuracy": 1.0})


def test_pictures_without_a_label_count():
    scores = score_labels(np.array([[0.1, 0.2], [0.6, 0.2]]), np.zeros((2, 2), bool), ["cat", "dog"])
    assert (scores.accuracy, scores.mean_average_precision, scores.f1_macro) == (0.5, 0.0, 0.0)
    assert scores.per_class[0].false_positives == 1 and scores.per_class[1].true_negatives == 2


def test_probabilities_are_as_often_so_as_they_say():
    bins = label_reliability(np.array([[0.9, 0.8], [0.1, 0.1]]), np.array([[True, False], [False, False]]), bins=2)
    assert [(one.count, one.confidence, one.accuracy) for one in bins] == [(2, 0.1, 0.0), (2, pytest.approx(0.85), 0.5)]


@pytest.mark.parametrize(
    ("probabilities", "targets", "message"),
    [
        (np.zeros((2, 2)), np.zeros((2, 3)), "got (2, 2) and (2, 3)"),
        (np.zeros((0, 2)), np.zeros((0, 2)), "of one picture or more"),
        (np.array([[2.0]]), np.array([[1]]), "must lie within 0 and 1 (are these logits?)"),
        (np.array([[np.nan]]), np.array([[1]]), "must lie within 0 and 1"),
    ],
)
def test_what_cannot_be_scored_is_refused(probabilities, targets, message):
    with pytest.raises(UsageError) as caught:
        score_labels(probabilities, targets, ["cat", "dog"][: probabilities.shape[1]])
    assert message in str(caught.value)
