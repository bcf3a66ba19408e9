"""One classifier under every shift: its pictures prepared, its answers, and the curves that they come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.data import Dataset
from striate.evaluation import wilson_interval
from striate.pixels import Preprocessing
from striate.robustness.limits import LimitCurve, limit_curve
from striate.robustness.measuring import ShiftedAnswers, answers_under
from striate.robustness.shift import Shift
from striate.runtime import Classifier
from striate.tasks.task import Targets
from striate.watching import Watcher

FLIPS = 3
"""So many pictures that flip are shown for each shift."""


@dataclass(frozen=True, eq=False)
class Stressed:
    """One classifier of a card."""

    name: str
    classes: tuple[str, ...]
    clean: float
    """Accuracy on the pictures as they are."""
    interval: tuple[float, float]
    """95 %, of that."""
    curves: tuple[LimitCurve, ...]
    """A shift each, in the order of the card."""

    @property
    def corruption_errors(self) -> dict[str, float]:
        """Mean error over the severities of each of ImageNet-C's corruptions that were measured."""
        return {curve.shift.name: curve.mean_error for curve in self.curves if curve.shift.group == "corruption"}

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON types."""
        return {
            "name": self.name,
            "accuracy": self.clean,
            "accuracy_interval": list(self.interval),
            "shifts": [
                {
                    "shift": curve.shift.name,
                    "group": curve.shift.group,
                    "unit": curve.shift.unit.strip(),
                    "levels": [level.size for level in curve.shift.levels],
                    "accuracy": list(curve.accuracy),
                    "accuracy_intervals": [list(interval) for interval in curve.intervals],
                    "falls_by_10_points_at": curve.falls_at,
                    "wrong_more_often_than_right_from": curve.wrong_from,
                    "worst_class": None if curve.worst is None else vars(curve.worst),
                    "sentence": curve.sentence(),
                }
                for curve in self.curves
            ],
        }


def prepared_pixels(
    dataset: Dataset, classifiers: Sequence[Classifier], watcher: Watcher
) -> dict[Preprocessing, npt.NDArray[np.uint8]]:
    """The pictures as each preprocessing that there is leaves them: (n, H, W, C)."""
    rules = list(dict.fromkeys(one.contract.picture_preprocessing for one in classifiers))
    found: dict[Preprocessing, list[npt.NDArray[np.uint8]]] = {rule: [] for rule in rules}
    for place in range(len(dataset)):
        source = dataset.pictures.read(place)
        for rule in rules:
            found[rule].append(rule.pixels(source))
        watcher.task("preparing", place + 1, len(dataset))
    return {rule: np.stack(rows) for rule, rows in found.items()}


def answers_of_all(
    classifiers: Sequence[Classifier],
    pixels: dict[Preprocessing, npt.NDArray[np.uint8]],
    identities: Sequence[int],
    shifts: Sequence[Shift],
    seed: int,
    watcher: Watcher,
) -> list[ShiftedAnswers]:
    """Of every classifier in order; those of one preprocessing look at the same changed pictures, which are made once."""
    answers: dict[int, ShiftedAnswers] = {}
    for rule, prepared in pixels.items():
        alike = [place for place, one in enumerate(classifiers) if one.contract.picture_preprocessing == rule]
        found = answers_under(
            [classifiers[place] for place in alike], prepared, identities, shifts, seed=seed, progress=watcher.task
        )
        answers |= dict(zip(alike, found, strict=True))
    return [answers[place] for place in range(len(classifiers))]


def stressed_classifier(
    name: str,
    classifier: Classifier,
    answers: ShiftedAnswers,
    labels: Targets,
    shifts: Sequence[Shift],
) -> Stressed:
    """What a classifier's answers come to: its accuracy as it is, and a curve for each shift, with the pictures that flip first."""
    task = classifier.task
    right_clean = task.same(answers.clean, labels)
    members = np.stack([task.shows(labels, place) for place in range(len(classifier.classes))])
    curves = tuple(
        limit_curve(
            shift,
            answers.clean,
            found,
            right_clean,
            np.stack([task.same(row, labels) for row in found]),
            task.strata(labels),
            members,
            classifier.classes,
            flips=FLIPS,
        )
        for shift, found in zip(shifts, answers.shifted, strict=True)
    )
    right = int(right_clean.sum())
    return Stressed(name, classifier.classes, right / len(labels), wilson_interval(right, len(labels)), curves)
