"""One label a picture: the softmax's most probable class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.evaluation import (
    Finding,
    ReliabilityBin,
    Scores,
    fit_temperature,
    judge_scores,
    most_confident_mistakes,
    reliability,
    score,
    softmax,
)
from striate.evaluation.familiarity import energy
from striate.tasks.prediction import Prediction, one_decoding

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
    leading_figures: tuple[str, ...] = ("accuracy", "balanced_accuracy")
    parts: tuple[str, ...] = ("classes", "confusion", "thresholds", "calibration", "mistakes")
    rule_parts: tuple[str, ...] = ("least_sure", "unfamiliar", "sets", "costs")
    headline: str = "headline"
    splits: str = "splits"
    column: str = "label"
    several: bool = False
    sequential: bool = False
    noun: str = "class"
    unlearnt: str = ""
    decodings: tuple[str, ...] = ()
    decoding: str = ""
    most_classes: int | None = None
    classifier: str = "softmax"
    fewest_classes: int = 2

    def names(self, told: str) -> tuple[str, ...]:
        """The text itself; none of an empty one."""
        return (told,) if told else ()

    def also(self, told: str, more: str) -> str:
        """The first: a picture has one."""
        return told

    def encode(self, told: Sequence[str], classes: Sequence[str]) -> npt.NDArray[np.int32]:
        """(n,) int32: the place of each name in the classes."""
        places = {name: place for place, name in enumerate(classes)}
        return np.array([places[name] for name in told], dtype=np.int32)

    def tell(self, target: Any, classes: Sequence[str]) -> str:
        """The name of the class."""
        return classes[int(target)]

    def shows(self, targets: Labels, place: int) -> npt.NDArray[np.bool_]:
        """Where the label is that place."""
        return np.asarray(targets == place)

    def support(self, targets: Labels, classes: int) -> npt.NDArray[np.int64]:
        """How often each label occurs."""
        return np.bincount(targets, minlength=classes).astype(np.int64)

    def replaced(self, targets: Labels, places: npt.NDArray[np.integer[Any]], classes: int) -> Labels:
        """The new place of each label."""
        return np.asarray(places)[targets]

    def joined(self, targets: Labels) -> Any:
        """The label, which all copies have."""
        return targets[0]

    def strata(self, targets: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The labels themselves."""
        return targets

    def contradicts(self, one: Labels, other: Labels) -> npt.NDArray[np.bool_]:
        """Where the labels differ: at most one of them is right."""
        return np.asarray(one != other)

    def outputs(self, classes: Sequence[str]) -> tuple[str, ...]:
        """A logit a class."""
        return tuple(classes)

    def width(self, classes: Sequence[str]) -> int:
        """A logit a class."""
        return len(classes)

    def probabilities(
        self, logits: npt.NDArray[np.floating[Any]], calibration: Mapping[str, int | float]
    ) -> npt.NDArray[np.float64]:
        """The softmax of the logits over the calibration's `temperature`; rows sum to 1."""
        return softmax(logits, calibration["temperature"])

    def energies(self, logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Of the softmax."""
        return energy(logits)

    def fit_temperature(self, logits: npt.NDArray[np.floating[Any]], targets: Labels) -> float | None:
        """The one with the least log loss."""
        return fit_temperature(logits, np.asarray(targets, dtype=np.int64)) if logits.shape[1] > 1 else None

    def choose_thresholds(
        self, probabilities: npt.NDArray[np.floating[Any]], targets: Labels, classes: Sequence[str]
    ) -> Mapping[str, float]:
        """None: the most probable class is the answer."""
        return {}

    def with_thresholds(self, thresholds: Mapping[str, float], classes: Sequence[str]) -> SingleLabel:
        """The task as it is."""
        return self

    def with_decoding(self, decoding: str) -> SingleLabel:
        """There is one way.

        Raises:
            UsageError: Another is asked for.
        """
        raise one_decoding(decoding)

    def decide(self, probabilities: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int64]:
        """(n,) the most probable class (argmax), the first of equals."""
        return np.asarray(probabilities.argmax(axis=1))

    def same(self, one: Labels, other: Labels) -> npt.NDArray[np.bool_]:
        """Where the labels are equal; their mean, against the true ones, is the accuracy."""
        return np.asarray(one == other)

    def confidence(self, probabilities: npt.NDArray[np.floating[Any]], answers: Labels) -> npt.NDArray[np.float64]:
        """The probability of each answer."""
        return probabilities[np.arange(len(answers)), answers].astype(np.float64)

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

    def alternatives(self, classes: Sequence[str], top: int) -> int:
        """As many as there are classes."""
        return min(top, len(classes))

    def reliability(self, probabilities: npt.NDArray[np.floating[Any]], targets: Labels) -> tuple[ReliabilityBin, ...]:
        """Of the answer."""
        return reliability(probabilities, targets)

    def score(self, probabilities: npt.NDArray[np.floating[Any]], targets: Labels, classes: Sequence[str]) -> Scores:
        """Accuracy with its interval, class by class, log loss, calibration error and the confusion matrix."""
        return score(probabilities, targets, classes)

    def read_scores(self, figures: Mapping[str, Any]) -> Scores:
        """What `Scores.to_dict` wrote."""
        return Scores.from_dict(figures)

    def headline_facts(
        self, figures: Mapping[str, Any], split: str, *, many: str = "pictures"
    ) -> list[tuple[str, str]]:
        """The accuracy; and how the classes fare by themselves, where that is another number."""
        low, high = figures["accuracy_interval"]
        said = f"{figures['accuracy']:.2%} on {figures['count']:,} {many} of {split} (95 % interval {low:.1%} to {high:.1%})"
        rows = [("accuracy", said)]
        if abs(figures["balanced_accuracy"] - figures["accuracy"]) > 1e-9:  # they are the same where classes are even
            recall = f"{figures['balanced_accuracy']:.2%} balanced accuracy (the mean recall of the classes)"
            rows.append(("by class", f"{recall}, macro F1 {figures['f1_macro']:.3f}"))
        return rows

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
        """Whether they are clearly better than one answer for all, and which classes are lost."""
        return judge_scores(scores, split, remedy=remedy, balance=balance, learnt_briefly=learnt_briefly, many=many)


SINGLE_LABEL = SingleLabel()
