"""How unlike a picture is: against scikit-learn and scipy."""

import itertools

import numpy as np
import pytest
from scipy.special import logsumexp
from sklearn.neighbors import NearestNeighbors

from striate.evaluation.familiarity import (
    energy,
    energy_of_labels,
    feature_distance,
    unfamiliarity,
    unit_rows,
    usual_scores,
)


@pytest.fixture
def drawn():
    generator = np.random.default_rng(0)
    return generator.normal(size=(300, 16)).astype(np.float32), generator.normal(size=(1_500, 16)).astype(np.float32)


@pytest.mark.parametrize("neighbours", [1, 5, 300])
def test_the_distance_is_scikit_learns(drawn, neighbours):
    kept, asked = drawn
    found = feature_distance(asked, unit_rows(kept), neighbours=neighbours)
    oracle = NearestNeighbors(n_neighbors=neighbours, metric="cosine").fit(kept).kneighbors(asked)[0][:, -1]
    np.testing.assert_allclose(found, oracle, atol=1e-6)


def test_the_energy_is_scipys():
    logits = np.random.default_rng(1).normal(0, 300, (50, 7))
    np.testing.assert_allclose(energy(logits), logsumexp(logits, axis=1), rtol=1e-12)


def test_the_energy_of_labels_is_that_of_a_softmax_over_all_their_sets():
    logits = np.random.default_rng(1).normal(0, 30, (20, 4))
    sets = np.array(list(itertools.product([0, 1], repeat=4)))
    np.testing.assert_allclose(energy_of_labels(logits), logsumexp(logits @ sets.T, axis=1), rtol=1e-12)
    assert energy_of_labels(np.array([[1e4, -1e4]])) == 1e4


def test_what_is_usual_is_0_on_average_with_both_parts_alike(drawn):
    kept, asked = drawn
    bank, energies = unit_rows(kept), energy(asked[:, :4] * 3)
    usual = usual_scores(energies, asked, bank)
    scores = unfamiliarity(energies, asked, bank, usual)
    assert abs(scores.mean()) < 1e-9
    expected = (feature_distance(asked, bank) - usual.distance_mean) / usual.distance_deviation
    np.testing.assert_allclose(scores + (energies - usual.energy_mean) / usual.energy_deviation, expected)
    lower = unfamiliarity(energies - 5, asked, bank, usual)
    assert (lower > scores).all()


def test_scores_that_never_differ_do_no_harm():
    features = np.ones((9, 3))
    usual = usual_scores(np.zeros(9), features, unit_rows(features))
    assert np.isfinite(unfamiliarity(np.zeros(9), features, unit_rows(features), usual)).all()
