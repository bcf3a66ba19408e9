"""Ways of seeing that take longer than a click: a map projected to the pixels, what it likes most, which pictures it answers to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from striate.errors import UsageError
from striate.report.seeing_contents import Panel
from striate.report.thumbnails import thumbnail
from striate.seeing.checks import checked
from striate.seeing.many_pictures import ManyPictures, many_pictures
from striate.seeing.methods import METHODS
from striate.seeing.observation import Observation, answer
from striate.seeing.question import Question, panels_of
from striate.studio.jobs import Job
from striate.studio.rooms.walk.networks import TAUGHT
from striate.studio.rooms.walk.run_data import data_of_run
from striate.studio.rooms.walk.walks import Kept
from striate.visualization import HEAD, Unit
from striate.visualization.targets import as_probabilities

WAYS = ("deconvnet", "maximize", "top")
MOST_PICTURES = 2000
"""Of a run's data, among which those are found that a map answers to most."""
SIDE = 220
"""CSS pixels of a picture on the page."""


def check_way(kept: Kept, step: str, unit: tuple[int, ...], way: str) -> None:
    """Refuses what no page asks for.

    Raises:
        UsageError: There is no such way or unit.
    """
    if way not in WAYS:
        raise UsageError(f"the way of seeing must be one of {', '.join(WAYS)}, got {way[:40]!r}")
    shape = kept.step(step).shape
    if len(unit) not in (1, len(shape)) or not all(0 <= at < side for at, side in zip(unit, shape, strict=False)):
        raise UsageError(f"{step} gives numbers of shape {shape}; it has no unit {unit}")


def layer_of(kept: Kept, step: str) -> str:
    """The layer that gives what a step gives.

    Raises:
        UsageError: The step is a function between layers.
    """
    names = [one.name for one in kept.walk.steps]
    if step == names[-1]:
        return HEAD
    modules = {name for name, _ in kept.seen.network.named_modules() if name}
    if step in modules:
        return step
    scope = step.rpartition(".")[0]
    if scope in modules and [name for name in names if name.startswith(f"{scope}.")][-1] == step:
        return scope
    raise UsageError(f"{step} is a function between layers; choose the layer before or after it")


def seen(kept: Kept, step: str, unit: tuple[int, ...], way: str, job: Job) -> Mapping[str, Any]:
    """What a way of seeing shows of a unit, as JSON types; a projection is tested before it is shown.

    Raises:
        StriateError: The step is no layer of its own, the run's data is not there, or the network refuses; the message says why.
    """
    layer = layer_of(kept, step)
    observation = _observed(kept)
    # Only a projection begins at one place; what a map likes, and which pictures it answers to, is of the whole map.
    place: Unit = (unit[0], unit[1], unit[2]) if way == "deconvnet" and len(unit) == 3 else unit[0]
    question = Question(kept.seen, way, observed=observation, layer=layer, unit=place, watcher=job)
    if way == "top":
        many = _learnt_from(kept)
        question = dataclasses.replace(question, many=dataclasses.replace(many, keys=many.keys[:MOST_PICTURES]))
    (panel, *_) = panels_of(METHODS[way], question)
    return _told(checked(METHODS[way], observation, panel))


def _learnt_from(kept: Kept) -> ManyPictures:
    """The pictures that the network learnt from.

    Raises:
        UsageError: They are not known, or not there any more.
    """
    if kept.network == TAUGHT:
        from striate.studio.rooms.walk.digits import framed_digit

        many = many_pictures(kept.seen, "digits")
        return dataclasses.replace(many, read=lambda row: framed_digit(np.asarray(many.read(row))))
    data = data_of_run(kept.seen.folder)
    if data is None:
        raise UsageError(
            "this needs the pictures that the network learnt from; only a run whose data is still where it was has them"
        )
    return many_pictures(kept.seen, data)


def _observed(kept: Kept) -> Observation:
    """The picture with the class that is answered, which tests of class maps ask about."""
    images = torch.from_numpy(kept.seen.preprocessing.normalise(kept.pixels[None]))
    logits = answer(kept.seen.network, images, HEAD)
    shares = as_probabilities(logits[None].double(), kept.seen.temperature, kept.seen.classifier)[0]
    return Observation(kept.seen, kept.pixels, int(logits.argmax()), tuple(shares.tolist()))


def _told(panel: Panel) -> Mapping[str, Any]:
    check = panel.facts.get("check")
    return {
        "title": panel.title,
        "columns": list(panel.columns),
        "pictures": [
            {**vars(thumbnail(one.picture, side=SIDE)), "lines": list(one.lines)} for row in panel.rows for one in row
        ],
        "warnings": list(panel.warnings),
        "passed": None if check is None else bool(check["passed"]),
    }
