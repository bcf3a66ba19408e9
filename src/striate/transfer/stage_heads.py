"""Which stages a head should see: heads on each of them, and on some together, compared by cross-validation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.tasks import USUAL_TASK, Targets, Task
from striate.transfer.head import in_fewer_coordinates, one_scale
from striate.transfer.regression import cross_validate, nats
from striate.transfer.separability import accuracy_of

VECTOR = "features"
TOGETHER = 3
"""Stages in a row that are tried together."""


@dataclass(frozen=True)
class HeadScore:
    """How well a head on some stages does on pictures that it was not fitted to."""

    stages: tuple[str, ...]
    """As `--transfer head:` has them; `("features",)` is the head on the last vector, which `--transfer head` fits."""
    width: int
    macs: int
    """Multiply-adds for a picture up to where the network would be cut."""
    accuracy: float
    """Share of pictures that are told right; where they have several labels, the mean average precision."""
    log_loss: float
    """Nats a picture."""
    losses: npt.NDArray[np.float64] = field(compare=False, repr=False)
    """(n,) nats of each picture."""

    def to_dict(self) -> dict[str, Any]:
        """JSON's types, without each picture's loss."""
        return {
            "stages": list(self.stages),
            "width": self.width,
            "macs": self.macs,
            "accuracy": self.accuracy,
            "log_loss": self.log_loss,
        }

    @property
    def transfer(self) -> str:
        """As `--transfer` has it."""
        return "head" if self.stages == (VECTOR,) else f"head:{'+'.join(self.stages)}"


def head_candidates(stages: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """What heads are compared: on each stage, on three of the last together, and on the last vector.

    Together stand the last three stages, the three before the last, and these with the last vector.

    Example:
        >>> head_candidates(["a", "b", "c"])
        (('a',), ('b',), ('c',), ('a', 'b', 'c'), ('a', 'b', 'c', 'features'), ('features',))
    """
    rows = [tuple(stages[max(0, end - TOGETHER) : end]) for end in (len(stages) - 1, len(stages))]
    together = [row for row in rows if len(row) == TOGETHER]
    return (
        *((stage,) for stage in stages),
        *together,
        *((*row, VECTOR) for row in together[:1]),
        (VECTOR,),
    )


def score_heads(
    vectors: Mapping[str, npt.NDArray[np.floating]],
    labels: Targets,
    candidates: Sequence[tuple[str, ...]],
    macs: Mapping[str, int],
    *,
    balanced: bool = False,
    seed: int = 0,
    task: Task = USUAL_TASK,
) -> tuple[HeadScore, ...]:
    """Fits the very heads that training would, in three folds, and asks each of the pictures that it has not seen.

    Args:
        vectors: (n, d) what each stage says of the pictures, pooled as a head takes it, and the vector before the head.
        labels: (n,) class numbers; a class with fewer than three pictures is left out. Or (n, labels) of 0 and 1.
        candidates: Names of the vectors, as `head_candidates` has them.
        macs: Multiply-adds for a picture up to each of the vectors.
        balanced: Whether every class weighs the same in fitting.
        seed: Draws the folds.
        task: Says which answers are right.

    Returns:
        A score a candidate; none where fewer than two classes have three pictures, or no label has three with it and without it.

    Example:
        >>> labels = np.arange(60) % 2
        >>> noise = np.random.default_rng(0).normal(size=(60, 4))
        >>> vectors = {"early": noise + 3 * labels[:, None], "features": noise}
        >>> scores = score_heads(vectors, labels, [("early",), ("features",)], {"early": 1, "features": 2})
        >>> [score.accuracy > 0.9 for score in scores]
        [True, False]
    """
    scores = []
    for names in candidates:
        features = np.concatenate([vectors[name] for name in names], axis=1)
        scaled = one_scale(features, each=names != (VECTOR,))
        weight = "balanced" if balanced else None
        _, rows, chances = cross_validate(in_fewer_coordinates(scaled), labels, class_weight=weight, seed=seed)
        if not len(rows):
            return ()
        losses = nats(chances, labels[rows])
        right = labels[rows] if labels.ndim == 2 else np.unique(labels[rows], return_inverse=True)[1]
        accuracy = accuracy_of(chances, right, task)
        width = features.shape[1]
        scores.append(HeadScore(names, width, macs[names[-1]], accuracy, float(losses.mean()), losses))
    return tuple(scores)


def choose_head(scores: Sequence[HeadScore]) -> HeadScore:
    """The head on the last vector, unless another is better beyond noise: then the cheapest that is as good as any.

    Heads are compared picture by picture, by their log-losses: what is hard for one is hard for the others, and the
    differences tell more than shares of right answers do.

    Args:
        scores: Of `score_heads`, that of the last vector among them.

    Example:
        >>> early = HeadScore(("early",), 4, 1, 0.9, 0.2, np.array([0.1, 0.2, 0.3]))
        >>> last = HeadScore(("features",), 4, 2, 0.6, 0.7, np.array([0.6, 0.7, 0.8]))
        >>> choose_head([early, last]).transfer
        'head:early'
    """
    last = next(score for score in scores if score.stages == (VECTOR,))
    best = min(scores, key=lambda score: score.log_loss)
    if not _better(best, last) or best.accuracy <= last.accuracy:
        return last
    enough = [score for score in scores if not _better(best, score) and _better(score, last)]
    return min(enough, key=lambda score: (score.macs, score.width))


def _better(one: HeadScore, other: HeadScore) -> bool:
    """Whether one's losses are lower by more than a standard error of the difference."""
    gains = other.losses - one.losses
    return bool(gains.mean() > gains.std(ddof=1) / math.sqrt(len(gains)))
