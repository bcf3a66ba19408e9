"""The map of transfer learning: four cases by size and similarity, with a data set in its place."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from striate.fonts import as_plain_text, plotted
from striate.printable_text import printable
from striate.wording import NARROW_SPACE, percent, plural, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAPER, PANEL, LINE, INK, SOFT, BLUE, ORANGE = (
    "#fdfdfb", "#f4f4ef", "#d4d4cc", "#1b1d20", "#5a6067", "#0a64a4", "#b3500b"
)  # fmt: skip
HERE = "#dcebf6"  # the quadrant of the data set

# (many, similar) -> what is done there, as a title and a line.
CASES = {
    (True, False): ("many, different", "everything learns;\nfrom scratch where\nno stage helps"),
    (True, True): ("many, similar", "the last stages learn,\nor the head alone where\nit makes few mistakes"),
    (False, False): ("few, different", "a head on earlier stages,\nor those after them learn"),
    (False, True): ("few, similar", "the head alone learns"),
}
SPAN = 100.0  # the map shows so many times fewer and so many times more pictures than where they begin to be many
LABEL = 0.2  # half the width of the data set's label, as a share of the map's
MOST_BARS = 24  # more could not be read


@dataclass(frozen=True)
class StageBar:
    """How well a stage separates the classes."""

    stage: str
    accuracy: float  # share in 0..1
    logme: float  # nats a picture and class
    best: bool = False


@dataclass(frozen=True)
class TransferMap:
    """What the picture shows."""

    data: str
    network: str
    pictures: int
    classes: int
    size: float  # 1 where pictures begin to be many
    similarity: float  # share of mistakes that the last third of the stages removes
    similar_from: float  # where they begin to be similar, in 0..1
    choice: str  # such as "stages:2"
    reasons: Sequence[str]
    stages: Sequence[StageBar]


def draw_transfer_map(shown: TransferMap, kind: Literal["svg", "png"] = "svg") -> bytes:
    """The four quadrants with the data set in its place, the accuracy of each stage beside, the reasons below.

    Args:
        shown: What to show. Sizes beyond a hundred times more or fewer stand at the border.
        kind: `"svg"`: self-contained, letters as outlines; `"png"`: 1,320 pixels wide.

    Returns:
        The file's bytes; the same for the same content.

    Example:
        >>> bars = [StageBar("layer1", 0.6, -0.4), StageBar("layer2", 0.9, 0.2, best=True)]
        >>> place = TransferMap("ants", "resnet18", 244, 2, 0.24, 0.75, 0.5, "head", ["Few.", "So."], bars)
        >>> draw_transfer_map(place)[:5]
        b'<?xml'
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # The letters' names and the date would differ from run to run.
    texts = [shown.data, shown.network, *shown.reasons, *(bar.stage for bar in shown.stages)]
    with plotted(map(printable, texts), {"svg.hashsalt": "striate", "svg.fonttype": "path"}):
        figure = Figure(figsize=(11, 6.5), facecolor=PAPER)
        FigureCanvasAgg(figure)
        quadrants = figure.add_axes((0.085, 0.305, 0.49, 0.59))
        bars = figure.add_axes((0.70, 0.305, 0.165, 0.59))
        _draw_quadrants(quadrants, shown)
        _draw_stages(bars, shown)
        title = f"{shorten(printable(shown.data), 40)}, with {printable(shown.network)}: {shown.choice}"
        figure.text(0.02, 0.95, as_plain_text(title), color=INK, fontsize=14, weight="bold")
        lines = [line for reason in shown.reasons for line in textwrap.wrap(printable(reason), 140)]
        figure.text(0.02, 0.19, as_plain_text("\n".join(lines)), color=INK, fontsize=10, va="top", linespacing=1.5)
        stream = io.BytesIO()
        figure.savefig(stream, format=kind, dpi=120, facecolor=PAPER, metadata={"Date": None} if kind == "svg" else {})
    return stream.getvalue()


def _draw_quadrants(axes: Axes, shown: TransferMap) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(1 / SPAN, SPAN)
    axes.set_yscale("log")
    axes.set_facecolor(PANEL)
    x = min(max(shown.similarity, 0.0), 1.0)
    y = min(max(shown.size, 1 / SPAN), SPAN)
    placed = axes.get_xaxis_transform()  # x as data, y as a share of the height
    here = (shown.size >= 1, shown.similarity >= shown.similar_from)
    for (many, similar), (title, text) in CASES.items():
        left, right = (shown.similar_from, 1.0) if similar else (0.0, shown.similar_from)
        low, high = (1.0, SPAN) if many else (1 / SPAN, 1.0)
        mine = (many, similar) == here
        if mine:
            axes.fill_between([left, right], low, high, color=HERE, linewidth=0)
        # The words stand at the outer border, because most data sets lie nearer to the middle.
        top = 0.975 if many else 0.16
        words = INK if mine else SOFT
        axes.text(left + 0.02, top, title, va="top", fontsize=11, weight="bold", color=words, transform=placed)
        axes.text(
            left + 0.02, top - 0.055, text, va="top", fontsize=10, color=words, transform=placed, linespacing=1.35
        )
    axes.axhline(1, color=LINE, linewidth=1.5)
    axes.axvline(shown.similar_from, color=LINE, linewidth=1.5)
    axes.plot(
        [x], [y], "o", markersize=13, color=ORANGE, markeredgecolor=PAPER, markeredgewidth=2, clip_on=False, zorder=5
    )
    pictures = f"{plural(shown.pictures, 'picture')}, {plural(shown.classes, 'class', 'classes')}"
    label = as_plain_text(f"{shorten(printable(shown.data), 24)}\n{pictures}")
    left, right = (shown.similar_from, 1.0) if here[1] else (0.0, shown.similar_from)
    above = 1 <= y < 4 or y < 0.2
    beside_words = min(max(y, 0.05), 11)  # a dot among the quadrant's words has its label next to them
    axes.annotate(
        label,
        (min(max(x, left + LABEL), right - LABEL) if right - left > 2 * LABEL else x, beside_words),
        xytext=(0, 11 if above else -11),
        textcoords="offset points",
        ha="center",
        va="bottom" if above else "top",
        fontsize=10,
        color=ORANGE,
        weight="bold",
        zorder=6,
    )
    axes.set_xlabel("similarity: share of mistakes that the last third of the stages removes", color=SOFT, fontsize=9.5)
    axes.set_ylabel("pictures for training", color=SOFT, fontsize=9.5)
    marks = (0.0, 0.25, 0.5, 0.75, 1.0)
    axes.set_xticks(marks, [f"{mark * 100:.0f}{NARROW_SPACE}%" for mark in marks])
    sizes = [1 / SPAN, 0.1, 1.0, 10.0, SPAN]
    axes.set_yticks(sizes, [f"{shown.pictures / shown.size * size:,.0f}" if shown.size else "" for size in sizes])
    axes.minorticks_off()
    _plain(axes)


def _draw_stages(axes: Axes, shown: TransferMap) -> None:
    stages = list(shown.stages)[-MOST_BARS:]
    places = range(len(stages))
    axes.set_facecolor(PAPER)
    axes.barh(
        places,
        [bar.accuracy for bar in stages],
        color=[BLUE if bar.best else "#9dbdd6" for bar in stages],
        height=0.72,
    )
    size = 9 if len(stages) <= 14 else 7
    for place, bar in zip(places, stages, strict=True):
        weight = "bold" if bar.best else "normal"
        for at, text in ((1.42, percent(bar.accuracy)), (1.78, f"{bar.logme:.2f}".replace("-", "\u2212"))):
            axes.text(at, place, text, va="center", ha="right", fontsize=size, color=INK, weight=weight)
    for at, text in ((1.42, "accuracy"), (1.78, "LogME")):
        axes.text(at, 1.02, text, ha="right", fontsize=9, color=SOFT, transform=axes.transAxes)
    axes.axvline(1 / shown.classes, color=SOFT, linewidth=1, linestyle=":")
    axes.set_yticks(places, [as_plain_text(shorten(printable(bar.stage), 18)) for bar in stages], fontsize=size)
    axes.set_ylim(len(stages) - 0.4, -0.6)
    axes.set_xlim(0, 1)
    axes.set_xticks((0.0, 0.5, 1.0), [f"{mark}{NARROW_SPACE}%" for mark in (0, 50, 100)])
    axes.set_xlabel("a head on each stage's features (dotted: chance)", color=SOFT, fontsize=9.5)
    _plain(axes)


def _plain(axes: Axes) -> None:
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(colors=SOFT, length=0, labelsize=9)
