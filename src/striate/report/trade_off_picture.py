"""The picture of what arms pay for what they reach: one measure over others, an arm a point."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from striate.fonts import as_plain_text, plotted
from striate.report.reproduction_picture import APART, BLUE, GRID, SOFT, Panel, short_number

PANEL_INCHES, HEIGHT_INCHES = 4.2, 4.2


def draw_trade_off(
    claim: str, verdict: str, reached: Panel, paid: Sequence[Panel], *, file_format: str = "png"
) -> bytes:
    """The picture, a panel a measure that is paid: small points are seeds, the large one of an arm is their mean, with its name.

    Args:
        claim: One sentence.
        verdict: What came of it, in a line.
        reached: What stands on the upright axis.
        paid: What stands on the level ones, of the same arms.
        file_format: `"png"`, `"svg"` or `"pdf"`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = PANEL_INCHES * len(paid)
    with plotted([claim, verdict, *reached.values]):
        figure = Figure(figsize=(width, HEIGHT_INCHES), dpi=150, layout="constrained")
        FigureCanvasAgg(figure)
        head = "\n".join(textwrap.wrap(as_plain_text(claim), int(width * 11)))
        figure.suptitle(f"{head}\n{as_plain_text(verdict)}", fontsize=10.5, x=0.01, ha="left")
        axes = figure.subplots(1, len(paid), squeeze=False, sharey=True)[0]
        for axis, panel in zip(axes, paid, strict=True):
            _draw_panel(axis, reached, panel)
        axes[0].set_ylabel(reached.title, fontsize=9)
        encoded = io.BytesIO()
        figure.savefig(encoded, format=file_format)
    return encoded.getvalue()


def _draw_panel(axis: Any, reached: Panel, paid: Panel) -> None:
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    means = {}
    for arm, heights in reached.values.items():
        points = [
            (place, height)
            for place, height in zip(paid.values[arm], heights, strict=True)
            if math.isfinite(place) and math.isfinite(height)
        ]
        if points:
            axis.plot(*zip(*points, strict=True), "o", color=SOFT, markersize=3, zorder=2)
            means[arm] = np.mean(points, axis=0)
    places = [float(mean[0]) for mean in means.values()]
    if places and min(places) > 0 and max(places) / min(places) > APART / 10:
        axis.set_xscale("log")
    if reached.kind == "share":
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
    axis.xaxis.set_major_formatter(FuncFormatter(short_number))
    axis.xaxis.set_minor_formatter("")
    middle = float(np.median(places)) if places else 0.0
    for turn, (arm, (place, height)) in enumerate(sorted(means.items(), key=lambda mean: float(mean[1][0]))):
        axis.plot([place], [height], "o", color=BLUE, markersize=6, zorder=3)
        left, below = place > middle, turn % 2 == 1  # names point inwards, and neighbours' not into each other
        axis.annotate(
            as_plain_text(arm),
            (place, height),
            xytext=(-6 if left else 6, -11 if below else 5),
            textcoords="offset points",
            ha="right" if left else "left",
            fontsize=8,
        )
    axis.set_xlabel("\n".join(textwrap.wrap(paid.label, 40)), fontsize=9)
    axis.tick_params(labelsize=9)
    axis.margins(0.08, 0.12)
    axis.grid(True, color=GRID, linewidth=0.8)
    axis.spines[["top", "right"]].set_visible(False)
