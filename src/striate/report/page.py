"""From what a report tells to what its page shows: orders, limits, wordings and places, ready for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from striate.choosing import evenly
from striate.encodings import named_encoding
from striate.evaluation import Finding
from striate.report.contents import TrainingReport
from striate.report.curves import Chart, chart
from striate.report.data_part import DataPart, data_part, pictures_of
from striate.report.parts import PARTS, RESULTS, Part
from striate.report.seeing_part import SeeingPart, seeing_part
from striate.report.table import Table
from striate.report.tournament_part import TournamentPart, tournament_part
from striate.tasks import named_task
from striate.wording import duration, number, percent, plural

# How much of what may be endless goes on the page; each limit is said where it bites.
FINDINGS = 20
EPOCH_ROWS = 60


@dataclass(frozen=True)
class ShownPart:
    """A part of the task's that has something to tell."""

    part: Part
    words: Any


@dataclass(frozen=True)
class Page:
    """All that the template is given."""

    report: TrainingReport
    one: str  # what an item is called
    many: str
    lead: str
    headline: ShownPart | None
    progress: str  # instead of a headline
    splits: ShownPart | None
    tournament: TournamentPart | None
    charts: tuple[Chart, ...]
    epochs: Table | None
    parts: tuple[ShownPart, ...]  # of the task
    seeing: SeeingPart | None
    data: DataPart
    findings: tuple[Finding, ...]
    timings: tuple[tuple[str, str, float], ...]  # what, how long, share of the longest
    sections: tuple[tuple[str, str], ...]  # anchor, title


def page(report: TrainingReport) -> Page:
    """All that the template is given for this report.

    Raises:
        UsageError: If the scores are not what `Scores.to_dict` gives, or a picture is no picture.
    """
    split = report.headline_split
    task = named_task(report.task)
    shown = task.read_scores(report.scores[split]) if split else None
    charts = _charts(report)
    parts = _parts(report, shown)
    return Page(
        report=report,
        one=named_encoding(report.data.kind).one,
        many=named_encoding(report.data.kind).plural,
        lead=_lead(report),
        headline=_shown(RESULTS[task.headline], report, shown),
        progress=_progress(report),
        splits=_shown(RESULTS[task.splits], report, shown),
        tournament=tournament_part(report.tournament) if report.tournament else None,
        charts=charts,
        epochs=_epochs(report) if report.history else None,
        parts=parts,
        seeing=seeing_part(report.seeing) if report.seeing else None,
        data=data_part(report.data),
        findings=_limited(report.findings, FINDINGS),
        timings=_timings(report.timings),
        sections=_sections(report, parts, charts=bool(charts)),
    )


def _shown(part: Part, report: TrainingReport, scores: Any) -> ShownPart | None:
    """What a part has to tell."""
    words = part.words(report, scores)
    return None if words is None else ShownPart(part, words)


def _parts(report: TrainingReport, scores: Any) -> tuple[ShownPart, ...]:
    """What the task's parts have to tell, in its order."""
    shown = (_shown(PARTS[anchor], report, scores) for anchor in named_task(report.task).parts)
    return tuple(part for part in shown if part is not None)


def _sections(report: TrainingReport, parts: Sequence[ShownPart], *, charts: bool) -> tuple[tuple[str, str], ...]:
    present = [
        ("result", "Result", True),
        ("predict", "Predict", bool(report.predict_commands)),
        ("found", "How it was found", bool(report.tournament)),
        ("curves", "Curves", charts),
        *((shown.part.anchor, shown.part.title, True) for shown in parts),
        ("seeing", "Seeing inside", bool(report.seeing)),
        ("data", "Data", True),
        ("decisions", "Decisions", bool(report.decisions)),
        ("recipe", "Recipe", bool(report.recipe)),
        ("time", "Time and versions", bool(report.timings or report.hardware or report.versions)),
    ]
    return tuple((anchor, title) for anchor, title, there in present if there)


def _lead(report: TrainingReport) -> str:
    counts = report.data.counts
    trained_on = plural(pictures_of(report.data).get("train", 0), named_encoding(report.data.kind).one)
    model = report.model + (f" with {number(report.parameters)} parameters" if report.parameters else "")
    trained = "trained on" if report.history else "its head fitted to" if report.scores else "to be trained on"
    noun = named_task(report.task).noun
    classes = plural(len(counts), noun, noun + ("es" if noun.endswith("s") else "s"))
    said = f"{model}, {trained} {trained_on} of {classes} from {report.data.location}"
    if not report.history:
        return f"{said}."
    seconds = [row.get("seconds") for row in report.history]
    spent = sum(value for value in seconds if value is not None)
    epochs = plural(len(report.history), "epoch")
    return f"{said}: {epochs} in {duration(spent)}." if spent > 0 else f"{said} for {epochs}."


def _progress(report: TrainingReport) -> str:
    done = len(report.history)
    planned = f" of {report.epochs_planned:,}" if report.epochs_planned else ""
    if not done:
        return "No epoch has ended yet."
    said = f"{done:,}{planned} {'epoch' if done == 1 and not planned else 'epochs'} done"
    accuracy = report.history[-1].get("val_accuracy")
    return f"{said}; {percent(accuracy)} right on the val split after the last." if accuracy is not None else f"{said}."


def _charts(report: TrainingReport) -> tuple[Chart, ...]:
    # While a run goes on, its curves grow into the room that the planned epochs need.
    until = report.epochs_planned if report.unfinished else None
    drawn = (
        chart("Loss", report.history, {"val": "val_loss", "train": "train_loss"}, until=until),
        chart("Accuracy", report.history, {"val": "val_accuracy", "train": "train_accuracy"}, share=True, until=until),
        chart("Learning rate", report.history, {"rate": "learning_rate"}, until=until),
    )
    return tuple(one for one in drawn if one)


def _epochs(report: TrainingReport) -> Table:
    rows = list(report.history)
    kept = evenly(len(rows), EPOCH_ROWS)
    words = (
        ("Epoch", "epoch", number),
        ("Train loss", "train_loss", number),
        ("Val loss", "val_loss", number),
        ("Train accuracy", "train_accuracy", percent),
        ("Val accuracy", "val_accuracy", percent),
        ("Learning rate", "learning_rate", number),
        ("Time", "seconds", duration),
        (
            f"{named_encoding(report.data.kind).plural.capitalize()}/s",
            "pictures_per_second",
            lambda speed: number(None if speed is None else round(speed)),
        ),
    )
    return Table(
        columns=tuple(title for title, _, _ in words),
        rows=tuple(tuple(said(rows[i].get(key)) for _, key, said in words) for i in kept),
        note=f"{len(kept)} of {len(rows):,} epochs, evenly spaced." if len(kept) < len(rows) else "",
    )


def _timings(timings: Mapping[str, float]) -> tuple[tuple[str, str, float], ...]:
    longest = max(timings.values(), default=0.0) or 1.0
    return tuple((what, duration(seconds), seconds / longest) for what, seconds in timings.items())


def _limited(findings: Sequence[Finding], most: int) -> tuple[Finding, ...]:
    left = len(findings) - most
    return tuple(findings) if left <= 0 else (*findings[:most], Finding(f"{left:,} more are not shown"))
