"""How each task is learnt: its loss, which of a batch's answers are right, and what a step is timed with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from striate.tasks import MULTI_LABEL, SEQUENCE, SINGLE_LABEL, TWO_CLASS_SIGMOID
from striate.training.ctc import count_right_strings, create_ctc_loss, probe_ctc_loss, summed_ctc_losses
from striate.training.inputs import Targets
from striate.training.label_losses import create_label_loss, label_weights
from striate.training.losses import Loss, class_weights, create_loss
from striate.training.recipe import OF_CLASSES, LossConfig


@dataclass(frozen=True)
class Objective:
    """What training asks of a task; logits are (n, width) float."""

    loss: Callable[[LossConfig, Tensor | None], Loss]
    """What is minimised, from its settings and each class's weight."""
    weights: Callable[[npt.NDArray[Any], int], Tensor]
    """Each class's weight that makes up for uneven classes, from the training pictures' targets and how many logits there are."""
    held_out: Loss
    """What validation tells, whatever is minimised; summed over the pictures."""
    right: Callable[[Tensor, Targets], Tensor]
    """() int64: how many pictures are answered right; of mixed ones what most of them shows."""
    probe: Callable[[Tensor], Tensor]
    """A loss without targets, to time a step with."""
    losses: tuple[str, ...] = ("cross_entropy",)
    """Which losses of a recipe it takes."""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    """What of a recipe suits it better than what suits one label a picture."""


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


def summed_label_losses(logits: Tensor, targets: Targets) -> Tensor:
    """Binary cross-entropy of all labels, summed over labels and pictures."""
    return functional.binary_cross_entropy_with_logits(logits, targets.labels.to(logits.dtype), reduction="sum")


def count_right_sets(logits: Tensor, targets: Targets) -> Tensor:
    """How often all labels are right, each named where it is more probable than not.

    Example:
        >>> count_right_sets(torch.tensor([[2.0, -1.0], [3.0, 3.0]]), Targets(torch.tensor([[1, 0], [1, 0]])))
        tensor(1)
    """
    return ((logits > 0) == (targets.main > 0)).all(dim=1).sum()


def probe_label_losses(logits: Tensor) -> Tensor:
    """Mean binary cross-entropy, as if no picture had a label."""
    return functional.binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))


def two_logits(logits: Tensor) -> Tensor:
    """(n, 2) logits of (n, 1): 0 and the logit, whose cross-entropy is the binary one of the logit.

    Example:
        >>> two_logits(torch.tensor([[3.0]]))
        tensor([[0., 3.]])
    """
    return torch.cat([torch.zeros_like(logits), logits], dim=1)


def create_binary_loss(config: LossConfig, weights: Tensor | None = None) -> Loss:
    """The mean binary cross-entropy of one logit, that of the second of two classes; with all that `create_loss` takes."""
    loss = create_loss(config, weights)
    return lambda logits, targets: loss(two_logits(logits), targets)


OBJECTIVES: Mapping[str, Objective] = {
    SINGLE_LABEL.name: Objective(
        create_loss, class_weights, summed_cross_entropy, count_right, probe_cross_entropy, losses=OF_CLASSES
    ),
    MULTI_LABEL.name: Objective(
        create_label_loss,
        label_weights,
        summed_label_losses,
        count_right_sets,
        probe_label_losses,
        # Smoothed targets would pull every probability towards a half, where a label's own rarity is what it should fall back to.
        recipe={"loss": {"label_smoothing": 0.0}},
    ),
    TWO_CLASS_SIGMOID.name: Objective(
        create_binary_loss,
        lambda labels, width: class_weights(labels, 2),
        lambda logits, targets: summed_cross_entropy(two_logits(logits), targets),
        lambda logits, targets: count_right(two_logits(logits), targets),
        lambda logits: probe_cross_entropy(two_logits(logits)),
    ),
    SEQUENCE.name: Objective(
        create_ctc_loss,
        lambda strings, width: torch.ones(width),
        summed_ctc_losses,
        count_right_strings,
        probe_ctc_loss,
        losses=("ctc",),
        recipe={"loss": {"name": "ctc"}},
    ),
}
"""By the task's name."""
