"""What a method is given to measure a cell, an arm and a seed, and what it answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from striate.data import Dataset
from striate.reproductions.experiment import Arm, Experiment, Scale
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

    def pictures(self, work: Work) -> tuple[HeldPictures, HeldPictures]:
        """Training and test pictures of a cell; kept until another cell asks for others."""
        experiment, scale = work.experiment, work.scale
        name, training = work.arm.data or experiment.data, work.arm.pictures or scale.pictures
        pictures = dataclasses.replace(experiment.pictures, **work.arm.options)
        key = (name, training, scale.test_pictures, work.seed if training else 0, pictures)
        if self._held is None or self._held[0] != key:
            self._held = None
            held = hold_pictures(
                self.dataset(name), pictures, training=training, testing=scale.test_pictures, seed=work.seed
            )
            self._held = key, held
        return self._held[1]


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
