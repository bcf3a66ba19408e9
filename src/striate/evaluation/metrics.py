"""Accuracy and its companions, from class probabilities and true labels alone.

Every figure is the one scikit-learn gives under the same name (the tests hold them equal). Three conventions:

- *Macro figures* are means over the classes that occur in the labels; a class without pictures has no recall.
  `balanced_accuracy` is the same number as `recall_macro`.
- *Nothing divided by nothing is 0.0* (scikit-learn's `zero_division=0`): the precision of a class never predicted, the
  recall of a class that never occurs. `support` and the confusion matrix tell which it was.
- *Equal probabilities* go to the class that comes first, as in `numpy.argmax`; so top-1 is always the accuracy.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError
from striate.evaluation.calibration import adaptive_calibration_error, expected_calibration_error
from striate.evaluation.checked_arrays import Labels, Probabilities, checked
from striate.evaluation.confusion_text import confusion_lines
from striate.evaluation.macro_intervals import macro_intervals
from striate.wording import percent

TOP_K = 5
MOST_IN_TEXT = 20
NORMAL_QUANTILE_975 = 1.959963984540054  # leaves 2.5 % above it


@dataclass(frozen=True)
class ClassScores:
    """How one class fares; all but `support` are within [0, 1]."""

    name: str
    precision: float  # of the pictures called this class, the share that are
    recall: float  # of the pictures of this class, the share that were called so
    f1: float  # harmonic mean of the two
    support: int  # pictures of this class


@dataclass(frozen=True, eq=False)
class Scores:
    """Everything `score` measures, with scikit-learn's names."""

    count: int  # pictures
    accuracy: float
    accuracy_interval: tuple[float, float]  # 95 %, Wilson
    balanced_accuracy: float
    log_loss: float  # nats a picture
    expected_calibration_error: float  # 15 bins; how far sureness and being right are apart
    adaptive_calibration_error: float  # the same in 15 bins of as many pictures each
    top_k: int  # min(5, classes)
    top_k_accuracy: float
    f1_macro: float
    precision_macro: float
    recall_macro: float
    per_class: tuple[ClassScores, ...]  # in the order of the classes
    confusion_matrix: npt.NDArray[np.int64]  # (classes, classes); a row is a true class, a column a predicted one

    def headline(self) -> dict[str, Any]:
        """The single figures alone, JSON-ready: all of `to_dict` but `per_class` and `confusion_matrix`."""
        figures = {field.name: getattr(self, field.name) for field in fields(self)}
        del figures["per_class"], figures["confusion_matrix"]
        figures["accuracy_interval"] = list(self.accuracy_interval)
        return figures

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON types; `from_dict` takes them back.

        Example:
            >>> scores = score(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0]), ["cat", "dog"])
            >>> scores.to_dict()["confusion_matrix"]
            [[1, 1], [0, 0]]
        """
        return {
            **self.headline(),
            "per_class": [asdict(row) for row in self.per_class],
            "confusion_matrix": self.confusion_matrix.tolist(),
        }

    @cached_property
    def further_intervals(self) -> dict[str, list[float]]:
        """The 95 % intervals of the balanced accuracy and of the macro F1, by the names that they have in JSON."""
        balanced, f1 = macro_intervals(self.confusion_matrix)
        return {"balanced_accuracy_interval": list(balanced), "f1_macro_interval": list(f1)}

    def facts(self, *, many: str = "pictures") -> list[tuple[str, str]]:
        """The single figures as names and values, for people; several of what was given are called `many`."""
        low, high = self.accuracy_interval
        balanced, f1 = self.further_intervals.values()
        figures = [
            ("accuracy", f"{self.accuracy:.2%} ({interval_text(low, high)})"),
            ("balanced accuracy", f"{self.balanced_accuracy:.2%} ({interval_text(*balanced)})"),
            ("log loss", f"{self.log_loss:.4f}"),
            (
                "calibration error",
                f"{percent(self.expected_calibration_error, space='')}, {percent(self.adaptive_calibration_error, space='')} "
                f"in bins of as many {many} each",
            ),
            ("macro F1", f"{self.f1_macro:.4f} (95 % interval {f1[0]:.3f} to {f1[1]:.3f})"),
        ]
        if self.top_k < len(self.per_class):  # of two classes, every answer is among the first two
            figures.insert(2, (f"top-{self.top_k} accuracy", f"{self.top_k_accuracy:.2%}"))
        return figures

    def table(self, *, many: str = "pictures") -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The columns' names, and a row a class, for people."""
        rows: list[tuple[str, ...]] = [
            (row.name, f"{row.precision:.3f}", f"{row.recall:.3f}", f"{row.f1:.3f}", f"{row.support:,}")
            for row in self.per_class
        ]
        return ("class", "precision", "recall", "F1", many), rows

    def lines(self, width: int | None) -> list[str]:
        """Of `MOST_IN_TEXT` classes at most the confusion matrix."""
        if len(self.per_class) > MOST_IN_TEXT:
            return []
        return confusion_lines(self.confusion_matrix, [row.name for row in self.per_class], width)

    @classmethod
    def from_dict(cls, figures: Mapping[str, Any]) -> Scores:
        """The scores that `to_dict` wrote.

        Args:
            figures: What `to_dict` gave, as it is or after a way through JSON.

        Raises:
            UsageError: If a key is missing or unknown, or the parts disagree about the number of classes.

        Example:
            >>> scores = score(np.array([[0.9, 0.1], [0.4, 0.6]]), np.array([0, 0]), ["cat", "dog"])
            >>> Scores.from_dict(scores.to_dict()).accuracy
            0.5
        """
        _require_keys("scores", figures, cls)
        per_class = []
        for row in figures["per_class"]:
            _require_keys("the scores of a class", row, ClassScores)
            per_class.append(ClassScores(**row))
        matrix = np.array(figures["confusion_matrix"], dtype=np.int64)
        if matrix.shape != (len(per_class), len(per_class)):
            raise UsageError(
                f"scores of {len(per_class)} classes need a confusion matrix of shape "
                f"{(len(per_class), len(per_class))}; got {matrix.shape}"
            )
        matrix.setflags(write=False)
        low, high = figures["accuracy_interval"]
        return cls(
            **{**figures, "accuracy_interval": (low, high), "per_class": tuple(per_class), "confusion_matrix": matrix}
        )


def score(probabilities: Probabilities, labels: Labels, classes: Sequence[str]) -> Scores:
    """Scores of one classifier on one set of pictures.

    Args:
        probabilities: (n, c) float in [0, 1], a row a picture, each row's sum within 0.001 of 1.
        labels: (n,) int in [0, c), the true classes as columns of `probabilities`.
        classes: The c class names, in the order of the columns.

    Returns:
        The scores. The log loss is in nats; a probability below 2.2e-16 counts as that, as in scikit-learn for float64.

    Raises:
        UsageError: If there is no picture, the shapes disagree, a probability is negative or not a number, a row does
            not sum to 1, or a label has no class.

    Example:
        >>> probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.4, 0.3], [0.5, 0.2, 0.3]])
        >>> scores = score(probabilities, np.array([0, 1, 2, 0]), ["cat", "dog", "owl"])
        >>> scores.accuracy, scores.balanced_accuracy, scores.top_k
        (0.75, 0.6666666666666666, 3)
        >>> scores.per_class[1]
        ClassScores(name='dog', precision=0.5, recall=1.0, f1=0.6666666666666666, support=1)

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927 (the interval).
    """
    probabilities, labels = checked(probabilities, labels)
    count, width = probabilities.shape
    if len(classes) != width:
        raise UsageError(f"probabilities of {width} columns need {width} class names; got {len(classes)}")
    if len(set(classes)) != width:
        raise UsageError("class names must differ from one another; at least one is given twice")

    predicted = probabilities.argmax(axis=1)
    matrix = np.bincount(labels * width + predicted, minlength=width * width).reshape(width, width).astype(np.int64)
    matrix.setflags(write=False)
    correct, support, calls = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    precision, recall, f1 = _ratio(correct, calls), _ratio(correct, support), _ratio(2 * correct, support + calls)
    present = support > 0

    of_true = probabilities[np.arange(count), labels]
    top_k = min(TOP_K, width)
    right = int(correct.sum())
    return Scores(
        count=count,
        accuracy=right / count,
        accuracy_interval=wilson_interval(right, count),
        balanced_accuracy=float(recall[present].mean()),
        log_loss=_log_loss(of_true),
        expected_calibration_error=expected_calibration_error(probabilities, labels),
        adaptive_calibration_error=adaptive_calibration_error(probabilities, labels),
        top_k=top_k,
        top_k_accuracy=float(np.mean(_ranks(probabilities, labels, of_true) < top_k)),
        f1_macro=float(f1[present].mean()),
        precision_macro=float(precision[present].mean()),
        recall_macro=float(recall[present].mean()),
        per_class=tuple(
            ClassScores(str(name), float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
            for i, name in enumerate(classes)
        ),
        confusion_matrix=matrix,
    )


def interval_text(low: float, high: float) -> str:
    """As it stands behind a share.

    Example:
        >>> interval_text(0.901, 0.9334)
        '95 % interval 90.1% to 93.3%'
    """
    return f"95 % interval {low:.1%} to {high:.1%}"


def wilson_interval(successes: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share that was measured as `successes` of `count` independent trials.

    Unlike "plus or minus two standard errors" it stays within [0, 1] and does not shrink to nothing at 0 or 100 %.

    Args:
        successes: How many trials succeeded, in [0, count].
        count: How many trials there were, at least 1.

    Returns:
        (low, high), both within [0, 1].

    Raises:
        UsageError: If `count` is below 1 or `successes` is not within [0, count].

    Example:
        >>> low, high = wilson_interval(95, 100)
        >>> f"{low:.3f} to {high:.3f}"
        '0.888 to 0.978'

    Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    """
    if count < 1 or not 0 <= successes <= count:
        raise UsageError(f"an interval needs at least 1 trial and 0 to that many successes; got {successes} of {count}")
    squared = NORMAL_QUANTILE_975**2
    share = successes / count
    centre = (share + squared / (2 * count)) / (1 + squared / count)
    spread = math.sqrt(share * (1 - share) / count + squared / (4 * count**2))
    half = NORMAL_QUANTILE_975 * spread / (1 + squared / count)
    # The ends are exact where the share is 0 or 1; rounding must not move them.
    return (0.0 if successes == 0 else centre - half), (1.0 if successes == count else centre + half)


def most_confident_mistakes(probabilities: Probabilities, labels: Labels, count: int) -> npt.NDArray[np.int64]:
    """Which pictures were called wrong with the greatest confidence, the surest first.

    Args:
        probabilities: (n, c) float in [0, 1], a row a picture, each row's sum within 0.001 of 1.
        labels: (n,) int in [0, c), the true classes as columns of `probabilities`.
        count: How many to give at most, at least 0.

    Returns:
        (m,) int64, m <= count: row numbers, falling in the probability of the wrong class; equals keep their order.

    Raises:
        UsageError: If `count` is negative, or the probabilities and labels are not as `score` wants them.

    Example:
        >>> probabilities = np.array([[0.6, 0.4], [0.1, 0.9], [0.8, 0.2]])
        >>> most_confident_mistakes(probabilities, np.array([1, 0, 0]), count=5)
        array([1, 0])
    """
    if count < 0:
        raise UsageError(f"the number of mistakes to give must be at least 0; got {count}")
    probabilities, labels = checked(probabilities, labels)
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != labels)
    confidence = probabilities[wrong].max(axis=1)
    return wrong[np.argsort(-confidence, kind="stable")][:count].astype(np.int64)


def _require_keys(what: str, given: Mapping[str, Any], kind: type[Scores] | type[ClassScores]) -> None:
    wanted = [field.name for field in fields(kind)]
    missing = [name for name in wanted if name not in given]
    unknown = [name for name in given if name not in wanted]
    if missing or unknown:
        raise UsageError(
            f"{what} must have the keys {', '.join(wanted)}; "
            f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(map(str, unknown)) or 'none'}"
        )


def _ratio(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(len(whole), dtype=np.float64), where=whole > 0)


def _log_loss(of_true: Probabilities) -> float:
    smallest = np.finfo(np.float64).eps
    return float(-np.log(np.clip(of_true.astype(np.float64), smallest, 1 - smallest)).mean())


def _ranks(
    probabilities: Probabilities, labels: npt.NDArray[np.int64], of_true: Probabilities
) -> npt.NDArray[np.int64]:
    """How many classes are put before the true one, (n,) int64."""
    before = (probabilities > of_true[:, None]).sum(axis=1)
    equal = probabilities == of_true[:, None]
    earlier = np.arange(probabilities.shape[1]) < labels[:, None]
    return np.asarray(before + (equal & earlier).sum(axis=1), dtype=np.int64)
