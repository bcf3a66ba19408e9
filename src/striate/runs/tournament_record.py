"""The record of a tournament, `tournament.json`: what was planned, what is tried now, what came of each candidate. It needs no torch."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.deciding.candidate import Candidate
from striate.durable_writing import write_durably
from striate.errors import StriateError, UsageError
from striate.row_writing import json_text
from striate.table_reading import read_dataclass
from striate.training.run_folder import TOURNAMENT

SCHEMA = 1

ALL_RIGHT = "all labels right"
"""What the accuracy of pictures of several labels is called."""

WAITING, RUNNING = "waiting", "running"
WON, LOST = "won", "lost"
SKIPPED, FAILED, STOPPED = "skipped", "failed", "stopped"
STATES = (WAITING, RUNNING, WON, LOST, SKIPPED, FAILED, STOPPED)
ENDED = (WON, LOST, SKIPPED, FAILED)
"""The states that a resume leaves as they are."""

OVER, TIME_IS_UP, INTERRUPTED = "nothing promises more", "the time limit has no room for more", "it was interrupted"
"""Why a tournament ended; one that was interrupted can go on."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What the validation pictures say of a candidate beside the classifier that had the place."""

    rival: str
    """The name of the candidate that had the place."""
    wins: int
    """Pictures that the candidate alone has right."""
    losses: int
    """Pictures that the rival alone has right."""
    p_value: float
    """Two-sided, of the exact paired test."""
    verdict: str
    """Why the one or the other has the place now, in a sentence's part."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A candidate, and what came of it."""

    candidate: Candidate
    state: str = WAITING
    """One of `STATES`. One that `won` took the place when it ended; whether it has it still says `TournamentRecord.winner`."""
    folder: str = ""
    """Its own run, relative to the run's folder; empty before it began."""
    why: str = ""
    """Why it was skipped or failed, or how far it came that was stopped and has the place all the same."""
    accuracy: float | None = None
    """On the validation pictures, 0..1; None before it ended."""
    correct: int = 0
    pictures: int = 0
    """Validation pictures."""
    interval: tuple[float, ...] = ()
    """Of the accuracy, 95 %, Wilson: (low, high)."""
    score: float | None = None
    """The metric that the tournament goes by; more is better."""
    wall_seconds: float = 0.0
    processor_seconds: float = 0.0
    ended_after: float | None = None
    """Seconds of work on the run until it ended, all goes together."""
    comparison: Comparison | None = None
    """None for the first."""
    input_size: int = 0
    """Side in pixels."""
    multiply_adds: int = 0
    """Of one answer."""
    parameters: int = 0


@dataclass(frozen=True, kw_only=True)
class TournamentRecord:
    """All that a tournament planned, tried and found."""

    schema: int = SCHEMA
    begun: str
    """Local time, ISO 8601."""
    planned_seconds: float
    """That all candidates are expected to take, idle."""
    limit_seconds: float | None = None
    """What was asked for by `--time-limit`."""
    multiply_adds_per_second: float
    """Measured once in training steps of a small network, idle; what was planned follows from it."""
    threads: int
    """That it computes with, which decide about the last bits."""
    metric: str = "accuracy"
    """What candidates are compared by."""
    metric_why: str = ""
    """Why by that, a sentence's part."""
    several: bool = False
    """Whether pictures have several labels: then one is right where all its labels are, and the accuracy is the share of these."""
    precision: str = ""
    """The number format that was asked for; empty: each candidate's own."""
    asked: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    """What the user said that holds for every candidate, as JSON types."""
    classes: tuple[str, ...] = ()
    """Their names, in the order of the logits."""
    worked_seconds: float = 0.0
    """Spent on the run so far, all goes together."""
    entries: tuple[Entry, ...] = ()
    """In the order in which they are tried."""
    winner: int | None = None
    """Place in `entries` of the one whose bundle is the run's; None before the first."""
    stopped_early: int | None = None
    """Place of a candidate that was interrupted and is better already than the winner: what it had learnt is the run's until it goes on."""
    ended: str = ""
    """Why it ended, in a sentence's part; empty while it goes on."""

    @property
    def accuracy_name(self) -> str:
        """What its accuracies are called."""
        return ALL_RIGHT if self.several else "accuracy"

    @property
    def resumable(self) -> bool:
        """Whether it can go on: what was interrupted, or stopped before its end."""
        return self.ended in ("", INTERRUPTED)

    @property
    def best(self) -> Entry | None:
        """The candidate that has the place; None before the first."""
        place = self.winner if self.stopped_early is None else self.stopped_early
        return None if place is None else self.entries[place]

    @property
    def running(self) -> Entry | None:
        """The candidate that is tried now."""
        return next((entry for entry in self.entries if entry.state == RUNNING), None)

    @property
    def next(self) -> Entry | None:
        """The candidate that is tried next."""
        return next((entry for entry in self.entries if entry.state == WAITING), None)

    def finished(self) -> Iterator[Entry]:
        """The candidates that were measured, in the order in which they ended."""
        measured = [entry for entry in self.entries if entry.accuracy is not None]
        return iter(sorted(measured, key=lambda entry: entry.ended_after or 0.0))

    def with_entry(self, place: int, **changes: Any) -> TournamentRecord:
        """The record with an entry changed."""
        entries = list(self.entries)
        entries[place] = dataclasses.replace(entries[place], **changes)
        return dataclasses.replace(self, entries=tuple(entries))


def read_tournament(folder: Path) -> TournamentRecord | None:
    """The record of a run's tournament; None if it is a run without one.

    Raises:
        StriateError: It cannot be read.
    """
    path = folder / TOURNAMENT
    if not path.is_file():
        return None
    try:
        record = read_dataclass(TournamentRecord, json.loads(path.read_text(encoding="utf-8")), what="tournament")
    except (ValueError, TypeError, RecursionError, UsageError) as error:
        raise StriateError(f"{path} cannot be read: {error}") from error
    if wrong := next((entry.state for entry in record.entries if entry.state not in STATES), None):
        raise StriateError(f"{path} cannot be read: there is no state {wrong!r}")
    for place in (record.winner, record.stopped_early):
        if place is not None and not 0 <= place < len(record.entries):
            raise StriateError(f"{path} cannot be read: there is no candidate {place}")
    return record


def write_tournament(folder: Path, record: TournamentRecord) -> None:
    """Writes `tournament.json` whole, durably."""
    write_durably(folder / TOURNAMENT, (json_text(dataclasses.asdict(record), indent=1) + "\n").encode())
