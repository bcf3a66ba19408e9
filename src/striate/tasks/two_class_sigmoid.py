"""Two classes by one sigmoid: a single logit, that of the second class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.tasks.single_label import Labels, SingleLabel


@dataclass(frozen=True)
class TwoClassSigmoid(SingleLabel):
    """Each picture is of one of two classes, told by one logit: its sigmoid is the probability of the second class.

    A sigmoid of z is a softmax of the logits 0 and z, so that all answers have the form that they have with two logits.

    Example:
        >>> task = TwoClassSigmoid()
        >>> task.width(["cat", "dog"]), task.probabilities(np.array([[0.0]]), {"temperature": 1.0}).tolist()
        (1, [[0.5, 0.5]])
    """

    name: str = "two_class_sigmoid"
    classifier: str = "sigmoid"
    most_classes: int | None = 2

    def outputs(self, classes: Sequence[str]) -> tuple[str, ...]:
        """The second class."""
        return tuple(classes[1:2])

    def width(self, classes: Sequence[str]) -> int:
        """One logit."""
        return 1

    def probabilities(
        self, logits: npt.NDArray[np.floating[Any]], calibration: Mapping[str, int | float]
    ) -> npt.NDArray[np.float64]:
        """(n, 2): of the sigmoid of the logit over the calibration's `temperature`, and what is left to 1."""
        return super().probabilities(two_logits(logits), calibration)

    def energies(self, logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Of the softmax of the logits 0 and z."""
        return super().energies(two_logits(logits))

    def fit_temperature(self, logits: npt.NDArray[np.floating[Any]], targets: Labels) -> float | None:
        """That of the logits 0 and z."""
        return super().fit_temperature(two_logits(logits), targets)


def two_logits(logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """(n, 2) logits of (n, 1), with the same answers: 0 for the first class."""
    return np.concatenate([np.zeros_like(logits), logits], axis=1)


TWO_CLASS_SIGMOID = TwoClassSigmoid()
