"""What one or two runs answer to the pictures that none of them was trained on, picture by picture."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from striate.errors import UsageError
from striate.pixels import decode
from striate.runs.listed_runs import ListedRun
from striate.runtime import load_classifier
from striate.studio.jobs import Job
from striate.tasks import said_of

if TYPE_CHECKING:  # torch comes with them, which the list of runs does without
    from striate.runs.paired_answers import Answered
    from striate.runs.unseen_pictures import UnseenPictures

MOST_ROWS = 20_000
"""Answers that a page is given."""


@dataclass(frozen=True, eq=False)
class RunAnswers:
    """The pictures, and what each run answers."""

    names: tuple[str, ...]
    pictures: UnseenPictures
    answers: tuple[Answered, ...]

    def to_dict(self) -> dict[str, Any]:
        """A row a picture, those of which all are right left out where there are too many; and of two the paired test."""
        first = self.answers[0]
        task = self.pictures.dataset.task
        right = np.stack([one.right for one in self.answers])
        wrong_first = np.argsort(right.all(axis=0), kind="stable")[:MOST_ROWS]
        single = not (task.several or task.sequential)
        return {
            "names": list(self.names),
            "data": self.pictures.dataset.location,
            "split": self.pictures.split,
            "count": len(self.pictures.dataset),
            "seen": self.pictures.seen,
            "kind": self.pictures.dataset.kind,
            "classes": list(first.classes) if single else None,
            "right": [int(one.right.sum()) for one in self.answers],
            "rows": [self._row(int(place), single=single) for place in sorted(wrong_first.tolist())],
            "compared": self._compared(),
        }

    def _row(self, place: int, *, single: bool) -> dict[str, Any]:
        task = self.pictures.dataset.task
        first = self.answers[0]
        row: dict[str, Any] = {
            "place": place,
            "key": self.pictures.dataset.pictures.key(place),
            "true": said_of(task, first.labels[place], first.classes),
            "said": [said_of(task, one.answers[place], one.classes) for one in self.answers],
            "confidence": [round(float(one.confidence[place]), 4) for one in self.answers],
            "right": [bool(one.right[place]) for one in self.answers],
        }
        if single:
            row["cell"] = [int(first.labels[place]), int(first.answers[place])]
        return row

    def _compared(self) -> dict[str, Any] | None:
        from striate.runs.paired_answers import compare_answered, verdict_sentence

        if len(self.answers) != 2:
            return None
        compared = compare_answered(*self.answers)
        return compared.to_dict() | {"sentence": verdict_sentence(compared, *self.names)}


def answers_of(runs: list[ListedRun], job: Job) -> RunAnswers:
    """What runs answer to the pictures of the first one's data, `test` or else `val`.

    Raises:
        UsageError: If a run has no bundle, or is a bundle that does not say where its pictures are.
        DataError: If the pictures are not where they were, or a run does not know their classes.
    """
    from striate.runs.paired_answers import answered
    from striate.runs.run import names_of, run_folder_of
    from striate.runs.unseen_pictures import data_of_run, unseen_pictures

    folders = [run.folder for run in runs]
    names = names_of(folders)
    classifiers = [load_classifier(folder) for folder in folders]
    folder = run_folder_of(folders[0])
    data, root = data_of_run(folder, names[0], None)
    pictures = unseen_pictures(
        classifiers, data, run_folder=folder, split=None, root=root, include_seen=False, watcher=job
    )
    return RunAnswers(names, pictures, tuple(answered(one, pictures, job) for one in classifiers))


def small_picture(answers: RunAnswers, place: int, side: int) -> tuple[bytes, str]:
    """A picture of the answers, with its media type: small ones as they are, larger ones within `side` pixels.

    Raises:
        UsageError: There is no such picture, or it is none.
        PictureError: It cannot be read any more.
    """
    dataset = answers.pictures.dataset
    if not 0 <= place < len(dataset) or dataset.kind != "picture":
        raise UsageError(f"there is no picture {place}")
    pixels = decode(dataset.pictures.read(place))
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((side, side))
    stored = BytesIO()
    small = max(image.size) <= 64
    image.save(stored, "PNG" if small else "JPEG", quality=85)
    return stored.getvalue(), "image/png" if small else "image/jpeg"
