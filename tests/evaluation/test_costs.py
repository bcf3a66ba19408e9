"""Decisions by expected cost, by hand."""

import numpy as np

from striate.evaluation.costs import expected_costs, least_cost


def test_by_hand():
    costs = np.array([[0.0, 2.0, 9.0], [1.0, 0.0, 9.0], [30.0, 30.0, 0.0]])
    probabilities = np.array([[0.6, 0.3, 0.1], [0.2, 0.1, 0.7]])
    np.testing.assert_allclose(expected_costs(probabilities, costs), [[3.3, 4.2, 8.1], [21.1, 21.4, 2.7]])
    assert least_cost(probabilities, costs).tolist() == [0, 2]


def test_equal_costs_decide_as_probability_does():
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), 500)
    costs = 7.0 * (1 - np.eye(5))
    assert (least_cost(probabilities, costs) == probabilities.argmax(axis=1)).all()
    assert (least_cost(probabilities, np.zeros((5, 5))) == probabilities.argmax(axis=1)).all()
