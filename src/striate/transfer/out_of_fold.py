"""What a head says of pictures that it was not fitted to, of all that there are: by cross-validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from striate.tasks import Targets
from striate.transfer.head import in_fewer_coordinates, one_scale
from striate.transfer.regression import cross_validate


def answer_out_of_fold(
    features: npt.NDArray[np.floating[Any]],
    labels: Targets,
    *,
    classes: int,
    each: bool,
    balanced: bool,
    seed: int,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """The answers of heads that are fitted to two thirds of the pictures to the last third, and so on for each.

    Args:
        features: (n, d): what the head sees.
        labels: (n,) class indices, or (n, labels) of 0 and 1.
        classes: How many there are.
        each: Whether each feature is brought to one scale by its own deviation; see `one_scale`.
        balanced: Whether every class weighs the same.
        seed: Draws the folds, which are the same for the same labels, whatever the features.

    Returns:
        The (m,) rows of the pictures whose classes have three pictures at least, and (m, classes) probabilities of theirs; no rows
        where fewer than two classes have as many. Of several labels the rows are all of them, if one label has as many with and without it.

    Example:
        >>> labels = np.arange(60) % 2
        >>> rows, chances = answer_out_of_fold(
        ...     np.random.default_rng(0).normal(size=(60, 4)) + 9 * labels[:, None], labels, classes=3, each=False, balanced=False, seed=0
        ... )
        >>> len(rows), chances.shape, float((chances.argmax(axis=1) == labels).mean()), float(chances[:, 2].max())
        (60, (60, 3), 1.0, 0.0)
    """
    weight = "balanced" if balanced else None
    scaled = in_fewer_coordinates(one_scale(features, each=each))
    _, rows, found = cross_validate(scaled, labels, class_weight=weight, seed=seed)
    if labels.ndim == 2:
        return rows, found.astype(np.float32)
    chances = np.zeros((len(rows), classes), np.float32)
    chances[:, np.unique(labels[rows])] = found
    return rows, chances
