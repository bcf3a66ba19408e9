"""The picture of the degradation experiment: errors over epochs, and the gradient in every layer, plain beside residual."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from striate.fonts import as_plain_text, plotted

SHALLOW, DEEP = "#7a8087", "#0a64a4"
FIGURE_INCHES = (10.0, 7.6)
DOTS_PER_INCH = 150


@dataclass(frozen=True)
class NetworkCurve:
    """How one network learnt."""

    name: str
    deep: bool
    train_error: Sequence[float]  # one an epoch, shares in 0..1
    val_error: Sequence[float | None]
    # (epoch, norm of each convolution's or dense layer's gradient, the first layer first); epoch 0 is before training
    gradients: Sequence[tuple[int, Sequence[float]]] = field(default_factory=tuple)


def draw_depth(title: str, columns: Mapping[str, Sequence[NetworkCurve]]) -> bytes:
    """The picture as a PNG file's bytes; a column each for plain and for residual networks, with the same axes.

    Above: training error thin, validation error bold. Below: the norm of the loss's gradient in each layer before the
    first step (dashed) and after the last epoch.

    Args:
        title: What was trained on what.
        columns: From a column's head to its networks.

    Source: the layout above is that of He et al. 2015, Fig. 4 and Fig. 6.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with plotted([title, *columns]):
        figure = Figure(figsize=FIGURE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(as_plain_text(title), fontsize=12)
        axes = figure.subplots(2, len(columns), squeeze=False, sharex="row", sharey="row")
        for column, (head, curves) in enumerate(columns.items()):
            above, below = axes[0][column], axes[1][column]
            above.set_title(head, fontsize=11, fontweight="bold")
            for curve in curves:
                _draw_errors(above, curve)
                _draw_gradients(below, curve)
            above.set_xlabel("epoch")
            below.set_xlabel("depth of the layer: 0 the first, 1 the last")
            below.set_yscale("log")
            for one in (above, below):
                one.grid(True, color="#e3e3dc", linewidth=0.8)
                one.spines[["top", "right"]].set_visible(False)
                if one.get_legend_handles_labels()[0]:
                    one.legend(fontsize=8, frameon=False)
        axes[0][0].set_ylabel("error, %")
        axes[0][0].set_ylim(0, 100)
        axes[0][0].xaxis.get_major_locator().set_params(integer=True)
        axes[1][0].set_ylabel("norm of the gradient")
        encoded = io.BytesIO()
        figure.savefig(encoded, format="png")
    return encoded.getvalue()


def _draw_errors(axis: Any, curve: NetworkCurve) -> None:
    colour = DEEP if curve.deep else SHALLOW
    for errors, width, what in ((curve.val_error, 2.8, "validation"), (curve.train_error, 1.1, "training")):
        points = [(epoch, 100 * error) for epoch, error in enumerate(errors, 1) if error is not None]
        if not points:
            continue
        marker = "o" if len(points) == 1 else None
        axis.plot(
            *zip(*points, strict=True), color=colour, linewidth=width, marker=marker, label=f"{curve.name}, {what}"
        )


def _draw_gradients(axis: Any, curve: NetworkCurve) -> None:
    colour = DEEP if curve.deep else SHALLOW
    measured = [curve.gradients[0], curve.gradients[-1]] if len(curve.gradients) > 1 else list(curve.gradients)
    for epoch, norms in measured:
        depths = [layer / max(1, len(norms) - 1) for layer in range(len(norms))]
        when = "before the first step" if epoch == 0 else f"after epoch {epoch}"
        style = "--" if epoch == 0 else "-"
        axis.plot(depths, norms, color=colour, linewidth=1.3, linestyle=style, label=f"{curve.name}, {when}")
