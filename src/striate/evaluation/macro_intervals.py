"""Intervals of figures that are means over classes: a stratified bootstrap, which has a width also where no mistake was seen.

A plain bootstrap draws the pictures of each class anew; of a class without a mistake it never draws one, and of a classifier without any
its interval is a point. So what is drawn is how the pictures of a class are answered, from what is known of it (the Bayesian
bootstrap, with half a right answer and half a wrong one supposed besides, which is Jeffreys' prior for two classes).

Source: Rubin 1981, The Bayesian Bootstrap; Brown, Cai and DasGupta 2001, Interval Estimation for a Binomial Proportion, section 4.1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError

DRAWS = 2_000
SUPPOSED = 0.5
_TAILS = (0.025, 0.975)


def macro_intervals(
    confusion: npt.NDArray[np.integer], *, seed: int = 0
) -> tuple[tuple[float, float], tuple[float, float]]:
    """The 95 % intervals of the balanced accuracy and of the macro F1, over the classes that have pictures.

    Args:
        confusion: (c, c) counts, a row a true class, a column an answer.
        seed: Of the bootstrap.

    Returns:
        (low, high) of each, in [0, 1].

    Raises:
        UsageError: If it is no such table, or has no picture.

    Example:
        >>> balanced, f1 = macro_intervals(np.array([[50, 0], [2, 18]]))
        >>> [round(value, 2) for value in balanced]
        [0.86, 1.0]
    """
    confusion = np.asarray(confusion)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1] or not confusion.sum() > 0:
        raise UsageError(f"expected a confusion matrix with a picture at least, got {confusion.shape}")
    generator, width = np.random.default_rng(seed), len(confusion)
    support = confusion.sum(axis=1)
    present = np.flatnonzero(support)
    recalls = np.empty((len(present), DRAWS), np.float32)
    calls, anywhere = np.zeros((width, DRAWS), np.float32), np.zeros(DRAWS, np.float32)
    for place, row in enumerate(present):
        wrong = np.flatnonzero(confusion[row])
        wrong = wrong[wrong != row]
        # The right answer, those that were seen in its stead, and any other.
        counts = [confusion[row, row] + SUPPOSED, *confusion[row, wrong], SUPPOSED if width > 1 else 1e-9]
        shares = generator.dirichlet(np.array(counts, np.float64), DRAWS).T * support[row]
        recalls[place] = shares[0] / support[row]
        calls[row] += shares[0]
        calls[wrong] += shares[1:-1]
        spread = shares[-1] / max(width - 1, 1)
        anywhere += spread
        calls[row] -= spread
    calls += anywhere
    found = recalls * support[present, None]
    f1 = 2 * found / np.maximum(support[present, None] + calls[present], 1e-9)
    right, columns = confusion.diagonal()[present], confusion.sum(axis=0)[present]
    measured = right / support[present], 2 * right / (support[present] + columns)
    balanced, macro = (
        _around(float(figure.mean()), drawn) for figure, drawn in zip(measured, (recalls, f1), strict=True)
    )
    return balanced, macro


def _around(measured: float, drawn: npt.NDArray[np.float32]) -> tuple[float, float]:
    """The interval of what was measured: what is supposed of each of many small classes would shift it, and is taken off again."""
    means = drawn.mean(axis=0, dtype=np.float64)
    low, high = np.quantile(means, _TAILS) - means.mean() + measured
    return max(float(low), 0.0), min(float(high), 1.0)
