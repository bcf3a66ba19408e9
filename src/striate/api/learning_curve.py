"""`striate.learning_curve`: how many more pictures would bring how much, from subsets of those that there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from striate.data import Dataset
from striate.deciding.decide import decide_input
from striate.deciding.deciding import Deciding
from striate.deciding.judge import frozen_features
from striate.deciding.training_request import TrainingRequest
from striate.durable_writing import check_writable, write_durably
from striate.errors import DataError, StriateError
from striate.evaluation.learning_curve import INTERVAL, Expected, LearningCurve
from striate.evaluation.learning_curve import learning_curve as fit_curve
from striate.report.learning_curve_picture import draw_learning_curve
from striate.text_layout import table, wrapped
from striate.transfer.subset_heads import HELD_OUT, subset_sizes, wrong_of_held_out
from striate.watching import Watcher
from striate.wording import percent

FORMATS = {".png": "png", ".svg": "svg", ".pdf": "pdf"}
TIMES = (2, 4)
"""So many times as many pictures are told of; beyond no law is sure."""


@dataclass(frozen=True, eq=False)
class MorePictures:
    """What more pictures would bring."""

    data: str
    model: str
    pictures: int
    """Training pictures that there are."""
    looked_at: int
    """Those that the curve is made of."""
    answered: int
    """Validation pictures that the heads answered; 0: training pictures, those that were held out."""
    curve: LearningCurve
    several: bool = False
    """Whether pictures have several labels: then one is right where all its labels are."""

    @property
    def expected(self) -> tuple[Expected, ...]:
        """As many pictures as there are, twice and four times as many."""
        return tuple(self.curve.at(times * self.pictures) for times in (1, *TIMES))

    @property
    def verdict(self) -> str:
        """What twice as many would bring, in one sentence."""
        now, twice = self.expected[:2]
        gain, most = twice.accuracy - now.accuracy, max(now.accuracy - twice.low, twice.high - now.accuracy)
        if gain < 0.005:
            return (
                f"Twice as many pictures would hardly help: {percent(now.accuracy, space='')} now, "
                f"{percent(twice.accuracy, space='')} then ({percent(twice.low, space='')} to {percent(twice.high, space='')})."
            )
        sure = "" if gain > most / 2 else ", by a law that these pictures leave in doubt"
        return (
            f"Twice as many pictures would bring {100 * gain:.1f} points: {percent(now.accuracy, space='')} now, "
            f"{percent(twice.accuracy, space='')} then ({percent(twice.low, space='')} to {percent(twice.high, space='')}){sure}."
        )

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        return {
            "data": self.data,
            "model": self.model,
            "pictures": self.pictures,
            "looked_at": self.looked_at,
            "answered": self.answered,
            "sizes": list(self.curve.sizes),
            "accuracies": list(self.curve.accuracies),
            "law": vars(self.curve.law),
            "interval": INTERVAL,
            "expected": [vars(one) for one in self.expected],
            "verdict": self.verdict,
        }

    def to_text(self, *, width: int | None = None) -> str:
        """What was measured, what is expected, and the verdict."""
        measured = [
            (f"{size:,}", percent(accuracy, space=""), "", "measured")
            for size, accuracy in zip(self.curve.sizes, self.curve.accuracies, strict=True)
        ]
        expected = [
            (
                f"{one.pictures:,}",
                percent(one.accuracy, space=""),
                f"{percent(one.low, space='')} to {percent(one.high, space='')}",
                "expected",
            )
            for one in self.expected
        ]
        right = "all labels right" if self.several else "accuracy"
        rows = table(("pictures", right, f"{INTERVAL:.0%} interval", ""), [*measured, *expected], width=width)
        others = f"{self.answered:,} validation pictures" if self.answered else "those that were held out"
        said = (
            f"heads on the frozen features of {self.model}, which learnt from subsets of {self.looked_at:,} training pictures and "
            f"answered {others}; networks that learn on may do better with many pictures"
        )
        return "\n".join([*rows, "", *wrapped(self.verdict, width), *wrapped(said, width)])

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block(self.data, notebook.text(self.verdict), notebook.picture(self._drawn("png")))

    def draw(self, path: str | Path) -> None:
        """Writes the picture: .png, .svg or .pdf.

        Raises:
            UsageError: If the ending is another, or there is no such folder.
            StriateError: If the disk is full.
        """
        path = Path(path)
        check_writable(path, endings=FORMATS)
        try:
            write_durably(path, self._drawn(FORMATS[path.suffix.lower()]))
        except OSError as error:
            raise StriateError(f"cannot write {path}: {error.strerror or error}") from error

    def _drawn(self, file_format: str) -> bytes:
        title = f"{self.data}: what more pictures would bring"
        asked = [times * self.pictures for times in TIMES]
        return draw_learning_curve(title, self.curve, asked, pictures=self.pictures, file_format=file_format)


def learning_curve(
    data: str | Path | Dataset,
    *,
    model: str = "mobilenet_v2",
    weights: str | Path = "imagenet",
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    size: int | None = None,
    seed: int = 0,
    device: str = "auto",
    task: str | None = None,
    root: str | Path | None = None,
    watcher: Watcher | None = None,
) -> MorePictures:
    """Says what twice and four times as many training pictures would bring. No network is trained.

    Up to 2,000 training pictures pass the network once. Heads learn from subsets of them and answer the validation pictures, or with
    fewer than 100 of these the training pictures that were held out; a power law is fitted to their errors, and led further.

    Args:
        data: A folder of class folders, a CSV file, a folder of IDX files, or a built-in name; see `striate.load_data`.
        model: A name of `striate.list_models()`.
        weights: `"imagenet"` for the network's published weights, or a `.safetensors` or `.pth` file.
        mean: What the weights subtract, of the 0..1 range: one number, or one per channel.
        std: What the weights divide by.
        size: Side of the network's input in pixels; by default as in training.
        seed: Draws the subsets and, where the data has no splits, these.
        device: `"auto"`, `"cpu"`, `"cuda"` or `"cuda:1"`.
        task: What is asked of the pictures, as `striate.train` takes it; of pictures that say strings a head says nothing.
        root: Where the local copy of a built-in set is.
        watcher: Hears how it goes.

    Raises:
        UsageError: Something that was asked for makes no sense.
        DataError: The data cannot be used, or has too few pictures or classes.
        WeightsError: The weights cannot be read or do not fit.
    """
    request = TrainingRequest(
        data=data,
        model=model,
        weights=weights,
        mean=mean,
        std=std,
        size=size,
        seed=seed,
        device=device,
        root=root,
        task=task,
    )
    deciding = Deciding(request, watcher or Watcher())
    deciding.check_request()
    if len(deciding.data.classes) < 2:
        raise DataError(
            f"{deciding.data.location} has {len(deciding.data.classes)} class; a learning curve needs two at least"
        )
    decide_input(deciding)
    (features, labels), others = frozen_features(
        deciding.dataset, deciding.to_device(), deciding.preprocessing, deciding.recipe, watcher=deciding.watcher
    )
    answered = len(others[1])
    learnable = len(labels) if answered else round(len(labels) * (1 - HELD_OUT))
    sizes = subset_sizes(learnable, len(deciding.dataset.classes))
    wrong = wrong_of_held_out(
        np.concatenate([features, others[0]]),
        np.concatenate([labels, others[1]]),
        sizes,
        each=False,
        seed=seed,
        watcher=deciding.watcher,
        others=answered,
    )
    return MorePictures(
        data=deciding.dataset.name,
        model=deciding.recipe.model,
        pictures=len(deciding.dataset.indices("train")),
        looked_at=len(labels),
        answered=answered,
        curve=fit_curve(sizes, wrong, seed=seed),
        several=deciding.dataset.task.several,
    )
