"""The temperature of strings that are read: what logits are divided by at every place, so that strings are as often right as they say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.choosing import evenly
from striate.evaluation.calibration import SUPPOSED_MISTAKES, softmax
from striate.tasks.ctc_decoding import Strings, log_probability

LOWEST, HIGHEST = 0.05, 20.0
MOST_LINES = 1000
"""Lines that it is fitted on at most, evenly from the first to the last."""
_STEPS = 24
_GOLDEN = (math.sqrt(5) - 1) / 2


def log_softmax_at(logits: npt.NDArray[np.floating[Any]], temperature: float) -> npt.NDArray[np.float64]:
    """Logarithms of the softmax of each place, of logits over the temperature; none below that of 1e-300."""
    return np.log(np.maximum(softmax(logits, temperature), 1e-300))


def fit_string_temperature(logits: npt.NDArray[np.floating[Any]], strings: Strings) -> float:
    """The temperature under which right strings are most probable, found by golden sections, to four digits.

    As for single labels (`striate.evaluation.calibration.SUPPOSED_MISTAKES`), a third of a mistake more than was seen is supposed:
    without that a split that is read without fault would have the lowest temperature there is.

    Args:
        logits: (n, T, signs and the blank), of lines that the network has not learnt from.
        strings: n right ones; those with a sign that is not in the alphabet do not count.

    Example:
        >>> wrong = np.tile([[[8.0, 0.0]], [[0.0, 8.0]]], (10, 1, 1))  # as sure where it is right as where it is wrong
        >>> fit_string_temperature(wrong, np.full((20, 1), -1))
        20.0
    """
    possible = np.isfinite(log_probability(log_softmax_at(logits, HIGHEST), strings))
    rows = np.flatnonzero(possible)
    if not len(rows):
        return 1.0
    rows = rows[evenly(len(rows), MOST_LINES)]
    logits, strings = logits[rows], strings[rows]

    def loss(logarithm: float) -> float:
        of_right = log_probability(log_softmax_at(logits, math.exp(logarithm)), strings)
        of_wrong = np.log(np.maximum(-np.expm1(of_right), 1e-300))
        return float(-of_right.sum() - SUPPOSED_MISTAKES * of_wrong.mean())

    low, high = math.log(LOWEST), math.log(HIGHEST)
    inner = [high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)]
    losses = [loss(one) for one in inner]
    for _ in range(_STEPS):
        if losses[0] <= losses[1]:
            high = inner[1]
            inner = [high - _GOLDEN * (high - low), inner[0]]
            losses = [loss(inner[0]), losses[0]]
        else:
            low = inner[0]
            inner = [inner[1], low + _GOLDEN * (high - low)]
            losses = [losses[1], loss(inner[1])]
    return float(f"{math.exp((low + high) / 2):.4g}")
