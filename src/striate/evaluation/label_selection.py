"""Whether one classifier of several labels a picture is better than another, by what such classifiers are chosen by.

Whole pictures, of which all labels are right or not, have the exact test. Log losses are exchanged at random on each picture, as those of
single labels are. Average precision is no sum over pictures, and ranks of two classifiers are not of one scale, so that nothing can be
exchanged: pictures are drawn anew, the same for both, and the share of draws in which the better one is not better, twice, is the
p-value. Of 600 simulated pairs of equally good classifiers of 10 labels, whose mistakes are partly alike, it parts 3.2 % below 0.05 and
31.5 % below 0.32 with 100 pictures, 6.2 % and 31.3 % with 300.

Source: the paired bootstrap, Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 15.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.evaluation.checked_arrays import Probabilities
from striate.evaluation.label_scores import (
    LabelSets,
    checked_labels,
    label_losses,
    mean_average_precision,
    redrawn_precisions,
)
from striate.evaluation.label_thresholds import USUAL
from striate.evaluation.metric_comparison import (
    MetricComparison,
    exchanged_p_value,
    mean_of_sums,
    redrawn_interval,
)
from striate.evaluation.paired import compare_right

PRECISION = "mean_average_precision"

LABEL_METRICS: Mapping[str, str] = MappingProxyType(
    {PRECISION: "mean average precision", "accuracy": "accuracy", "log_loss": "log loss"}
)
"""What classifiers of several labels are chosen by, and how it is called in a sentence."""


def label_selection_score(metric: str, probabilities: Probabilities, targets: LabelSets) -> float:
    """A classifier's score, of which more is better: the figure of that name, the log loss with a minus.

    Args:
        metric: `"mean_average_precision"`, `"accuracy"` (the share of pictures with all labels right, each named from 0.5 on) or
            `"log_loss"`.
        probabilities: (n, labels) in [0, 1].
        targets: (n, labels) of true and false.

    Raises:
        UsageError: If the arrays are anything else.

    Example:
        >>> label_selection_score("accuracy", np.array([[0.9, 0.2], [0.8, 0.7]]), np.array([[True, False], [True, False]]))
        0.5
    """
    probabilities, targets = checked_labels(probabilities, targets)
    if metric == PRECISION:
        return mean_average_precision(probabilities, targets)
    if metric == "accuracy":
        return float(_right(probabilities, targets).mean())
    return -float(label_losses(probabilities, targets).sum(axis=1).mean())


def compare_label_answers(
    metric: str, candidate: Probabilities, reference: Probabilities, targets: LabelSets, *, seed: int = 0
) -> MetricComparison:
    """Whether a candidate is better than a reference on the same pictures.

    Args:
        metric: As `label_selection_score` takes it.
        candidate: (n, labels) probabilities.
        reference: (n, labels) probabilities, of the same pictures in the same order.
        targets: (n, labels) of true and false.
        seed: Draws the exchanges and the pictures; whole pictures need none.

    Raises:
        UsageError: If the arrays are not of the same pictures and labels.

    Example:
        >>> targets = np.arange(60)[:, None] % 3 == np.arange(2)
        >>> found = compare_label_answers("mean_average_precision", targets * 0.8 + 0.1, np.full((60, 2), 0.4), targets)
        >>> round(found.gain, 3), found.verdict, found.wins
        (0.667, 'better', 40)
    """
    candidate, targets = checked_labels(candidate, targets)
    reference, _ = checked_labels(reference, targets)
    counted = compare_right(_right(candidate, targets), _right(reference, targets))
    wins, losses = counted.only_candidate, counted.only_reference
    if metric == "accuracy":
        return MetricComparison(counted.difference, counted.interval, counted.p_value, wins, losses)
    gain = label_selection_score(metric, candidate, targets) - label_selection_score(metric, reference, targets)
    generator = np.random.default_rng(seed)
    if metric == PRECISION:
        gains = redrawn_precisions((candidate, reference), targets, generator)
        gains = gains[0] - gains[1]
        low, high = np.quantile(gains, [0.025, 0.975])
        beyond = min(int((gains <= 0).sum()), int((gains >= 0).sum()))
        p_value = min(1.0, 2 * (1 + beyond) / (1 + len(gains)))
        return MetricComparison(gain, (float(low), float(high)), p_value if gain else 1.0, wins, losses)
    parts = (-_summed(candidate, targets), -_summed(reference, targets))
    alike, count = np.zeros(len(targets), np.int64), np.array([len(targets)])  # all pictures are drawn from one kind
    interval = redrawn_interval(mean_of_sums, parts, alike, count, generator)
    p_value = exchanged_p_value(mean_of_sums, parts, count, gain, generator)
    return MetricComparison(gain, interval, p_value, wins, losses)


def _right(probabilities: Probabilities, targets: LabelSets) -> npt.NDArray[np.bool_]:
    return np.asarray(((probabilities >= USUAL) == targets).all(axis=1))


def _summed(probabilities: Probabilities, targets: LabelSets) -> npt.NDArray[np.floating[Any]]:
    return np.asarray(label_losses(probabilities, targets).sum(axis=1, keepdims=True))
