"""What is decided by: the number, size and colour of the training pictures, and a sample of their pixels."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from striate.choosing import evenly
from striate.data.dataset import Dataset
from striate.data.pictures import StampedPictures
from striate.data.store import kept_store
from striate.errors import PictureError
from striate.pixels import Preprocessing, measure

SMALL = 64
"""Pictures whose shorter side is at most this many pixels are small: drawings, digits, thumbnails."""

SAMPLED = 512
"""Training pictures that colours are measured on: mean, deviation, and the directions that augmentation changes."""


GLANCED = 64
"""Pictures whose headers are read before all are looked at."""


@dataclass(frozen=True)
class DataFacts:
    """What the defaults look at."""

    training_pictures: int
    classes: int
    short_side: int
    """Median over the training pictures, in pixels."""
    colour: bool
    """Whether any picture needs three channels."""
    softmax_answers: bool = True
    """Whether the most probable class is asked for, by a softmax."""

    @property
    def small(self) -> bool:
        """Whether these are small pictures."""
        return self.short_side <= SMALL

    @property
    def drawn(self) -> bool:
        """Whether these look like digits, letters or drawings: small and grey."""
        return self.small and not self.colour


def data_facts(dataset: Dataset) -> DataFacts:
    """What the defaults look at: the training pictures' number, size and colour.

    Args:
        dataset: Checked, and with splits.
    """
    rows = dataset.indices("train")
    table = dataset.checked_facts
    short = np.minimum(table.widths[rows], table.heights[rows])
    return DataFacts(
        len(rows), len(dataset.classes), int(np.median(short)), bool(table.colour[rows].any()), _is_softmax(dataset)
    )


def glance(dataset: Dataset) -> DataFacts | None:
    """What the headers of 64 pictures, evenly from the first to the last, let expect of all; None where none can be read.

    Args:
        dataset: Need not be checked; whatever split a picture is in.
    """
    if not isinstance(dataset.pictures, StampedPictures):
        return None
    known = []
    for row in evenly(len(dataset), GLANCED):
        with suppress(PictureError, OSError):
            known.append(measure(dataset.pictures.path(int(row)) or dataset.pictures.read(int(row))))
    if not known:
        return None
    short = int(np.median([min(picture.width, picture.height) for picture in known]))
    colour = any(picture.channels_needed == 3 for picture in known)
    return DataFacts(len(dataset), len(dataset.classes), short, colour, _is_softmax(dataset))


def _is_softmax(dataset: Dataset) -> bool:
    return dataset.task.classifier == "softmax"


class PixelSample:
    """Up to 512 training pictures, evenly from the first to the last; each is read once for a rule of resizing and cropping.

    The one sample that everything said of the training pictures' colours is measured on.

    Args:
        dataset: With splits.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._made: dict[Preprocessing, npt.NDArray[np.uint8]] = {}

    def pixels(self, preprocessing: Preprocessing) -> npt.NDArray[np.uint8]:
        """(k, H, W, C) uint8: the pictures as the rule resizes and crops them."""
        rule = preprocessing.of_pixels
        if rule not in self._made:
            rows = self._dataset.indices("train")
            rows = rows[evenly(len(rows), SAMPLED)]
            kept = None if self._dataset.facts is None else kept_store(self._dataset, rule)
            if kept is not None:
                self._made[rule] = kept.gather(rows)
            else:
                self._made[rule] = np.stack([rule.pixels(self._dataset.pictures.read(int(row))) for row in rows])
        return self._made[rule]
