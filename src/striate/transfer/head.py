"""Fitting a new head to what a trained network says of the pictures, before or in place of any other learning."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from striate.choosing import by_share
from striate.models import Network
from striate.nn import StandardizedLinear
from striate.tasks import Targets
from striate.transfer.regression import (
    FOLDS,
    USUAL,
    comparable_rows,
    cross_validate,
    fit_regression,
    strata_of,
    told_right,
)

Floats = npt.NDArray[np.float32]

MOST_PICTURES = 600
"""C is chosen on as many pictures; it weighs one picture against the prior, so it does not go with their number."""


def fit_head(
    network: Network,
    features: npt.NDArray[np.floating],
    labels: Targets,
    *,
    draws: int = 1,
    balanced: bool = False,
    seed: int = 0,
) -> float:
    """Sets the head to the logistic regression of the labels on the features, and answers its training accuracy.

    Of several labels it is the regression of each by itself, and its accuracy the share of pictures of which all are right.

    Features are brought to one scale first, so that the regularisation means the same for every network: by the deviation
    of all their values, or, where the head standardises its inputs, each by its own.

    A new head starts at random; were the whole network trained with it at once, its large gradients would first spoil
    the features.

    Args:
        network: Its head must be one `nn.Linear`; everything else is left as it is.
        features: (draws * n, feature_width): what the head sees, in evaluation mode; draw after draw.
        labels: (n,) class indices, of which every class must be there, or (n, labels) of 0 and 1.
        draws: How often each picture is there. Together its draws weigh as much as one picture.
        balanced: Whether every class weighs the same, however many pictures it has.
        seed: Draws the folds on which the strength of the regularisation is chosen.

    Raises:
        TypeError: The head is of another kind.

    Source: Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution" (2022), section 3 (LP-FT).
    """
    # Products of this size are slower by several threads than by one, which wait for one another.
    from threadpoolctl import threadpool_limits

    head = network.head
    if not isinstance(head, nn.Linear):
        raise TypeError(f"the head is a {type(head).__name__}, expected Linear")
    # In float32, which takes half the time and moves the answer by less than the regularisation's own arbitrariness.
    each = isinstance(head, StandardizedLinear)
    mean, deviation = _mean_and_deviation(features, each=each)
    scaled = ((features - mean) / deviation).astype(np.float32)
    weight = "balanced" if balanced else None
    strength = choose_strength(scaled[: len(labels)], labels, class_weight=weight, seed=seed)
    known = np.concatenate([labels] * draws)
    with threadpool_limits(1):
        regression = fit_regression(scaled, known, strength / draws, weight, iterations=500, tolerance=1e-4)
    weights, biases = regression.weights, regression.biases
    if len(weights) < head.out_features:  # scikit-learn keeps one row for two classes
        weights, biases = np.concatenate([-weights, weights]) / 2, np.concatenate([-biases, biases]) / 2
    if isinstance(head, StandardizedLinear):
        head.standardize(torch.from_numpy(features))
    else:
        weights = weights / deviation
        biases = biases - weights @ mean
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weights).to(head.weight))
        if head.bias is not None:
            head.bias.copy_(torch.from_numpy(biases).to(head.bias))
    return float(told_right(regression, scaled, known).mean())


def one_scale(features: npt.NDArray[np.floating], *, each: bool) -> Floats:
    """Features less their mean, over their deviation.

    Args:
        features: (n, d).
        each: Whether each feature is divided by its own deviation; else all by that of all values.
    """
    mean, deviation = _mean_and_deviation(features, each=each)
    scaled: Floats = ((features - mean) / deviation).astype(np.float32)
    return scaled


def in_fewer_coordinates(features: Floats) -> Floats:
    """The same vectors, turned so that they have no more coordinates than there are vectors.

    A regression with a squared penalty on its weights answers the same for them: lengths and angles are all that it sees.

    Args:
        features: (n, d).

    Returns:
        (n, n) at most where there are more features than vectors, else the features themselves.
    """
    from threadpoolctl import threadpool_limits

    if features.shape[1] <= len(features):
        return features
    with threadpool_limits(1):
        values, turned = np.linalg.eigh((features @ features.T).astype(np.float64))
    kept = values > 1e-7 * values[-1]
    kept[-1] = True  # also where all vectors are the same
    fewer: Floats = (turned[:, kept] * np.sqrt(values[kept])).astype(np.float32)
    return fewer


def choose_strength(
    features: npt.NDArray[np.floating], labels: Targets, *, class_weight: str | None, seed: int
) -> float:
    """The C of `STRENGTHS` with the least cross-validated log-loss, on up to 600 pictures.

    Args:
        features: (n, d), of one scale.
        labels: (n,) class indices, or (n, labels) of 0 and 1.
        class_weight: As scikit-learn takes it.
        seed: Draws the pictures and the folds.
    """
    rows = comparable_rows(labels)
    if not len(rows):
        return USUAL  # too few pictures to compare anything
    most = max(MOST_PICTURES, 2 * FOLDS * len(np.unique(strata_of(labels[rows]))))
    rows = _drawn(rows, labels, most, seed=seed)
    sample = in_fewer_coordinates(np.asarray(features[rows], np.float32))
    strength, _, _ = cross_validate(sample, labels[rows], class_weight=class_weight, seed=seed)
    return strength


def _drawn(rows: npt.NDArray[np.int64], labels: Targets, most: int, *, seed: int) -> npt.NDArray[np.int64]:
    """So many of the rows at most, of each class its share."""
    from sklearn.model_selection import train_test_split

    if len(rows) <= most:
        return rows
    if labels.ndim == 2:
        return rows[np.sort(by_share(strata_of(labels[rows]), most, seed=seed, least=1))]
    drawn, _ = train_test_split(rows, train_size=most, stratify=labels[rows], random_state=seed)
    return np.asarray(drawn)


def _mean_and_deviation(features: npt.NDArray[np.floating], *, each: bool) -> tuple[Any, Any]:
    mean = features.mean(axis=0, dtype=np.float64)
    if not each:
        return mean, float(features.std(dtype=np.float64)) + 1e-6
    deviation = features.std(axis=0, dtype=np.float64)
    constant = deviation <= 1e-6 * np.abs(features).max(axis=0)
    return mean, np.where(constant, 1.0, deviation)
