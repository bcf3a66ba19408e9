"""Fitting a new head to what a trained network says of the pictures, before or in place of any other learning."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from striate.models import Network

INVERSE_REGULARISATION = 0.1
"""scikit-learn's C; between 0.01 and 1 the accuracy on features of trained networks hardly depends on it."""


def fit_head(
    network: Network,
    features: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    *,
    balanced: bool = False,
) -> float:
    """Sets the head to the logistic regression of the labels on the features, and answers its training accuracy.

    A new head starts at random; were the whole network trained with it at once, its large gradients would first spoil
    the features.

    Args:
        network: Its head must be one `nn.Linear`; everything else is left as it is.
        features: (n, feature_width): what the head sees, in evaluation mode.
        labels: (n,) class indices; every class must be there.
        balanced: Whether every class weighs the same, however many pictures it has.

    Raises:
        TypeError: The head is of another kind.

    Source: Kumar et al., "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution" (2022), section 3 (LP-FT).
    """
    from sklearn.linear_model import LogisticRegression

    head = network.head
    if not isinstance(head, nn.Linear):
        raise TypeError(f"the head is a {type(head).__name__}, expected Linear")
    # Features of one scale, so that the regularisation means the same for every network. In float32, which takes half
    # the time and moves the answer by less than the regularisation's own arbitrariness.
    mean, deviation = features.mean(axis=0, dtype=np.float64), float(features.std(dtype=np.float64)) + 1e-6
    scaled = ((features - mean) / deviation).astype(np.float32)
    regression = LogisticRegression(
        C=INVERSE_REGULARISATION, max_iter=500, class_weight="balanced" if balanced else None
    ).fit(scaled, labels)
    weights, biases = regression.coef_.astype(np.float64), regression.intercept_.astype(np.float64)
    if len(regression.classes_) == 2:  # scikit-learn keeps one row for two classes
        weights, biases = np.concatenate([-weights, weights]) / 2, np.concatenate([-biases, biases]) / 2
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weights / deviation).to(head.weight))
        head.bias.copy_(torch.from_numpy(biases - (weights / deviation) @ mean).to(head.bias))
    return float(regression.score(scaled, labels))
