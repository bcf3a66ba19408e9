"""How a classifier was found: the candidates of a tournament as a picture, accuracy against seconds, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from striate.report.contents import Tournament, Tried
from striate.report.curves import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Tick, round_step, share_axis
from striate.wording import duration, number, percent

COLUMNS = ("Candidate", "95 % interval", "After", "Took", "What came of it")
HEADS = ("", "95 %", "after", "took")
ROOM_FOR_NUMBER = 18
MINUTES_FROM = 180.0
"""Seconds from which on the axis counts minutes."""


@dataclass(frozen=True)
class Mark:
    """A candidate in the picture, in SVG user units."""

    number: int  # its row in the table, from 1
    x: float
    y: float
    low: float
    high: float
    kind: str  # `took`: it took the place; `other`
    title: str


@dataclass(frozen=True)
class Picture:
    """All candidates that were measured, over the time at which they were."""

    caption: str
    summary: str  # for those who cannot see it
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_label: str
    marks: tuple[Mark, ...]
    staircase: str  # of those that had the place, as the points of an SVG polyline
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


@dataclass(frozen=True)
class TournamentPart:
    """The part of the page."""

    said: str
    picture: Picture | None  # None before one is measured
    columns: tuple[str, ...]
    heads: tuple[str, ...]  # the columns between the first and the last, where a phone shows no heads
    rows: tuple[tuple[str, ...], ...]


def tournament_part(found: Tournament) -> TournamentPart:
    """The picture and the table."""
    rows = tuple(
        (
            f"{place}. {tried.name}",
            *((tried.score,) if found.metric else ()),
            percent(tried.accuracy) if tried.accuracy is not None else "",
            " – ".join(percent(end) for end in tried.interval),
            duration(tried.ended_after) if tried.ended_after is not None else "",
            duration(tried.seconds) if tried.seconds else "",
            f"{tried.state}: {tried.why}" if tried.why else tried.state,
        )
        for place, tried in enumerate(found.candidates, 1)
    )
    columns: tuple[str, ...] = (COLUMNS[0], _begin_large(found.accuracy), *COLUMNS[1:])
    heads: tuple[str, ...] = HEADS
    if found.metric:
        columns, heads = (
            (columns[0], _begin_large(found.metric), *columns[1:]),
            (found.metric, found.accuracy, *HEADS[1:]),
        )
    return TournamentPart(found.said, _picture(found), columns, heads, rows)


def _picture(found: Tournament) -> Picture | None:
    measured = [
        (place, tried, tried.accuracy if tried.share is None else tried.share, tried.ended_after)
        for place, tried in enumerate(found.candidates, 1)
        if tried.accuracy is not None and tried.ended_after is not None
    ]
    if not measured:
        return None
    measured.sort(key=lambda row: row[3])
    ends = [end for _, tried, accuracy, _ in measured for end in (*_interval(tried), accuracy)]
    low, high, shares = share_axis(min(ends), max(ends))
    last = max(after for *_, after in measured)
    step = _step(last)

    def x(seconds: float) -> float:
        return round(LEFT + seconds / last * (WIDTH - RIGHT - ROOM_FOR_NUMBER - LEFT), 1)

    def y(share: float) -> float:
        return round(HEIGHT - BOTTOM - (share - low) / (high - low) * (HEIGHT - BOTTOM - TOP), 1)

    marks = []
    for place, tried, accuracy, after in measured:
        least, most = _interval(tried) or (accuracy, accuracy)
        kind = "took" if tried.took_place else "other"
        title = f"{place}. {tried.name}: {percent(accuracy)} after {duration(after)}"
        marks.append(Mark(place, x(after), y(accuracy), y(least), y(most), kind, title))
    unit, called = (60.0, "minutes") if last >= MINUTES_FROM else (1.0, "seconds")
    shares_shown = any(tried.share is not None for _, tried, *_ in measured)
    return Picture(
        caption=_begin_large(found.metric) if shares_shown else "Accuracy, with its 95 % interval",
        summary=_summary(measured),
        x_ticks=tuple(Tick(x(step * mark), f"{step * mark / unit:g}") for mark in range(int(last / step) + 1)),
        y_ticks=tuple(Tick(y(share), f"{share * 100:.6g} %") for share in shares),
        x_label=f"{called} of work",
        marks=tuple(marks),
        staircase=_staircase(marks),
    )


def _interval(tried: Tried) -> tuple[float, ...]:
    """Of what the picture shows; only the accuracy has one."""
    return tried.interval if tried.share is None else ()


def _begin_large(text: str) -> str:
    return text[:1].upper() + text[1:]


def _step(last: float) -> float:
    """Seconds between two marks of the axis."""
    unit = 60.0 if last >= MINUTES_FROM else 1.0
    return max(1.0, round_step(last / unit / 6)) * unit


def _staircase(marks: Sequence[Mark]) -> str:
    """From each that took the place along to the next, and up to it; the last one's to the end."""
    points: list[tuple[float, float]] = []
    for mark in marks:
        if mark.kind == "took":
            points += [(mark.x, points[-1][1])] if points else []
            points.append((mark.x, mark.y))
    if points:
        points.append((float(WIDTH - RIGHT), points[-1][1]))
    return " ".join(f"{across:g},{up:g}" for across, up in points)


def _summary(measured: Sequence[tuple[int, Tried, float, float]]) -> str:
    said = [
        f"{tried.name} {percent(accuracy)} after {duration(after)}{', which took the place' if tried.took_place else ''}"
        for _, tried, accuracy, after in measured
    ]
    return f"{number(len(said))} candidates were measured: {'; '.join(said)}."
