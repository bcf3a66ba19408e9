"""Cells of the table: a contender on a set within a budget, by a seed; a JSON file each, so that it is made in several goes.

They are `RESULTS/60s/flowers5/striate-0.json` and its like; what is known of a set is `RESULTS/sets/flowers5.json`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from quality.sets import Facts, pack, unpack
from striate.evaluation import wilson_interval

SCHEMA = 1


@dataclass(frozen=True, order=True)
class Place:
    """Where a cell stands in the table."""

    budget: int  # seconds
    dataset: str
    contender: str
    seed: int

    def path(self, results: Path) -> Path:
        """Its file."""
        return results / f"{self.budget}s" / self.dataset / f"{self.contender}-{self.seed}.json"

    def __str__(self) -> str:
        """As it is listed and asked for."""
        return f"{self.budget}s/{self.dataset}/{self.contender}-{self.seed}"


@dataclass(frozen=True)
class Cell:
    """What came of it."""

    place: Place
    digest: str  # of the set's pictures
    answers: str  # a class number for each test picture, as `pack` has them; "" where it failed
    wall_seconds: float  # from the start of the process until the classifier was there
    cpu_seconds: float  # of all its processes, until then
    memory_megabytes: float  # the most that all its processes held together, shared memory counted once
    others_share: float  # of the processors' time meanwhile, what other programs took, in [0, 1]
    load_before: float  # load average of one minute
    when: str  # the day
    machine: str
    processors: int
    versions: Mapping[str, str]
    notes: Mapping[str, Any] = field(default_factory=dict)  # what the contender says of itself: epochs, size, rate
    failure: str = ""  # why there are no answers
    schema: int = SCHEMA

    def right(self, facts: Facts) -> np.ndarray:
        """(n,) bool: whether each test picture's answer is right.

        Raises:
            ValueError: The cell is of other pictures.
        """
        if self.digest != facts.digest:
            raise ValueError(f"{self.place} is of other pictures than {facts.name} has now; run it again")
        answers, truths = unpack(self.answers), facts.labels()
        if len(answers) != len(truths):
            raise ValueError(f"{self.place} has {len(answers)} answers for {len(truths)} test pictures; run it again")
        return answers == truths

    def to_dict(self, facts: Facts) -> dict[str, Any]:
        """As JSON types, with the accuracy for whoever reads the file."""
        table = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        table |= {"place": vars(self.place), "versions": dict(self.versions), "notes": dict(self.notes)}
        if not self.failure:
            right = self.right(facts)
            table["accuracy"] = float(right.mean())
            table["accuracy_interval"] = list(wilson_interval(int(right.sum()), len(right)))
        return table

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Cell:
        """The cell that `to_dict` wrote.

        Raises:
            ValueError: It is of another schema.
        """
        if table.get("schema") != SCHEMA:
            raise ValueError(f"a cell of schema {table.get('schema')}; this program reads {SCHEMA}")
        own = {key: value for key, value in table.items() if key not in ("accuracy", "accuracy_interval")}
        return cls(**(own | {"place": Place(**table["place"])}))


def packed_answers(named: Mapping[str, str], names: Sequence[str], classes: Sequence[str]) -> str:
    """Answers by file name, in the order of the test pictures.

    Args:
        named: The class that was answered, by the picture's file name.
        names: The test pictures' file names, in order.
        classes: The set's classes, in order.

    Raises:
        ValueError: A picture has no answer, or an answer is no class.
    """
    missing = [name for name in names if name not in named]
    if missing:
        raise ValueError(f"{len(missing)} of {len(names)} test pictures have no answer, such as {missing[0]}")
    strange = sorted({named[name] for name in names} - set(classes))
    if strange:
        raise ValueError(f"answered {strange[0]!r}, which is no class of {', '.join(classes)}")
    return pack([classes.index(named[name]) for name in names])


def write_json(path: Path, table: Mapping[str, Any]) -> None:
    """Writes a file whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def write_facts(facts: Facts, results: Path) -> None:
    """Writes what is known of a set."""
    write_json(results / "sets" / f"{facts.name}.json", facts.to_dict())


def read_facts(results: Path) -> dict[str, Facts]:
    """What is known of the sets that there are cells of."""
    found = (Facts.from_dict(json.loads(path.read_text("utf-8"))) for path in sorted(results.glob("sets/*.json")))
    return {facts.name: facts for facts in found}


def read_cells(results: Path) -> dict[Place, Cell]:
    """All cells that are kept."""
    cells = (Cell.from_dict(json.loads(path.read_text("utf-8"))) for path in sorted(results.glob("*s/*/*.json")))
    return {cell.place: cell for cell in cells}
