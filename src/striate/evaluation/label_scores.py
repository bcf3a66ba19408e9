"""How good answers of several labels a picture are: each label by itself, and all together.

Every figure is the one that scikit-learn gives (the tests hold them equal): `accuracy` is its `accuracy_score` of label sets, the share
of pictures whose set of labels is exactly right (subset accuracy). As in `metrics`, macro figures are means over the labels that some
picture has, and nothing divided by nothing is 0.0.

The mean average precision and the F1 figures have intervals where every label has `FEWEST_FOR_INTERVAL` pictures with it and without it:
those of pictures drawn anew, 95 %. With fewer positives such an interval is far too narrow, and there is none.

Source: the bootstrap's percentile interval, Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError
from striate.evaluation.calibration import BINS, ReliabilityBin
from striate.evaluation.checked_arrays import Probabilities
from striate.evaluation.metrics import wilson_interval
from striate.wording import percent

FEWEST_FOR_INTERVAL = 20
"""Pictures with a label, and without it, that an interval of figures of labels takes."""

REDRAWS = 500
MOST_REDRAWN = 20_000_000
"""Pictures times labels times redraws: beyond, an interval would take seconds, and there are fewer redraws."""

LabelSets = npt.NDArray[np.bool_]
"""(n, labels): which labels each picture has."""


@dataclass(frozen=True)
class LabelScores:
    """How one label fares."""

    name: str
    threshold: float
    """From this probability on it is named."""
    average_precision: float | None
    """The area under its curve of precision over recall, in [0, 1]; None where no picture has it."""
    precision: float
    recall: float
    f1: float
    support: int
    """Pictures that have it."""
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int


@dataclass(frozen=True)
class MultiLabelScores:
    """Everything `score_labels` measures."""

    count: int  # pictures
    accuracy: float  # share of pictures whose labels are exactly right
    accuracy_interval: tuple[float, float]  # 95 %, Wilson
    mean_average_precision: float  # over the labels that some picture has
    f1_micro: float
    f1_macro: float
    precision_micro: float
    recall_micro: float
    log_loss: float  # nats a picture, summed over its labels
    expected_calibration_error: float  # of all labels of all pictures, by their probability
    per_class: tuple[LabelScores, ...]
    mean_average_precision_interval: tuple[float, float] | None = None
    f1_micro_interval: tuple[float, float] | None = None
    f1_macro_interval: tuple[float, float] | None = None

    def headline(self) -> dict[str, Any]:
        """The single figures alone, JSON-ready; intervals that there are."""
        figures = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "per_class"}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in figures.items()
            if value is not None
        }

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON types; `from_dict` takes them back."""
        return {**self.headline(), "per_class": [asdict(row) for row in self.per_class]}

    @property
    def further_intervals(self) -> dict[str, list[float]]:
        """None: what intervals there are is among the figures."""
        return {}

    def facts(self, *, many: str = "pictures") -> list[tuple[str, str]]:
        """The single figures as names and values, for people; several of what was given are called `many`."""
        return [
            (
                "mean average precision",
                _with_interval(self.mean_average_precision, self.mean_average_precision_interval),
            ),
            ("micro F1", _with_interval(self.f1_micro, self.f1_micro_interval)),
            ("macro F1", _with_interval(self.f1_macro, self.f1_macro_interval)),
            ("all labels right", _with_interval(self.accuracy, self.accuracy_interval)),
            ("log loss", f"{self.log_loss:.4f}"),
            ("calibration error", percent(self.expected_calibration_error, space="")),
        ]

    def table(self, *, many: str = "pictures") -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The columns' names, and a row a label, for people."""
        columns = ("label", "AP", "threshold", "named, there", "named, not", "missed", "precision", "recall", "F1")
        rows = [
            (
                row.name,
                "–" if row.average_precision is None else f"{row.average_precision:.3f}",
                f"{row.threshold:.3g}",
                f"{row.true_positives:,}",
                f"{row.false_positives:,}",
                f"{row.false_negatives:,}",
                *(f"{value:.3f}" for value in (row.precision, row.recall, row.f1)),
            )
            for row in self.per_class
        ]
        return columns, rows

    def lines(self, width: int | None) -> list[str]:
        """None: the table has each label's counts."""
        return []

    @classmethod
    def from_dict(cls, figures: Mapping[str, Any]) -> MultiLabelScores:
        """The scores that `to_dict` wrote.

        Raises:
            UsageError: If a key is missing or unknown.
        """
        try:
            rows = tuple(LabelScores(**row) for row in figures["per_class"])
            pairs = {name: tuple(value) for name, value in figures.items() if name.endswith("_interval")}
            return cls(**{**figures, **pairs, "per_class": rows})
        except (TypeError, KeyError) as error:
            raise UsageError(f"these are no scores of several labels a picture: {error}") from error


def score_labels(
    probabilities: Probabilities,
    targets: LabelSets,
    classes: Sequence[str],
    *,
    thresholds: npt.NDArray[np.floating[Any]] | None = None,
) -> MultiLabelScores:
    """Scores of one classifier on one set of pictures.

    Args:
        probabilities: (n, c) float in [0, 1], each label's by itself.
        targets: (n, c) bool.
        classes: The c names.
        thresholds: (c,) from which probability on each label is named; 0.5 without.

    Raises:
        UsageError: If there is no picture, the shapes disagree, or a probability is not within 0 and 1.

    Example:
        >>> scores = score_labels(np.array([[0.9, 0.2], [0.3, 0.6]]), np.array([[True, False], [True, True]]), ["cat", "dog"])
        >>> scores.accuracy, scores.mean_average_precision, scores.per_class[0].false_negatives
        (0.5, 1.0, 1)
    """
    probabilities, targets = checked_labels(probabilities, targets)
    if len(classes) != probabilities.shape[1]:
        raise UsageError(f"probabilities of {probabilities.shape[1]} columns need as many names; got {len(classes)}")
    at = np.full(len(classes), 0.5) if thresholds is None else np.asarray(thresholds)
    named = probabilities >= at
    hits, called, support = (part.sum(axis=0) for part in (named & targets, named, targets))
    curves = _RankedLabels(probabilities, targets)
    precisions = curves.average_precision(np.ones((1, len(targets))))[0]
    present = support > 0
    right = int((named == targets).all(axis=1).sum())
    wrong = called - hits
    intervals = _intervals(curves, named, targets)
    return MultiLabelScores(
        count=len(targets),
        accuracy=right / len(targets),
        accuracy_interval=wilson_interval(right, len(targets)),
        mean_average_precision=float(precisions[present].mean()) if present.any() else 0.0,
        f1_micro=_share(2 * hits.sum(), called.sum() + support.sum()),
        f1_macro=float(_shares(2 * hits, called + support)[present].mean()) if present.any() else 0.0,
        precision_micro=_share(hits.sum(), called.sum()),
        recall_micro=_share(hits.sum(), support.sum()),
        log_loss=log_loss_of_labels(probabilities, targets),
        expected_calibration_error=_calibration_error(label_reliability(probabilities, targets)),
        per_class=tuple(
            LabelScores(
                name=str(name),
                threshold=float(at[k]),
                average_precision=float(precisions[k]) if present[k] else None,
                precision=_share(hits[k], called[k]),
                recall=_share(hits[k], support[k]),
                f1=_share(2 * hits[k], called[k] + support[k]),
                support=int(support[k]),
                true_positives=int(hits[k]),
                false_positives=int(wrong[k]),
                false_negatives=int(support[k] - hits[k]),
                true_negatives=int(len(targets) - support[k] - wrong[k]),
            )
            for k, name in enumerate(classes)
        ),
        **intervals,
    )


def mean_average_precision(probabilities: Probabilities, targets: LabelSets) -> float:
    """The mean, over the labels that some picture has, of the area under each one's curve of precision over recall; 0 where there is none.

    Example:
        >>> mean_average_precision(np.array([[0.9, 0.2], [0.3, 0.6]]), np.array([[True, False], [False, True]]))
        1.0
    """
    present = targets.any(axis=0)
    if not present.any():
        return 0.0
    curves = _RankedLabels(probabilities[:, present], targets[:, present])
    return float(curves.average_precision(np.ones((1, len(targets))))[0].mean())


def redrawn_precisions(
    answers: Sequence[Probabilities], targets: LabelSets, generator: np.random.Generator
) -> npt.NDArray[np.float64]:
    """(k, draws) mean average precisions of k classifiers where pictures are drawn anew, the same for all of them.

    Args:
        answers: (n, c) probabilities of each classifier.
        targets: (n, c) bool.
        generator: Draws the pictures.
    """
    present = targets.any(axis=0)
    if not present.any():
        return np.zeros((len(answers), 1))
    curves = [_RankedLabels(probabilities[:, present], targets[:, present]) for probabilities in answers]
    known, count = targets[:, present].astype(np.float64), len(targets)
    found = []
    for size in _blocks(_draws(targets), max(1, 2_000_000 // count)):
        weights = generator.multinomial(count, np.full(count, 1 / count), size=size).astype(np.float64)
        there = weights @ known > 0
        means = [
            (curve.average_precision(weights) * there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
            for curve in curves
        ]
        found.append(np.stack(means))
    return np.concatenate(found, axis=1)


def _draws(targets: LabelSets) -> int:
    return max(100, min(REDRAWS, MOST_REDRAWN // targets.size))


def log_loss_of_labels(probabilities: Probabilities, targets: LabelSets) -> float:
    """Binary cross-entropy in nats a picture, summed over its labels; a probability below 2.2e-16 counts as that."""
    return float(label_losses(probabilities, targets).sum(axis=1).mean())


def label_losses(probabilities: Probabilities, targets: LabelSets) -> npt.NDArray[np.float64]:
    """(n, c) binary cross-entropy of each label of each picture, in nats."""
    smallest = np.finfo(np.float64).eps
    of_true = np.where(targets, probabilities, 1 - probabilities.astype(np.float64))
    return np.asarray(-np.log(np.clip(of_true, smallest, 1 - smallest)))


def label_reliability(
    probabilities: Probabilities, targets: LabelSets, *, bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """How often labels were there, by their probability, over all labels of all pictures.

    Of a bin, `count` is of labels of pictures, and `accuracy` the share of them that were there.

    Example:
        >>> found = label_reliability(np.array([[0.9, 0.1]]), np.array([[True, False]]), bins=2)
        >>> [(one.count, one.accuracy) for one in found]
        [(1, 0.0), (1, 1.0)]
    """
    flat, there = np.asarray(probabilities, np.float64).ravel(), np.asarray(targets, bool).ravel()
    places = np.clip(np.ceil(flat * bins) - 1, 0, bins - 1).astype(np.int64)
    counts = np.bincount(places, minlength=bins)
    sums = [np.bincount(places, weights=values, minlength=bins) for values in (flat, there)]
    means = [np.divide(of_bin, counts, out=np.zeros(bins), where=counts > 0) for of_bin in sums]
    return tuple(
        ReliabilityBin(place / bins, (place + 1) / bins, int(counts[place]), *(float(mean[place]) for mean in means))
        for place in range(bins)
    )


def precision_recall(
    probabilities: npt.NDArray[np.floating[Any]], there: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], float]:
    """One label's curve: (k,) recall, rising, (k,) precision, and their average precision.

    Args:
        probabilities: (n,) of the label.
        there: (n,) whether pictures have it, one at least.

    Example:
        >>> recall, precision, average = precision_recall(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]))
        >>> recall.tolist(), precision.round(2).tolist(), round(average, 3)
        ([0.5, 0.5, 1.0], [1.0, 0.5, 0.67], 0.833)
    """
    ranked = _RankedLabels(probabilities[:, None], there[:, None])
    _, ends, hit = ranked.columns[0]
    hits = np.cumsum(hit)[ends]
    average = float(ranked.average_precision(np.ones((1, len(there))))[0, 0])
    return hits / hits[-1], hits / (ends + 1), average


def checked_labels(probabilities: Probabilities, targets: LabelSets) -> tuple[Probabilities, LabelSets]:
    """The two arrays.

    Raises:
        UsageError: They are not (n, c) in [0, 1] and (n, c) of true and false, or there is no picture.
    """
    probabilities, targets = np.asarray(probabilities), np.asarray(targets)
    if probabilities.ndim != 2 or targets.shape != probabilities.shape or not len(targets):
        raise UsageError(
            f"probabilities (pictures, labels) need targets of the same shape, of one picture or more; "
            f"got {probabilities.shape} and {targets.shape}"
        )
    with np.errstate(invalid="ignore"):
        if not ((probabilities >= 0) & (probabilities <= 1)).all():
            raise UsageError("probabilities must lie within 0 and 1 (are these logits?)")
    return probabilities, targets.astype(bool)


def _with_interval(share: float, interval: tuple[float, float] | None) -> str:
    said = f"{share:.2%}"
    return said if interval is None else f"{said} (95 % interval {interval[0]:.1%} to {interval[1]:.1%})"


class _RankedLabels:
    """Each label's pictures from the most probable on, so that average precision of any weights is a few sums."""

    def __init__(self, probabilities: Probabilities, targets: LabelSets) -> None:
        self.columns = []
        for scores, there in zip(probabilities.T, targets.T, strict=True):
            order = np.argsort(-scores, kind="stable")
            ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # of equal ones
            self.columns.append((order, ends, there[order].astype(np.float64)))

    def average_precision(self, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """(draws, labels) of (draws, n) weights of the pictures; 0 where a label has no weight.

        Source: scikit-learn's `average_precision_score`: the sum of precisions, each weighted with the recall that it adds.
        """
        found = []
        for order, ends, there in self.columns:
            of_rank = weights[:, order]
            hits = np.cumsum(of_rank * there, axis=1)[:, ends]
            called = np.cumsum(of_rank, axis=1)[:, ends]
            precision = np.divide(hits, called, out=np.zeros_like(hits), where=called > 0)
            added = np.diff(hits, prepend=0.0, axis=1)
            total = hits[:, -1]
            found.append(np.divide((added * precision).sum(axis=1), total, out=np.zeros(len(total)), where=total > 0))
        return np.stack(found, axis=1)


def _intervals(curves: _RankedLabels, named: LabelSets, targets: LabelSets) -> dict[str, tuple[float, float]]:
    """95 % intervals by redrawing the pictures, where every label has enough of them."""
    support, count = targets.sum(axis=0), len(targets)
    if min(support.min(), (count - support).min()) < FEWEST_FOR_INTERVAL:
        return {}
    generator = np.random.default_rng(0)
    hits, called = (named & targets).astype(np.float64), named.astype(np.float64)
    rows = []
    for size in _blocks(_draws(targets), max(1, 2_000_000 // count)):
        weights = generator.multinomial(count, np.full(count, 1 / count), size=size).astype(np.float64)
        of_hits, of_called, of_support = weights @ hits, weights @ called, weights @ targets.astype(np.float64)
        micro = 2 * of_hits.sum(axis=1) / np.maximum(of_called.sum(axis=1) + of_support.sum(axis=1), 1)
        macro = (2 * of_hits / np.maximum(of_called + of_support, 1)).mean(axis=1)
        rows.append(np.stack([curves.average_precision(weights).mean(axis=1), micro, macro], axis=1))
    low, high = np.quantile(np.concatenate(rows), [0.025, 0.975], axis=0)
    names = ("mean_average_precision_interval", "f1_micro_interval", "f1_macro_interval")
    return {name: (float(low[k]), float(high[k])) for k, name in enumerate(names)}


def _blocks(total: int, most: int) -> Iterator[int]:
    for start in range(0, total, most):
        yield min(most, total - start)


def _share(part: Any, whole: Any) -> float:
    return float(part) / float(whole) if whole else 0.0


def _shares(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.asarray(np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0))


def _calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    return sum(one.count * abs(one.accuracy - one.confidence) for one in bins) / sum(one.count for one in bins)
