"""A layer's kernels: the first layer's in the colours of the picture, deeper ones by how much they weigh each place."""

from __future__ import annotations

import numpy as np

from striate.report.seeing_contents import WIDE, Panel, Shown
from striate.seeing.methods import Method
from striate.seeing.question import Question
from striate.visualization import filters
from striate.visualization.filters import first_convolution
from striate.visualization.montage import draw_grid, draw_heat, draw_kernel

MOST_FILTERS, FILTERS_ACROSS = 96, 16
GRID_WIDTH = 1200
"""Pixels; the grid is drawn about this wide."""


def filter_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """A layer's kernels; of a whole page the first layer's, or nothing where the network has no convolution.

    Raises:
        UsageError: The layer has no kernels.
    """
    if question.whole_page:
        return first_filters_panels(method, question)
    return (_panel(method, question, question.layer),)


def first_filters_panels(method: Method, question: Question) -> tuple[Panel, ...]:
    """The first layer's kernels; nothing where the network has no convolution."""
    if first_convolution(question.seen.network) is None:
        return ()
    return (_panel(method, question, None),)


def _panel(method: Method, question: Question, layer: str | None) -> Panel:
    kernels = question.seen.in_colours(filters(question.seen.network, layer))
    signed = bool((kernels < 0).any())
    shown = kernels[:MOST_FILTERS]
    drawn = [(draw_kernel(kernel) if signed else draw_heat(kernel[0])).pixels for kernel in shown]
    height, width = drawn[0].shape[:2]
    times = max(1, round(GRID_WIDTH / (FILTERS_ACROSS * width)))
    tiles = [np.repeat(np.repeat(pixels, times, axis=0), times, axis=1) for pixels in drawn]
    count = f"{len(shown)} of {len(kernels):,}" if len(shown) < len(kernels) else f"All {len(kernels):,}"
    how = (
        "Each is drawn on its own scale with mid-grey for 0: it answers to what looks like it."
        if signed
        else "Each has many channels; drawn is how much it weighs each place over all of them, from 0 to its largest."
    )
    return Panel(
        method=method.name,
        title=f"First {method.title.lower()}" if layer is None else method.title,
        shows=f"{count} kernels of {height} x {width}. {how}",
        rows=[[Shown(draw_grid(tiles, columns=min(FILTERS_ACROSS, len(tiles)), gap=4), (), WIDE)]],
        layer=layer or "",
        facts={"kernels": len(kernels), "size": [height, width]},
    )
