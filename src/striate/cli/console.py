"""Progress and notes on stderr: live bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from striate.cli.collecting import collect_as_ever
from striate.cli.output import print_json
from striate.cli.text import screen_width
from striate.printable_text import printable
from striate.results import Result
from striate.text_layout import wrapped
from striate.watching import Watcher

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rich.console import RenderableType

    from striate.runs.tournament_record import TournamentRecord
    from striate.training import Decision, EpochResult, StepReport

SECONDS_BETWEEN_LINES = 10.0
"""Where stderr is no terminal, a long task says how far it is this often."""


ROOM_FOR_FIGURES = 110
"""On a screen with fewer columns a live bar goes without the figures beside it; each epoch's line has them."""


class BarsUnderTable(Progress):
    """Bars, and above them a table while there is one."""

    table: Text | None = None

    def get_renderables(self) -> Iterable[RenderableType]:
        """What is drawn, from above."""
        if self.table is not None:
            yield self.table
        yield from super().get_renderables()


class ConsoleWatcher(Watcher):
    """Shows how work goes on, on stderr; a context manager.

    Args:
        quiet: Says nothing but notes.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.width = screen_width(sys.stderr)
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._quiet = quiet
        narrow = self.width is not None and self.width < ROOM_FOR_FIGURES
        self._live = self._console.is_terminal and not quiet
        self._progress = BarsUnderTable(
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=None if narrow else 30),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
            TimeRemainingColumn(),
            *(() if narrow else (TextColumn("{task.fields[figures]}"),)),
            console=self._console,
            transient=True,
            expand=narrow,
        )
        self._tasks: dict[str, TaskID] = {}
        self._said = 0.0
        self._tournament: TournamentRecord | None = None
        self._epoch_begun: tuple[int, int, float] | None = None
        self._given = "pictures"

    def __enter__(self) -> ConsoleWatcher:
        collect_as_ever()
        if self._live:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live:
            self._progress.stop()

    def task(self, name: str, done: int, total: int) -> None:
        """A bar, or a line when it takes long."""
        if self._live:
            self._update(name, done, total, "")
            if done >= total:
                self._remove(name)
        elif not self._quiet and self._due(done, total):
            self._print(f"{name} {done:,}/{total:,}")

    def decision(self, decision: Decision) -> None:
        """A line: what was decided, and why."""
        if not self._quiet:
            self._print(
                f"[bold]{escape(decision.what)}[/bold] {escape(decision.value)} [dim]({escape(decision.why)})[/dim]"
            )

    def plan(self, text: str) -> None:
        """The table, as it is."""
        if not self._quiet:
            self._print(escape(text))

    def finding(self, what: str, value: str, aside: str) -> None:
        """A line: of what, what was found, and what matters less."""
        if not self._quiet:
            self._print(f"[bold]{escape(what)}[/bold] {escape(value)} [dim]({escape(aside)})[/dim]")

    def note(self, text: str) -> None:
        """A line that stands out."""
        self._print(f"[yellow]note:[/yellow] {escape(text)}")

    def warning(self, text: str) -> None:
        """A line that stands out more."""
        self._print(f"[bold red]warning:[/bold red] {escape(text)}")

    def given(self, plural: str) -> None:
        """What speeds are told in."""
        self._given = plural

    def step(self, report: StepReport) -> None:
        """Moves the bars of the run and of the epoch."""
        if self._quiet:
            return
        now = time.monotonic()
        if self._epoch_begun is None or self._epoch_begun[0] != report.epoch:
            self._epoch_begun = (report.epoch, report.pictures, now)
        pictures, seconds = report.pictures - self._epoch_begun[1], now - self._epoch_begun[2]
        speed = f"{pictures / seconds:,.0f} {self._given}/s" if seconds > 0.2 else ""
        figures = f"loss {report.loss:.4f}  accuracy {report.accuracy:.1%}  {speed}"
        if self._live:
            self._update("training", report.step, report.total_steps, "")
            self._update(f"epoch {report.epoch}", report.batch, report.batches, figures)
            if report.batch >= report.batches:
                self._remove(f"epoch {report.epoch}")
        elif self._due(report.batch, report.batches) and report.batch < report.batches:
            self._print(f"epoch {report.epoch}  batch {report.batch}/{report.batches}  {figures}")

    def epoch(self, result: EpochResult) -> None:
        """A line an epoch."""
        self._said = time.monotonic()
        if self._quiet:
            return
        held_out = f"  val loss {result.val_loss:.4f}  accuracy {result.val_accuracy:.2%}"
        self._print(
            f"epoch {result.epoch:>3}  train loss {result.train_loss:.4f}  accuracy {result.train_accuracy:.2%}"
            + (held_out if result.val_loss == result.val_loss else "")
            + f"  [dim]{result.pictures_per_second:,.0f} {self._given}/s[/dim]"
        )

    def tournament(self, record: TournamentRecord, folder: Path) -> None:
        """A line for what happened; on a terminal a table of all candidates above the bars, elsewhere in the end."""
        from striate.runs.tournament_text import describe_news, draw_table

        if self._quiet:
            return
        for what, said in describe_news(self._tournament, record, folder):
            self._print(f"[bold]{escape(what)}[/bold]  {escape(said)}")
        self._tournament = record
        drawn = Text("\n".join(printable(line) for line in draw_table(record, width=self.width)))
        self._progress.table = None if record.ended else drawn
        if self._live:
            self._progress.refresh()
        if record.ended:
            self._console.print(drawn)

    def _print(self, text: str) -> None:
        said = Text.from_markup(printable(text, lines=True))
        if self.width is None:
            self._console.print(said)
            return
        place, lines = 0, []
        for line in wrapped(said.plain, self.width):  # between words, and a longer word stays whole
            words = line.strip()
            begin = said.plain.find(words, place)
            place = begin + len(words)
            lines.append(Text(" " * (len(line) - len(line.lstrip()))) + said[begin:place])
        self._console.print(Text("\n").join(lines))

    def _due(self, done: int, total: int) -> bool:
        now = time.monotonic()
        if done == 0:
            self._said = now
        if now - self._said < SECONDS_BETWEEN_LINES:
            return False
        self._said = now
        return True

    def _update(self, name: str, done: int, total: int, figures: str) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(printable(escape(name)), total=total, figures=figures)
        self._progress.update(self._tasks[name], completed=done, total=total, figures=figures)

    def _remove(self, name: str) -> None:
        if name in self._tasks:
            self._progress.remove_task(self._tasks.pop(name))


def print_result(text: str) -> None:
    """Writes a result to stdout; what could steer the terminal is written out."""
    text = printable(text, lines=True)
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


def show(result: Result, *, as_json: bool) -> None:
    """Writes a verb's result to stdout: for people, or as one line of JSON."""
    if as_json:
        print_json(result.to_dict())
    else:
        print_text(result.to_text(width=screen_width()))


def print_text(text: str) -> None:
    """Writes a result that is for people to stdout: on a screen lines are broken between words."""
    print_result("\n".join(wrapped(text, screen_width())))
