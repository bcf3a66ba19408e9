"""From which probability on each label is named, chosen on pictures that the network was not trained on.

A label's threshold is the one nearest to 0.5 of those whose F1 is the highest but for what a single missed picture costs, which is luck:
where a label is told almost perfectly, one odd picture would else carry the threshold far away. Between two pictures it is the middle.
F1 of a handful of pictures is luck: a label that fewer than `FEWEST_PICTURES` validation pictures have, or lack, takes the threshold of
all labels together (micro), and 0.5 where all together are fewer than that too.

Source: Lipton, Elkan and Naryanaswamy 2014, Optimal Thresholding of Classifiers to Maximize F1 Measure: the best threshold is half of the
best F1, and so hardly ever 0.5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from striate.evaluation.checked_arrays import Probabilities
from striate.evaluation.label_scores import LabelSets, checked_labels

FEWEST_PICTURES = 10
"""With a label, and without it, that a threshold of its own takes."""

USUAL = 0.5


def choose_thresholds(probabilities: Probabilities, targets: LabelSets, classes: Sequence[str]) -> dict[str, float]:
    """The threshold of each label, by its name, to six digits.

    Args:
        probabilities: (n, c) float in [0, 1].
        targets: (n, c) bool.
        classes: The c names.

    Raises:
        UsageError: If the arrays are anything else.

    Example:
        >>> probabilities = np.array([[0.9], [0.4]] * 10)
        >>> choose_thresholds(probabilities, np.array([[True], [False]] * 10), ["cat"])
        {'cat': 0.5}
    """
    probabilities, targets = checked_labels(probabilities, targets)
    common = _best(probabilities.ravel(), targets.ravel())
    chosen = {}
    for place, name in enumerate(classes):
        there = targets[:, place]
        enough = min(int(there.sum()), int((~there).sum())) >= FEWEST_PICTURES
        chosen[str(name)] = round(_best(probabilities[:, place], there) if enough else common, 6)
    return chosen


def _best(scores: Probabilities, there: npt.NDArray[np.bool_]) -> float:
    """The threshold nearest to 0.5 of those with about the highest F1; 0.5 where too few are there, or not there."""
    positives = int(there.sum())
    if min(positives, len(there) - positives) < FEWEST_PICTURES:
        return USUAL
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order].astype(np.float64)
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    hits = np.cumsum(there[order])[ends]
    f1 = 2 * hits / (ends + 1 + positives)
    # All that lies above the next lower score, and up to this one, names the same pictures.
    highest, lowest = ranked[ends], np.append(ranked[ends[1:]], 0.0)
    one_missed = 1 - 2 * (positives - 1) / (2 * positives - 1)
    best = np.flatnonzero(f1 >= f1.max() - one_missed - 1e-12)
    middle = (highest[best] + lowest[best]) / 2
    inside = (lowest[best] < USUAL) & (highest[best] >= USUAL)
    nearest = np.where(inside, USUAL, middle)
    return float(nearest[np.argmin(np.abs(nearest - USUAL))])
