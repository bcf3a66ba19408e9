"""What classifiers answer to pictures under every shift."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from striate.hardware import available_processors
from striate.ordered_threads import answers_in_order
from striate.robustness.shift import Pixels, Shift
from striate.runtime import Classifier

Progress = Callable[[str, int, int], None]
Answers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ShiftedAnswers:
    """What one classifier answers to every picture, as it is and under every level of every shift."""

    clean: Answers
    """(n,) places of classes."""
    shifted: tuple[Answers, ...]
    """(levels, n) for each shift."""


def answers_under(
    classifiers: Sequence[Classifier],
    pixels: npt.NDArray[np.uint8],
    pictures: Sequence[int],
    shifts: Sequence[Shift],
    *,
    seed: int,
    progress: Progress | None = None,
) -> list[ShiftedAnswers]:
    """The answers of classifiers that take the same pixels, so that each changed picture is made once.

    They depend on the pictures and the seed alone: not on how many threads there are, nor on the other pictures.

    Args:
        classifiers: At least one; all have the same preprocessing.
        pixels: (n, H, W, C) uint8, as that preprocessing leaves pictures.
        pictures: (n,) what tells the pictures from one another, for what is drawn for them.
        shifts: What to do to them.
        seed: Of all draws.
        progress: Told how far it is.
    """
    count = len(pixels)

    def answer(places: Sequence[int]) -> npt.NDArray[np.int64]:
        (place,) = places
        versions = versions_of(pixels[place], pictures[place], shifts, seed=seed)
        return np.stack([decided(classifier, versions) for classifier in classifiers])

    threads = max(*(classifier.engine.requests for classifier in classifiers), available_processors())
    rows = []
    chunks = ([place] for place in range(count))
    for row in answers_in_order(answer, chunks, threads=threads, name="striate-shifts"):
        rows.append(row)
        if progress is not None:
            progress("shifting pictures", len(rows), count)
    table = np.stack(rows, axis=2)  # (classifiers, versions, pictures)
    ends = np.cumsum([1, *(len(shift.levels) for shift in shifts)])[:-1]
    return [ShiftedAnswers(whole[0], tuple(part for part in np.split(whole, ends)[1:])) for whole in table]


def versions_of(pixels: Pixels, picture: int, shifts: Sequence[Shift], *, seed: int) -> npt.NDArray[np.uint8]:
    """(1 + levels of all shifts, H, W, C): the picture as it is, then under each level in order."""
    changed = [
        shift.apply(pixels, level, seed=seed, picture=picture) for shift in shifts for level in range(len(shift.levels))
    ]
    return np.stack([pixels, *changed])


def decided(classifier: Classifier, pixels: npt.NDArray[np.uint8]) -> Answers:
    """(n,) what the classifier answers to pixels that are prepared."""
    return classifier.task.decide(classifier.probabilities(classifier.logits_of_pixels(pixels)))
