"""Temperature and calibration error, against scipy, by hand, and on answers whose probabilities are known."""

import numpy as np
import pytest
from scipy import special
from scipy.optimize import minimize_scalar

from striate.errors import UsageError
from striate.evaluation import expected_calibration_error, fit_temperature, reliability, score, softmax
from striate.evaluation.calibration import adaptive_calibration_error, adaptive_reliability


def drawn(count, classes, *, temperature, seed=0, sharpness=2.0):
    """Logits, and labels that are drawn by the probabilities that the logits have at a temperature."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, sharpness, (count, classes))
    odds = softmax(logits)
    labels = np.array([generator.choice(classes, p=row) for row in odds])
    return logits * temperature, labels


def log_loss(logits, labels, temperature):
    return -special.log_softmax(logits / temperature, axis=1)[np.arange(len(labels)), labels].mean()


@pytest.mark.parametrize("temperature", [0.05, 1.0, 30.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_is_scipys(temperature, dtype):
    logits = np.random.default_rng(0).normal(0, 50, (7, 5)).astype(dtype)
    expected = special.softmax(logits.astype(np.float64) / temperature, axis=1)
    assert softmax(logits, temperature) == pytest.approx(expected, rel=1e-12, abs=1e-300)
    assert softmax(logits[0], temperature) == pytest.approx(expected[0], rel=1e-12, abs=1e-300)


def test_softmax_of_squared_distances_is_finite():
    found = softmax(np.array([[-5000.0, -20000.0]]))
    assert found.tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 4.0, 60.0, 2000.0])
def test_the_temperature_that_was_put_in_is_found(temperature):
    logits, labels = drawn(20_000, 5, temperature=temperature)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.03)


def test_of_many_pictures_it_is_the_minimum_of_the_log_loss():
    logits, labels = drawn(50_000, 4, temperature=7.0, seed=3)
    best = minimize_scalar(lambda beta: log_loss(logits, labels, 1 / beta), bounds=(0.01, 10), method="bounded")
    assert fit_temperature(logits.astype(np.float32), labels) == pytest.approx(1 / best.x, rel=1e-3)


def test_of_few_pictures_a_third_of_a_mistake_is_supposed():
    logits, labels = drawn(40, 3, temperature=5.0, seed=1)
    right = logits.argmax(axis=1) == labels
    runner_up = np.argsort(logits, axis=1)[:, -2]

    def supposed(beta):
        rows = -special.log_softmax(logits * beta, axis=1)
        own = rows[np.arange(40), labels].sum()
        return own + rows[np.flatnonzero(right), runner_up[right]].mean() / 3

    best = minimize_scalar(supposed, bounds=(0.01, 10), method="bounded")
    assert fit_temperature(logits, labels) == pytest.approx(1 / best.x, rel=1e-3)


@pytest.mark.parametrize("scale", [0.2, 50.0])
def test_it_grows_with_the_logits(scale):
    logits, labels = drawn(300, 3, temperature=2.0)
    assert fit_temperature(logits * scale, labels) == pytest.approx(scale * fit_temperature(logits, labels), rel=1e-3)


def test_a_split_without_a_mistake_does_not_make_answers_certain():
    logits = np.random.default_rng(0).normal(0, 1, (200, 2)) * 100
    labels = logits.argmax(axis=1)
    temperature = fit_temperature(logits, labels)
    assert 5 < temperature < 50  # and not 0.01, the least
    assert 0.97 < softmax(logits, temperature).max(axis=1).mean() < 0.9995


def test_where_all_is_wrong_probabilities_become_even():
    logits = np.tile([0.0, 5.0], (30, 1))
    assert fit_temperature(logits, np.zeros(30, np.int64)) == pytest.approx(10_000, rel=1e-3)


def test_saturated_answers_that_are_often_wrong():
    generator = np.random.default_rng(0)
    labels = (generator.random(5000) < 0.1).astype(np.int64)
    answers = np.where(generator.random(5000) < 0.18, 1 - labels, labels)
    logits = np.where(np.arange(2) == answers[:, None], -20.0, -160.0) + generator.normal(0, 8, (5000, 2))
    temperature = fit_temperature(logits[:200], labels[:200])
    before, after = (score(softmax(logits[200:], one), labels[200:], ["a", "b"]) for one in (1.0, temperature))
    assert after.accuracy == before.accuracy
    assert before.log_loss > 6 and before.expected_calibration_error > 0.15
    assert after.log_loss < 0.5 and after.expected_calibration_error < 0.05


@pytest.mark.parametrize(
    ("logits", "labels"),
    [(np.zeros((3, 1)), np.zeros(3, int)), (np.zeros((0, 2)), np.zeros(0, int)), (np.zeros((3, 2)), np.zeros(2, int))],
)
def test_what_no_temperature_fits_is_refused(logits, labels):
    with pytest.raises(UsageError, match=r"^a temperature is fitted to logits \(n, classes\) and labels \(n,\); got "):
        fit_temperature(logits, labels)


def test_calibration_error_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.75, 0.25], [0.45, 0.55]])
    labels = np.array([0, 1, 0, 1])
    # Two bins: 0 to 0.5 has none. Sure by 0.9, 0.8, 0.75, 0.55 on average 0.75, and right on three of four.
    assert expected_calibration_error(probabilities, labels, bins=2) == pytest.approx(0.0, abs=1e-15)
    # Ten: 0.9 in (0.8, 0.9], 0.75 and 0.8 in (0.7, 0.8], 0.55 in (0.5, 0.6].
    expected = (abs(1 - 0.9) + 2 * abs(0.5 - 0.775) + abs(1 - 0.55)) / 4
    assert expected_calibration_error(probabilities, labels, bins=10) == pytest.approx(expected)


def test_bins_are_open_below_and_closed_above():
    found = reliability(np.array([[0.5, 0.5], [0.51, 0.49], [1.0, 0.0]]), np.array([0, 0, 1]), bins=2)
    assert [(one.low, one.high, one.count) for one in found] == [(0.0, 0.5, 1), (0.5, 1.0, 2)]
    assert found[1].confidence == pytest.approx(0.755)
    assert found[1].accuracy == 0.5


def test_probabilities_that_are_true_have_hardly_an_error():
    logits, labels = drawn(50_000, 3, temperature=1.0)
    assert expected_calibration_error(softmax(logits), labels) < 0.01
    assert expected_calibration_error(softmax(logits, 0.2), labels) > 0.1
    assert len(reliability(softmax(logits), labels)) == 15


def test_no_probabilities_are_refused():
    with pytest.raises(UsageError, match="each row of probabilities must sum to 1"):
        expected_calibration_error(np.array([[2.0, -1.0]]) ** 2, np.array([0]))


@pytest.mark.parametrize("bins", [4, 15])
def test_reliability_is_scikit_learn_s_curve_of_the_answer_that_is_given(bins):
    from sklearn.calibration import calibration_curve

    generator = np.random.default_rng(bins)
    probabilities = generator.dirichlet([0.5, 0.7, 0.9], 400)
    labels = generator.integers(0, 3, 400)
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    shares, confidences = calibration_curve(right, sure, n_bins=bins, strategy="uniform")
    found = [row for row in reliability(probabilities, labels, bins=bins) if row.count]
    assert [row.accuracy for row in found] == pytest.approx(shares, rel=1e-12)
    assert [row.confidence for row in found] == pytest.approx(confidences, rel=1e-12)
    expected = sum(row.count * abs(share - mean) for row, share, mean in zip(found, shares, confidences, strict=True))
    assert expected_calibration_error(probabilities, labels, bins=bins) == pytest.approx(expected / 400, rel=1e-12)


def test_bins_of_as_many_pictures_each_by_hand():
    confidence = np.array([0.95, 0.6, 0.9, 0.7, 0.8])
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    labels = np.array([0, 1, 0, 0, 1])
    found = adaptive_reliability(probabilities, labels, bins=2)
    assert [(one.low, one.high, one.count) for one in found] == [(0.6, 0.8, 3), (0.9, 0.95, 2)]
    assert [one.accuracy for one in found] == [pytest.approx(1 / 3), 1]
    error = (3 * abs(0.7 - 1 / 3) + 2 * abs(0.925 - 1)) / 5
    assert adaptive_calibration_error(probabilities, labels, bins=2) == pytest.approx(error)
    assert len(adaptive_reliability(probabilities, labels)) == 5  # of fewer pictures one for each


def test_bins_of_as_many_pictures_see_what_equal_ones_average_out():
    # All in the bin from .9333 to 1: half of them too sure, half not sure enough, so that the means agree.
    confidence = np.repeat([0.94, 0.99], 100)
    labels = np.concatenate([np.zeros(100, int), np.repeat([0, 1], [93, 7])])
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    assert expected_calibration_error(probabilities, labels) < 0.001
    assert adaptive_calibration_error(probabilities, labels) > 0.05
