"""The part of a training report that shows the data, ready for the template: counts, samples, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from striate.choosing import evenly
from striate.encodings import named_encoding
from striate.report.contents import DataSummary, Picture
from striate.report.table import Table
from striate.report.thumbnails import Thumbnail, thumbnail
from striate.wording import number, plural

# How much of what may be endless goes on the page; each limit is said where it bites.
CLASSES_IN_FULL = 30
RARE_CLASSES, COMMON_CLASSES = 10, 10
QUARANTINED = 40
STRIP_CLASSES, STRIP_PICTURES, STRIPS_TOGETHER = 20, 8, 100
GRID_PICTURES = 96
SENTENCES, SENTENCE_CHARACTERS = 4, 300
STRIP_SIDE, GRID_SIDE = 80, 72  # CSS pixels


def shortened(sentence: str) -> str:
    """The beginning of a sentence."""
    return sentence if len(sentence) <= SENTENCE_CHARACTERS else sentence[:SENTENCE_CHARACTERS] + "…"


SPLITS = ("train", "val", "test")


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
class DataPart:
    """All of it."""

    pictures: str  # one sentence
    counts: CountTable
    samples: Samples
    sentences: tuple[tuple[str, tuple[str, ...]], ...]  # by class, shortened
    quarantined: Table
    ignored: tuple[str, ...]


def data_part(data: DataSummary) -> DataPart:
    """What the page shows of the data."""
    left = len(data.quarantined) - QUARANTINED
    return DataPart(
        pictures=_pictures(data),
        counts=_count_table(data),
        samples=_samples(data.samples),
        sentences=tuple(
            (name, tuple(map(shortened, sentences[:SENTENCES])))
            for name, sentences in list(data.sentences.items())[:STRIP_CLASSES]
        ),
        quarantined=Table(
            columns=(named_encoding(data.kind).one.capitalize(), "Why"),
            rows=tuple((key, reason) for key, reason in data.quarantined[:QUARANTINED]),
            note=f"{left:,} more are not shown." if left > 0 else "",
        ),
        ignored=tuple(f"{what}: {count:,}" for what, count in data.ignored.items()),
    )


def pictures_of(data: DataSummary) -> Mapping[str, int]:
    """Pictures by split; those of the classes together where nothing else is told."""
    if data.pictures:
        return data.pictures
    splits = dict.fromkeys(split for by_split in data.counts.values() for split in by_split)
    return {split: sum(by_split.get(split, 0) for by_split in data.counts.values()) for split in splits}


def _count_table(data: DataSummary) -> CountTable:
    counts, pictures = data.counts, pictures_of(data)
    others = sorted({split for by_split in counts.values() for split in by_split} - set(SPLITS))
    splits = [s for s in (*SPLITS, *others) if any(by_split.get(s, 0) for by_split in counts.values())]
    totals = {name: sum(by_split.values()) for name, by_split in counts.items()}
    largest = max(totals.values(), default=0) or 1

    def shown(name: str) -> CountRow:
        cells = (*(counts[name].get(split, 0) for split in splits), totals[name])
        return CountRow(name, tuple(number(cell) for cell in cells), totals[name] / largest)

    sums = (*(number(pictures.get(split, 0)) for split in splits), number(sum(pictures.values())))
    if len(counts) <= CLASSES_IN_FULL:
        return CountTable(tuple(splits), tuple(map(shown, counts)), "", (), sums)
    order = sorted(counts, key=lambda name: (totals[name], name))
    between = (
        f"{len(order) - RARE_CLASSES - COMMON_CLASSES:,} classes between the {RARE_CLASSES} with the fewest pictures "
        f"and the {COMMON_CLASSES} with the most are not shown"
    )
    head, tail = order[:RARE_CLASSES], order[-COMMON_CLASSES:]
    return CountTable(tuple(splits), tuple(map(shown, head)), between, tuple(map(shown, tail)), sums)


def _pictures(data: DataSummary) -> str:
    pictures = pictures_of(data)
    parts = [f"{pictures[split]:,} {split}" for split in SPLITS if pictures.get(split)]
    said = f"{plural(sum(pictures.values()), named_encoding(data.kind).one)} of {plural(len(data.counts), 'class', 'classes')}"
    return f"{said}: {', '.join(parts)}." if parts else f"{said}."


def _samples(samples: Mapping[str, Sequence[Picture]]) -> Samples:
    samples = {name: pictures for name, pictures in samples.items() if len(pictures)}
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
