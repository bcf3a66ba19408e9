"""The picture of a learning curve: what was measured, the law, and where it leads."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from striate.evaluation.learning_curve import INTERVAL, LearningCurve
from striate.fonts import as_plain_text, plotted

BLUE, SOFT, ORANGE = "#0a64a4", "#9aa1a8", "#b3500b"


def draw_learning_curve(
    title: str, curve: LearningCurve, asked: Sequence[int], *, pictures: int, file_format: str = "png"
) -> bytes:
    """The accuracy over the number of training pictures, on a logarithmic axis.

    Args:
        title: What was trained on what.
        curve: What was found.
        asked: Numbers of pictures that are marked with their interval.
        pictures: How many there are.
        file_format: `"png"`, `"svg"` or `"pdf"`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, PercentFormatter

    with plotted([title]):
        figure = Figure(figsize=(8.0, 4.8), dpi=150, layout="constrained")
        FigureCanvasAgg(figure)
        axis = figure.subplots()
        axis.set_title(as_plain_text(title), fontsize=11, loc="left")
        counts = np.geomspace(curve.sizes[0], max(*asked, pictures), 60)
        expected = [curve.at(round(count)) for count in counts]
        low, high, middle = ([getattr(one, name) for one in expected] for name in ("low", "high", "accuracy"))
        axis.fill_between(counts, low, high, color=BLUE, alpha=0.15, linewidth=0, label=f"{INTERVAL:.0%} interval")
        axis.plot(counts, middle, color=BLUE, linewidth=2.0, label="power law")
        axis.plot(curve.sizes, curve.accuracies, "o", color=BLUE, markersize=6, label="measured")
        marked = [curve.at(count) for count in asked]
        errors = [[one.accuracy - one.low for one in marked], [one.high - one.accuracy for one in marked]]
        accuracies = [one.accuracy for one in marked]
        axis.errorbar(asked, accuracies, errors, fmt="s", color=ORANGE, capsize=4, label="expected")
        axis.axvline(pictures, color=SOFT, linewidth=1.4, linestyle=":", label=f"now: {pictures:,} pictures")
        axis.set_xscale("log")
        ticks = [curve.sizes[0], pictures, *asked]
        axis.set_xticks(ticks)
        axis.xaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
        axis.minorticks_off()
        axis.yaxis.set_major_formatter(PercentFormatter(1.0))
        axis.set_xlabel("training pictures")
        axis.set_ylabel("accuracy on new pictures")
        axis.grid(True, color="#e3e3dc", linewidth=0.8)
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(fontsize=9, frameon=False, loc="lower right")
        encoded = io.BytesIO()
        figure.savefig(encoded, format=file_format)
    return encoded.getvalue()
