"""A tournament: a first classifier at once, then better ones in its place, until nothing promises more, the time is up or a signal comes.

What was decided stands in the record before anything follows from it, so that a tournament that was killed goes on as if it had not been.
Without a time limit nothing is decided by the clock: the plan is made of multiply-adds, and results of pictures.
"""

from __future__ import annotations

import dataclasses
import shlex
import shutil
import time
from pathlib import Path

from striate.data import Dataset
from striate.deciding.candidate import HEAD, Candidate
from striate.deciding.selection import CHANCE
from striate.deciding.training_request import TrainingRequest
from striate.deciding.transfer_choice import parse_transfer
from striate.errors import DataError, Interrupted, StriateError, TrainingError
from striate.interruption import Signals
from striate.runs.candidate_run import (
    ANSWERS,
    UNFINISHED,
    CandidateResult,
    forget_candidate,
    seal_unfinished,
    try_candidate,
)
from striate.runs.comparing import compare, count_mistakes, measured
from striate.runs.run import Run
from striate.runs.taking_place import digest_at, finish, take_place
from striate.runs.tournament_record import (
    FAILED,
    INTERRUPTED,
    LOST,
    OVER,
    RUNNING,
    SKIPPED,
    STOPPED,
    TIME_IS_UP,
    WAITING,
    WON,
    Entry,
    TournamentRecord,
    write_tournament,
)
from striate.runs.tournament_request import request_for
from striate.training.run_folder import CANDIDATES
from striate.watching import Watcher
from striate.wording import duration, percent

FINAL_SECONDS = 12.0
"""Kept free of a time limit, but no more than a quarter of it, for measuring the winner on the test pictures and reporting."""

NOT_MEASURED = {
    field.name: field.default
    for field in dataclasses.fields(Entry)
    if field.name not in ("candidate", "state", "folder", "wall_seconds", "processor_seconds")
}
"""What an entry has before it ended."""

WORTH = 0.5
"""Validation pictures more that a candidate must promise to have right; with fewer nobody could tell."""


class Tournament:
    """A tournament that goes on.

    Args:
        folder: The run's, which holds the record.
        record: How it stands.
        dataset: Checked, with splits, of which `val` has pictures.
        watcher: Hears how it goes.
        signals: What may end it early.
        begun: `time.monotonic()` at which this go at it began.
    """

    def __init__(
        self,
        folder: Path,
        record: TournamentRecord,
        dataset: Dataset,
        *,
        watcher: Watcher,
        signals: Signals,
        begun: float,
    ) -> None:
        self.folder = folder
        self.record = record
        self.dataset = dataset
        self.watcher = watcher
        self.signals = signals
        self._begun = begun
        self._before = record.worked_seconds
        self._failure: StriateError | None = None

    def run(self) -> Run:
        """Tries what is left to try, and ends.

        Raises:
            Interrupted: If a signal came; where there is a classifier, it is sealed and reported.
            StriateError: If no candidate could be trained.
        """
        self._settle()
        while not self.signals.stopped() and (place := self._next()) is not None:
            if why := self._why_not(place):
                self._change(place, state=SKIPPED, why=why)
                continue
            try:
                self._try(place)
            except Interrupted:
                self._change(place, state=STOPPED)
                self._keep_unfinished(place)
                break
        return self._end()

    @property
    def worked(self) -> float:
        """Seconds of work on the run, all goes together."""
        return self._before + time.monotonic() - self._begun

    @property
    def _seconds_left(self) -> float | None:
        limit = self.record.limit_seconds
        return None if limit is None else time_to_learn(limit) - self.worked

    def _settle(self) -> None:
        """Does what the last decision asks for, if the process was killed before it was done.

        A candidate that was stopped goes on as if it had not been: the place is the winner's until it ends. A winner whose folder was
        deleted since is trained anew.
        """
        if (place := self.record.stopped_early) is not None:
            self.record = dataclasses.replace(self.record, stopped_early=None).with_entry(place, **NOT_MEASURED)
        self.record = dataclasses.replace(self.record, ended="")
        if (best := self.record.best) is None or self.record.winner is None:
            return
        folder = self.folder / best.folder
        if (folder / ANSWERS).is_file() and digest_at(folder):
            take_place(self.folder, folder)
            return
        self.watcher.note(
            f"{folder} has been deleted or changed: {best.candidate.name} is trained anew, to be compared with others"
        )
        shutil.rmtree(folder, ignore_errors=True)
        place = self.record.winner
        self.record = dataclasses.replace(self.record, winner=None)
        self._change(place, state=STOPPED, **NOT_MEASURED)

    def _next(self) -> int | None:
        """The candidate that was being tried, or the first that waits."""
        for states in ((RUNNING, STOPPED), (WAITING,)):
            for place, entry in enumerate(self.record.entries):
                if entry.state in states:
                    return place
        return None

    def _why_not(self, place: int) -> str:
        """Why a candidate is not worth trying any more; empty if it is."""
        best, entry = self.record.best, self.record.entries[place]
        if best is None or entry.state in (RUNNING, STOPPED):
            return ""
        missing, pictures = count_mistakes(best, self.folder, self.dataset.task)
        by_answers = self.record.metric != "log_loss"  # which gets better with no mistake left
        if by_answers and not missing:
            return f"the best so far has every one of {pictures:,} pictures right"
        if by_answers and entry.candidate.gain * missing < WORTH:
            return f"{missing} wrong of {pictures:,} pictures leave too little to gain"
        if self._seconds_left is not None:
            needed = entry.candidate.seconds * self._slowness()
            if self._seconds_left < needed / 2:
                return f"it takes about {duration(needed)} here, and the time limit leaves {duration(max(0.0, self._seconds_left))}"
        return ""

    def _slowness(self) -> float:
        """How many times as long as foretold candidates took so far: other programs have a part of the machine."""
        took = [entry for entry in self.record.entries if entry.state in (WON, LOST)]
        foretold = sum(entry.candidate.seconds for entry in took)
        return max(1.0, sum(entry.wall_seconds for entry in took) / foretold) if foretold else 1.0

    def _try(self, place: int) -> None:
        """Trains a candidate, compares it, and gives it the place if it is better."""
        entry = self.record.entries[place]
        name = entry.folder or f"{CANDIDATES}/{place + 1:02}-{slug(entry)}"
        self._change(place, state=RUNNING, folder=name)
        wall, processor = time.monotonic(), time.process_time()
        try:
            result = try_candidate(
                self.folder,
                self.folder / name,
                self._request(entry.candidate),
                self.dataset,
                watcher=self.watcher,
                signals=self.signals,
                later_heads=self._later_heads(entry.candidate),
            )
        except DataError:
            raise
        except StriateError as error:
            self._failure = error
            self._change(place, state=FAILED, why=str(error))
            return
        finally:
            spent = {
                "wall_seconds": entry.wall_seconds + time.monotonic() - wall,
                "processor_seconds": entry.processor_seconds + time.process_time() - processor,
            }
            self.record = self.record.with_entry(place, **spent)
        self._judge(place, result)

    def _request(self, candidate: Candidate) -> TrainingRequest:
        """What trains a candidate in the time that is left."""
        left = self._seconds_left
        asked, precision = self.record.asked, self.record.precision
        limit = None if left is None else max(left, 1.0)
        if candidate.kind == HEAD and (size := self._size_of_heads(candidate.model)):
            # What it takes is there already, for pictures of that size.
            candidate, limit = dataclasses.replace(candidate, size=size), None
        return request_for(candidate, asked, self.dataset, precision=precision, time_limit=limit)

    def _size_of_heads(self, model: str) -> int:
        """The side of the pictures that a head on the network has been fitted to; 0 where none has."""
        for entry in self.record.entries:
            if entry.candidate.kind == HEAD and entry.candidate.model == model and entry.state in (WON, LOST):
                return entry.input_size
        return 0

    def _later_heads(self, candidate: Candidate) -> list[tuple[str, ...]]:
        """The stages of the heads on the same network that are still to come."""
        waiting = [entry.candidate for entry in self.record.entries if entry.state == WAITING]
        heads = [other for other in waiting if other.kind == HEAD and other.model == candidate.model]
        return [stages for head in heads if (stages := parse_transfer(head.transfer).head_stages)]

    def _judge(self, place: int, result: CandidateResult) -> None:
        """Writes down what a candidate came to and whether it takes the place, and then gives it the place."""
        comparison = compare(result, self.record, self.folder)
        takes = comparison is None or comparison[0]
        if takes:
            self.record = dataclasses.replace(self.record, winner=place)
        said = None if comparison is None else comparison[1]
        self._decide(place, state=WON if takes else LOST, comparison=said, **self._measured(result))
        folder = self.folder / self.record.entries[place].folder
        if takes:
            take_place(self.folder, folder)
        self.watcher.tournament(self.record, self.folder)  # no earlier: who hears of the first may use it
        forget_candidate(folder, all_of_it=not takes)

    def _measured(self, result: CandidateResult) -> dict[str, object]:
        return measured(result, self.record.metric, self.dataset.task) | {"ended_after": self.worked}

    def _keep_unfinished(self, place: int) -> None:
        """Gives a candidate that was stopped the place until it goes on, if what it has learnt is better by a standard error."""
        entry = self.record.entries[place]
        if self.record.best is None or not entry.folder:
            return
        try:
            sealed = seal_unfinished(self.folder / entry.folder, self.dataset, watcher=self.watcher)
        except StriateError:
            return  # the best so far is sealed all the same
        if sealed is None:
            return
        result, epoch = sealed
        found = compare(result, self.record, self.folder)
        if found is None or not found[0] or found[1].p_value >= CHANCE:
            return
        self.record = dataclasses.replace(self.record, stopped_early=place)
        self._change(place, why=f"stopped early at epoch {epoch}", comparison=found[1], **self._measured(result))

    def _end(self) -> Run:
        """Says why it ended, and has the winner measured, sealed and reported."""
        record, interrupted = self.record, self.signals.stopped()
        best, early = record.best, record.stopped_early is not None
        if best is None:
            if interrupted:
                raise self.signals.interrupted(
                    f"interrupted before the first classifier was done, so that none is sealed; what was learnt is kept; {self._go_on()}"
                )
            why = next((entry.why for entry in reversed(record.entries) if entry.state == FAILED), "")
            raise self._failure or TrainingError(
                f"no candidate could be trained{f'; of the last it was said: {why}' if why else ''}"
            )
        short = any(entry.state == SKIPPED and "time limit" in entry.why for entry in record.entries)
        why = INTERRUPTED if interrupted else TIME_IS_UP if short else OVER
        learning = sum(entry.wall_seconds for entry in record.entries)
        timings = {"preparing": max(0.0, self.worked - learning), "training": learning}
        self.record = dataclasses.replace(record, ended=why, worked_seconds=self.worked)
        write_tournament(self.folder, self.record)  # which the report tells
        finish(
            self.folder,
            self.folder / best.folder / (UNFINISHED if early else ""),
            self.dataset,
            timings=timings,
            watcher=self.watcher,
            begun=time.monotonic(),
            go_on=self._go_on() if early else "",
        )
        self.record = dataclasses.replace(self.record, worked_seconds=self.worked)
        self._tell()
        if interrupted:
            raise self.signals.interrupted(
                f"interrupted; the best so far, {best.candidate.name}{f' ({best.why})' if early else ''}, is sealed in {self.folder}, with "
                f"{'all labels of ' if self.record.several else ''}{percent(best.accuracy or 0.0)} of the validation pictures right; "
                f"{self._go_on()}",
                kept=self.folder,
            )
        for entry in record.entries:
            if entry.folder:
                forget_candidate(self.folder / entry.folder, all_of_it=True)
        return Run(self.folder)

    def _go_on(self) -> str:
        return f"go on by: striate train --resume {shlex.quote(str(self.folder))}"

    def _change(self, place: int, **changes: object) -> None:
        """Writes down a decision, and tells it."""
        self._decide(place, **changes)
        self.watcher.tournament(self.record, self.folder)

    def _decide(self, place: int, **changes: object) -> None:
        record = self.record.with_entry(place, **changes)
        self.record = dataclasses.replace(record, worked_seconds=self.worked)
        write_tournament(self.folder, self.record)

    def _tell(self) -> None:
        write_tournament(self.folder, self.record)
        self.watcher.tournament(self.record, self.folder)


def time_to_learn(limit: float) -> float:
    """Seconds of a time limit within which candidates are tried.

    Example:
        >>> time_to_learn(300), time_to_learn(20)
        (288.0, 15.0)
    """
    return limit - min(FINAL_SECONDS, limit / 4)


def slug(entry: Entry) -> str:
    """A folder's name for a candidate.

    Example:
        >>> from striate.deciding.candidate import Candidate
        >>> slug(Entry(candidate=Candidate(name="resnet20 from scratch at 64 px", kind="scratch", why="", model="resnet20")))
        'resnet20-from-scratch-at-64-px'
    """
    plain = "".join(
        sign if sign.isascii() and (sign.isalnum() or sign in "._") else "-" for sign in entry.candidate.name
    )
    return "-".join(filter(None, plain.split("-")))
