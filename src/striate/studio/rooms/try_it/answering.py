"""What is told of a picture under all sliders: the answer as the server gives it, and the picture as the network is shown it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.errors import ItemError
from striate.pixels import Preprocessing
from striate.serving.item_answer import ItemAnswer
from striate.serving.problems import ProblemError, unreadable
from striate.serving.served_bundle import Item, ServedBundle
from striate.studio.rooms.try_it.dials import Shifting, read_shifting
from striate.studio.rooms.try_it.pictures import Held, Pictures
from striate.studio.studio import Studio

Pixels = npt.NDArray[np.uint8]

NAMED = 8
"""Classes of an answer; of up to `ALL` all are told, so that none jumps in or out."""
ALL = 20
FOLLOWED = 12
"""Classes that a request may want to hear of whatever is more probable."""
SMALL = 64
"""Sides of pictures that are sent without loss."""


@dataclass(frozen=True)
class Asked:
    """A picture for a model, and how the sliders stand."""

    bundle: ServedBundle
    rule: Preprocessing
    held: Held
    shifting: Shifting
    followed: tuple[int, ...]
    limit: int

    @property
    def clean(self) -> Pixels:
        """(H, W, C), prepared; refused as `ProblemError` if it cannot be."""
        try:
            return self.held.pixels(self.rule, limit=self.limit)
        except ItemError as error:
            raise unreadable(error) from None

    def pixels(self) -> Pixels:
        """(H, W, C), with all that the sliders do."""
        return self.shifting.apply(self.clean, picture=self.held.identity)

    @property
    def key(self) -> tuple[object, ...]:
        """Equal where the same is asked of the same model."""
        shifting = self.shifting
        return (
            self.bundle.name,
            self.bundle.version,
            self.held.name,
            tuple(sorted(shifting.values.items())),
            shifting.place,
            shifting.seed,
        )


def rule_of(bundle: ServedBundle) -> Preprocessing:
    """How a model's pictures are prepared.

    Raises:
        ProblemError: 400 if it is not given pictures.
    """
    rule = bundle.classifier.contract.preprocessing
    if not isinstance(rule, Preprocessing):
        raise ProblemError(400, f"model {bundle.name!r} is given {bundle.classifier.kind.plural}, not pictures")
    return rule


def read_asked(studio: Studio, pictures: Pictures, asked: Mapping[str, Any]) -> Asked:
    """What a request is about.

    Raises:
        ProblemError: 404 if there is no such model or picture, 400 if something else of it makes no sense.
    """
    name = asked.get("model")
    if name is not None and not isinstance(name, str):
        raise ProblemError(400, f"model must be a name, got {name!r:.60}")
    bundle = studio.models.find(name)
    rule = rule_of(bundle)
    followed = asked.get("follow", [])
    classes = len(bundle.classifier.classes)
    if not isinstance(followed, list) or len(followed) > FOLLOWED or not all(_place(one, classes) for one in followed):
        raise ProblemError(
            400, f"follow must be at most {FOLLOWED} places of the {classes:,} classes, got {followed!r:.60}"
        )
    return Asked(
        bundle,
        rule,
        pictures.find(asked.get("picture")),
        read_shifting(asked),
        tuple(followed),
        studio.limits.pixels,
    )


def _place(value: object, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


async def answers(studio: Studio, bundle: ServedBundle, pictures: Sequence[Pixels]) -> list[ItemAnswer]:
    """The server's answers to prepared pictures, a few at a time, so that others have theirs in between."""
    few = 2 * max(bundle.classifier.engine.batch, bundle.classifier.engine.requests)
    found: list[ItemAnswer] = []
    for start in range(0, len(pictures), few):
        items = [Item("the picture", pixels, "encoded", NAMED) for pixels in pictures[start : start + few]]
        _, told = await studio.service.answer(bundle, items)
        for one in told:
            if isinstance(one, ItemError):
                raise unreadable(one)
            found.append(one)
    return found


def told(answer: ItemAnswer, bundle: ServedBundle, followed: Sequence[int] = ()) -> dict[str, Any]:
    """An answer as JSON types: what is said, how sure, why it abstains, and `rows`: places of classes with their probabilities."""
    prediction, doubt = answer.prediction, answer.prediction.doubt
    rows: list[list[float]] = []
    if not bundle.classifier.task.sequential:
        order = np.argsort(-answer.probabilities, kind="stable")
        chosen = (
            order if len(order) <= ALL else [*order[:NAMED], *(one for one in followed if one not in order[:NAMED])]
        )
        rows = [[int(place), float(answer.probabilities[place])] for place in chosen]
    return {
        "label": prediction.label,
        "probability": prediction.probability,
        "rows": rows,
        "abstains": bool(doubt and doubt.abstains),
        "reason": doubt.reason if doubt else None,
        "set": list(doubt.labels) if doubt and doubt.labels is not None else None,
        "unfamiliarity": doubt.unfamiliarity if doubt else None,
    }


def encoded(pixels: Pixels) -> str:
    """A picture as an address that holds it: small ones as they are, larger ones as a JPEG that hardly shows it."""
    buffer = BytesIO()
    small = max(pixels.shape[:2]) <= SMALL
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.save(buffer, "PNG" if small else "JPEG", quality=90)
    return f"data:image/{'png' if small else 'jpeg'};base64,{base64.b64encode(buffer.getvalue()).decode()}"
