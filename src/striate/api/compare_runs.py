"""`striate.compare_runs`: two classifiers on the same pictures, and whether one is better than the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.choosing import in_turn
from striate.data import Dataset
from striate.encodings import DEFAULT_KIND, named_encoding
from striate.errors import UsageError
from striate.evaluation import PairedComparison, wilson_interval
from striate.pixels import decode
from striate.printable_text import printable
from striate.report.contact_sheet import Tile, draw_contact_sheet
from striate.runs.paired_answers import Answered, answered, compare_answered, verdict_sentence
from striate.runs.run import Run, names_of, run_folder_of
from striate.runs.unseen_pictures import UnseenPictures, check_split, data_of_run, unseen_pictures
from striate.runtime import Classifier, as_classifier
from striate.tasks import said_of
from striate.text_layout import table, wrapped
from striate.watching import Watcher
from striate.wording import probability

SHOWN = 12
"""Pictures of each kind that a sheet shows at most."""


@dataclass(frozen=True, eq=False)
class Flip:
    """A picture that one of the two alone has right."""

    key: str
    picture: npt.NDArray[np.uint8] | None
    """(H, W, 3) or (H, W, 1); None where sentences are given."""
    true: str
    answers: tuple[str, str]
    """Of both, in their order."""
    probabilities: tuple[float, float]
    """Of those answers."""


@dataclass(frozen=True, eq=False)
class RunComparison:
    """Two classifiers on the same pictures."""

    names: tuple[str, str]
    data: str
    split: str
    compared: PairedComparison
    """The first beside the second."""
    by_class: tuple[tuple[str, int, int, int], ...]
    """Of each class: its name, its pictures, and how many of them the two have right."""
    gained: tuple[Flip, ...]
    """Pictures that the first alone has right, not all that there are."""
    lost: tuple[Flip, ...]
    """Pictures that the second alone has right, not all that there are."""
    kind: str = DEFAULT_KIND
    """What is given: a name of `striate.encodings`."""

    @property
    def verdict(self) -> str:
        """`better`, `worse` or `not distinguishable`: what may be said of the first."""
        return self.compared.verdict

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON types."""
        return {
            "verdict": self.verdict,
            "names": list(self.names),
            "data": self.data,
            "split": self.split,
            "compared": self.compared.to_dict(),
            "classes": [
                dict(zip(("name", "pictures", "right", "right_reference"), row, strict=True)) for row in self.by_class
            ],
            "gained": [flip.key for flip in self.gained],
            "lost": [flip.key for flip in self.lost],
        }

    def to_text(self, *, width: int | None = None) -> str:
        """The verdict, a row a classifier, and a row a class."""
        compared = self.compared
        rows = []
        for name, alone in zip(self.names, (compared.only_candidate, compared.only_reference), strict=True):
            right = compared.both_right + alone
            low, high = wilson_interval(right, compared.count)
            rows.append((printable(name), f"{right / compared.count:.2%}", f"{low:.1%} to {high:.1%}", f"{alone:,}"))
        lines = [*wrapped(printable(self._verdict()), width), ""]
        lines += table(("classifier", "accuracy", "95 % interval", "right alone"), rows, width=width)
        classes = [
            (
                printable(name),
                f"{count:,}",
                f"{first / count:.1%}",
                f"{second / count:.1%}",
                f"{(first - second) / count * 100:+.1f}",
            )
            for name, count, first, second in sorted(self.by_class, key=lambda row: (row[2] - row[3]) / row[1])
        ]
        head = ("class", named_encoding(self.kind).plural, *(printable(name) for name in self.names), "points")
        return "\n".join([*lines, "", *table(head, classes, width=width)])

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        rows = [(name, f"{count:,}", f"{a / count:.1%}", f"{b / count:.1%}") for name, count, a, b in self.by_class]
        parts = [notebook.table(("class", named_encoding(self.kind).plural, *self.names), rows)]
        if self.kind == DEFAULT_KIND and (self.gained or self.lost):
            parts.append(notebook.picture(notebook.small(self.sheet(), 800), said="pictures whose answer flips"))
        return notebook.block("Two classifiers", notebook.text(self._verdict()), *parts)

    def _verdict(self) -> str:
        return verdict_sentence(self.compared, *self.names, one=named_encoding(self.kind).one)

    def sheet(self) -> npt.NDArray[np.uint8]:
        """(H, W, 3) uint8: the pictures whose answer flips, those that the first has lost before those that it has gained.

        Raises:
            UsageError: No answer flips, or no pictures are given.
        """
        if self.kind != DEFAULT_KIND:
            raise UsageError(f"a sheet is of pictures; these are {named_encoding(self.kind).plural}")
        if not (self.lost or self.gained):
            raise UsageError("the two have the same pictures right; there is nothing to show")
        rows = []
        for flips, right in ((self.lost, self.names[1]), (self.gained, self.names[0])):
            tiles = [_tile(flip, flip.picture, self.names, right) for flip in flips if flip.picture is not None]
            rows += [tiles[start : start + 4] for start in range(0, len(tiles), 4)]
        return draw_contact_sheet(self._verdict(), rows)


def _tile(flip: Flip, picture: npt.NDArray[np.uint8], names: tuple[str, str], right: str) -> Tile:
    said = [
        f"{name}: {answer}, {probability(share)}"
        for name, answer, share in zip(names, flip.answers, flip.probabilities, strict=True)
    ]
    return Tile(picture, [f"{flip.true}: {right} alone is right", *said, flip.key])


def compare_runs(
    candidate: str | Path | Run | Classifier,
    reference: str | Path | Run | Classifier,
    data: str | Path | Dataset | None = None,
    *,
    split: str | None = None,
    root: str | Path | None = None,
    watcher: Watcher | None = None,
) -> RunComparison:
    """Compares two classifiers on the same labelled pictures, which neither was trained on, and says whether one is better.

    Args:
        candidate: A run, a bundle, their folder, or a `Classifier`.
        reference: Another one.
        data: As for `striate.train`; by default what the first run was trained from.
        split: `train`, `val` or `test`; by default `test`, else `val`. Where the data has no splits, those of the first run are used.
        root: Where the local copy of a built-in set is.
        watcher: Hears how far it is.

    Returns:
        The verdict by McNemar's exact test, the difference with its interval, and pictures whose answer flips.

    Raises:
        UsageError: If there is no such bundle, data or split, or no data is named and the first is no run.
        DataError: If the data has a class that one of them does not know, or no picture is left.
        BundleError: If a bundle was changed.
    """
    watcher = watcher or Watcher()
    check_split(split)
    names = names_of([candidate, reference])
    folder = run_folder_of(candidate)
    if data is None:
        data, root = data_of_run(folder, names[0], root)
    classifiers = [as_classifier(candidate), as_classifier(reference)]
    pictures = unseen_pictures(
        classifiers, data, run_folder=folder, split=split, root=root, include_seen=False, watcher=watcher
    )
    first, second = (answered(one, pictures, watcher) for one in classifiers)
    task = pictures.dataset.task
    classes = [
        (name, int(of_class.sum()), int(first.right[of_class].sum()), int(second.right[of_class].sum()))
        for place, name in enumerate(first.classes)
        if (of_class := task.shows(first.labels, place)).any()
    ]
    return RunComparison(
        names=(names[0], names[1]),
        data=pictures.dataset.location,
        split=pictures.split,
        compared=compare_answered(first, second),
        by_class=tuple(classes),
        gained=_flips(pictures, first, second, first.right & ~second.right),
        lost=_flips(pictures, first, second, second.right & ~first.right),
        kind=pictures.dataset.kind,
    )


def _flips(
    pictures: UnseenPictures, first: Answered, second: Answered, which: npt.NDArray[np.bool_]
) -> tuple[Flip, ...]:
    """Some of the pictures, of each class in turn."""
    places, task = np.flatnonzero(which), pictures.dataset.task
    shown: Sequence[int] = places[in_turn(task.strata(first.labels[places]), SHOWN)].tolist()
    return tuple(
        Flip(
            key=pictures.dataset.pictures.key(place),
            picture=decode(pictures.dataset.pictures.read(place)) if pictures.dataset.kind == DEFAULT_KIND else None,
            true=said_of(task, first.labels[place], first.classes),
            answers=(
                said_of(task, first.answers[place], first.classes),
                said_of(task, second.answers[place], second.classes),
            ),
            probabilities=(float(first.confidence[place]), float(second.confidence[place])),
        )
        for place in shown
    )
