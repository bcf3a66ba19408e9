"""Two classifiers on the same pictures: which has which right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from striate.data.known_classes import labels_of
from striate.evaluation import PairedComparison, compare_right
from striate.runs.unseen_pictures import UnseenPictures, answers_to
from striate.runtime import Classifier
from striate.tasks.task import Targets
from striate.watching import Watcher
from striate.wording import plural


@dataclass(frozen=True, eq=False)
class Answered:
    """What one classifier answers."""

    classes: tuple[str, ...]
    labels: Targets
    """What is right, in its own classes."""
    probabilities: npt.NDArray[np.float64]
    """(n, classes)."""
    answers: Targets
    confidence: npt.NDArray[np.float64]
    """(n,) how probable each answer is."""
    right: npt.NDArray[np.bool_]


def answered(classifier: Classifier, pictures: UnseenPictures, watcher: Watcher) -> Answered:
    """What a classifier answers to pictures, and where it is right."""
    labels = labels_of(pictures.dataset, classifier.classes)
    probabilities = answers_to(classifier, pictures.dataset, watcher)
    answers = classifier.task.decide(probabilities)
    task = classifier.task
    sure = task.confidence(probabilities, answers)
    return Answered(classifier.classes, labels, probabilities, answers, sure, task.same(answers, labels))


def compare_answered(candidate: Answered, reference: Answered) -> PairedComparison:
    """The candidate beside the reference."""
    return compare_right(candidate.right, reference.right)


def verdict_sentence(compared: PairedComparison, candidate: str, reference: str, *, one: str = "picture") -> str:
    """What may be said, for people.

    Example:
        >>> verdict_sentence(PairedComparison(80, 12, 3, 5), "b", "a")[:53]
        'b is better than a: 92.0 % right against 83.0 %, +9.0'
    """
    share = {
        "candidate": (compared.both_right + compared.only_candidate) / compared.count,
        "reference": (compared.both_right + compared.only_reference) / compared.count,
    }
    verdict = {
        "better": f"{candidate} is better than {reference}",
        "worse": f"{candidate} is worse than {reference}",
        "not distinguishable": f"{candidate} and {reference} are not distinguishable",
    }[compared.verdict]
    low, high = compared.interval
    return (
        f"{verdict}: {share['candidate'] * 100:.1f} % right against {share['reference'] * 100:.1f} %, "
        f"{compared.difference * 100:+.1f} points (95 % interval {low * 100:+.1f} to {high * 100:+.1f}), p = {compared.p_value:.2g}; "
        f"{compared.only_candidate:,} of {plural(compared.count, one)} {candidate} alone has right, "
        f"{compared.only_reference:,} {reference} alone."
    )
