"""What classifiers are chosen by, and whether one is better than another by it: accuracy, balanced accuracy, F1, log loss.

Accuracy has an exact test. For the other three, the answers of the two classifiers are exchanged at random on each picture, as often as
`EXCHANGES` says: were the two equally good, it would not matter which answer is whose, so the share of exchanges that part them at least
as far as they are is the p-value; it is valid for any number of pictures. The interval is that of pictures drawn anew within each class.
Both are seeded, so that the same answers always get the same verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from striate.errors import UnknownNameError, UsageError
from striate.evaluation.checked_arrays import Labels, Probabilities, checked
from striate.evaluation.paired import Verdict, compare_right, verdict_of

EXCHANGES = 1999
"""With the one observed 2,000, so that a p-value of 0.05 is known to 0.005."""

REDRAWS = 2000
_ROWS = 100  # at a time, so that memory does not grow with the draws
_ROUNDING = 1e-6  # of sums in float32; an exchange that parts the two so nearly as far as they are counts

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class SelectionMetric:
    """A figure that classifiers are chosen by: what each picture adds to some sums, and the score that follows from these."""

    name: str
    said: str
    """In a sentence."""
    parts: Callable[[Probabilities, npt.NDArray[np.int64]], Floats]
    """(n, classes) probabilities and (n,) labels to (n, q): what each picture adds."""
    score: Callable[[Floats, npt.NDArray[np.int64]], Floats]
    """(..., q) sums and (classes,) pictures to (...,) scores, of which more is better."""


@dataclass(frozen=True)
class MetricComparison:
    """A candidate beside a reference, by a metric."""

    gain: float
    """The candidate's score less the reference's; above 0 where the candidate is better, also by log loss."""
    interval: tuple[float, float]
    """Of the gain, 95 %."""
    p_value: float
    """Two-sided, in (0, 1]."""
    wins: int
    """Pictures that the candidate alone has right."""
    losses: int
    """Pictures that the reference alone has right."""

    @property
    def verdict(self) -> Verdict:
        """What may be said of the candidate, by the test alone."""
        return verdict_of(self.gain, self.p_value)


def selection_score(metric: str, probabilities: Probabilities, labels: Labels) -> float:
    """A classifier's score, of which more is better: the figure of that name of `striate.evaluation.score`, the log loss with a minus.

    Args:
        metric: A name of `SELECTION_METRICS`.
        probabilities: (n, c) float in [0, 1], a row a picture, each row's sum within 0.001 of 1.
        labels: (n,) int in [0, c).

    Raises:
        UnknownNameError: If there is no such metric.
        UsageError: If the arrays are anything else.

    Example:
        >>> probabilities = np.array([[0.7, 0.3], [0.6, 0.4], [0.8, 0.2], [0.4, 0.6]])
        >>> selection_score("balanced_accuracy", probabilities, np.array([0, 0, 1, 1]))
        0.75
    """
    row = named_metric(metric)
    probabilities, labels = checked(probabilities, labels)
    sums = row.parts(probabilities, labels).sum(axis=0, dtype=np.float64)
    return float(row.score(sums, _support(probabilities, labels)))


def compare_answers(
    metric: str, candidate: Probabilities, reference: Probabilities, labels: Labels, *, seed: int = 0
) -> MetricComparison:
    """Whether a candidate is better than a reference on the same pictures, by a metric.

    Args:
        metric: A name of `SELECTION_METRICS`.
        candidate: (n, c) probabilities.
        reference: (n, c) probabilities, of the same pictures in the same order.
        labels: (n,) int in [0, c).
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
    row = named_metric(metric)
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
        interval = _redrawn_interval(row, parts, labels, support, generator)
        p_value = _exchanged_p_value(row, parts, support, gain, generator)
    return MetricComparison(gain, interval, p_value, counted.only_candidate, counted.only_reference)


def named_metric(name: str) -> SelectionMetric:
    """The metric of a name.

    Raises:
        UnknownNameError: If there is none.
    """
    if name not in SELECTION_METRICS:
        raise UnknownNameError("metric", name, SELECTION_METRICS)
    return SELECTION_METRICS[name]


def _exchanged_p_value(
    row: SelectionMetric,
    parts: tuple[Floats, Floats],
    support: npt.NDArray[np.int64],
    gain: float,
    generator: np.random.Generator,
) -> float:
    candidate, reference = (part.sum(axis=0, dtype=np.float64) for part in parts)
    change = parts[1] - parts[0]
    change = change[np.any(change != 0, axis=1)]  # exchanging equal answers changes nothing
    if not len(change):
        return 1.0
    as_far = 0
    for count in _blocks(EXCHANGES):
        moved = generator.integers(0, 2, (count, len(change)), dtype=np.uint8).astype(np.float32) @ change
        gains = row.score(candidate + moved, support) - row.score(reference - moved, support)
        as_far += int(np.sum(np.abs(gains) >= abs(gain) - _ROUNDING))
    return (1 + as_far) / (1 + EXCHANGES)


def _redrawn_interval(
    row: SelectionMetric,
    parts: tuple[Floats, Floats],
    labels: npt.NDArray[np.int64],
    support: npt.NDArray[np.int64],
    generator: np.random.Generator,
) -> tuple[float, float]:
    order = np.argsort(labels, kind="stable")
    parts, of_class = (parts[0][order], parts[1][order]), labels[order]
    begin, size, count = (np.cumsum(support) - support)[of_class], support[of_class], len(labels)
    gains = []
    for rows in _blocks(REDRAWS):
        # For each picture another of its class, so that the classes keep their sizes; then how often each was drawn.
        drawn = begin + (generator.random((rows, count)) * size).astype(np.int64)
        places = (drawn + np.arange(rows)[:, None] * count).ravel()
        times = np.bincount(places, minlength=rows * count).reshape(rows, count).astype(np.float32)
        gains.append(row.score(times @ parts[0], support) - row.score(times @ parts[1], support))
    low, high = np.quantile(np.concatenate(gains), [0.025, 0.975])
    return float(low), float(high)


def _blocks(total: int) -> Iterator[int]:
    for start in range(0, total, _ROWS):
        yield min(_ROWS, total - start)


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


def _mean(sums: Floats, support: npt.NDArray[np.int64]) -> Floats:
    return np.asarray(sums[..., 0] / support.sum())


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
            SelectionMetric("accuracy", "accuracy", _right, _mean),
            SelectionMetric("balanced_accuracy", "balanced accuracy", _recalled, _mean_recall),
            SelectionMetric("f1_macro", "macro F1", _recalled_and_called, _mean_f1),
            SelectionMetric("log_loss", "log loss", _log_probability, _mean),
        )
    }
)
"""By name, which is that of the figure of `striate.evaluation.Scores`."""
