"""What is told to whoever watches a long piece of work."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from striate.evaluation import Finding
    from striate.runs.tournament_record import TournamentRecord
    from striate.training import Decision, EpochResult, StepReport


def tell(findings: Iterable[Finding], watcher: Watcher) -> None:
    """Says each finding as what it is: a warning or a note."""
    for finding in findings:
        (watcher.warning if finding.severity == "warning" else watcher.note)(finding.text)


class Watcher:
    """Hears how training or evaluation goes on; every method does nothing until it is overridden."""

    width: int | None = None
    """Columns of the screen that tables are shown on; None: as many as they take."""

    def task(self, name: str, done: int, total: int) -> None:
        """A part of the work, such as reading pictures, has come this far."""

    def decision(self, decision: Decision) -> None:
        """Something was decided."""

    def plan(self, text: str) -> None:
        """A table of what of the network learns, and what is frozen."""

    def note(self, text: str) -> None:
        """Something the user should know."""

    def warning(self, text: str) -> None:
        """Something that puts the result in doubt; a note, until it is overridden."""
        self.note(text)

    def finding(self, what: str, value: str, aside: str) -> None:
        """A part of the result is known."""

    def given(self, plural: str) -> None:
        """What the steps that follow are given is called so: pictures, until it is said otherwise."""

    def step(self, report: StepReport) -> None:
        """A training step was taken."""

    def epoch(self, result: EpochResult) -> None:
        """An epoch has ended."""

    def tournament(self, record: TournamentRecord, folder: Path) -> None:
        """A tournament was planned, a candidate begins or ended, or all has ended; steps and epochs are those of `record.running`.

        Args:
            record: How it stands.
            folder: The run's, whose bundle is the best so far.
        """


class NoteKeeper(Watcher):
    """Passes on what it hears while a run is decided, and keeps the notes.

    Args:
        watcher: Who hears everything.
    """

    def __init__(self, watcher: Watcher) -> None:
        self.notes: list[str] = []
        self._watcher = watcher

    def task(self, name: str, done: int, total: int) -> None:
        """Passed on."""
        self._watcher.task(name, done, total)

    def decision(self, decision: Decision) -> None:
        """Passed on."""
        self._watcher.decision(decision)

    def note(self, text: str) -> None:
        """Kept, and passed on."""
        self.notes.append(text)
        self._watcher.note(text)
