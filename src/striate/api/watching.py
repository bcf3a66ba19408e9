"""What is told to whoever watches a long piece of work."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from striate.training import Decision, EpochResult, StepReport


class Watcher:
    """Hears how training or evaluation goes on; every method does nothing until it is overridden."""

    def task(self, name: str, done: int, total: int) -> None:
        """A part of the work, such as reading pictures, has come this far."""

    def decision(self, decision: Decision) -> None:
        """Something was decided."""

    def plan(self, text: str) -> None:
        """A table of what of the network learns, and what is frozen."""

    def note(self, text: str) -> None:
        """Something the user should know."""

    def finding(self, what: str, value: str, aside: str) -> None:
        """A part of the result is known."""

    def step(self, report: StepReport) -> None:
        """A training step was taken."""

    def epoch(self, result: EpochResult) -> None:
        """An epoch has ended."""
