"""Who contends: a row a contender, with what is run and how its answers are read."""

from __future__ import annotations

import csv
import json
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quality.sets import Facts

PEERS = Path(__file__).parents[1] / "peers"


@dataclass(frozen=True)
class Job:
    """What a contender is asked for."""

    facts: Facts
    data: Path  # the set's folder, with train, val and test
    budget: int  # seconds
    seed: int
    folder: Path  # where it writes; new and empty
    weights: Path | None  # the only file of trained weights that there is, with torchvision's names for mobilenet_v2
    mean: float
    std: float

    @property
    def ready(self) -> Path:
        """The file by which a peer tells that its classifier is there."""
        return self.folder / "ready"


@dataclass(frozen=True)
class Contender:
    """One that learns from a set."""

    name: str
    title: str
    weights: bool  # whether it starts from the trained weights; otherwise from nothing
    learn: Callable[
        [Job, Path], list[str]
    ]  # the command, given the interpreter; the time is measured until it ends, or until `ready`
    answer: Callable[[Job, Path], list[str]] | None = (
        None  # the command that answers the test pictures, if the first does not
    )
    read: Callable[[Job], dict[str, str]] | None = None  # the answers by file name; None: of `answers.csv`
    notes: Callable[[Job], dict[str, Any]] | None = None  # what it tells of itself; None: of `notes.json`
    environment: str | None = None  # whose `peers/NAME.txt` its environment is made of; None: the one that runs this

    league: str = ""  # what its comparison is called, if it is one that must not be worse than the others

    @property
    def seeds(self) -> int:
        """How many times it learns: Striate thrice."""
        return 3 if self.environment is None else 1


def striate(*options: str, weights: bool) -> Callable[[Job, Path], list[str]]:
    """What a user would type."""

    def command(job: Job, python: Path) -> list[str]:
        given = [str(python), "-m", "striate", "train", str(job.data), "--time-limit", f"{job.budget}s"]
        if weights and job.weights is not None:
            given += ["--weights", str(job.weights), "--mean", str(job.mean), "--std", str(job.std)]
        return [*given, *options, "--seed", str(job.seed), "--output", str(job.folder / "run"), "--json", "--quiet"]

    return command


def striate_answers(job: Job, python: Path) -> list[str]:
    """The sealed classifier on the test pictures."""
    return [str(python), "-m", "striate", "predict", str(job.folder / "run"), str(job.data / "test"), "--format", "csv"]


def read_striate(job: Job) -> dict[str, str]:
    """From what `striate predict` printed."""
    lines = (job.folder / "answer.log").read_text(encoding="utf-8").splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("path,"))
    return {Path(row["path"]).name: row["label"] for row in csv.DictReader(lines[first:]) if row["label"]}


def striate_notes(job: Job) -> dict[str, Any]:
    """The network, how it learnt, and the course of the tournament where there was one."""
    run = job.folder / "run"
    recipe = tomllib.loads((run / "recipe.toml").read_text(encoding="utf-8"))
    notes: dict[str, Any] = {
        "model": recipe.get("model"),
        "transfer": recipe.get("transfer", {}).get("kind"),
        "size": recipe.get("preprocessing", {}).get("crop") or recipe.get("preprocessing", {}).get("resize_size"),
    }
    if (run / "tournament.json").exists():
        record = json.loads((run / "tournament.json").read_text(encoding="utf-8"))
        notes["ended"] = record.get("ended")
        notes["course"] = [
            {key: entry.get(key) for key in ("state", "accuracy", "ended_after")} | {"name": entry["candidate"]["name"]}
            for entry in record.get("entries", [])
        ]
        if (winner := record.get("winner")) is not None:
            notes["winner"] = record["entries"][winner]["candidate"]["name"]
    return notes


def peer(script: str, *options: str, weights: bool = True) -> Callable[[Job, Path], list[str]]:
    """A script of `benchmarks/peers`."""

    def command(job: Job, python: Path) -> list[str]:
        given = [str(python), str(PEERS / script), *options, "--data", str(job.data), "--output", str(job.folder)]
        given += ["--budget", str(job.budget), "--seed", str(job.seed), "--started", "{started}"]
        given += [] if job.facts.mirrored else ["--characters"]
        if weights and job.weights is not None:
            given += ["--weights", str(job.weights), "--mean", str(job.mean), "--std", str(job.std)]
        return given

    return command


def own(name: str, title: str, *options: str, weights: bool, league: str = "") -> Contender:
    """Striate with these options."""
    return Contender(
        name,
        title,
        weights,
        striate(*options, weights=weights),
        answer=striate_answers,
        read=read_striate,
        notes=striate_notes,
        league=league,
    )


def other(name: str, title: str, environment: str, script: str, *options: str, weights: bool = True) -> Contender:
    """A peer with a script."""
    return Contender(name, title, weights, peer(script, *options, weights=weights), environment=environment)


def by_name(*contenders: Contender) -> dict[str, Contender]:
    """By name, in this order."""
    return {contender.name: contender for contender in contenders}


def read_answers(path: Path) -> dict[str, str]:
    """Answers by file name, from a table of `name,label`."""
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["name"]: row["label"] for row in csv.DictReader(stream)}


def peer_notes(job: Job) -> dict[str, Any]:
    """What a script of `benchmarks/peers` noted."""
    return dict(json.loads((job.folder / "notes.json").read_text(encoding="utf-8")))


def interpreter(contender: Contender, environments: Mapping[str, Path]) -> Path:
    """The Python that a contender runs in."""
    return Path(sys.executable) if contender.environment is None else environments[contender.environment]
