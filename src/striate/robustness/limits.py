"""How far a classifier goes along: curves of accuracy over a shift, and where they fall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.choosing import in_turn
from striate.evaluation import wilson_interval
from striate.robustness.shift import Shift

POINTS = 0.1
"""What a fall of ten points is, in shares."""


@dataclass(frozen=True)
class Flip:
    """A picture that was answered rightly as it is, and wrongly under a level of a shift."""

    picture: int
    """Its place among the pictures."""
    level: int
    answer: Any
    """What it was called, in the form of the task's targets: of a single class its place."""


@dataclass(frozen=True)
class WorstClass:
    """The class that suffers most."""

    name: str
    clean: float
    """Recall on the pictures as they are."""
    shifted: float
    """Recall, averaged over the levels."""


@dataclass(frozen=True)
class LimitCurve:
    """One shift's row of a card, for one classifier."""

    shift: Shift
    count: int
    """Pictures."""
    clean: float
    """Accuracy on the pictures as they are."""
    right: tuple[int, ...]
    """Right answers at each level."""
    worst: WorstClass | None
    flips: tuple[Flip, ...]

    @property
    def accuracy(self) -> tuple[float, ...]:
        """At each level."""
        return tuple(right / self.count for right in self.right)

    @property
    def intervals(self) -> tuple[tuple[float, float], ...]:
        """95 % intervals of the accuracies."""
        return tuple(wilson_interval(right, self.count) for right in self.right)

    @property
    def mean_error(self) -> float:
        """Averaged over the levels."""
        return 1 - sum(self.right) / self.count / len(self.right)

    @property
    def falls_at(self) -> float | None:
        """The size from which accuracy is ten points or more below what it is without the shift; None: it never is."""
        return self._crossing(self.clean - POINTS)

    @property
    def wrong_from(self) -> float | None:
        """The size from which the classifier is wrong more often than right; None: it never is, or is so without any shift."""
        return self._crossing(0.5) if self.clean >= 0.5 else None

    def _crossing(self, accuracy: float) -> float | None:
        """The first size at which the curve, straight between its levels, is down at an accuracy."""
        if len(self.shift.levels) == 1:
            return self.shift.levels[0].size if self.accuracy[0] <= accuracy + 1e-12 else None
        before, at = self.clean, self.shift.neutral
        for level, found in zip(self.shift.levels, self.accuracy, strict=True):
            if found <= accuracy + 1e-12:
                share = (before - accuracy) / (before - found) if before > found else 1.0
                return at + share * (level.size - at)
            before, at = found, level.size
        return None

    def sentence(self) -> str:
        """What the row says, for people."""
        shift, last = self.shift, self.shift.levels[-1]
        what = shift.title[0].upper() + shift.title[1:]
        if len(shift.levels) == 1 and self.right[0] == round(self.clean * self.count):
            return f"{what}: still {self.clean:.1%} right."
        if len(shift.levels) == 1:
            return f"{what}: {self.accuracy[0]:.1%} right instead of {self.clean:.1%}."
        falls, wrong = self.falls_at, self.wrong_from
        if falls is None:
            return f"{what}: holds; at {shift.shown(last.size)} still {self.accuracy[-1]:.1%} right."
        said = f"{what}: accuracy is down by 10 points at about {shift.shown(falls)}"
        if wrong is None:
            return f"{said}; at {shift.shown(last.size)} {self.accuracy[-1]:.1%} are right."
        return f"{said}; from about {shift.shown(wrong)} on, this classifier is wrong more often than right."


def limit_curve(
    shift: Shift,
    clean: npt.NDArray[Any],
    shifted: npt.NDArray[Any],
    right_clean: npt.NDArray[np.bool_],
    right: npt.NDArray[np.bool_],
    strata: npt.NDArray[np.int64],
    members: npt.NDArray[np.bool_],
    classes: Sequence[str],
    *,
    flips: int,
) -> LimitCurve:
    """The curve of a shift.

    Args:
        shift: The shift.
        clean: (n, ...) answers to the pictures as they are.
        shifted: (levels, n, ...) answers.
        right_clean: (n,) which of the first are right.
        right: (levels, n) which of the others are right.
        strata: (n,) kinds of pictures, of which those that are named are taken in turn.
        members: (classes, n) which pictures are of each class.
        classes: Their names.
        flips: How many pictures whose answer flips are named at most: those that flip first.
    """
    lost = right_clean[None, :] & ~right
    found = []
    for picture in np.flatnonzero(lost.any(axis=0)):
        level = int(np.flatnonzero(lost[:, picture])[0])
        found.append(Flip(int(picture), level, shifted[level, picture]))
    found.sort(key=lambda flip: (flip.level, flip.picture))
    shown = in_turn(strata[[flip.picture for flip in found]], flips)  # not all of one class
    return LimitCurve(
        shift=shift,
        count=len(clean),
        clean=float(right_clean.mean()),
        right=tuple(int(row.sum()) for row in right),
        worst=_worst(right_clean, right, members, classes),
        flips=tuple(found[place] for place in shown),
    )


def _worst(
    right_clean: npt.NDArray[np.bool_],
    right: npt.NDArray[np.bool_],
    members: npt.NDArray[np.bool_],
    classes: Sequence[str],
) -> WorstClass | None:
    rows = []
    for of_class, name in zip(members, classes, strict=True):
        if of_class.any():
            rows.append(WorstClass(name, float(right_clean[of_class].mean()), float(right[:, of_class].mean())))
    worst = max(rows, key=lambda row: row.clean - row.shifted)
    return worst if worst.shifted < worst.clean else None
