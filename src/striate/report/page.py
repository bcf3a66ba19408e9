"""From what a report tells to what its page shows: orders, limits, wordings and places, ready for the template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from striate.choosing import evenly
from striate.evaluation import ClassScores, Finding, Scores
from striate.report import confusion
from striate.report.calibration_part import CalibrationPart, calibration_part
from striate.report.contents import TrainingReport
from striate.report.curves import Chart, chart
from striate.report.seeing_part import SeeingPart, seeing_part
from striate.report.thumbnails import Thumbnail, thumbnail
from striate.report.two_classes_part import TwoClassesPart, two_classes_part
from striate.tasks import named_task
from striate.wording import duration, number, percent, plural, probability

# How much of what may be endless goes on the page; each limit is said where it bites.
CLASSES_IN_FULL = 30
WORST_CLASSES, BEST_CLASSES = 15, 5
RARE_CLASSES, COMMON_CLASSES = 10, 10
PAIRS = 10
MISTAKES = 20
QUARANTINED = 40
FINDINGS = 20
EPOCH_ROWS = 60
NAMES_IN_A_SENTENCE = 8
STRIP_CLASSES, STRIP_PICTURES, STRIPS_TOGETHER = 20, 8, 100
GRID_PICTURES = 96
STRIP_SIDE, GRID_SIDE, MISTAKE_SIDE = 80, 72, 148  # CSS pixels

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Headline:
    """The number that people come for."""

    split: str
    accuracy: float
    low: float
    high: float
    count: int
    commonest: float  # the share that always answering the commonest class would get right
    figures: tuple[tuple[str, str], ...]  # name, value


@dataclass(frozen=True)
class Table:
    """Rows of words under column heads; `note` says how many are left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class ClassRow:
    """One class in the table of scores."""

    name: str
    support: str
    precision: str
    recall: str
    f1: str
    share: float  # of the bar


@dataclass(frozen=True)
class ClassTable:
    """The classes from the worst on; between `head` and `tail` there may be others, told by `between`."""

    head: tuple[ClassRow, ...]
    between: str
    tail: tuple[ClassRow, ...]
    absent: str  # a sentence about classes without a picture, or ""


@dataclass(frozen=True)
class CountRow:
    """One class in the table of counts."""

    name: str
    counts: tuple[str, ...]
    share: float  # of the bar


@dataclass(frozen=True)
class CountTable:
    """Pictures by class and split."""

    splits: tuple[str, ...]
    head: tuple[CountRow, ...]
    between: str
    tail: tuple[CountRow, ...]
    totals: tuple[str, ...]


@dataclass(frozen=True)
class Samples:
    """Pictures by class: a strip a class, or one picture a class in a grid."""

    strips: bool
    classes: tuple[tuple[str, tuple[Thumbnail, ...]], ...]
    note: str


@dataclass(frozen=True)
class Confusions:
    """What is taken for what."""

    drawing: confusion.Drawing | None
    summary: str
    pairs: tuple[confusion.Pair, ...]
    note: str


@dataclass(frozen=True)
class MistakeCard:
    """One mistake with its picture."""

    thumbnail: Thumbnail
    key: str
    true: str
    predicted: str
    probability: str


@dataclass(frozen=True)
class Page:
    """All that the template is given."""

    report: TrainingReport
    lead: str
    headline: Headline | None
    progress: str  # instead of a headline
    splits: Table | None
    charts: tuple[Chart, ...]
    epochs: Table | None
    classes: ClassTable | None
    confusions: Confusions | None
    calibration: CalibrationPart | None
    two_classes: TwoClassesPart | None
    mistakes: tuple[MistakeCard, ...]
    seeing: SeeingPart | None
    counts: CountTable
    pictures: str  # one sentence
    samples: Samples
    quarantined: Table
    ignored: tuple[str, ...]
    findings: tuple[Finding, ...]
    timings: tuple[tuple[str, str, float], ...]  # what, how long, share of the longest
    sections: tuple[tuple[str, str], ...]  # anchor, title


def page(report: TrainingReport) -> Page:
    """All that the template is given for this report.

    Raises:
        UsageError: If the scores are not what `Scores.to_dict` gives, or a picture is no picture.
    """
    split = report.headline_split
    scores = {name: Scores.from_dict(figures) for name, figures in report.scores.items()}
    shown = scores[split] if split else None
    charts = _charts(report)
    mistakes = _mistakes(report)
    return Page(
        report=report,
        lead=_lead(report),
        headline=_headline(split, shown) if split and shown else None,
        progress=_progress(report),
        splits=_splits(scores) if len(scores) > 1 else None,
        charts=charts,
        epochs=_epochs(report) if report.history else None,
        classes=_class_table(shown) if shown else None,
        confusions=_confusions(shown) if shown else None,
        calibration=calibration_part(report.calibration) if report.calibration else None,
        two_classes=two_classes_part(report.two_classes) if report.two_classes else None,
        mistakes=mistakes,
        seeing=seeing_part(report.seeing) if report.seeing else None,
        counts=_count_table(report.data.counts),
        pictures=_pictures(report.data.counts),
        samples=_samples(report),
        quarantined=_quarantined(report.data.quarantined),
        ignored=tuple(f"{what}: {count:,}" for what, count in report.data.ignored.items()),
        findings=_limited(report.findings, FINDINGS),
        timings=_timings(report.timings),
        sections=_sections(report, charts=bool(charts), scores=bool(shown), mistakes=bool(mistakes)),
    )


def _sections(report: TrainingReport, *, charts: bool, scores: bool, mistakes: bool) -> tuple[tuple[str, str], ...]:
    of_tasks = {
        "classes": ("Class by class", scores),
        "confusion": ("Confusion", scores),
        "thresholds": ("Thresholds", bool(report.two_classes)),
        "calibration": ("Calibration", bool(report.calibration)),
        "mistakes": ("Mistakes", mistakes),
    }
    present = [
        ("result", "Result", True),
        ("predict", "Predict", bool(report.predict_commands)),
        ("curves", "Curves", charts),
        *((anchor, *of_tasks[anchor]) for anchor in named_task(report.task).parts),
        ("seeing", "Seeing inside", bool(report.seeing)),
        ("data", "Data", True),
        ("decisions", "Decisions", bool(report.decisions)),
        ("recipe", "Recipe", bool(report.recipe)),
        ("time", "Time and versions", bool(report.timings or report.hardware or report.versions)),
    ]
    return tuple((anchor, title) for anchor, title, there in present if there)


def _lead(report: TrainingReport) -> str:
    counts = report.data.counts
    trained_on = plural(sum(by_split.get("train", 0) for by_split in counts.values()), "picture")
    model = report.model + (f" with {number(report.parameters)} parameters" if report.parameters else "")
    trained = "trained on" if report.history else "its head fitted to" if report.scores else "to be trained on"
    classes = plural(len(counts), "class", "classes")
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


def _headline(split: str, scores: Scores) -> Headline:
    support = [row.support for row in scores.per_class]
    figures = [("Balanced accuracy", percent(scores.balanced_accuracy))]
    if scores.top_k < len(scores.per_class):
        figures.append((f"Top-{scores.top_k} accuracy", percent(scores.top_k_accuracy)))
    figures += [
        ("F1, macro", percent(scores.f1_macro)),
        ("Log loss", number(scores.log_loss)),
        ("Calibration error", percent(scores.expected_calibration_error)),
    ]
    return Headline(
        split=split,
        accuracy=scores.accuracy,
        low=scores.accuracy_interval[0],
        high=scores.accuracy_interval[1],
        count=scores.count,
        commonest=max(support) / scores.count,
        figures=tuple(figures),
    )


def _splits(scores: Mapping[str, Scores]) -> Table:
    rows = []
    for split, of_split in scores.items():
        low, high = of_split.accuracy_interval
        rows.append(
            (
                split,
                number(of_split.count),
                percent(of_split.accuracy),
                f"{percent(low)} – {percent(high)}",
                percent(of_split.balanced_accuracy),
                number(of_split.log_loss),
            )
        )
    return Table(("Split", "Pictures", "Accuracy", "95 % interval", "Balanced", "Log loss"), tuple(rows))


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
        ("Pictures/s", "pictures_per_second", lambda speed: number(None if speed is None else round(speed))),
    )
    return Table(
        columns=tuple(title for title, _, _ in words),
        rows=tuple(tuple(said(rows[i].get(key)) for _, key, said in words) for i in kept),
        note=f"{len(kept)} of {len(rows):,} epochs, evenly spaced." if len(kept) < len(rows) else "",
    )


def _class_table(scores: Scores) -> ClassTable:
    calls = dict(zip((row.name for row in scores.per_class), scores.confusion_matrix.sum(axis=0).tolist(), strict=True))

    def shown(row: ClassScores) -> ClassRow:
        return ClassRow(
            name=row.name,
            support=number(row.support),
            precision=percent(row.precision) if calls[row.name] else "–",
            recall=percent(row.recall),
            f1=percent(row.f1),
            share=row.f1,
        )

    present = sorted((row for row in scores.per_class if row.support), key=lambda row: (row.f1, row.name))
    rows = [shown(row) for row in present]
    absent = [row.name for row in scores.per_class if not row.support]
    said = f"Without a picture in this split: {_names(absent)}." if absent else ""
    if len(rows) <= CLASSES_IN_FULL:
        return ClassTable(tuple(rows), "", (), said)
    between = (
        f"{len(rows) - WORST_CLASSES - BEST_CLASSES:,} classes between the {WORST_CLASSES} worst "
        f"and the {BEST_CLASSES} best are not shown"
    )
    return ClassTable(tuple(rows[:WORST_CLASSES]), between, tuple(rows[-BEST_CLASSES:]), said)


def _confusions(scores: Scores) -> Confusions:
    classes = [row.name for row in scores.per_class]
    matrix = scores.confusion_matrix
    pairs = confusion.confused_pairs(matrix, classes, PAIRS)
    kinds = int(np.count_nonzero(matrix)) - int(np.count_nonzero(matrix.diagonal()))
    drawing = confusion.draw(matrix, classes)
    note = f"The {len(pairs)} commonest of {kinds:,} kinds of mistake." if kinds > len(pairs) else ""
    return Confusions(drawing, confusion.describe(matrix, classes), tuple(pairs), note)


def _mistakes(report: TrainingReport) -> tuple[MistakeCard, ...]:
    return tuple(
        MistakeCard(thumbnail(picture, side=MISTAKE_SIDE), key, true, predicted, probability(share))
        for picture, key, true, predicted, share in report.mistakes[:MISTAKES]
    )


def _count_table(counts: Mapping[str, Mapping[str, int]]) -> CountTable:
    others = sorted({split for by_split in counts.values() for split in by_split} - set(SPLITS))
    splits = [s for s in (*SPLITS, *others) if any(by_split.get(s, 0) for by_split in counts.values())]
    totals = {name: sum(by_split.values()) for name, by_split in counts.items()}
    largest = max(totals.values(), default=0) or 1

    def shown(name: str) -> CountRow:
        cells = (*(counts[name].get(split, 0) for split in splits), totals[name])
        return CountRow(name, tuple(number(cell) for cell in cells), totals[name] / largest)

    sums = tuple(number(sum(by_split.get(split, 0) for by_split in counts.values())) for split in splits)
    sums = (*sums, number(sum(totals.values())))
    if len(counts) <= CLASSES_IN_FULL:
        return CountTable(tuple(splits), tuple(map(shown, counts)), "", (), sums)
    order = sorted(counts, key=lambda name: (totals[name], name))
    between = (
        f"{len(order) - RARE_CLASSES - COMMON_CLASSES:,} classes between the {RARE_CLASSES} with the fewest pictures "
        f"and the {COMMON_CLASSES} with the most are not shown"
    )
    head, tail = order[:RARE_CLASSES], order[-COMMON_CLASSES:]
    return CountTable(tuple(splits), tuple(map(shown, head)), between, tuple(map(shown, tail)), sums)


def _pictures(counts: Mapping[str, Mapping[str, int]]) -> str:
    total = sum(sum(by_split.values()) for by_split in counts.values())
    by_split = {split: sum(row.get(split, 0) for row in counts.values()) for split in SPLITS}
    parts = [f"{count:,} {split}" for split, count in by_split.items() if count]
    said = f"{plural(total, 'picture')} of {plural(len(counts), 'class', 'classes')}"
    return f"{said}: {', '.join(parts)}." if parts else f"{said}."


def _samples(report: TrainingReport) -> Samples:
    samples = {name: pictures for name, pictures in report.data.samples.items() if len(pictures)}
    names = list(samples)
    if len(names) <= STRIP_CLASSES:
        most = min(STRIP_PICTURES, STRIPS_TOGETHER // max(len(names), 1))
        rows = [(name, tuple(thumbnail(one, side=STRIP_SIDE) for one in samples[name][:most])) for name in names]
        return Samples(True, tuple(rows), "")
    kept = names
    if len(names) > GRID_PICTURES:
        kept = [names[place] for place in evenly(len(names), GRID_PICTURES)]
    cells = [(name, (thumbnail(samples[name][0], side=GRID_SIDE),)) for name in kept]
    note = "One picture a class"
    note += f", of {len(kept)} of the {len(names):,} classes, evenly spaced." if len(kept) < len(names) else "."
    return Samples(False, tuple(cells), note)


def _quarantined(quarantined: Sequence[tuple[str, str]]) -> Table:
    left = len(quarantined) - QUARANTINED
    note = f"{left:,} more are not shown." if left > 0 else ""
    return Table(("Picture", "Why"), tuple((key, reason) for key, reason in quarantined[:QUARANTINED]), note)


def _timings(timings: Mapping[str, float]) -> tuple[tuple[str, str, float], ...]:
    longest = max(timings.values(), default=0.0) or 1.0
    return tuple((what, duration(seconds), seconds / longest) for what, seconds in timings.items())


def _limited(findings: Sequence[Finding], most: int) -> tuple[Finding, ...]:
    left = len(findings) - most
    return tuple(findings) if left <= 0 else (*findings[:most], Finding(f"{left:,} more are not shown"))


def _names(names: Iterable[str]) -> str:
    names = list(names)
    said = ", ".join(names[:NAMES_IN_A_SENTENCE])
    left = len(names) - NAMES_IN_A_SENTENCE
    return f"{said} and {left:,} more" if left > 0 else said
