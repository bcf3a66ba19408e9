"""Several labels a picture, or none: each label by itself, present where its probability reaches its threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.evaluation import Finding, ReliabilityBin, fit_temperature
from striate.evaluation.familiarity import energy_of_labels
from striate.evaluation.label_findings import judge_label_scores
from striate.evaluation.label_scores import MultiLabelScores, label_reliability, score_labels
from striate.evaluation.label_thresholds import USUAL, choose_thresholds
from striate.tasks.prediction import Prediction, one_decoding

SEPARATOR = "|"
"""Between the labels in a table."""

Labels = npt.NDArray[np.bool_]
"""(n, classes): which labels each picture has."""


@dataclass(frozen=True)
class MultiLabel:
    """Each picture has any number of labels.

    Example:
        >>> task = MultiLabel()
        >>> task.encode(["cat|dog", "", "dog"], ["cat", "dog"]).tolist()
        [[True, True], [False, False], [False, True]]
    """

    thresholds: tuple[float, ...] = ()
    """From which probability on each label is named, in the order of the classes; without any it is 0.5."""
    name: str = "multi_label"
    figures: tuple[str, ...] = (
        *("accuracy", "accuracy_interval", "mean_average_precision", "mean_average_precision_interval"),
        *("f1_micro", "f1_micro_interval", "f1_macro", "f1_macro_interval", "count", "log_loss"),
        *("expected_calibration_error", "expected_calibration_error_uncalibrated"),
    )
    leading_figures: tuple[str, ...] = ("mean_average_precision", "f1_micro")
    parts: tuple[str, ...] = ("labels", "label_calibration", "mistakes")
    rule_parts: tuple[str, ...] = ("least_sure", "unfamiliar")
    headline: str = "label_headline"
    splits: str = "label_splits"
    column: str = "labels"
    several: bool = True
    sequential: bool = False
    noun: str = "label"
    unlearnt: str = "left out; the pictures keep their other labels"
    decodings: tuple[str, ...] = ()
    decoding: str = ""
    most_classes: int | None = None
    classifier: str = "sigmoid"
    fewest_classes: int = 1

    def names(self, told: str) -> tuple[str, ...]:
        """What stands between the bars, each once, in the order of their first mention."""
        return tuple(dict.fromkeys(name for part in told.split(SEPARATOR) if (name := part.strip())))

    def also(self, told: str, more: str) -> str:
        """All names of both, sorted."""
        return SEPARATOR.join(sorted({*self.names(told), *self.names(more)}))

    def encode(self, told: Sequence[str], classes: Sequence[str]) -> Labels:
        """(n, classes) bool: whether each text names each label."""
        places = {name: place for place, name in enumerate(classes)}
        targets = np.zeros((len(told), len(classes)), dtype=bool)
        for row, text in enumerate(told):
            targets[row, [places[name] for name in self.names(text)]] = True
        return targets

    def tell(self, target: Any, classes: Sequence[str]) -> str:
        """The names with bars between them; nothing for a picture without a label."""
        return SEPARATOR.join(classes[place] for place in np.flatnonzero(target).tolist())

    def shows(self, targets: Labels, place: int) -> npt.NDArray[np.bool_]:
        """The label's column."""
        return np.asarray(targets[:, place])

    def support(self, targets: Labels, classes: int) -> npt.NDArray[np.int64]:
        """How many pictures have each label."""
        return np.asarray(targets.sum(axis=0, dtype=np.int64))

    def replaced(self, targets: Labels, places: npt.NDArray[np.integer[Any]], classes: int) -> Labels:
        """The columns at their new places; that of a label at -1 is dropped."""
        moved = np.zeros((len(targets), classes), dtype=bool)
        kept = np.flatnonzero(places >= 0)
        moved[:, places[kept]] = targets[:, kept]
        return moved

    def joined(self, targets: Labels) -> Any:
        """(classes,) the labels that any of the copies has."""
        return targets.any(axis=0)

    def strata(self, targets: Labels) -> npt.NDArray[np.int64]:
        """Each picture's rarest label; pictures without a label are a stratum of their own, the last.

        The first step of iterative stratification, which hands out the pictures of the rarest label first: what is rare is spread evenly,
        and what is common follows, since there is so much of it. Of equally rare labels it is the first.

        Source: Sechidis, Tsoumakas and Vlahavas 2011, On the Stratification of Multi-Label Data, section 3.
        """
        classes = targets.shape[1]
        order = np.argsort(self.support(targets, classes), kind="stable")
        ranked = np.asarray(targets, dtype=bool)[:, order]
        return np.asarray(np.where(ranked.any(axis=1), order[ranked.argmax(axis=1)], classes), dtype=np.int64)

    def contradicts(self, one: Labels, other: Labels) -> npt.NDArray[np.bool_]:
        """Where a label is in one and not in the other."""
        return np.asarray((one != other).any(axis=1))

    def outputs(self, classes: Sequence[str]) -> tuple[str, ...]:
        """A logit a label."""
        return tuple(classes)

    def width(self, classes: Sequence[str]) -> int:
        """A logit a label."""
        return len(classes)

    def probabilities(
        self, logits: npt.NDArray[np.floating[Any]], calibration: Mapping[str, int | float]
    ) -> npt.NDArray[np.float64]:
        """The sigmoid of each logit over the calibration's `temperature`; rows sum to whatever they do."""
        scaled = logits.astype(np.float64) / calibration["temperature"]
        with np.errstate(over="ignore"):  # the exponential of a large number is infinite, and its reciprocal 0
            return np.asarray(1 / (1 + np.exp(-scaled)))

    def energies(self, logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float64]:
        """Of all sets of labels."""
        return energy_of_labels(logits)

    def fit_temperature(self, logits: npt.NDArray[np.floating[Any]], targets: Labels) -> float | None:
        """That of questions of two answers, one for each label of each picture: its logit, and 0."""
        flat = logits.ravel()
        answers = np.stack([np.zeros_like(flat), flat], axis=1)
        return fit_temperature(answers, np.asarray(targets, dtype=np.int64).ravel())

    def choose_thresholds(
        self, probabilities: npt.NDArray[np.floating[Any]], targets: Labels, classes: Sequence[str]
    ) -> Mapping[str, float]:
        """Those with the highest F1 of each label; see `striate.evaluation.label_thresholds`."""
        return choose_thresholds(probabilities, targets, classes)

    def with_thresholds(self, thresholds: Mapping[str, float], classes: Sequence[str]) -> MultiLabel:
        """The task with a threshold for each label; one that has none has 0.5."""
        return replace(self, thresholds=tuple(thresholds.get(name, USUAL) for name in classes))

    def with_decoding(self, decoding: str) -> MultiLabel:
        """There is one way.

        Raises:
            UsageError: Another is asked for.
        """
        raise one_decoding(decoding)

    def decide(self, probabilities: npt.NDArray[np.floating[Any]]) -> Labels:
        """(n, classes) bool: which labels reach their threshold."""
        return np.asarray(probabilities >= self._at(probabilities.shape[-1]))

    def same(self, one: Labels, other: Labels) -> npt.NDArray[np.bool_]:
        """Where all labels are equal; their mean, against the true ones, is the subset accuracy."""
        return np.asarray((one == other).all(axis=1))

    def confidence(self, probabilities: npt.NDArray[np.floating[Any]], answers: Labels) -> npt.NDArray[np.float64]:
        """The probability that all labels are right, as if each were right or wrong by itself."""
        return np.asarray(np.where(answers, probabilities, 1 - probabilities.astype(np.float64)).prod(axis=1))

    def surest_mistakes(
        self, probabilities: npt.NDArray[np.floating[Any]], targets: Labels, count: int
    ) -> npt.NDArray[np.int64]:
        """Falling in the confidence of the wrong answer."""
        answers = self.decide(probabilities)
        wrong = np.flatnonzero(~self.same(answers, np.asarray(targets, dtype=bool)))
        sure = self.confidence(probabilities[wrong], answers[wrong])
        return wrong[np.argsort(-sure, kind="stable")][:count].astype(np.int64)

    def describe(
        self, path: str, probabilities: npt.NDArray[np.floating[Any]], classes: Sequence[str], *, top: int
    ) -> Prediction:
        """Every label that reaches its threshold, the most probable first, and the most probable ones of all."""
        answer = self.decide(probabilities)
        order = np.argsort(-probabilities, kind="stable")
        ranked = tuple((classes[index], float(probabilities[index])) for index in order)
        named = tuple(row for row, index in zip(ranked, order, strict=True) if answer[index])
        sure = float(self.confidence(probabilities[np.newaxis], answer[np.newaxis])[0])
        return Prediction(path, self.tell(answer, classes), sure, ranked[: max(top, 0)], labels=named)

    def alternatives(self, classes: Sequence[str], top: int) -> int:
        """As many as there are labels."""
        return min(top, len(classes))

    def reliability(self, probabilities: npt.NDArray[np.floating[Any]], targets: Labels) -> tuple[ReliabilityBin, ...]:
        """Of each label of each picture."""
        return label_reliability(probabilities, targets)

    def score(
        self, probabilities: npt.NDArray[np.floating[Any]], targets: Labels, classes: Sequence[str]
    ) -> MultiLabelScores:
        """Average precision, F1 and the counts of each label, and of all together."""
        return score_labels(probabilities, targets, classes, thresholds=self._at(len(classes)))

    def read_scores(self, figures: Mapping[str, Any]) -> MultiLabelScores:
        """What `to_dict` of its scores wrote."""
        return MultiLabelScores.from_dict(figures)

    def headline_facts(
        self, figures: Mapping[str, Any], split: str, *, many: str = "pictures"
    ) -> list[tuple[str, str]]:
        """The mean average precision, F1, and how often all labels of a picture are right."""
        found = f"{figures['mean_average_precision']:.2%} on {figures['count']:,} {many} of {split}"
        if interval := figures.get("mean_average_precision_interval"):
            found += f" (95 % interval {interval[0]:.1%} to {interval[1]:.1%})"
        return [
            ("mean average precision", found),
            ("F1 at the thresholds", f"{figures['f1_micro']:.3f} micro, {figures['f1_macro']:.3f} macro"),
            ("all labels right", f"{figures['accuracy']:.2%} of the {many}"),
        ]

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
        """Labels that are found hardly better than by chance, and those that too few pictures have."""
        return judge_label_scores(scores, split, remedy=remedy)

    def _at(self, classes: int) -> npt.NDArray[np.float64]:
        return np.array(self.thresholds) if self.thresholds else np.full(classes, USUAL)


MULTI_LABEL = MultiLabel()
