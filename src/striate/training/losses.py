"""What is minimised."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from striate.nn import lenet_map_loss, lenet_mle_loss
from striate.training.inputs import Targets
from striate.training.recipe import LossConfig

Loss = Callable[[Tensor, Targets], Tensor]
"""From logits (N, C) float and targets of N pictures to the mean loss, a scalar."""


def create_loss(config: LossConfig, class_weights: Tensor | None = None) -> Loss:
    """The mean loss over the pictures of a batch.

    A mixed picture's loss is that of its own class times its share, plus that of the other class times the rest.

    Args:
        config: Which one.
        class_weights: (C,) float: what each picture's loss is multiplied by, by its class; None for 1. The sum is divided by the
            number of pictures, not of the weights, so that each picture counts the same in whatever batch it is.

    Example:
        >>> loss = create_loss(LossConfig(label_smoothing=0.0))
        >>> round(float(loss(torch.zeros(2, 4), Targets(torch.tensor([0, 3])))), 4)
        1.3863
    """
    kinds: dict[str, Callable[[Tensor, Tensor, str], Tensor]] = {
        "cross_entropy": lambda logits, labels, reduction: functional.cross_entropy(
            logits, labels, label_smoothing=config.label_smoothing, reduction=reduction
        ),
        "lenet_mle": lambda logits, labels, reduction: lenet_mle_loss(logits, labels, reduction=reduction),
        "lenet_map": lambda logits, labels, reduction: lenet_map_loss(
            logits, labels, j=config.lenet_j, reduction=reduction
        ),
    }
    kind = kinds[config.name]

    def weighted(logits: Tensor, labels: Tensor) -> Tensor:
        losses = kind(logits, labels, "none")
        return losses if class_weights is None else losses * class_weights[labels]

    def mean_loss(logits: Tensor, targets: Targets) -> Tensor:
        if targets.others is not None and targets.shares is not None:
            own, other = weighted(logits, targets.labels), weighted(logits, targets.others)
            return (targets.shares * own + (1 - targets.shares) * other).mean()
        if class_weights is not None:
            return weighted(logits, targets.labels).mean()
        return kind(logits, targets.labels, "mean")

    return mean_loss


def class_weights(labels: npt.NDArray[np.int64], classes: int) -> Tensor:
    """Weights that make all classes count the same: n / (k * n_c) for a class of n_c of the n pictures, in k classes.

    Their mean over the pictures is 1, so that the learning rate means the same as without. Classes that have no picture get 0.

    Args:
        labels: (n,) class of each picture.
        classes: How many classes there are, also without pictures.

    Returns:
        (classes,) float32.

    Example:
        >>> class_weights(np.array([0, 0, 0, 1]), 2)
        tensor([0.6667, 2.0000])

    Source: scikit-learn's `compute_class_weight("balanced")`, after King and Zeng, "Logistic Regression in Rare Events Data" (2001).
    """
    counts = np.bincount(labels, minlength=classes)
    present = np.count_nonzero(counts)
    weights = np.divide(len(labels), present * counts, out=np.zeros(classes), where=counts > 0)
    return torch.from_numpy(weights.astype(np.float32))
