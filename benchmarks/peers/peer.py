"""What every peer's script is told, and how it tells what came of it; the same for all, and nothing but the standard library.

A script is given the folder of a set (train, val, test: a folder a class in each), a budget in seconds from the start of its
process, and where to write. What it does to find a size and a number of epochs that fit is not counted. When its classifier is
there it calls `ready`, and only then reads a test picture.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

RESERVE = 0.06
"""Share of the budget that is left for what was not foreseen."""
ENDINGS = (".jpg", ".jpeg", ".png")


class Job:
    """What is asked for, and the clock."""

    def __init__(self, *ways: str) -> None:
        parser = argparse.ArgumentParser()
        if ways:
            parser.add_argument("way", choices=ways)
        parser.add_argument("--data", type=Path, required=True)
        parser.add_argument("--output", type=Path, required=True)
        parser.add_argument("--budget", type=float, required=True)
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--started", type=float, default=time.time(), help="time.time() at which the process began")
        parser.add_argument("--characters", action="store_true", help="a mirror image is of no class")
        parser.add_argument("--weights", type=Path)
        parser.add_argument("--mean", type=float, default=0.5)
        parser.add_argument("--std", type=float, default=0.5)
        given = parser.parse_args()
        self.way: str = getattr(given, "way", "")
        self.data: Path = given.data
        self.output: Path = given.output
        self.budget: float = given.budget
        self.seed: int = given.seed
        self.started: float = given.started
        self.mirrored = not given.characters
        self.weights: Path | None = given.weights
        self.mean: float = given.mean
        self.std: float = given.std
        self.notes: dict[str, Any] = {}
        self.uncounted_wall = self.uncounted_cpu = 0.0
        self.classes = sorted(path.name for path in (self.data / "train").iterdir())

    def left(self) -> float:
        """Seconds of the budget that may still be used."""
        return self.budget * (1 - RESERVE) - (time.time() - self.started - self.uncounted_wall)

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """Stops the clock: what is done to find a size and a number of epochs that fit is no part of learning."""
        wall, cpu = time.time(), sum(os.times()[:4])
        yield
        self.uncounted_wall += time.time() - wall
        self.uncounted_cpu += sum(os.times()[:4]) - cpu

    def pictures(self, part: str) -> list[tuple[Path, int]]:
        """Files and class numbers of `train`, `val` or `test`, in the order of their names."""
        found = [path for path in (self.data / part).glob("*/*") if path.suffix in ENDINGS]
        return [(path, self.classes.index(path.parent.name)) for path in sorted(found, key=lambda path: path.name)]

    def note(self, **notes: Any) -> None:
        """Remembers what is worth knowing of how it learnt."""
        self.notes |= notes

    def ready(self, *packages: str) -> None:
        """Tells that the classifier is there; packages are those whose versions matter."""
        self.note(
            versions={name: metadata.version(name) for name in packages},
            uncounted={"wall": round(self.uncounted_wall, 2), "cpu": round(self.uncounted_cpu, 2)},
        )
        (self.output / "notes.json").write_text(json.dumps(self.notes), encoding="utf-8")
        (self.output / "ready").write_text(str(time.time() - self.started), encoding="utf-8")

    def answer(self, labels: Iterable[int] | Mapping[str, str]) -> None:
        """Writes the answers: class numbers of the test pictures in order, or classes by file name."""
        if not isinstance(labels, Mapping):
            paths = [path for path, _ in self.pictures("test")]
            labels = {path.name: self.classes[label] for path, label in zip(paths, labels, strict=True)}
        with (self.output / "answers.csv").open("w", encoding="utf-8", newline="") as stream:
            rows = csv.writer(stream)
            rows.writerow(("name", "label"))
            rows.writerows(labels.items())


def median_seconds(work: Callable[[], object], *, warm: int = 1, times: int = 3) -> float:
    """What a piece of work takes, after it has been done before."""
    for _ in range(warm):
        work()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def choose_size(sizes: Sequence[int], seconds: Callable[[int], float], left: Callable[[], float]) -> tuple[int, float]:
    """The largest side in pixels of which all that is wanted fits the time that is left, and the seconds that it takes.

    Two are measured at most: one in the middle, and the one that fits if work grows with the pixels.

    Args:
        sizes: Sides, of which the smallest is taken where none fits.
        seconds: What all that is wanted takes at a side, measured.
        left: The seconds that are left.
    """
    ordered = sorted(sizes)
    middle = ordered[(len(ordered) - 1) // 2]
    taken = seconds(middle)

    def likely(size: int) -> float:
        return taken * (size / middle) ** 2

    chosen = max((size for size in ordered if likely(size) <= left()), default=ordered[0])
    found = taken if chosen == middle else seconds(chosen)
    if found > left() and chosen > ordered[0]:
        smaller = ordered[ordered.index(chosen) - 1]
        return smaller, found * (smaller / chosen) ** 2
    return chosen, found


def whole_epochs(left: float, seconds: float, *, least: int = 1, most: int = 30) -> int:
    """How many epochs fit.

    Example:
        >>> whole_epochs(60, 8.5), whole_epochs(5, 8.5), whole_epochs(600, 2)
        (7, 1, 30)
    """
    return max(least, min(most, int(left / seconds)))
