"""`striate.advise`: which transfer suits these pictures, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from striate.data import Dataset
from striate.deciding.decide import decide_input
from striate.deciding.deciding import Deciding
from striate.deciding.early_refusals import check_advisable
from striate.deciding.training_request import TrainingRequest
from striate.deciding.transfer_choice import time_budget
from striate.errors import DataError
from striate.report.quadrants import StageBar, TransferMap, draw_transfer_map
from striate.row_writing import json_text
from striate.text_layout import wrapped
from striate.training import parse_duration
from striate.transfer import Advice
from striate.transfer.advice import SIMILAR
from striate.watching import Watcher


@dataclass(frozen=True)
class DataAdvice:
    """The advice, and what it was given for."""

    advice: Advice
    data: str  # its name
    location: str
    model: str
    weights: str
    sample: int  # how many pictures the stages were judged by
    input_size: tuple[int, int]
    several: bool = False  # whether pictures have several labels, and accuracies are mean average precisions

    def to_dict(self) -> dict[str, Any]:
        """All of it in JSON's types."""
        return {
            "data": self.location,
            "model": self.model,
            "weights": self.weights,
            "sample": self.sample,
            "input_size": list(self.input_size),
        } | self.advice.to_dict()

    def to_json(self) -> str:
        """All of it as JSON text."""
        return json_text(self.to_dict())

    def to_text(self, width: int | None = None) -> str:
        """For people: the choice, the two sentences, the scores of the stages, and what they are.

        Args:
            width: Columns of the screen, at whose end no word is cut; None: as many as it takes.
        """
        height, across = self.input_size
        what = "the mean average precision of" if self.several else "of"
        said = (
            f"of {self.sample:,} pictures at {height} x {across}; accuracy: {what} a head on the stage's features, "
            "cross-validated; LogME: nats a picture, higher is better"
        )
        return "\n".join([self.advice.to_text(width), *wrapped(said, width)])

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        return notebook.block(
            f"{self.data} · {self.model}", notebook.plain(self.to_text()), notebook.picture(self.picture())
        )

    def picture(self, kind: Literal["svg", "png"] = "svg") -> bytes:
        """The four quadrants of size and similarity with this data set in its place, as an SVG or a PNG file."""
        advice = self.advice
        stages = [
            StageBar(score.stage, score.accuracy, score.logme, best=score.stage == advice.best_stage)
            for score in advice.scores
        ]
        shown = TransferMap(
            data=self.data,
            network=self.model,
            pictures=advice.training_pictures,
            classes=advice.classes,
            size=advice.size,
            similarity=advice.similarity,
            similar_from=SIMILAR,
            choice=advice.transfer,
            reasons=advice.reasons,
            stages=stages,
        )
        return draw_transfer_map(shown, kind)


def advise(
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
    time_limit: str | float | None = None,
    root: str | Path | None = None,
    watcher: Watcher | None = None,
) -> DataAdvice:
    """Says which transfer suits the pictures: how much of trained weights should learn on, and why. Nothing is trained.

    Up to 600 training pictures pass the network once. How well the features of each stage separate the classes tells
    how like the pictures are to those that the weights were trained on.

    Args:
        data: A folder of class folders, a CSV file, a folder of IDX files, or a built-in name; see `striate.load_data`.
        model: A name of `striate.list_models()`; of weights of which nothing is known, a twin with the same tensors is
            tried too, and larger pictures, as in training.
        weights: `"imagenet"` for the network's published weights, or a `.safetensors` or `.pth` file.
        mean: What the weights subtract, of the 0..1 range: one number, or one per channel.
        std: What the weights divide by.
        size: Side of the network's input in pixels; by default as in training.
        seed: Draws the sample and, where the data has no splits, these.
        device: `"auto"`, `"cpu"`, `"cuda"` or `"cuda:1"`.
        task: What is asked of the pictures, as `striate.train` takes it; of pictures that say strings a head says nothing.
        time_limit: Seconds, or text such as `"10m"`, that the whole training may take, as in `striate.train`; `None`: whatever it takes.
        root: Where the local copy of a built-in set is.
        watcher: Hears how it goes.

    Raises:
        UsageError: Something that was asked for makes no sense.
        DataError: The data cannot be used, or has fewer than two classes.
        WeightsError: The weights cannot be read or do not fit.
    """
    budget = time_budget(parse_duration(time_limit) if time_limit is not None else None)
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
    check_advisable(model)
    deciding.check_request()
    if len(deciding.data.classes) < 2:
        raise DataError(f"{deciding.data.location} has {len(deciding.data.classes)} class; advice needs two at least")
    decide_input(deciding)
    advice = deciding.judge.advise(deciding.to_device(), deciding.preprocessing, deciding.recipe, time_budget=budget)
    return DataAdvice(
        advice=advice,
        data=deciding.dataset.name,
        location=deciding.dataset.location,
        model=deciding.recipe.model,
        weights=deciding.starting.name if deciding.starting is not None else "",
        sample=advice.scores[0].pictures,
        input_size=deciding.preprocessing.size,
        several=deciding.data.task.several,
    )
