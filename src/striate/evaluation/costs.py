"""Decisions by what mistakes cost: not the most probable class, but the one whose expected cost is least."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from striate.evaluation.checked_arrays import Probabilities


def expected_costs(probabilities: Probabilities, costs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(n, c): what each answer costs on average, of (n, c) probabilities and (c, c) costs, a row a true class and a column an answer.

    Example:
        >>> expected_costs(np.array([[0.9, 0.1]]), np.array([[0.0, 1.0], [20.0, 0.0]])).tolist()
        [[2.0, 0.9]]

    Source: Elkan 2001, The Foundations of Cost-Sensitive Learning, section 1.
    """
    return np.asarray(probabilities.astype(np.float64) @ costs)


def least_cost(probabilities: Probabilities, costs: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """(n,) the answer of least expected cost; of equals the more probable one, so that equal costs decide as probability does.

    Example:
        >>> least_cost(np.array([[0.9, 0.1], [0.99, 0.01]]), np.array([[0.0, 1.0], [20.0, 0.0]])).tolist()
        [1, 0]
    """
    expected = expected_costs(probabilities, costs)
    scale = max(float(np.abs(costs).max()), 1e-300)
    equal = expected <= expected.min(axis=1, keepdims=True) + 1e-12 * scale
    return np.asarray(np.where(equal, probabilities, -1.0).argmax(axis=1), np.int64)
