"""One label a picture: the softmax's most probable class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.evaluation import Scores, most_confident_mistakes, score, softmax
from striate.tasks.prediction import Prediction

Labels = npt.NDArray[np.integer[Any]]
"""(n,) places in the classes."""


@dataclass(frozen=True)
class SingleLabel:
    """Each picture is of one class.

    Example:
        >>> task = SingleLabel()
        >>> probabilities = task.probabilities(np.array([[0.0, 2.0], [1.0, 0.0]]), {"temperature": 2.0})
        >>> task.decide(probabilities)
        array([1, 0])
    """

    name: str = "single_label"
    figures: tuple[str, ...] = (
        *("accuracy", "accuracy_interval", "balanced_accuracy", "f1_macro", "count", "log_loss"),
        *("expected_calibration_error", "expected_calibration_error_uncalibrated"),
    )
    parts: tuple[str, ...] = ("classes", "confusion", "thresholds", "calibration", "mistakes")
    takes_rule: bool = True

    def encode(self, told: Sequence[str], classes: Sequence[str]) -> npt.NDArray[np.int32]:
        """(n,) int32: the place of each name in the classes."""
        places = {name: place for place, name in enumerate(classes)}
        return np.array([places[name] for name in told], dtype=np.int32)

    def strata(self, targets: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The labels themselves."""
        return targets

    def contradicts(self, one: Labels, other: Labels) -> npt.NDArray[np.bool_]:
        """Where the labels differ: at most one of them is right."""
        return np.asarray(one != other)

    def width(self, classes: Sequence[str]) -> int:
        """A logit a class."""
        return len(classes)

    def probabilities(
        self, logits: npt.NDArray[np.floating[Any]], calibration: Mapping[str, int | float]
    ) -> npt.NDArray[np.float64]:
        """The softmax of the logits over the calibration's `temperature`; rows sum to 1."""
        return softmax(logits, calibration["temperature"])

    def decide(self, probabilities: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int64]:
        """(n,) the most probable class (argmax), the first of equals."""
        return np.asarray(probabilities.argmax(axis=1))

    def same(self, one: Labels, other: Labels) -> npt.NDArray[np.bool_]:
        """Where the labels are equal; their mean, against the true ones, is the accuracy."""
        return np.asarray(one == other)

    def surest_mistakes(
        self, probabilities: npt.NDArray[np.floating[Any]], targets: Labels, count: int
    ) -> npt.NDArray[np.int64]:
        """Falling in the probability of the wrong class."""
        return most_confident_mistakes(probabilities, targets, count)

    def describe(
        self, path: str, probabilities: npt.NDArray[np.floating[Any]], classes: Sequence[str], *, top: int
    ) -> Prediction:
        """The most probable class, and the next ones."""
        order = np.argsort(-probabilities, kind="stable")[: max(1, min(top, len(classes)))]
        best = tuple((classes[index], float(probabilities[index])) for index in order)
        return Prediction(path, best[0][0], best[0][1], best[: max(top, 0)])

    def score(self, probabilities: npt.NDArray[np.floating[Any]], targets: Labels, classes: Sequence[str]) -> Scores:
        """Accuracy with its interval, class by class, log loss, calibration error and the confusion matrix."""
        return score(probabilities, targets, classes)


SINGLE_LABEL = SingleLabel()
