"""A tournament in words: what is planned, what happened, how it stands. It needs no torch."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from striate.evaluation.selection_metrics import METRIC_NAMES
from striate.runs.tournament_record import (
    ALL_RIGHT,
    FAILED,
    LOST,
    RUNNING,
    SKIPPED,
    STOPPED,
    WAITING,
    WON,
    Entry,
    TournamentRecord,
)
from striate.text_layout import table, wrapped
from striate.wording import NARROW_SPACE, duration, percent, plural

TEXTS = ("candidate", "95 % interval", "state")
SECONDS_IN_FULL = 100


def describe_plan(record: TournamentRecord) -> str:
    """What is going to be tried, and how long it takes.

    Example:
        >>> describe_plan(TournamentRecord(begun="", planned_seconds=0, multiply_adds_per_second=1e9, threads=2))
        'there is no candidate to try'
    """
    waiting = [entry for entry in record.entries if entry.state in (WAITING, RUNNING)]
    if not waiting:
        return "there is no candidate to try"
    first = waiting[0].candidate
    whole = f"{plural(len(waiting), 'candidate')} in about {_about(sum(entry.candidate.seconds for entry in waiting))}"
    if record.limit_seconds is not None:
        whole += f", within {_about(record.limit_seconds)}"
    if record.best is not None:
        return f"{whole}; the best so far is {record.best.candidate.name}; Ctrl-C keeps the best"
    ready = f"the first, {first.name}, is ready after about {_about(first.seconds)}"
    return f"{whole}; {ready}; Ctrl-C from then on keeps the best so far"


def describe_news(before: TournamentRecord | None, after: TournamentRecord, folder: Path) -> Iterator[tuple[str, str]]:
    """What happened between two records, as (what, sentence's part).

    Args:
        before: The record that was told last; None at the beginning.
        after: The record of now.
        folder: The run's.
    """
    if before is None:
        yield "tournament", describe_plan(after)
    for place, entry in enumerate(after.entries):
        old = before.entries[place] if before is not None and place < len(before.entries) else None
        if before is None and entry.state != RUNNING:
            continue  # at a resume what has ended is in the table
        if old is not None and old.state == entry.state:
            continue
        if entry.state == RUNNING:
            about = f"about {_about(entry.candidate.seconds)}"
            yield f"candidate {place + 1}", f"{entry.candidate.name} ({about}): {entry.candidate.why}"
        elif entry.state == WON and entry.comparison is None:
            yield (
                "ready",
                f"{describe_result(entry, after)}; use it now, from another terminal: {predict_command(folder)}",
            )
        elif entry.state == WON:
            yield (
                "better",
                f"{entry.candidate.name}, {describe_result(entry, after)}: {describe_comparison(entry)}",
            )
        elif entry.state == LOST:
            yield (
                "not better",
                f"{entry.candidate.name}, {describe_result(entry, after)}: {describe_comparison(entry)}",
            )
        elif entry.state in (SKIPPED, FAILED, STOPPED):
            yield entry.state, entry.candidate.name + (f": {entry.why}" if entry.why else "")
    if after.ended and (before is None or not before.ended):
        best = after.best
        said = f"{best.candidate.name}, {describe_result(best, after)}" if best else "no candidate"
        yield "best", f"{said}; it ended because {after.ended}"


def describe_result(entry: Entry, record: TournamentRecord) -> str:
    """The accuracy of a candidate with its interval, after another metric if that is what candidates are compared by.

    Example:
        >>> from striate.deciding.candidate import Candidate
        >>> lenet = Candidate(name="lenet5", kind="scratch", why="", model="lenet5")
        >>> entry = Entry(candidate=lenet, accuracy=0.9, interval=(0.82, 0.945), correct=90, pictures=100)
        >>> record = TournamentRecord(begun="", planned_seconds=0, multiply_adds_per_second=1e9, threads=2)
        >>> describe_result(entry, record)
        '90.0% right on 100 validation pictures (95 % interval 82.0 to 94.5%)'
    """
    if entry.accuracy is None:
        return "not measured"
    share, pictures = percent(entry.accuracy, space=""), plural(entry.pictures, "validation picture")
    said = f"{ALL_RIGHT} on {share} of {pictures}" if record.several else f"{share} right on {pictures}"
    said += f" (95 % interval {describe_interval(entry)})" if entry.interval else ""
    if record.metric == "accuracy":
        return said
    return f"{METRIC_NAMES[record.metric]} {describe_score(record.metric, entry.score)}, {said}"


def describe_interval(entry: Entry) -> str:
    """The interval of an accuracy, `91.9 to 97.7%`; empty without one."""
    return " to ".join(f"{100 * end:.1f}" for end in entry.interval) + ("%" if entry.interval else "")


def describe_comparison(entry: Entry) -> str:
    """How a candidate stands beside the one that had the place."""
    if entry.comparison is None:
        return "the first"
    return f"{entry.comparison.verdict}, beside {entry.comparison.rival}"


def describe_state(record: TournamentRecord, entry: Entry) -> str:
    """What came of a candidate, in a word or two."""
    if entry is record.best:
        return "best" if record.ended else "best so far"
    if entry.state == WON:
        return "replaced"
    if entry is record.next and not record.ended and record.running is None:
        return "next"
    return entry.state


def predict_command(folder: Path) -> str:
    """How the best so far is used."""
    return f"striate predict {shlex.quote(str(folder))} PICTURE.jpg"


def columns(record: TournamentRecord) -> tuple[str, ...]:
    """The heads of the table; another metric than accuracy has a column of its own."""
    metric = () if record.metric == "accuracy" else (METRIC_NAMES[record.metric],)
    return ("candidate", *metric, record.accuracy_name, "95 % interval", "time", "state")


def cells(record: TournamentRecord, entry: Entry) -> tuple[str, ...]:
    """A row of the table; the time of what has not ended is what it is expected to take."""
    measured = entry.accuracy is not None
    metric = () if record.metric == "accuracy" else (describe_score(record.metric, entry.score),)
    expected = entry.state in (WAITING, RUNNING)
    return (
        entry.candidate.name,
        *metric,
        percent(entry.accuracy, space="") if measured else "",
        describe_interval(entry),
        f"~{_about(entry.candidate.seconds)}" if expected else _about(entry.wall_seconds) if measured else "",
        describe_state(record, entry),
    )


def describe_score(metric: str, score: float | None, *, space: str = "") -> str:
    """A score of which more is better, as the figure that people know."""
    if score is None:
        return ""
    return f"{-score:.3f}" if metric == "log_loss" else percent(score, space=space)


def draw_table(record: TournamentRecord, *, width: int | None = None) -> list[str]:
    """The lines of the table, and what is next."""
    lines = table(columns(record), [cells(record, entry) for entry in record.entries], left=TEXTS, width=width)
    return lines + wrapped(describe_next(record), width)


def describe_next(record: TournamentRecord) -> str:
    """What comes, or why nothing does."""
    if record.ended:
        return f"ended: {record.ended}"
    if record.next is None:
        return "next: nothing; then it ends"
    return f"next: {record.next.candidate.name}: {record.next.candidate.why}"


def _about(seconds: float) -> str:
    """A time as people guess it: in seconds while they are few, then in minutes.

    Example:
        >>> [_about(seconds).replace(chr(0x202F), " ") for seconds in (0.3, 41.2, 95, 400, 7000)]
        ['1 s', '41 s', '95 s', '7 min', '1 h 57 min']
    """
    if seconds < SECONDS_IN_FULL:
        return f"{max(1, round(seconds))}{NARROW_SPACE}s"
    if seconds < 3600:
        return f"{round(seconds / 60)}{NARROW_SPACE}min"
    return duration(60 * round(seconds / 60))
