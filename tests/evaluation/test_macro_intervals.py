"""Intervals of means over classes: how often they hold the truth, and that they have a width without a mistake."""

import numpy as np
import pytest

from striate.errors import UsageError
from striate.evaluation.macro_intervals import macro_intervals


def figures(shares, support):
    """Balanced accuracy and macro F1 of a table of shares."""
    table = shares * support[:, None]
    recall = table.diagonal() / support
    return recall.mean(), (2 * table.diagonal() / (support + table.sum(axis=0))).mean()


@pytest.mark.parametrize("support", [(200, 100, 60, 40), (10,) * 12], ids=["uneven", "many small classes"])
@pytest.mark.parametrize("right", [0.7, 0.95, 0.99])
def test_they_hold_the_truth_as_often_as_they_say(right, support):
    support = np.array(support)
    shares = np.full((len(support), len(support)), (1 - right) / (len(support) - 1))
    np.fill_diagonal(shares, right)
    true = figures(shares, support)
    generator, inside = np.random.default_rng(5), np.zeros(2)
    for seed in range(60):
        drawn = np.stack([generator.multinomial(count, row) for count, row in zip(support, shares, strict=True)])
        inside += [
            low <= value <= high for value, (low, high) in zip(true, macro_intervals(drawn, seed=seed), strict=True)
        ]
    assert (inside >= 0.87 * 60).all()


def test_without_a_mistake_there_is_a_width():
    for low, high in macro_intervals(np.diag([20, 20, 20])):
        assert 0.93 < low < 0.97 and high == 1
    for low, high in macro_intervals(np.diag([5] * 100)):
        assert 0.95 < low < 0.99 and high == 1


def test_classes_without_a_picture_are_left_out():
    whole = macro_intervals(np.array([[40, 10], [5, 45]]))
    np.testing.assert_allclose(macro_intervals(np.array([[40, 10, 0], [5, 45, 0], [0, 0, 0]])), whole, atol=0.03)


def test_what_is_no_confusion_matrix_is_refused():
    for table in (np.zeros((2, 2)), np.ones((2, 3)), np.ones(4)):
        with pytest.raises(UsageError, match="expected a confusion matrix with a picture at least"):
            macro_intervals(table)
