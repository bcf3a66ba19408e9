"""What every task answers: the seam between what is asked and all that trains, measures, ships and shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from striate.evaluation import Finding, ReliabilityBin
from striate.tasks.prediction import Prediction

Targets = npt.NDArray[Any]
"""A row a picture: what is right for it, and also what was decided."""


class TaskScores(Protocol):
    """What every task's scores answer, besides figures of their own."""

    @property
    def count(self) -> int:
        """Pictures."""

    @property
    def accuracy(self) -> float:
        """The share of pictures that are answered right."""

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """Of it, 95 %."""

    @property
    def log_loss(self) -> float:
        """Nats a picture."""

    @property
    def expected_calibration_error(self) -> float:
        """How far probabilities and being right are apart, in 0..1."""

    def headline(self) -> dict[str, Any]:
        """The single figures, JSON-ready, as a contract holds them."""

    def to_dict(self) -> dict[str, Any]:
        """All figures, JSON-ready."""

    @property
    def further_intervals(self) -> Mapping[str, list[float]]:
        """Those that are not among the figures, by the names that they have in JSON."""

    def facts(self, *, many: str = "pictures") -> list[tuple[str, str]]:
        """The single figures as names and values, for people; several of what was given are called `many`."""

    def table(self, *, many: str = "pictures") -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The columns' names, and a row a class, for people."""

    def lines(self, width: int | None) -> list[str]:
        """What stands below the table, if anything does."""


class Task(Protocol):
    """What is asked of each picture; the loss it is learnt by is in `striate.training.objectives`, under the same name."""

    @property
    def name(self) -> str:
        """As contracts and recipes have it."""

    @property
    def figures(self) -> tuple[str, ...]:
        """Those of a split's figures, by their names in the contract, that a run's result shows."""

    @property
    def leading_figures(self) -> tuple[str, ...]:
        """The two shares that say most, by their names in the contract."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts of a run's report that are of this task alone, by their anchors, in their order."""

    @property
    def rule_parts(self) -> tuple[str, ...]:
        """The parts of a decision rule (`striate.tasks.decision_rule`) that can be sealed with it, by their fields' names."""

    @property
    def headline(self) -> str:
        """The part that leads a report, by its anchor."""

    @property
    def splits(self) -> str:
        """The part with a row of figures for each split, by its anchor."""

    @property
    def classifier(self) -> str:
        """By which function logits become probabilities: `"softmax"` or `"sigmoid"`."""

    @property
    def column(self) -> str:
        """What the column of a table is called that tells what is right; of tasks with the same one the first is meant."""

    @property
    def several(self) -> bool:
        """Whether a picture may be of several classes, or of none."""

    @property
    def sequential(self) -> bool:
        """Whether a picture says a string, whose signs are the classes: then a network answers at every place of a line."""

    @property
    def noun(self) -> str:
        """What a class is called: `class`, `label`, `sign`."""

    @property
    def unlearnt(self) -> str:
        """Where a picture may be of several classes: what becomes of one that no training picture has, a clause; else empty."""

    @property
    def decodings(self) -> tuple[str, ...]:
        """The ways to come from probabilities to an answer, by name, where there are several; the first is the usual one."""

    @property
    def decoding(self) -> str:
        """Which of these is taken; empty where there are none."""

    @property
    def fewest_classes(self) -> int:
        """With fewer there is nothing to tell apart."""

    @property
    def most_classes(self) -> int | None:
        """With more it cannot be asked; None: any number."""

    def names(self, told: str) -> tuple[str, ...]:
        """The classes that a text of a table names."""

    def also(self, told: str, more: str) -> str:
        """What two texts of one picture tell together, where it may be of several classes."""

    def encode(self, told: Sequence[str], classes: Sequence[str]) -> Targets:
        """The targets of what a table or file tells of each picture.

        Args:
            told: n texts.
            classes: All classes that they name, in the order of the targets' numbers.
        """

    def tell(self, target: Any, classes: Sequence[str]) -> str:
        """What a table would tell of a picture with this target, which `encode` takes back."""

    def shows(self, targets: Targets, place: int) -> npt.NDArray[np.bool_]:
        """(n,) whether each picture is of the class at this place."""

    def support(self, targets: Targets, classes: int) -> npt.NDArray[np.int64]:
        """(classes,) how many pictures are of each class."""

    def replaced(self, targets: Targets, places: npt.NDArray[np.integer[Any]], classes: int) -> Targets:
        """The targets among other classes: class k has the place `places[k]` of `classes`.

        Args:
            targets: n of them.
            places: (k,) int; a class at -1 is forgotten, which no picture of a single class may have.
            classes: How many there are then.
        """

    def joined(self, targets: Targets) -> Any:
        """The target of a picture of which there are copies with these: all that they tell together."""

    def strata(self, targets: Targets) -> npt.NDArray[Any]:
        """(n,) what splits, samplers, class weights and samples go by, so that each kind of picture has its share."""

    def contradicts(self, one: Targets, other: Targets) -> npt.NDArray[np.bool_]:
        """(n,) whether one picture cannot have both targets."""

    def outputs(self, classes: Sequence[str]) -> tuple[str, ...]:
        """The class that each logit is of, by which canaries know them."""

    def width(self, classes: Sequence[str]) -> int:
        """How many logits the network's head answers."""

    def probabilities(
        self, logits: npt.NDArray[np.floating[Any]], calibration: Mapping[str, int | float]
    ) -> npt.NDArray[np.float64]:
        """(n, classes) in 0..1 of (n, width) finite logits, calibrated as the contract says."""

    def energies(self, logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """(n,) the energy of (n, width) logits, low where nothing speaks for any answer: `striate.evaluation.familiarity`."""

    def fit_temperature(self, logits: npt.NDArray[np.floating[Any]], targets: Targets) -> float | None:
        """The temperature that calibrates best, of logits of pictures that were not learnt from; None where nothing can be fitted."""

    def choose_thresholds(
        self, probabilities: npt.NDArray[np.floating[Any]], targets: Targets, classes: Sequence[str]
    ) -> Mapping[str, float]:
        """From which probability on each class is named, by name, chosen on pictures that were not learnt from; empty: none is needed."""

    def with_thresholds(self, thresholds: Mapping[str, float], classes: Sequence[str]) -> Task:
        """The task as it decides by these thresholds, which stand in the contract."""

    def with_decoding(self, decoding: str) -> Task:
        """The task as it comes to answers in another of its ways.

        Raises:
            StriateError: It has no such way.
        """

    def decide(self, probabilities: npt.NDArray[np.floating[Any]]) -> Targets:
        """What is answered, in the form of targets."""

    def same(self, one: Targets, other: Targets) -> npt.NDArray[np.bool_]:
        """(n,) whether two answers are the same; against the targets: whether they are right."""

    def confidence(self, probabilities: npt.NDArray[np.floating[Any]], answers: Targets) -> npt.NDArray[np.float64]:
        """(n,) how probable each answer is, in 0..1."""

    def surest_mistakes(
        self, probabilities: npt.NDArray[np.floating[Any]], targets: Targets, count: int
    ) -> npt.NDArray[np.int64]:
        """Rows of up to `count` pictures that are answered wrong, the surest first."""

    def describe(
        self, path: str, probabilities: npt.NDArray[np.floating[Any]], classes: Sequence[str], *, top: int
    ) -> Prediction:
        """What is said of one picture, of (classes,) probabilities; `top` is how many classes a row names at most."""

    def alternatives(self, classes: Sequence[str], top: int) -> int:
        """How many answers a description ranks at most, where `top` are asked for."""

    def reliability(self, probabilities: npt.NDArray[np.floating[Any]], targets: Targets) -> tuple[ReliabilityBin, ...]:
        """How often what was said was so, by its probability."""

    def score(
        self, probabilities: npt.NDArray[np.floating[Any]], targets: Targets, classes: Sequence[str]
    ) -> TaskScores:
        """How good the answers are."""

    def read_scores(self, figures: Mapping[str, Any]) -> TaskScores:
        """The scores that their `to_dict` wrote."""

    def headline_facts(
        self, figures: Mapping[str, Any], split: str, *, many: str = "pictures"
    ) -> list[tuple[str, str]]:
        """What a run says first of the figures that a contract has of a split: names and values, for people.

        Args:
            figures: The split's.
            split: Its name.
            many: What several of what was given are called.
        """

    def judge(
        self,
        scores: Any,
        split: str,
        *,
        remedy: str,
        balance: str = "none",
        learnt_briefly: bool = False,
        many: str = "pictures",
    ) -> tuple[Finding, ...]:
        """What is worth knowing of a split's scores; the arguments are those of `striate.evaluation.judge_scores`."""
