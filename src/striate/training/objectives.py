"""How each task is learnt: its loss, which of a batch's answers are right, and what a step is timed with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from striate.tasks import SINGLE_LABEL
from striate.training.inputs import Targets
from striate.training.losses import Loss, create_loss
from striate.training.recipe import LossConfig


@dataclass(frozen=True)
class Objective:
    """What training asks of a task; logits are (n, width) float."""

    loss: Callable[[LossConfig, Tensor | None], Loss]
    """What is minimised, from its settings and each class's weight."""
    held_out: Loss
    """What validation tells, whatever is minimised; summed over the pictures."""
    right: Callable[[Tensor, Targets], Tensor]
    """() int64: how many pictures are answered right; of mixed ones what most of them shows."""
    probe: Callable[[Tensor], Tensor]
    """A loss without targets, to time a step with."""


def summed_cross_entropy(logits: Tensor, targets: Targets) -> Tensor:
    """Cross-entropy of one label a picture, summed over the pictures."""
    return functional.cross_entropy(logits, targets.labels, reduction="sum")


def count_right(logits: Tensor, targets: Targets) -> Tensor:
    """How often the largest logit (argmax) is the label's.

    Example:
        >>> count_right(torch.tensor([[2.0, 1.0], [0.0, 3.0]]), Targets(torch.tensor([0, 0])))
        tensor(1)
    """
    return (logits.argmax(1) == targets.main).sum()


def probe_cross_entropy(logits: Tensor) -> Tensor:
    """Mean cross-entropy, as if every picture were of the first class."""
    return functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.int64, device=logits.device))


OBJECTIVES: Mapping[str, Objective] = {
    SINGLE_LABEL.name: Objective(create_loss, summed_cross_entropy, count_right, probe_cross_entropy)
}
"""By the task's name."""
