"""The limits card as a page: one HTML file that needs nothing else, and no script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from striate.report.environment import environment
from striate.report.stress_contents import FlippedPicture, LimitLine, LimitRow, StressReport
from striate.report.thumbnails import Thumbnail, thumbnail
from striate.wording import percent

TEMPLATE = "stress.html.j2"
SIDE = 60
"""CSS pixels of a picture that flips."""
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 320, 150, 40, 10, 8, 24


@dataclass(frozen=True)
class Line:
    """One classifier's curve as SVG."""

    name: str
    place: int
    points: str
    band: str
    dots: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True)
class Drawn:
    """A row as the page shows it."""

    row: LimitRow
    lines: tuple[Line, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    summary: str
    flips: tuple[tuple[FlippedPicture, Thumbnail, Thumbnail], ...]


def render(report: StressReport) -> str:
    """The card as one self-contained HTML page; nothing is loaded from anywhere, and nothing is run.

    Args:
        report: What it tells.

    Example:
        >>> report = StressReport("photos", "photos/", "test", 10, [("fp32", 0.9, (0.6, 1.0))], [], [], "striate stress photos photos/")
        >>> "<script" in render(report), "90.0" in render(report)
        (False, True)
    """
    groups = [(group, [_drawn(row) for row in group.rows]) for group in report.groups]
    frame = {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "top": TOP,
        "bottom": HEIGHT - BOTTOM,
    }
    return environment().get_template(TEMPLATE).render(report=report, groups=groups, frame=frame) + "\n"


def _drawn(row: LimitRow) -> Drawn:
    last = row.sizes[-1]

    def across(size: float) -> float:
        share = (size - row.neutral) / (last - row.neutral) if last != row.neutral else 1.0
        return round(LEFT + share * (WIDTH - RIGHT - LEFT), 1)

    lines = tuple(_line(line, place, row, across) for place, line in enumerate(row.lines))
    told = "; ".join(f"{line.name} from {percent(line.clean)} to {percent(line.accuracy[-1])}" for line in row.lines)
    return Drawn(
        row=row,
        lines=lines,
        x_ticks=_x_ticks(row, across),
        y_ticks=tuple((_up(share), f"{share * 100:.0f} %") for share in (0, 0.5, 1)),
        summary=f"Accuracy, {row.title}: {told}.",
        flips=tuple((flip, thumbnail(flip.before, side=SIDE), thumbnail(flip.after, side=SIDE)) for flip in row.flips),
    )


def _x_ticks(row: LimitRow, across: Callable[[float], float]) -> tuple[tuple[float, str], ...]:
    """The levels that have room beneath the curve, the last one with its unit."""
    last = row.shown_sizes[-1]
    ticks = [(across(row.sizes[-1]), last)]
    room = across(row.sizes[-1]) - 6 * len(last) - 10
    for size in reversed(row.sizes[:-1]):
        text = f"{size:.4g}" if last.startswith(f"{row.sizes[-1]:.4g}") else ""
        if text and across(size) + 3 * len(text) < room:
            ticks.append((across(size), text))
            room = across(size) - 3 * len(text) - 6
    return tuple(reversed(ticks))


def _up(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 1)


def _line(line: LimitLine, place: int, row: LimitRow, across: Callable[[float], float]) -> Line:
    places = [(across(size), _up(value)) for size, value in zip(row.sizes, line.accuracy, strict=True)]
    start = (across(row.neutral), _up(line.clean))
    upper = [(x, _up(high)) for (x, _), (_, high) in zip(places, line.intervals, strict=True)]
    lower = [(x, _up(low)) for (x, _), (low, _) in zip(places, line.intervals, strict=True)]
    dots = tuple(
        (x, y, f"{size}: {percent(value)} right (95 % interval {percent(low)} to {percent(high)})")
        for (x, y), size, value, (low, high) in zip(places, row.shown_sizes, line.accuracy, line.intervals, strict=True)
    )
    return Line(line.name, place, _points([start, *places]), _points([*upper, *reversed(lower)]), dots)


def _points(places: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in places)
