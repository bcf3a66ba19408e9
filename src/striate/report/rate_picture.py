"""The picture of a learning-rate range test."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from striate.fonts import as_plain_text, plotted

BLUE, SOFT, ORANGE = "#0a64a4", "#9aa1a8", "#b3500b"


def draw_rates(
    title: str,
    rates: Sequence[float],
    losses: Sequence[float],
    smoothed: Sequence[float],
    *,
    suggestion: float,
    steepest: float,
    minimum: float,
    recipe_rate: float | None,
    file_format: str = "png",
) -> bytes:
    """The loss over the learning rate, on a logarithmic axis, with what is suggested marked.

    Args:
        title: What was trained on what.
        rates: (k,) rising.
        losses: (k,) of the batches.
        smoothed: (k,) the same, smoothed.
        suggestion: The suggested rate.
        steepest: Where the loss falls fastest.
        minimum: Where it is lowest.
        recipe_rate: What training would take by itself; None: not drawn.
        file_format: `"png"`, `"svg"` or `"pdf"`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with plotted([title]):
        figure = Figure(figsize=(8.0, 4.8), dpi=150, layout="constrained")
        FigureCanvasAgg(figure)
        axis = figure.subplots()
        axis.set_title(as_plain_text(title), fontsize=11, loc="left")
        axis.plot(rates, losses, color=SOFT, linewidth=0.9, label="each batch")
        axis.plot(rates, smoothed, color=BLUE, linewidth=2.4, label="smoothed")
        axis.axvline(suggestion, color=ORANGE, linewidth=1.8, label=f"suggested: {suggestion:.2g}")
        marks = (("falls fastest", steepest, "v"), ("lowest", minimum, "o"))
        for what, rate, marker in marks:
            height = float(np.interp(rate, rates, smoothed))
            axis.plot([rate], [height], marker, color=BLUE, markersize=7, zorder=5, label=f"{what}: {rate:.2g}")
        if recipe_rate is not None:
            axis.axvline(
                recipe_rate, color=SOFT, linewidth=1.4, linestyle=":", label=f"of the recipe: {recipe_rate:.2g}"
            )
        axis.set_xscale("log")
        axis.set_xlim(rates[0], rates[-1])
        low, high = min(smoothed), max(smoothed[0], *smoothed[: max(1, list(smoothed).index(min(smoothed)))])
        room = max(high - low, 1e-6)
        axis.set_ylim(low - 0.15 * room, high + 0.6 * room)
        axis.set_xlabel("learning rate")
        axis.set_ylabel("training loss")
        axis.grid(True, color="#e3e3dc", linewidth=0.8)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(fontsize=9, frameon=False, loc="best")
        encoded = io.BytesIO()
        figure.savefig(encoded, format=file_format)
    return encoded.getvalue()
