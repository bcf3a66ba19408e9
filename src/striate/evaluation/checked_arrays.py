"""Probabilities and labels as every figure takes them, or one sentence about what is wrong with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError

ROW_SUM_TOLERANCE = 1e-3  # wide enough for half-precision softmax, far too narrow for logits

Probabilities = npt.NDArray[np.floating[Any]]
Labels = npt.NDArray[np.integer[Any]]


def checked(probabilities: Probabilities, labels: Labels) -> tuple[Probabilities, npt.NDArray[np.int64]]:
    """The two arrays; a large float array is not copied.

    Args:
        probabilities: (n, c) float in [0, 1], a row a picture, each row's sum within 0.001 of 1.
        labels: (n,) int in [0, c), the true classes as columns of `probabilities`.

    Raises:
        UsageError: If they are anything else.
    """
    probabilities, labels = np.asarray(probabilities), np.asarray(labels)
    if probabilities.ndim != 2 or probabilities.shape[1] < 1:
        raise UsageError(f"probabilities must have the shape (pictures, classes); got {probabilities.shape}")
    if not np.issubdtype(probabilities.dtype, np.floating):
        raise UsageError(f"probabilities must be floating-point numbers; got {probabilities.dtype}")
    if labels.shape != probabilities.shape[:1]:
        raise UsageError(
            f"{len(probabilities)} rows of probabilities need as many labels in one dimension; got shape {labels.shape}"
        )
    if len(probabilities) == 0:
        raise UsageError("scores need at least one picture; got none")
    if not np.issubdtype(labels.dtype, np.integer):
        raise UsageError(f"labels must be integers; got {labels.dtype}")
    _check_rows(probabilities)
    outside = np.flatnonzero((labels < 0) | (labels >= probabilities.shape[1]))
    if outside.size:
        row = int(outside[0])
        raise UsageError(
            f"labels must be within 0 and {probabilities.shape[1] - 1}, the columns of the probabilities; "
            f"label {row} is {int(labels[row])}"
        )
    return probabilities, labels.astype(np.int64)


def _check_rows(probabilities: Probabilities) -> None:
    with np.errstate(invalid="ignore"):  # infinities of both signs in a row; refused just below
        sums = probabilities.sum(axis=1, dtype=np.float64)
    if not np.isfinite(sums).all():
        row = int(np.flatnonzero(~np.isfinite(sums))[0])
        raise UsageError(f"probabilities must be numbers; row {row} has a NaN or an infinity")
    if probabilities.min() < 0:
        row = int(np.flatnonzero((probabilities < 0).any(axis=1))[0])
        raise UsageError(
            f"probabilities must not be negative; row {row} has {probabilities[row].min():.6g} (are these logits?)"
        )
    off = np.flatnonzero(np.abs(sums - 1) > ROW_SUM_TOLERANCE)
    if off.size:
        raise UsageError(
            f"each row of probabilities must sum to 1; row {off[0]} sums to {sums[off[0]]:.6g} (are these logits?)"
        )
