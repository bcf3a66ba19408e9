"""Two classifiers beside each other by any figure of sums over pictures: how far they are apart, and whether that is chance.

The answers of the two are exchanged at random on each picture: were they equally good, it would not matter which answer is whose, so the
share of exchanges that part them at least as far as they are is the p-value; it is valid for any number of pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from striate.evaluation.paired import Verdict, verdict_of

EXCHANGES = 1999
"""With the one observed 2,000, so that a p-value of 0.05 is known to 0.005."""

REDRAWS = 2000
_ROWS = 100  # at a time, so that memory does not grow with the draws
_ROUNDING = 1e-6  # of sums in float32; an exchange that parts the two so nearly as far as they are counts

Floats = npt.NDArray[np.floating]

Score = Callable[[Floats, npt.NDArray[np.int64]], Floats]
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


def mean_of_sums(sums: Floats, support: npt.NDArray[np.int64]) -> Floats:
    """The first sum, a picture."""
    return np.asarray(sums[..., 0] / support.sum())


def exchanged_p_value(
    score: Score,
    parts: tuple[Floats, Floats],
    support: npt.NDArray[np.int64],
    gain: float,
    generator: np.random.Generator,
) -> float:
    """How often answers that are exchanged at random on each picture part two classifiers as far as they are, in (0, 1].

    Args:
        score: Of sums.
        parts: (n, q) of the candidate and of the reference: what each picture adds to the sums.
        support: (classes,) pictures.
        gain: The candidate's score less the reference's.
        generator: Draws the exchanges.
    """
    candidate, reference = (part.sum(axis=0, dtype=np.float64) for part in parts)
    change = parts[1] - parts[0]
    change = change[np.any(change != 0, axis=1)]  # exchanging equal answers changes nothing
    if not len(change):
        return 1.0
    as_far = 0
    for count in _blocks(EXCHANGES):
        moved = generator.integers(0, 2, (count, len(change)), dtype=np.uint8).astype(np.float32) @ change
        gains = score(candidate + moved, support) - score(reference - moved, support)
        as_far += int(np.sum(np.abs(gains) >= abs(gain) - _ROUNDING))
    return (1 + as_far) / (1 + EXCHANGES)


def redrawn_interval(
    score: Score,
    parts: tuple[Floats, Floats],
    labels: npt.NDArray[np.int64],
    support: npt.NDArray[np.int64],
    generator: np.random.Generator,
) -> tuple[float, float]:
    """The 95 % interval of the gain where pictures are drawn anew within each class.

    Args:
        score: Of sums.
        parts: As `exchanged_p_value` takes them.
        labels: (n,) the class of each picture.
        support: (classes,) pictures.
        generator: Draws them.
    """
    order = np.argsort(labels, kind="stable")
    parts, of_class = (parts[0][order], parts[1][order]), labels[order]
    begin, size, count = (np.cumsum(support) - support)[of_class], support[of_class], len(labels)
    gains = []
    for rows in _blocks(REDRAWS):
        # For each picture another of its class, so that the classes keep their sizes; then how often each was drawn.
        drawn = begin + (generator.random((rows, count)) * size).astype(np.int64)
        places = (drawn + np.arange(rows)[:, None] * count).ravel()
        times = np.bincount(places, minlength=rows * count).reshape(rows, count).astype(np.float32)
        gains.append(score(times @ parts[0], support) - score(times @ parts[1], support))
    low, high = np.quantile(np.concatenate(gains), [0.025, 0.975])
    return float(low), float(high)


def _blocks(total: int) -> Iterator[int]:
    for start in range(0, total, _ROWS):
        yield min(_ROWS, total - start)
