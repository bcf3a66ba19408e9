"""Where the lines of a chart go: the geometry of curves over epochs, for the template to draw as SVG."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from striate.wording import number, percent

WIDTH, HEIGHT = 440, 250
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 34
LEAST_SHARE = 0.02  # the least that an axis of shares spans
DIVERGED = 1e100  # such a value is as good as infinite, and would break the arithmetic of the axis
MOST_POINTS = 240  # more could not be told apart

Row = Mapping[str, float | None]


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    at: float
    text: str


@dataclass(frozen=True)
class Curve:
    """One line: its pieces, broken where a value is missing, and the points that stand alone."""

    name: str
    paths: tuple[str, ...]  # as the points of SVG polylines
    dots: tuple[tuple[float, float], ...]
    end: tuple[float, float] | None  # the last point, or None where it is not marked
    last: str  # its value in words
    kind: str = ""  # how it is drawn, if not by its name


@dataclass(frozen=True)
class Band:
    """The strip of the chart around one epoch, which tells its values when pointed at."""

    left: float
    width: float
    text: str


@dataclass(frozen=True)
class Point:
    """A place on a chart of shares that is marked, in shares, with what is said of it."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Chart:
    """A chart, in SVG user units: of values over epochs, or of one share over another."""

    title: str
    summary: str  # for those who cannot see it
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    curves: tuple[Curve, ...]
    bands: tuple[Band, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM
    x_label: str = "epoch"
    marks: tuple[tuple[float, float, str], ...] = ()  # places that are marked, with what is written beside them


def chart(
    title: str, history: Sequence[Row], keys: Mapping[str, str], *, share: bool = False, until: int | None = None
) -> Chart | None:
    """The chart of some columns of a training history.

    Args:
        title: What the chart shows, such as `"Loss"`.
        history: Rows as in metrics.jsonl, each with `epoch`.
        keys: The name of each curve, and its column.
        share: Whether the values are shares in [0, 1], to be shown as percentages.
        until: The epoch that the axis reaches to, if the history is yet to grow; else it ends with the history.

    Returns:
        The chart, or None where no row has a finite value in any of the columns.

    Example:
        >>> history = [{"epoch": 1, "train_loss": 2.0}, {"epoch": 2, "train_loss": 1.0}]
        >>> chart("Loss", history, {"train": "train_loss"}).summary
        'Loss over 2 epochs: train from 2 to 1.'
    """
    rows = _thinned([row for row in history if _finite(row, "epoch") is not None])
    values = {name: [_finite(row, key) for row in rows] for name, key in keys.items()}
    values = {name: column for name, column in values.items() if any(value is not None for value in column)}
    if not values:
        return None
    words: Callable[[float | None], str] = percent if share else number
    epochs = [float(row["epoch"] or 0) for row in rows]
    seen = [value for column in values.values() for value in column if value is not None]
    low, high, marks = share_axis(min(seen), max(seen)) if share else axis(min(0.0, *seen), max(seen))
    first, last = epochs[0], max(epochs[-1], until or 0)

    def x(epoch: float) -> float:
        middle = (LEFT + WIDTH - RIGHT) / 2
        inner = LEFT + 8, WIDTH - RIGHT - 8
        return round(
            middle if last == first else inner[0] + (epoch - first) / (last - first) * (inner[1] - inner[0]), 1
        )

    def y(value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - BOTTOM - TOP), 1)

    curves = tuple(_curve(name, epochs, column, x, y, words) for name, column in values.items())
    return Chart(
        title=title,
        summary=_summary(title, values, len(history), words),
        x_ticks=tuple(Tick(x(mark), number(int(mark))) for mark in _epoch_marks(first, last)),
        y_ticks=tuple(Tick(y(mark), f"{mark * 100:.6g} %" if share else f"{mark:.6g}") for mark in marks),
        curves=curves,
        bands=_bands(epochs, values, x, words, room=epochs[-1] < last),
    )


def share_chart(
    title: str,
    summary: str,
    *,
    x_label: str,
    x: Sequence[float],
    y: Sequence[float],
    last: str,
    chance: tuple[tuple[float, float], tuple[float, float]],
    points: Sequence[Point],
    chance_name: str = "chance",
) -> Chart:
    """The chart of one share over another, both axes from 0 to 1.

    Args:
        title: What it shows.
        summary: The same in a sentence, for those who cannot see it.
        x_label: What the axis below shows.
        x: (k,) shares.
        y: (k,) shares.
        last: What is said of the curve beside the title.
        chance: Both ends of the line that guessing would give.
        points: What is marked on it.
        chance_name: What that line is called.
    """

    def place(across: float, up: float) -> tuple[float, float]:
        return (
            round(LEFT + across * (WIDTH - RIGHT - LEFT), 1),
            round(HEIGHT - BOTTOM - up * (HEIGHT - BOTTOM - TOP), 1),
        )

    def path(places: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{px:g},{py:g}" for px, py in (place(*one) for one in places))

    shares = (0.0, 0.25, 0.5, 0.75, 1.0)
    return Chart(
        title=title,
        summary=summary,
        x_ticks=tuple(Tick(place(share, 0)[0], f"{share:.0%}".replace("%", " %")) for share in shares),
        y_ticks=tuple(Tick(place(0, share)[1], f"{share:.0%}".replace("%", " %")) for share in shares),
        curves=(
            Curve(last, (path(list(zip(x, y, strict=True))),), (), None, "", kind="val"),
            Curve(chance_name, (path(chance),), (), None, "", kind="train"),
        ),
        bands=(),
        x_label=x_label,
        marks=tuple((*place(point.x, point.y), point.text) for point in points),
    )


def _finite(row: Row, key: str) -> float | None:
    value = row.get(key)
    return float(value) if value is not None and abs(value) < DIVERGED else None  # a NaN is not below it either


def _thinned(rows: list[Row]) -> list[Row]:
    step = math.ceil(len(rows) / MOST_POINTS)
    if step <= 1:
        return rows
    kept = rows[::step]
    return kept if kept[-1] is rows[-1] else [*kept, rows[-1]]


def axis(low: float, high: float) -> tuple[float, float, list[float]]:
    """Limits and marks at round numbers around the values."""
    if high - low < 1e-9 * max(1.0, abs(high)):
        high = low + 1.0
    step = round_step((high - low) / 4)
    marks = [i * step for i in range(math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9) + 1)]
    return marks[0], marks[-1], marks


def share_axis(low: float, high: float) -> tuple[float, float, list[float]]:
    """The same within [0, 1], and never so near that two points of a hundred fill the chart."""
    low = max(0.0, min(low, high - LEAST_SHARE))
    return axis(low, min(1.0, max(high, low + LEAST_SHARE)))


def round_step(rough: float) -> float:
    """The least of 1, 2, 5, 10, 20... and their tenths and hundredths that is not below a number above 0."""
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough * 0.999)


def _epoch_marks(first: float, last: float) -> list[float]:
    if last == first:
        return [first]
    step = max(1, int(round_step((last - first) / 8)))
    inner = [float(mark) for mark in range(math.ceil(first / step) * step, int(last) + 1, step)]
    # The first epoch is named too, unless the next mark stands too near.
    return inner if inner and inner[0] - first < step * 0.6 else [first, *inner]


def _curve(
    name: str,
    epochs: list[float],
    column: list[float | None],
    x: Callable[[float], float],
    y: Callable[[float], float],
    words: Callable[[float | None], str],
) -> Curve:
    pieces: list[list[tuple[float, float]]] = [[]]
    last: float | None = None
    for epoch, value in zip(epochs, column, strict=True):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((x(epoch), y(value)))
            last = value
    filled = [piece for piece in pieces if piece]
    return Curve(
        name=name,
        paths=tuple(" ".join(f"{px:g},{py:g}" for px, py in piece) for piece in filled if len(piece) > 1),
        dots=tuple(piece[0] for piece in filled if len(piece) == 1),
        end=filled[-1][-1],
        last=words(last),
    )


def _bands(
    epochs: list[float],
    values: Mapping[str, list[float | None]],
    x: Callable[[float], float],
    words: Callable[[float | None], str],
    *,
    room: bool,
) -> tuple[Band, ...]:
    centres = [x(epoch) for epoch in epochs]
    end = (centres[-1] + x(epochs[-1] + 1)) / 2 if room else float(WIDTH - RIGHT)
    edges = [float(LEFT), *((a + b) / 2 for a, b in pairwise(centres)), end]
    return tuple(
        Band(
            round(edges[i], 1),
            round(edges[i + 1] - edges[i], 1),
            f"epoch {epoch:g}: " + ", ".join(f"{name} {words(column[i])}" for name, column in values.items()),
        )
        for i, epoch in enumerate(epochs)
    )


def _summary(
    title: str, values: Mapping[str, list[float | None]], epochs: int, words: Callable[[float | None], str]
) -> str:
    parts = []
    for name, column in values.items():
        present = [value for value in column if value is not None]
        parts.append(f"{name} from {words(present[0])} to {words(present[-1])}")
    return f"{title} over {epochs} {'epoch' if epochs == 1 else 'epochs'}: {'; '.join(parts)}."
