"""Scores against scikit-learn on random cases, and against numbers worked out by hand."""

import json
import math
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

import striate.evaluation
from striate.errors import UsageError
from striate.evaluation import ClassScores, Scores, most_confident_mistakes, score, wilson_interval

CLASSES = ["cat", "dog", "owl"]
# Worked by hand below. Predicted: cat cat dog owl owl dog; right: yes no yes yes no yes.
PROBABILITIES = np.array(
    [[0.5, 0.25, 0.25], [0.75, 0.25, 0.0], [0.0, 1.0, 0.0], [0.25, 0.25, 0.5], [0.25, 0.125, 0.625], [0.25, 0.5, 0.25]]
)
LABELS = np.array([0, 1, 1, 2, 0, 1])


@st.composite
def random_cases(draw, smallest_classes=2):
    """Probabilities, labels and classes; some classes may be absent, some rows may have equal probabilities."""
    classes = draw(st.integers(smallest_classes, 12))
    count = draw(st.integers(1, 60))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    present = generator.permutation(classes)[: draw(st.integers(1, classes))]
    labels = generator.choice(present, size=count)
    spread = draw(st.sampled_from([0.05, 1.0, 20.0]))
    # A little of each class: zeros would be ties, which scikit-learn's top-k breaks the other way.
    probabilities = generator.dirichlet(np.full(classes, spread), size=count) + generator.uniform(
        1e-9, 1e-8, (count, classes)
    )
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return probabilities, labels, [f"class {i}" for i in range(classes)]


@settings(max_examples=60, deadline=None)
@given(random_cases())
def test_equals_scikit_learn(case):
    from sklearn import metrics

    probabilities, labels, classes = case
    scores = score(probabilities, labels, classes)
    predicted, columns, present = probabilities.argmax(axis=1), np.arange(len(classes)), np.unique(labels)

    assert scores.count == len(labels)
    assert scores.accuracy == metrics.accuracy_score(labels, predicted)
    np.testing.assert_array_equal(scores.confusion_matrix, metrics.confusion_matrix(labels, predicted, labels=columns))
    assert scores.log_loss == pytest.approx(metrics.log_loss(labels, probabilities, labels=columns), rel=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # scikit-learn warns of predicted classes that do not occur, and of k >= classes
        assert scores.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(labels, predicted), rel=1e-12)
        top_k = metrics.top_k_accuracy_score(
            labels, probabilities if len(classes) > 2 else probabilities[:, 1], k=scores.top_k, labels=columns
        )
    assert scores.top_k_accuracy == top_k

    of_present = metrics.precision_recall_fscore_support(
        labels, predicted, labels=present, average="macro", zero_division=0
    )
    assert (scores.precision_macro, scores.recall_macro, scores.f1_macro) == pytest.approx(of_present[:3], rel=1e-12)
    rows = metrics.precision_recall_fscore_support(labels, predicted, labels=columns, zero_division=0)
    for name, got, expected in zip(
        ("precision", "recall", "f1", "support"), zip(*per_class(scores), strict=True), rows, strict=True
    ):
        assert list(got) == list(expected), name


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5000), st.data())
def test_interval_equals_scipy(count, data):
    successes = data.draw(st.integers(0, count))
    low, high = wilson_interval(successes, count)
    expected = binomtest(successes, count).proportion_ci(confidence_level=0.95, method="wilson")
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-15)
    assert 0 <= low <= successes / count <= high <= 1


def per_class(scores):
    return [(row.precision, row.recall, row.f1, row.support) for row in scores.per_class]


def test_by_hand():
    scores = score(PROBABILITIES, LABELS, CLASSES)
    assert scores.confusion_matrix.tolist() == [[1, 0, 1], [1, 2, 0], [0, 0, 1]]
    assert scores.count == 6
    assert scores.accuracy == 4 / 6
    assert scores.balanced_accuracy == scores.recall_macro == pytest.approx((1 / 2 + 2 / 3 + 1) / 3, rel=1e-15)
    assert scores.precision_macro == pytest.approx((1 / 2 + 1 + 1 / 2) / 3, rel=1e-15)
    assert scores.f1_macro == pytest.approx((1 / 2 + 4 / 5 + 2 / 3) / 3, rel=1e-15)
    assert scores.per_class == (
        ClassScores("cat", 1 / 2, 1 / 2, 1 / 2, 2),
        ClassScores("dog", 1.0, 2 / 3, 4 / 5, 3),
        ClassScores("owl", 1 / 2, 1.0, 2 / 3, 1),
    )
    # True classes have 1/2, 1/4, 1, 1/2, 1/4, 1/2: seven factors of two over six pictures.
    assert scores.log_loss == pytest.approx(7 * math.log(2) / 6, rel=1e-12)
    assert (scores.top_k, scores.top_k_accuracy) == (3, 1.0)


def test_top_5_of_6_classes_by_hand():
    probabilities = np.array([[0.3, 0.25, 0.2, 0.15, 0.07, 0.03]] * 4)
    scores = score(probabilities, np.array([0, 4, 5, 5]), list("abcdef"))
    assert (scores.top_k, scores.top_k_accuracy, scores.accuracy) == (5, 0.5, 0.25)


def test_equal_probabilities_go_to_the_first_class():
    probabilities = np.full((6, 6), 1 / 6)
    scores = score(probabilities, np.arange(6), list("abcdef"))
    assert scores.accuracy == 1 / 6
    assert scores.top_k_accuracy == 5 / 6  # only the last class comes after five others


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("label_dtype", [np.uint8, np.int32, np.int64])
def test_types_of_numbers_do_not_matter(dtype, label_dtype):
    expected = score(PROBABILITIES, LABELS, CLASSES)  # all of the probabilities are exact in half precision
    assert score(PROBABILITIES.astype(dtype), LABELS.astype(label_dtype), CLASSES).to_dict() == expected.to_dict()


def test_uint8_labels_of_many_classes_do_not_wrap():
    probabilities = np.full((2, 200), 0.1 / 199)
    probabilities[[0, 1], [199, 150]] = 0.9
    scores = score(
        probabilities / probabilities.sum(1, keepdims=True),
        np.array([199, 150], np.uint8),
        [f"{i}" for i in range(200)],
    )
    assert scores.accuracy == 1.0
    assert np.flatnonzero(scores.confusion_matrix).tolist() == [150 * 200 + 150, 199 * 200 + 199]


def test_an_absent_class_has_no_part_in_the_macro_figures():
    probabilities = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])
    scores = score(probabilities, np.array([0, 1, 1]), CLASSES)
    assert scores.per_class[2] == ClassScores("owl", 0.0, 0.0, 0.0, 0)
    assert scores.recall_macro == scores.balanced_accuracy == (1 + 1 / 2) / 2
    assert scores.precision_macro == 1.0


def test_two_classes():
    scores = score(np.array([[0.75, 0.25], [0.5, 0.5]]), np.array([0, 1]), ["no", "yes"])
    assert (scores.accuracy, scores.top_k, scores.top_k_accuracy) == (0.5, 2, 1.0)


def test_one_class_and_one_picture():
    scores = score(np.array([[1.0]]), np.array([0]), ["only"])
    assert (scores.count, scores.accuracy, scores.top_k, scores.top_k_accuracy) == (1, 1.0, 1, 1.0)
    assert scores.accuracy_interval == (pytest.approx(0.2065493, abs=1e-7), 1.0)
    assert scores.log_loss == pytest.approx(np.finfo(np.float64).eps)


def test_certain_and_wrong_has_a_finite_log_loss():
    scores = score(np.array([[0.0, 1.0]]), np.array([0]), ["no", "yes"])
    assert scores.log_loss == pytest.approx(-math.log(np.finfo(np.float64).eps), rel=1e-12)


def test_thousand_classes():
    generator = np.random.default_rng(0)
    probabilities = generator.dirichlet(np.full(1000, 0.1), size=300).astype(np.float32)
    labels = generator.integers(0, 1000, 300)
    scores = score(probabilities, labels, [f"{i:04}" for i in range(1000)])
    assert scores.confusion_matrix.shape == (1000, 1000)
    assert scores.confusion_matrix.sum() == 300
    assert len(json.dumps(scores.headline())) < 500


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775328), (10, 10, 0.7224672, 1.0), (5, 10, 0.2365931, 0.7634069)],
)
def test_interval_by_hand(successes, count, low, high):
    assert wilson_interval(successes, count) == pytest.approx((low, high), abs=1e-7)


@pytest.mark.parametrize(("successes", "count"), [(0, 0), (3, 2), (-1, 4)])
def test_interval_refuses(successes, count):
    with pytest.raises(UsageError, match=f"got {successes} of {count}$"):
        wilson_interval(successes, count)


def test_round_trip_through_json():
    scores = score(PROBABILITIES, LABELS, CLASSES)
    back = Scores.from_dict(json.loads(json.dumps(scores.to_dict(), allow_nan=False)))
    assert back.to_dict() == scores.to_dict()
    assert back.per_class == scores.per_class
    assert back.accuracy_interval == scores.accuracy_interval
    assert back.confusion_matrix.dtype == np.int64
    assert list(scores.to_dict()) == [
        "count",
        "accuracy",
        "accuracy_interval",
        "balanced_accuracy",
        "log_loss",
        "expected_calibration_error",
        "adaptive_calibration_error",
        "top_k",
        "top_k_accuracy",
        "f1_macro",
        "precision_macro",
        "recall_macro",
        "per_class",
        "confusion_matrix",
    ]


def test_from_dict_names_missing_and_unknown_keys():
    figures = score(PROBABILITIES, LABELS, CLASSES).to_dict()
    figures["acuracy"] = figures.pop("accuracy")
    with pytest.raises(UsageError, match=r"^scores must have the keys .*; missing: accuracy; unknown: acuracy$"):
        Scores.from_dict(figures)
    figures = score(PROBABILITIES, LABELS, CLASSES).to_dict()
    del figures["per_class"][1]["f1"]
    with pytest.raises(UsageError, match=r"^the scores of a class must have .*; missing: f1; unknown: none$"):
        Scores.from_dict(figures)
    figures = score(PROBABILITIES, LABELS, CLASSES).to_dict()
    figures["confusion_matrix"].pop()
    with pytest.raises(UsageError, match=r"need a confusion matrix of shape \(3, 3\); got \(2, 3\)$"):
        Scores.from_dict(figures)


def test_the_matrix_cannot_be_changed():
    scores = score(PROBABILITIES, LABELS, CLASSES)
    for matrix in (scores.confusion_matrix, Scores.from_dict(scores.to_dict()).confusion_matrix):
        with pytest.raises(ValueError, match="read-only"):
            matrix[0, 0] = 7


@pytest.mark.parametrize(
    ("probabilities", "labels", "classes", "message"),
    [
        (np.zeros((0, 3)), np.zeros(0, int), CLASSES, "scores need at least one picture; got none"),
        (np.ones(3), np.zeros(3, int), CLASSES, "probabilities must have the shape (pictures, classes); got (3,)"),
        (np.ones((3, 3), int), np.zeros(3, int), CLASSES, "probabilities must be floating-point numbers; got int64"),
        (
            PROBABILITIES,
            LABELS[:5],
            CLASSES,
            "6 rows of probabilities need as many labels in one dimension; got shape (5,)",
        ),
        (PROBABILITIES, LABELS / 1, CLASSES, "labels must be integers; got float64"),
        (PROBABILITIES, LABELS, CLASSES[:2], "probabilities of 3 columns need 3 class names; got 2"),
        (
            PROBABILITIES,
            LABELS,
            ["a", "b", "a"],
            "class names must differ from one another; at least one is given twice",
        ),
        (
            PROBABILITIES,
            LABELS + 1,
            CLASSES,
            "labels must be within 0 and 2, the columns of the probabilities; label 3 is 3",
        ),
        (
            PROBABILITIES,
            LABELS - 1,
            CLASSES,
            "labels must be within 0 and 2, the columns of the probabilities; label 0 is -1",
        ),
        (
            np.array([[0.5, 0.5], [0.75, 0.75]]),
            np.array([0, 1]),
            ["no", "yes"],
            "each row of probabilities must sum to 1; row 1 sums to 1.5 (are these logits?)",
        ),
        (
            np.array([[1.5, -0.5]]),
            np.array([0]),
            ["no", "yes"],
            "probabilities must not be negative; row 0 has -0.5 (are these logits?)",
        ),
        (
            np.array([[0.5, 0.5], [np.nan, 1.0]]),
            np.array([0, 1]),
            ["no", "yes"],
            "probabilities must be numbers; row 1 has a NaN or an infinity",
        ),
        (
            np.array([[np.inf, -np.inf]]),
            np.array([0]),
            ["no", "yes"],
            "probabilities must be numbers; row 0 has a NaN or an infinity",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(probabilities, labels, classes, message):
    with pytest.raises(UsageError) as caught:
        score(probabilities, labels, classes)
    assert str(caught.value) == message


def test_rows_may_be_off_by_what_half_precision_leaves():
    probabilities = np.full((1, 3), 1 / 3, dtype=np.float16)
    assert score(probabilities, np.array([0]), CLASSES).accuracy == 1.0


def test_most_confident_mistakes():
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9], [0.8, 0.2], [0.2, 0.8], [0.8, 0.2]])
    labels = np.array([1, 0, 0, 1, 1])
    assert most_confident_mistakes(probabilities, labels, 10).tolist() == [1, 4, 0]
    assert most_confident_mistakes(probabilities, labels, 2).tolist() == [1, 4]
    assert most_confident_mistakes(probabilities, labels, 0).tolist() == []
    assert most_confident_mistakes(probabilities, 1 - labels, 9).tolist() == [2, 3]  # equals keep their order
    assert most_confident_mistakes(probabilities[:1], np.array([0]), 3).dtype == np.int64
    with pytest.raises(UsageError, match=r"^the number of mistakes to give must be at least 0; got -1$"):
        most_confident_mistakes(probabilities, labels, -1)


def test_public_names_are_sorted_and_there():
    assert striate.evaluation.__all__ == sorted(striate.evaluation.__all__)
    assert all(hasattr(striate.evaluation, name) for name in striate.evaluation.__all__)


def test_loads_neither_torch_nor_scikit_learn():
    code = "import sys, striate.evaluation; print([n for n in ('torch', 'sklearn', 'matplotlib') if n in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
