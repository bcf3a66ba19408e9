"""What classifiers are chosen by, and whether one is better than another by it: accuracy, balanced accuracy, F1, log loss.

Accuracy has an exact test; for the other three answers are exchanged (`metric_comparison`). The interval is that of pictures drawn anew
within each class. Both are seeded, so that the same answers always get the same verdict. What pictures of several labels go by is in
`label_selection`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from striate.errors import UnknownNameError, UsageError
from striate.evaluation.checked_arrays import Labels, Probabilities, checked
from striate.evaluation.label_selection import LABEL_METRICS, compare_label_answers, label_selection_score
from striate.evaluation.metric_comparison import (
    Floats,
    MetricComparison,
    Score,
    exchanged_p_value,
    mean_of_sums,
    redrawn_interval,
)
from striate.evaluation.paired import compare_right


@dataclass(frozen=True)
class SelectionMetric:
    """A figure that classifiers are chosen by: what each picture adds to some sums, and the score that follows from these."""

    name: str
    said: str
    """In a sentence."""
    parts: Callable[[Probabilities, npt.NDArray[np.int64]], Floats]
    """(n, classes) probabilities and (n,) labels to (n, q): what each picture adds."""
    score: Score


def selection_score(metric: str, probabilities: Probabilities, labels: Labels) -> float:
    """A classifier's score, of which more is better: the figure of that name of `striate.evaluation.score`, the log loss with a minus.

    Args:
        metric: A name of `SELECTION_METRICS`, or of `LABEL_METRICS` where pictures have several labels.
        probabilities: (n, c) float in [0, 1], a row a picture, each row's sum within 0.001 of 1 unless they have several.
        labels: (n,) int in [0, c), or (n, c) of true and false.

    Raises:
        UnknownNameError: If there is no such metric.
        UsageError: If the arrays are anything else.

    Example:
        >>> probabilities = np.array([[0.7, 0.3], [0.6, 0.4], [0.8, 0.2], [0.4, 0.6]])
        >>> selection_score("balanced_accuracy", probabilities, np.array([0, 0, 1, 1]))
        0.75
    """
    check_metric_of(metric, several=np.ndim(labels) == 2)
    if np.ndim(labels) == 2:
        return label_selection_score(metric, probabilities, np.asarray(labels, bool))
    row = SELECTION_METRICS[metric]
    probabilities, labels = checked(probabilities, labels)
    sums = row.parts(probabilities, labels).sum(axis=0, dtype=np.float64)
    return float(row.score(sums, _support(probabilities, labels)))


def compare_answers(
    metric: str, candidate: Probabilities, reference: Probabilities, labels: Labels, *, seed: int = 0
) -> MetricComparison:
    """Whether a candidate is better than a reference on the same pictures, by a metric.

    Args:
        metric: A name of `SELECTION_METRICS`, or of `LABEL_METRICS` where pictures have several labels.
        candidate: (n, c) probabilities.
        reference: (n, c) probabilities, of the same pictures in the same order.
        labels: (n,) int in [0, c), or (n, c) of true and false.
        seed: Draws the exchanges and the pictures of the interval; accuracy needs none.

    Raises:
        UnknownNameError: If there is no such metric.
        UsageError: If the arrays are not of the same pictures and classes.

    Example:
        >>> labels = np.array([0, 1] * 20)
        >>> sure, unsure = np.eye(2)[labels] * 0.8 + 0.1, np.eye(2)[labels] * 0.2 + 0.4
        >>> found = compare_answers("log_loss", sure, unsure, labels)
        >>> round(found.gain, 3), found.p_value, found.verdict
        (0.405, 0.0005, 'better')
    """
    check_metric_of(metric, several=np.ndim(labels) == 2)
    if np.ndim(labels) == 2:
        return compare_label_answers(metric, candidate, reference, np.asarray(labels, bool), seed=seed)
    row = SELECTION_METRICS[metric]
    candidate, labels = checked(candidate, labels)
    reference, _ = checked(reference, labels)
    if candidate.shape != reference.shape:
        raise UsageError(
            f"answers are compared for the same pictures and classes; got {candidate.shape} and {reference.shape}"
        )
    counted = compare_right(candidate.argmax(axis=1) == labels, reference.argmax(axis=1) == labels)
    if metric == "accuracy":
        return MetricComparison(
            counted.difference, counted.interval, counted.p_value, counted.only_candidate, counted.only_reference
        )
    # Products of this size are slower by several threads than by one, which wait for one another.
    from threadpoolctl import threadpool_limits

    support = _support(candidate, labels)
    parts = row.parts(candidate, labels), row.parts(reference, labels)
    scores = [float(row.score(part.sum(axis=0, dtype=np.float64), support)) for part in parts]
    gain, generator = scores[0] - scores[1], np.random.default_rng(seed)
    with threadpool_limits(1):
        interval = redrawn_interval(row.score, parts, labels, support, generator)
        p_value = exchanged_p_value(row.score, parts, support, gain, generator)
    return MetricComparison(gain, interval, p_value, counted.only_candidate, counted.only_reference)


def check_metric_name(name: str) -> None:
    """Refuses a metric that no classifiers are chosen by.

    Raises:
        UnknownNameError: It is none, of one class a picture or of several labels.
    """
    if name not in METRIC_NAMES:
        raise UnknownNameError("metric", name, METRIC_NAMES)


def check_metric_of(name: str, *, several: bool) -> None:
    """Refuses a metric that classifiers of this kind are not chosen by.

    Args:
        name: Of the metric.
        several: Whether pictures have several labels.

    Raises:
        UnknownNameError: If there is none of that name.
        UsageError: If it is of the other kind of answers.
    """
    check_metric_name(name)
    known = LABEL_METRICS if several else SELECTION_METRICS
    if name not in known:
        of, other = ("several labels", "one class") if several else ("one class", "several labels")
        raise UsageError(
            f"{METRIC_NAMES[name]} is of pictures of {other}, and these have {of}; take one of {', '.join(known)}"
        )


def _support(probabilities: Probabilities, labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.bincount(labels, minlength=probabilities.shape[1]).astype(np.int64)


def _right(probabilities: Probabilities, labels: npt.NDArray[np.int64]) -> Floats:
    return np.asarray(probabilities.argmax(axis=1) == labels, dtype=np.float32)[:, None]


def _recalled(probabilities: Probabilities, labels: npt.NDArray[np.int64]) -> Floats:
    """(n, classes): 1 in the column of a picture's class, if it is right."""
    return np.asarray(np.eye(probabilities.shape[1], dtype=np.float32)[labels] * _right(probabilities, labels))


def _recalled_and_called(probabilities: Probabilities, labels: npt.NDArray[np.int64]) -> Floats:
    """(n, 2 classes): beside it, 1 in the column of the class that it is called."""
    called = np.eye(probabilities.shape[1], dtype=np.float32)[probabilities.argmax(axis=1)]
    return np.concatenate([_recalled(probabilities, labels), called], axis=1)


def _log_probability(probabilities: Probabilities, labels: npt.NDArray[np.int64]) -> Floats:
    smallest = np.finfo(np.float64).eps
    of_true = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    return np.asarray(np.log(np.clip(of_true, smallest, 1 - smallest))[:, None])


def _mean_recall(sums: Floats, support: npt.NDArray[np.int64]) -> Floats:
    present = support > 0
    return np.asarray((sums[..., present] / support[present]).mean(axis=-1))


def _mean_f1(sums: Floats, support: npt.NDArray[np.int64]) -> Floats:
    present, classes = support > 0, len(support)
    right, called = sums[..., :classes][..., present], sums[..., classes:][..., present]
    return np.asarray((2 * right / (support[present] + called)).mean(axis=-1))


SELECTION_METRICS: Mapping[str, SelectionMetric] = MappingProxyType(
    {
        row.name: row
        for row in (
            SelectionMetric("accuracy", "accuracy", _right, mean_of_sums),
            SelectionMetric("balanced_accuracy", "balanced accuracy", _recalled, _mean_recall),
            SelectionMetric("f1_macro", "macro F1", _recalled_and_called, _mean_f1),
            SelectionMetric("log_loss", "log loss", _log_probability, mean_of_sums),
        )
    }
)
"""By name, which is that of the figure of `striate.evaluation.Scores`."""

METRIC_NAMES: Mapping[str, str] = MappingProxyType(
    {row.name: row.said for row in SELECTION_METRICS.values()} | dict(LABEL_METRICS)
)
"""All there are, also of several labels, and how each is called in a sentence."""
