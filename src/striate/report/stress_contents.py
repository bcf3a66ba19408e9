"""What a limits card tells, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.integer[Any]]  # (H, W, 1) or (H, W, 3) uint8


@dataclass(frozen=True)
class LimitLine:
    """One classifier's accuracy along a shift."""

    name: str
    clean: float
    accuracy: Sequence[float]  # at each level
    intervals: Sequence[tuple[float, float]]  # 95 %


@dataclass(frozen=True)
class FlippedPicture:
    """A picture before and after, that was called rightly and then wrongly."""

    before: Picture
    after: Picture
    true: str
    answer: str
    size: str  # of the level, with its unit


@dataclass(frozen=True)
class LimitRow:
    """A shift."""

    title: str
    sentence: str
    worst: str  # of which class it takes most; empty if of none
    neutral: float
    sizes: Sequence[float]
    shown_sizes: Sequence[str]
    lines: Sequence[LimitLine]
    flips: Sequence[FlippedPicture]


@dataclass(frozen=True)
class LimitGroup:
    """Shifts of one kind."""

    name: str
    what: str
    rows: Sequence[LimitRow]


@dataclass(frozen=True)
class StressReport:
    """A limits card."""

    title: str
    data: str
    split: str
    pictures: int
    clean: Sequence[tuple[str, float, tuple[float, float]]]  # classifier, accuracy, 95 % interval
    groups: Sequence[LimitGroup]
    summary: Sequence[str]  # sentences that stand first
    command: str
