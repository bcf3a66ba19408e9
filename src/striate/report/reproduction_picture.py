"""The picture of an experiment: each arm's values, their mean and deviation, and the published figures."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from striate.fonts import as_plain_text, plotted

BLUE, SOFT, ORANGE, GRID = "#0a64a4", "#9aa1a8", "#b3500b", "#e3e3dc"
PANEL_INCHES, ROW_INCHES, HEAD_INCHES = 3.5, 0.34, 1.75
NAMES_INCHES = 1.7
APART = 30.0
"""Where the greatest mean is so many times the least, an axis of counts and norms is logarithmic."""
TICKS = 5
"""Intervals between the numbers under a panel, at most."""


@dataclass(frozen=True)
class Panel:
    """A measure."""

    title: str
    values: Mapping[str, Sequence[float]]
    """Of each arm, in order, a value a seed."""
    kind: Literal["share", "count", "seconds", "number"] = "number"
    published: Mapping[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What stands at its axis: the title, and the unit where it has one that the numbers do not show."""
        return f"{self.title}, in seconds" if self.kind == "seconds" else self.title


def draw_reproduction(claim: str, verdict: str, panels: Sequence[Panel], *, file_format: str = "png") -> bytes:
    """The picture, a panel a measure: points are seeds, the bar is the mean with one deviation on either side, diamonds are published.

    Args:
        claim: One sentence.
        verdict: What came of it, in a line.
        panels: The measures, all of the same arms.
        file_format: `"png"`, `"svg"` or `"pdf"`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    arms = list(panels[0].values)
    width = NAMES_INCHES + PANEL_INCHES * len(panels)
    with plotted([claim, verdict, *arms]):
        figure = Figure(figsize=(width, HEAD_INCHES + ROW_INCHES * len(arms)), dpi=150, layout="constrained")
        FigureCanvasAgg(figure)
        head = "\n".join(textwrap.wrap(as_plain_text(claim), int(width * 11)))
        figure.suptitle(f"{head}\n{as_plain_text(verdict)}", fontsize=10.5, x=0.01, ha="left")
        axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        for axis, panel in zip(axes, panels, strict=True):
            _draw_panel(axis, panel)
        axes[0].set_yticks(range(len(arms)), [as_plain_text(arm) for arm in arms])
        axes[0].set_ylim(len(arms) - 0.5, -0.5)
        encoded = io.BytesIO()
        figure.savefig(encoded, format=file_format)
    return encoded.getvalue()


def _draw_panel(axis: Any, panel: Panel) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

    for place, (arm, values) in enumerate(panel.values.items()):
        finite = [value for value in values if math.isfinite(value)]
        if finite:
            mean, deviation = float(np.mean(finite)), float(np.std(finite, ddof=1)) if len(finite) > 1 else 0.0
            axis.plot(finite, [place] * len(finite), "o", color=SOFT, markersize=4, zorder=2)
            axis.errorbar(
                [mean], [place], xerr=[deviation], fmt="|", color=BLUE, markersize=13, capsize=3, lw=2, zorder=3
            )
        if arm in panel.published:
            axis.plot([panel.published[arm]], [place], "D", mfc="none", mec=ORANGE, markersize=7, zorder=4)
    means = [float(np.mean(values)) for values in panel.values.values()]
    apart = min(means) > 0 and max(means) / min(means) > APART and panel.kind != "share"
    if apart:
        axis.set_xscale("log")
    elif min(means) >= 0:
        axis.set_xlim(left=0)
    if not apart:
        axis.xaxis.set_major_locator(MaxNLocator(TICKS))  # more do not fit side by side
    if panel.kind == "share":
        axis.xaxis.set_major_formatter(PercentFormatter(1.0))
    elif not apart:
        axis.xaxis.set_major_formatter(FuncFormatter(short_number))
    axis.set_xlabel("\n".join(textwrap.wrap(panel.label, 34)), fontsize=9)
    axis.tick_params(labelsize=9)
    axis.grid(True, axis="x", color=GRID, linewidth=0.8)
    axis.spines[["top", "right"]].set_visible(False)


def short_number(value: float, place: int) -> str:
    """A tick's number, in thousands and millions where it is large.

    Example:
        >>> short_number(2_500_000.0, 0), short_number(1500.0, 0), short_number(0.25, 0)
        ('2.5M', '1.5k', '0.25')
    """
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
