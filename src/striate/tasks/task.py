"""What every task answers: the seam between what is asked and all that trains, measures, ships and shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from striate.evaluation import Scores
from striate.tasks.prediction import Prediction

Targets = npt.NDArray[Any]
"""A row a picture: what is right for it, and also what was decided."""


class Task(Protocol):
    """What is asked of each picture; the loss it is learnt by is in `striate.training.objectives`, under the same name."""

    @property
    def name(self) -> str:
        """As contracts and recipes have it."""

    @property
    def figures(self) -> tuple[str, ...]:
        """Those of a split's figures, by their names in the contract, that a run's result shows."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of a run's report that are of this task alone, by their anchors, in their order."""

    @property
    def takes_rule(self) -> bool:
        """Whether a decision rule (`striate.tasks.decision_rule`) can be sealed with it."""

    def encode(self, told: Sequence[str], classes: Sequence[str]) -> Targets:
        """The targets of what a table or file tells of each picture.

        Args:
            told: n texts.
            classes: All classes that they name, in the order of the targets' numbers.
        """

    def strata(self, targets: Targets) -> npt.NDArray[Any]:
        """(n,) what splits, samplers, class weights and samples go by, so that each kind of picture has its share."""

    def contradicts(self, one: Targets, other: Targets) -> npt.NDArray[np.bool_]:
        """(n,) whether one picture cannot have both targets."""

    def width(self, classes: Sequence[str]) -> int:
        """How many logits the network's head answers."""

    def probabilities(
        self, logits: npt.NDArray[np.floating[Any]], calibration: Mapping[str, int | float]
    ) -> npt.NDArray[np.float64]:
        """(n, classes) in 0..1 of (n, width) finite logits, calibrated as the contract says."""

    def decide(self, probabilities: npt.NDArray[np.floating[Any]]) -> Targets:
        """What is answered, in the form of targets."""

    def same(self, one: Targets, other: Targets) -> npt.NDArray[np.bool_]:
        """(n,) whether two answers are the same; against the targets: whether they are right."""

    def surest_mistakes(
        self, probabilities: npt.NDArray[np.floating[Any]], targets: Targets, count: int
    ) -> npt.NDArray[np.int64]:
        """Rows of up to `count` pictures that are answered wrong, the surest first."""

    def describe(
        self, path: str, probabilities: npt.NDArray[np.floating[Any]], classes: Sequence[str], *, top: int
    ) -> Prediction:
        """What is said of one picture, of (classes,) probabilities; `top` is how many classes a row names at most."""

    def score(self, probabilities: npt.NDArray[np.floating[Any]], targets: Targets, classes: Sequence[str]) -> Scores:
        """How good the answers are."""
