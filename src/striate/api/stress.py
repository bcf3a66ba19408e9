"""`striate.stress`: how far a classifier goes along when light, angle, distance or the camera are not as in training."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.choosing import by_share
from striate.data import Dataset
from striate.data.known_classes import labels_of
from striate.errors import UsageError
from striate.printable_text import printable
from striate.report.stress_contents import FlippedPicture, LimitGroup, LimitLine, LimitRow, StressReport
from striate.report.stress_page import render
from striate.robustness import (
    ALEXNET_ERRORS,
    CORRUPTIONS,
    LimitCurve,
    Shift,
    choose_shifts,
    mean_corruption_error,
)
from striate.robustness.stressed_classifier import Stressed, answers_of_all, prepared_pixels, stressed_classifier
from striate.runs.run import Run, names_of, run_folder_of
from striate.runs.unseen_pictures import check_split, unseen_pictures
from striate.runtime import Classifier, as_classifier, load_classifier
from striate.tasks import Task, said_of
from striate.tasks.task import Targets
from striate.text_layout import facts, table, wrapped
from striate.watching import Watcher
from striate.wording import plural

PICTURES = 300
ENOUGH = 30
"""With fewer pictures a single one counts more than three points."""
IMAGENET_CLASSES = 1000
GROUP_TITLES = {
    "lighting": "Light",
    "angle": "Angle",
    "viewpoint": "Viewpoint",
    "distance": "Distance and place",
    "camera": "Camera",
    "keeping": "Compression and small copies",
    "covering": "Something in front",
    "corruption": "ImageNet-C's corruptions",
}


@dataclass(frozen=True, eq=False)
class StressCard:
    """The limits of one classifier, or of several on the same pictures."""

    title: str
    data: str
    split: str
    count: int
    """Pictures."""
    classifiers: tuple[Stressed, ...]
    """The first is the one that was asked for."""
    mean_corruption_error: float | None
    """mCE of the first against `baseline`; None where not all corruptions were measured, or there is no baseline."""
    baseline: str
    flipped: tuple[tuple[FlippedPicture, ...], ...]
    """Of the first classifier, for each shift."""
    command: str

    @property
    def limits(self) -> tuple[LimitCurve, ...]:
        """The curves of the first classifier, a shift each."""
        return self.classifiers[0].curves

    @cached_property
    def summary(self) -> tuple[str, ...]:
        """The shifts that cost most, mildest limits first, and the mean corruption error."""
        named = [curve for curve in self.limits if curve.shift.group != "corruption"]
        worst = sorted(named, key=lambda curve: -(curve.mean_error - (1 - curve.clean)))[:5]
        said = [curve.sentence() for curve in worst if curve.mean_error > 1 - curve.clean]
        held = [curve.shift.title for curve in named if curve.falls_at is None]
        if held:
            said.append(f"It holds, to the last level that was tried: {', '.join(held)}.")
        if self.count < ENOUGH:
            said.append(
                f"Of {plural(self.count, 'picture')} each counts {100 / self.count:.1f} points: these limits are rough."
            )
        errors = self.classifiers[0].corruption_errors
        if len(errors) == len(CORRUPTIONS):
            text = f"Mean error over ImageNet-C's 15 corruptions and 5 severities: {np.mean(list(errors.values())):.1%}"
            if self.mean_corruption_error is not None:
                text += f"; mCE {100 * self.mean_corruption_error:.1f} against {self.baseline}"
            said.append(f"{text}.")
        return tuple(said)

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON types, `accuracy` among the top-level keys."""
        return {
            "accuracy": self.classifiers[0].clean,
            "pictures": self.count,
            "split": self.split,
            "mean_corruption_error": self.mean_corruption_error,
            "baseline": self.baseline or None,
            "summary": list(self.summary),
            "classifiers": [classifier.to_dict() for classifier in self.classifiers],
        }

    def to_text(self, *, width: int | None = None) -> str:
        """The accuracy as it is, a row a shift, and what matters most."""
        lines = facts(
            [
                (
                    "pictures",
                    f"{self.count:,} of {printable(self.data)}" + (f", {self.split}" if self.split != "all" else ""),
                ),
                *((f"{printable(one.name)}", _accuracy(one)) for one in self.classifiers),
            ],
            width=width,
        )
        for stressed in self.classifiers:
            rows = [self._row(curve) for curve in stressed.curves]
            head = ("shift", "10 points down at", "mostly wrong from", "strongest", "right")
            if len(self.classifiers) > 1:
                lines += ["", printable(stressed.name)]
            lines += ["", *table(head, rows, width=width)]
        return "\n".join([*lines, "", *wrapped("\n".join(self.summary), width)])

    @staticmethod
    def _row(curve: LimitCurve) -> tuple[str, ...]:
        shift, falls, wrong = curve.shift, curve.falls_at, curve.wrong_from
        strongest = shift.shown(shift.levels[-1].size) if len(shift.levels) > 1 else ""
        places = ("–" if size is None else "yes" if not strongest else shift.shown(size) for size in (falls, wrong))
        return (shift.title, *places, strongest, f"{curve.accuracy[-1]:.1%}")

    def to_html(self) -> str:
        """The card as one self-contained page, without scripts."""
        return render(self._report())

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        rows = [self._row(curve) for curve in self.limits]
        head = ("shift", "10 points down at", "mostly wrong from", "strongest", "right there")
        said = [f"{one.name}: {_accuracy(one)}" for one in self.classifiers]
        return notebook.block(
            f"Limits of {self.title}", *map(notebook.text, (*said, *self.summary)), notebook.table(head, rows)
        )

    def _report(self) -> StressReport:
        groups = []
        for name, what in GROUP_TITLES.items():
            rows = [self._limit_row(place) for place, curve in enumerate(self.limits) if curve.shift.group == name]
            if rows:
                groups.append(LimitGroup(name, what, rows))
        return StressReport(
            title=self.title,
            data=self.data,
            split=self.split,
            pictures=self.count,
            clean=[(one.name, one.clean, one.interval) for one in self.classifiers],
            groups=groups,
            summary=self.summary,
            command=self.command,
        )

    def _limit_row(self, place: int) -> LimitRow:
        curve = self.limits[place]
        shift, worst = curve.shift, curve.worst
        return LimitRow(
            title=shift.title[0].upper() + shift.title[1:],
            sentence=_without_title(curve.sentence()),
            worst=""
            if worst is None
            else f"Hardest for {worst.name}: {worst.shifted:.0%} right on average, {worst.clean:.0%} without it.",
            neutral=shift.neutral if len(shift.levels) > 1 else 0,
            sizes=[level.size for level in shift.levels],
            shown_sizes=[shift.shown(level.size) if len(shift.levels) > 1 else shift.title for level in shift.levels],
            lines=[
                LimitLine(one.name, one.clean, one.curves[place].accuracy, one.curves[place].intervals)
                for one in self.classifiers
            ],
            flips=self.flipped[place],
        )


def _without_title(sentence: str) -> str:
    """The sentence as it stands under its title."""
    said = sentence.partition(": ")[2]
    return said[0].upper() + said[1:]


def _accuracy(stressed: Stressed) -> str:
    low, high = stressed.interval
    return f"{stressed.clean:.2%} right as they are (95 % interval {low:.1%} to {high:.1%})"


def stress(
    classifier: str | Path | Run | Classifier,
    data: str | Path | Dataset,
    *,
    against: str | Path | Run | Classifier | None = None,
    only: Sequence[str] | None = None,
    corruptions: bool = True,
    pictures: int = PICTURES,
    split: str | None = None,
    seed: int = 0,
    root: str | Path | None = None,
    include_seen: bool = False,
    watcher: Watcher | None = None,
) -> StressCard:
    """Measures a classifier on pictures as they are and under shifts: light, angle, viewpoint, distance, camera, compression, covering.

    Pictures are changed after they were brought to the network's input size. A bundle that can compute in int8 too is measured in both.
    The same pictures and seed give the same card, whatever the machine is busy with.

    Args:
        classifier: A run, a bundle, their folder, or a `Classifier`.
        data: Labelled pictures; as for `striate.evaluate`.
        against: Another one, measured on the same pictures; also the baseline of the mean corruption error.
        only: Names of shifts, or of their groups; by default all.
        corruptions: Whether ImageNet-C's fifteen corruptions are among all.
        pictures: About how many at most: of each class as many as is its share, and at least one.
        split: `train`, `val` or `test`; by default as `striate.evaluate` chooses.
        seed: Of the choice of pictures and of all that is drawn for them.
        root: Where the local copy of a built-in set is.
        include_seen: Whether to measure on pictures of the training too.
        watcher: Hears how far it is.

    Raises:
        UsageError: If there is no such bundle, data, split or shift, or `pictures` is less than 1.
        DataError: If the data has a class that a classifier does not know, or no picture is left.
        BundleError: If a bundle was changed.

    Example:
        >>> import striate
        >>> from striate.robustness import SHIFTS
        >>> [shift.name for shift in SHIFTS if shift.group == "angle"]
        ['turned', 'upside_down', 'mirrored']
    """
    watcher = watcher or Watcher()
    if pictures < 1:
        raise UsageError(f"pictures must be at least 1, got {pictures}")
    check_split(split)
    shifts = choose_shifts(None if only is None else tuple(only), corruptions=corruptions)
    run_folder = run_folder_of(classifier)
    title = names_of([classifier])[0]
    other = None if against is None else names_of([classifier, against])[1]
    classifiers = _classifiers(as_classifier(classifier), title)
    if against is not None:
        classifiers.append((f"against {other}", as_classifier(against)))
    chosen = unseen_pictures(
        [one for _, one in classifiers],
        data,
        run_folder=run_folder,
        split=split,
        root=root,
        include_seen=include_seen,
        watcher=watcher,
    )
    strata = classifiers[0][1].task.strata(chosen.labels)
    rows = by_share(strata, pictures, seed=seed, least=1) if len(strata) > pictures else np.arange(len(strata))
    dataset = chosen.dataset.select(rows)
    stressed, flipped = _measured(classifiers, dataset, shifts, seed, watcher)
    error, baseline = _mean_corruption_error(stressed, against=other)
    return StressCard(
        title=title,
        data=dataset.location,
        split=chosen.split,
        count=len(dataset),
        classifiers=stressed,
        mean_corruption_error=error,
        baseline=baseline,
        flipped=flipped,
        command=_command(
            _place(classifier),
            dataset.location,
            against=None if against is None else _place(against),
            only=[] if only is None else list(only),
            corruptions=corruptions,
            pictures=pictures,
            split=chosen.split,
            seed=seed,
            include_seen=include_seen,
        ),
    )


def _measured(
    classifiers: Sequence[tuple[str, Classifier]],
    dataset: Dataset,
    shifts: Sequence[Shift],
    seed: int,
    watcher: Watcher,
) -> tuple[tuple[Stressed, ...], tuple[tuple[FlippedPicture, ...], ...]]:
    """Each classifier under the shifts, and the pictures whose answer by the first flips."""
    labels = [labels_of(dataset, one.classes) for _, one in classifiers]
    identities = [int.from_bytes(bytes(digest)[:6], "big") for digest in dataset.checked_facts.digests]
    pixels = prepared_pixels(dataset, [one for _, one in classifiers], watcher)
    answers = answers_of_all([one for _, one in classifiers], pixels, identities, shifts, seed, watcher)
    stressed = tuple(
        stressed_classifier(name, one, found, true, shifts)
        for (name, one), found, true in zip(classifiers, answers, labels, strict=True)
    )
    first = classifiers[0][1]
    flipped = _flipped(
        stressed[0], pixels[first.contract.picture_preprocessing], identities, first.task, labels[0], seed
    )
    return stressed, flipped


def _place(classifier: str | Path | Run | Classifier) -> str:
    """Where it is, as a command names it."""
    if isinstance(classifier, Classifier):
        return str(classifier.bundle.folder)
    return str(classifier.folder if isinstance(classifier, Run) else classifier)


def _command(
    place: str,
    data: str,
    *,
    against: str | None,
    only: Sequence[str],
    corruptions: bool,
    pictures: int,
    split: str,
    seed: int,
    include_seen: bool,
) -> str:
    """The command that makes the same card again."""
    parts = ["striate", "stress", place, data, "--pictures", str(pictures), "--seed", str(seed)]
    parts += [] if split == "all" else ["--split", split]
    parts += [] if against is None else ["--against", against]
    for name in only:
        parts += ["--only", name]
    parts += [] if corruptions else ["--no-corruptions"]
    parts += ["--include-seen"] if include_seen else []
    return shlex.join(parts)


def _classifiers(classifier: Classifier, title: str) -> list[tuple[str, Classifier]]:
    """The classifier, and the same in int8 where its bundle can do that."""
    precision = classifier.engine.precision
    if "int8" not in classifier.contract.precisions or precision == "int8":
        return [(title, classifier)]
    return [(precision, classifier), ("int8", load_classifier(classifier.bundle, precision="int8"))]


def _flipped(
    stressed: Stressed,
    pixels: npt.NDArray[np.uint8],
    identities: Sequence[int],
    task: Task,
    labels: Targets,
    seed: int,
) -> tuple[tuple[FlippedPicture, ...], ...]:
    """The pictures that flip first under each shift, made again."""
    rows = []
    for curve in stressed.curves:
        shift, shown = curve.shift, []
        for flip in curve.flips:
            before = pixels[flip.picture]
            after = shift.apply(before, flip.level, seed=seed, picture=identities[flip.picture])
            size = shift.shown(shift.levels[flip.level].size) if len(shift.levels) > 1 else shift.title
            true, answer = (said_of(task, target, stressed.classes) for target in (labels[flip.picture], flip.answer))
            shown.append(FlippedPicture(before, after, true, answer, size))
        rows.append(tuple(shown))
    return tuple(rows)


def _mean_corruption_error(stressed: Sequence[Stressed], *, against: str | None) -> tuple[float | None, str]:
    """MCE of the first classifier and what it is against: the other one, or AlexNet where the classes are ImageNet's."""
    errors = stressed[0].corruption_errors
    if len(errors) < len(CORRUPTIONS):
        return None, ""
    if against is not None:
        baseline = stressed[-1].corruption_errors
        return (mean_corruption_error(errors, baseline), against) if all(baseline.values()) else (None, "")
    if len(stressed[0].classes) == IMAGENET_CLASSES:
        return mean_corruption_error(errors, ALEXNET_ERRORS), "AlexNet's published errors"
    return None, ""
