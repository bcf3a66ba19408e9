"""What is minimised."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from striate.nn import lenet_map_loss, lenet_mle_loss
from striate.training.recipe import LossConfig

Loss = Callable[[Tensor, Tensor], Tensor]


def create_loss(config: LossConfig) -> Loss:
    """The mean loss of logits (N, C) float and labels (N,) int64.

    Example:
        >>> import torch
        >>> loss = create_loss(LossConfig(label_smoothing=0.0))
        >>> round(float(loss(torch.zeros(2, 4), torch.tensor([0, 3]))), 4)
        1.3863
    """

    def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
        return functional.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)

    def lenet_map(logits: Tensor, labels: Tensor) -> Tensor:
        return lenet_map_loss(logits, labels, j=config.lenet_j)

    return {"cross_entropy": cross_entropy, "lenet_mle": lenet_mle_loss, "lenet_map": lenet_map}[config.name]
