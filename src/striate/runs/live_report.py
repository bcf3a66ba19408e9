"""A run's `report.html` while it trains: written when training begins, after every epoch, and when it stops."""

from __future__ import annotations

import dataclasses
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from striate.data import Dataset
from striate.deciding.run_plan import RunPlan
from striate.errors import Interrupted, StriateError
from striate.report import TrainingReport, Unfinished, write_while_running
from striate.runs.final_report import describe_run
from striate.training import StepReport
from striate.training.run_folder import REPORT
from striate.wording import number, percent

SECONDS_BETWEEN_WRITES = 2.0
"""Epochs that end sooner after one another share a page."""

SECONDS_BETWEEN_STEPS = 5.0
"""Within a long epoch the page is written so often."""


class LiveReport:
    """The page of a run that goes on.

    A page that cannot be written, as on a full disk, is no reason to stop training: the next one may be.

    Args:
        path: The page.
        report: What is known before training: all but the history.
        resume_command: What goes on with the run.
    """

    def __init__(self, path: Path, report: TrainingReport, *, resume_command: str) -> None:
        self._path = path
        self._report = report
        self._resume_command = resume_command
        self._written = -float("inf")

    def epoch(self, history: Sequence[Mapping[str, Any]]) -> None:
        """Takes in the epochs that have ended, and shows them unless the page was written a moment ago."""
        self._report = dataclasses.replace(self._report, history=list(history))
        if time.monotonic() - self._written >= SECONDS_BETWEEN_WRITES:
            self._written = time.monotonic()
            self._write("Training goes on.", running=True)

    def step(self, report: StepReport) -> None:
        """Says where a long epoch is."""
        if time.monotonic() - self._written >= SECONDS_BETWEEN_STEPS:
            self._written = time.monotonic()
            self._write(
                f"Epoch {number(report.epoch)}, batch {number(report.batch)} of {number(report.batches)}: "
                f"loss {number(report.loss)}, {percent(report.accuracy)} right so far.",
                running=True,
            )

    def say(self, said: str) -> None:
        """Says what is being done, at once, with all the epochs there are."""
        self._write(said, running=True)

    def stop(self, why: str) -> None:
        """Says that the run has stopped before its end, and why; the page does not read itself again."""
        self._write(why, running=False)

    def _write(self, said: str, *, running: bool) -> None:
        now = datetime.now().astimezone().strftime("%H:%M:%S")
        unfinished = Unfinished(running, said, self._resume_command, now)
        with suppress(OSError):
            write_while_running(dataclasses.replace(self._report, unfinished=unfinished), self._path)


@contextmanager
def live_report(
    folder: Path, run: RunPlan, dataset: Dataset, history: Sequence[Mapping[str, Any]] = ()
) -> Iterator[LiveReport]:
    """The page of a run from here on; what ends the work inside with an exception is said on it.

    Args:
        folder: The run folder.
        run: What was decided.
        dataset: The data.
        history: Rows of the epochs before, when a run is resumed.
    """
    report = dataclasses.replace(describe_run(folder, run, dataset), history=list(history))
    live = LiveReport(folder / REPORT, report, resume_command=f"striate train --resume {shlex.quote(str(folder))}")
    live.say("The pictures are being made ready.")
    try:
        yield live
    except BaseException as error:
        expected = isinstance(error, StriateError | Interrupted | OSError)
        said = str(error) if expected else f"it ended with {type(error).__name__}"
        said = said.partition("go on by:")[0].rstrip(" :;")  # the page has that command in a place of its own
        live.stop(f"{said[:1].upper()}{said[1:]}.")
        raise
