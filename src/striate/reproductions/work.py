"""What a method is given to measure a cell, an arm and a seed, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from striate.data import Dataset
from striate.errors import DataError
from striate.reproductions.experiment import Arm, Experiment, Pictures, Scale
from striate.reproductions.sources import HeldPictures, hold_pictures, load_source
from striate.watching import Watcher


@dataclass(frozen=True)
class Measured:
    """The figures of a cell."""

    values: Mapping[str, float]
    """By the measure's name."""
    wrong: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)
    """Of each error: (n,) which test pictures are answered wrong."""


class Session:
    """What the cells of an experiment share: data that is read once, the device, and whether to stop.

    Args:
        folder: The folder of local copies.
        device: Where networks learn.
        watcher: Hears how it goes.
        stop: Answers True once a signal has come.
    """

    def __init__(self, folder: Path | None, device: torch.device, watcher: Watcher, stop: Callable[[], bool]) -> None:
        self.folder, self.device, self.watcher, self.stop = folder, device, watcher, stop
        self._datasets: dict[str, Dataset] = {}
        self._held: tuple[object, tuple[HeldPictures, HeldPictures]] | None = None

    def dataset(self, name: str) -> Dataset:
        """The data of a name, read once."""
        if name not in self._datasets:
            self._datasets[name] = load_source(name, self.folder, self.watcher)
        return self._datasets[name]

    def pictures(self, work: Work, pictures: Pictures) -> tuple[HeldPictures, HeldPictures]:
        """Training and test pictures of a cell; kept until another cell asks for others."""
        training, testing = work.arm.pictures or work.scale.pictures, work.scale.test_pictures
        key = (work.data, training, testing, work.seed if training else 0, pictures)
        if self._held is None or self._held[0] != key:
            self._held = None
            held = hold_pictures(self.dataset(work.data), pictures, training=training, testing=testing, seed=work.seed)
            self._held = key, held
        return self._held[1]

    def weights(self, name: str) -> Path:
        """The file of weights of a name below the folder of local copies.

        Raises:
            DataError: There is no such file.
        """
        file = self.folder / name if self.folder else None
        if file is None or not file.is_file():
            raise DataError(f"no local copy of the weights: expected FOLDER/{name}; name the FOLDER with --data")
        return file


@dataclass(frozen=True)
class Work:
    """A cell to measure."""

    experiment: Experiment
    name: str
    """The arm's."""
    seed: int
    scale: Scale
    session: Session

    @property
    def arm(self) -> Arm:
        """What is compared."""
        return self.experiment.arms[self.name]

    @property
    def data(self) -> str:
        """The name of the arm's data."""
        return self.arm.data or self.experiment.data

    @property
    def classes(self) -> int:
        """How many the data has."""
        return len(self.session.dataset(self.data).classes)
