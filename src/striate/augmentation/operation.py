"""What every operation is: plain numbers, how a draw of it is made, and how a draw is told."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from striate.augmentation.draws import uniform
from striate.errors import UsageError

Numbers = npt.NDArray[np.float64]
Limits = dict[str, tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Operation(ABC):
    """One way in which a training picture may be changed; the ranges that its fields give are drawn from uniformly.

    An operation is data alone. It answers how uniform numbers become the values of a draw; the modules `warp`, `colour`,
    `texture` and `mixing` carry the draws out.
    """

    probability: float = 1.0
    """Share of the pictures that are changed."""

    name: ClassVar[str]
    """Also the name of its stream of draws and of its table in TOML."""
    uniforms: ClassVar[int] = 0
    """Uniform numbers that the values of a draw are made of."""
    limits: ClassVar[Limits] = {}
    """Field -> the smallest and the largest value that makes sense."""

    def __post_init__(self) -> None:
        for field, (low, high) in ({"probability": (0.0, 1.0)} | self.limits).items():
            value = getattr(self, field)
            if not (math.isfinite(value) and low <= value <= high):
                raise UsageError(f"augmentation.{self.name}.{field} must lie in {low:g}..{high:g}, got {value}")

    @property
    def active(self) -> bool:
        """Whether any picture can be changed."""
        return self.probability > 0 and self.has_range

    @property
    @abstractmethod
    def has_range(self) -> bool:
        """Whether a draw can change a picture."""

    @abstractmethod
    def values(self, numbers: Numbers) -> Numbers:
        """The values of draws (n, k) from uniform numbers (n, `uniforms`) in [0, 1)."""

    @abstractmethod
    def describe(self, values: Numbers) -> str:
        """A draw's values (k,) as people read them, with units."""


@dataclass(frozen=True)
class Draws:
    """What was drawn of one operation for some samples."""

    operation: Operation
    on: npt.NDArray[np.bool_]
    """(n,) which samples are changed."""
    values: Numbers
    """(n, k) by how much; those of samples that are not changed mean nothing."""

    def part(self, place: slice) -> Draws:
        """The draws of some of the samples."""
        return dataclasses.replace(self, on=self.on[place], values=self.values[place])


def draw(operation: Operation, *, seed: int, epoch: int, indices: npt.ArrayLike) -> Draws:
    """Draws an operation for each sample, from (seed, epoch, index) and the operation's name alone.

    Args:
        operation: What is drawn.
        seed: The seed of the run.
        epoch: The epoch, from 0.
        indices: (n,) integers: the samples' indices in the data set.
    """
    numbers = uniform(seed, epoch, indices, 1 + operation.uniforms, stream=operation.name)
    return Draws(operation, numbers[:, 0] < operation.probability, operation.values(numbers[:, 1:]))


def signed(numbers: Numbers) -> Numbers:
    """Uniform numbers of [0, 1) spread over [-1, 1)."""
    return 2 * numbers - 1


def in_range(numbers: Numbers, low: float, high: float) -> Numbers:
    """Uniform numbers of [0, 1) spread over [low, high)."""
    return low + (high - low) * numbers


def in_ratio(numbers: Numbers, limit: float) -> Numbers:
    """Uniform numbers of [0, 1) made factors between 1 / limit and limit, their logarithms uniform."""
    return np.exp(math.log(limit) * signed(numbers))
