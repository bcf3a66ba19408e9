"""What is minimised where a picture may have several labels: each label's binary cross-entropy, summed over the labels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from striate.errors import UsageError
from striate.training.inputs import Targets
from striate.training.losses import Loss
from striate.training.recipe import LossConfig

MOST_WEIGHT = 20.0
"""A label's presence is never weighed more than so many absences: beyond, a handful of pictures would lead all."""


def create_label_loss(config: LossConfig, label_weights: Tensor | None = None) -> Loss:
    """The mean over the pictures of a batch of the binary cross-entropies of their labels, summed.

    Summed, not averaged over the labels, so that a label's gradient does not shrink with the number of labels beside it.

    Args:
        config: Its label smoothing moves each target so far towards 0.5.
        label_weights: (C,) float: what a label's loss is multiplied by where it is there; None for 1.

    Raises:
        UsageError: The loss is LeNet-5's own, which is of one label a picture.

    Example:
        >>> loss = create_label_loss(LossConfig(label_smoothing=0.0))
        >>> round(float(loss(torch.zeros(2, 3), Targets(torch.tensor([[0, 0, 1], [1, 1, 1]])))), 4)
        2.0794
    """
    if config.name != "cross_entropy":
        raise UsageError(f"the loss {config.name!r} is of one label a picture; with several it is 'cross_entropy'")

    def each(logits: Tensor, labels: Tensor) -> Tensor:
        wanted = labels.to(logits.dtype) * (1 - config.label_smoothing) + config.label_smoothing / 2
        return functional.binary_cross_entropy_with_logits(
            logits, wanted, pos_weight=label_weights, reduction="none"
        ).sum(dim=1)

    def mean_loss(logits: Tensor, targets: Targets) -> Tensor:
        if targets.others is None or targets.shares is None:
            return each(logits, targets.labels).mean()
        own, other = each(logits, targets.labels), each(logits, targets.others)
        return (targets.shares * own + (1 - targets.shares) * other).mean()

    return mean_loss


def label_weights(labels: npt.NDArray[np.integer], classes: int) -> Tensor:
    """Weights that make the presence of a label count as much as its absence: how many pictures lack it for each that has it.

    Never less than 1, nor more than `MOST_WEIGHT`; 1 for a label that no picture has.

    Args:
        labels: (n, classes) of 0 and 1.
        classes: How many labels there are.

    Returns:
        (classes,) float32.

    Example:
        >>> label_weights(np.array([[1, 0], [0, 0], [0, 0], [1, 1]]), 2)
        tensor([1., 3.])
    """
    there = labels.sum(axis=0)
    weights = np.divide(len(labels) - there, there, out=np.ones(classes), where=there > 0)
    return torch.from_numpy(np.clip(weights, 1.0, MOST_WEIGHT).astype(np.float32))
