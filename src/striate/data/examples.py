"""The rows of a split, as the training loop and the sealing take them: of pictures, or of whatever is given."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL

from striate.data import Dataset, PixelStore
from striate.encodings import Encoding
from striate.errors import UsageError
from striate.pixels import Preprocessing


@dataclass(frozen=True, eq=False)
class EncodedExamples:
    """Rows of a store with their labels; implements `striate.training.ReadyExamples`."""

    dataset: Dataset
    store: PixelStore
    encoding: Encoding
    samples: npt.NDArray[np.int64]
    """(n,) rows of the data set and of the store, which are also what random draws depend on."""
    labels: npt.NDArray[np.int64]

    @classmethod
    def of(cls, dataset: Dataset, store: PixelStore, encoding: Encoding, split: str) -> EncodedExamples:
        """The items of a split; none if the data has no such split."""
        rows = dataset.indices(split)
        return cls(dataset, store, encoding, rows, dataset.labels[rows].astype(np.int64))

    def pixels(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """What is encoded of the items at these positions 0..n-1: (k, ...), as `MeasuredSplit` takes it."""
        return self.store.gather(self.samples[positions])

    def maps(self, positions: npt.NDArray[np.int64], epoch: int) -> npt.NDArray[Any]:
        """The network's input of the items at these positions, the same in every epoch."""
        return self.encoding.ready(self.pixels(positions))

    def key(self, position: int) -> str:
        """The item's name."""
        return self.dataset.pictures.key(int(self.samples[position]))


@dataclass(frozen=True, eq=False)
class SplitExamples:
    """Rows of a pixel store with their labels; implements `striate.training.Examples`."""

    dataset: Dataset
    store: PixelStore
    preprocessing: Preprocessing
    samples: npt.NDArray[np.int64]
    """(n,) rows of the data set and of the store, which are also what random draws depend on."""
    labels: npt.NDArray[np.int64]

    @classmethod
    def of(cls, dataset: Dataset, store: PixelStore, preprocessing: Preprocessing, split: str) -> SplitExamples:
        """The pictures of a split; none if the data has no such split."""
        rows = dataset.indices(split)
        return cls(dataset, store, preprocessing, rows, dataset.labels[rows].astype(np.int64))

    def pixels(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """(k, H, W, C) uint8 of the pictures at these positions 0..n-1."""
        return self.store.gather(self.samples[positions])

    @cached_property
    def digest(self) -> str:
        """Hexadecimal digits for the pictures in their order and how they are prepared."""
        content = hashlib.sha256(self.dataset.checked_facts.digests[self.samples].tobytes())
        content.update(f"{self.preprocessing.digest} pillow {PIL.__version__}".encode())
        return content.hexdigest()

    @property
    def mean(self) -> tuple[float, ...]:
        """What is subtracted from each channel of the network's input, where pixels go from 0 to 1."""
        return self.preprocessing.statistics[0]

    @property
    def std(self) -> tuple[float, ...]:
        """What each channel is divided by afterwards."""
        return self.preprocessing.statistics[1]

    @property
    def reverses_channels(self) -> bool:
        """Whether the network gets the channels in the opposite order of pixels."""
        return self.preprocessing.reverses_channels

    def key(self, position: int) -> str:
        """The picture's name."""
        return self.dataset.pictures.key(int(self.samples[position]))


AnyExamples = SplitExamples | EncodedExamples
"""Of pictures, which training augments and normalises, or of whatever else is given."""


def examples_of(dataset: Dataset, store: PixelStore, encoding: Encoding, split: str) -> AnyExamples:
    """The items of a split, as training takes them; none if the data has no such split."""
    if isinstance(encoding, Preprocessing):
        return SplitExamples.of(dataset, store, encoding, split)
    return EncodedExamples.of(dataset, store, encoding, split)


def of_pictures(examples: AnyExamples) -> SplitExamples:
    """The examples, where they are pictures.

    Raises:
        UsageError: They are not.
    """
    if not isinstance(examples, SplitExamples):
        raise UsageError(
            f"what is asked for is possible only of pictures, and {examples.dataset.location} holds {examples.dataset.plural}"
        )
    return examples
