"""Fitting a new head to what a trained network says of the pictures, before or in place of any other learning."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from striate.models import Network
from striate.nn import StandardizedLinear

Floats = npt.NDArray[np.float32]

STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0)
"""scikit-learn's C, of which the best is taken. On features of ants and bees 0.01 to 3 are alike; on those of blurred flowers
0.003 is right in 73 %, 0.1 in 69 %."""

FOLDS = 3
MOST_PICTURES = 600
"""C is chosen on as many pictures; it weighs one picture against the prior, so it does not go with their number."""


def fit_head(
    network: Network,
    features: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    *,
    draws: int = 1,
    balanced: bool = False,
    seed: int = 0,
) -> float:
    """Sets the head to the logistic regression of the labels on the features, and answers its training accuracy.

    Features are brought to one scale first, so that the regularisation means the same for every network: by the deviation
    of all their values, or, where the head standardises its inputs, each by its own.

    A new head starts at random; were the whole network trained with it at once, its large gradients would first spoil
    the features.

    Args:
        network: Its head must be one `nn.Linear`; everything else is left as it is.
        features: (draws * n, feature_width): what the head sees, in evaluation mode; draw after draw.
        labels: (n,) class indices; every class must be there.
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
    scaled, mean, deviation = _scaled(head, features)
    weight = "balanced" if balanced else None
    strength = choose_strength(scaled[: len(labels)], labels, class_weight=weight, seed=seed)
    model = logistic_regression(strength / draws, weight, iterations=500, tolerance=1e-4)
    with threadpool_limits(1):
        regression = model.fit(scaled, np.tile(labels, draws))
    weights, biases = regression.coef_.astype(np.float64), regression.intercept_.astype(np.float64)
    if len(regression.classes_) == 2:  # scikit-learn keeps one row for two classes
        weights, biases = np.concatenate([-weights, weights]) / 2, np.concatenate([-biases, biases]) / 2
    if not isinstance(head, StandardizedLinear):
        weights = weights / deviation
        biases = biases - weights @ mean
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weights).to(head.weight))
        if head.bias is not None:
            head.bias.copy_(torch.from_numpy(biases).to(head.bias))
    return float(regression.score(scaled, np.tile(labels, draws)))


def _scaled(head: nn.Linear, features: npt.NDArray[np.floating]) -> tuple[Floats, Any, Any]:
    """The features of one scale, and what was subtracted from them and divided by; a head that standardises keeps both."""
    mean: Any
    deviation: Any
    if isinstance(head, StandardizedLinear):
        head.standardize(torch.from_numpy(features))
        mean, deviation = (values.double().cpu().numpy() for values in (head.mean, head.deviation))
    else:
        mean, deviation = features.mean(axis=0, dtype=np.float64), float(features.std(dtype=np.float64)) + 1e-6
    return ((features - mean) / deviation).astype(np.float32), mean, deviation


def choose_strength(
    features: npt.NDArray[np.floating], labels: npt.NDArray[np.integer], *, class_weight: str | None, seed: int
) -> float:
    """The C of `STRENGTHS` with the least cross-validated log-loss, on up to 600 pictures.

    Args:
        features: (n, d), of one scale.
        labels: (n,) class indices.
        class_weight: As scikit-learn takes it.
        seed: Draws the pictures and the folds.
    """
    from sklearn.metrics import log_loss
    from sklearn.model_selection import StratifiedKFold, cross_val_predict, train_test_split
    from threadpoolctl import threadpool_limits

    rows = np.flatnonzero(np.bincount(labels)[labels] >= FOLDS)
    classes = np.unique(labels[rows])
    if len(classes) < 2:
        return STRENGTHS[-2]  # too few pictures to compare anything
    if len(rows) > max(MOST_PICTURES, 2 * FOLDS * len(classes)):
        most = max(MOST_PICTURES, 2 * FOLDS * len(classes))
        rows, _ = train_test_split(rows, train_size=most, stratify=labels[rows], random_state=seed)
        rows = rows[np.isin(labels[rows], np.flatnonzero(np.bincount(labels[rows]) >= FOLDS))]
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)

    def loss(strength: float) -> float:
        model = logistic_regression(strength, class_weight, iterations=100)
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")  # that it has not converged yet: the loss says enough
            chances = cross_val_predict(model, features[rows], labels[rows], cv=folds, method="predict_proba")
        return float(log_loss(labels[rows], chances))

    return min(STRENGTHS, key=loss)


def logistic_regression(strength: float, class_weight: str | None, *, iterations: int, tolerance: float = 1e-3) -> Any:
    """scikit-learn's logistic regression."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=iterations, tol=tolerance, class_weight=class_weight)
