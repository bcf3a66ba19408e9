"""Signals of a network under several schemes, as text, Markdown, JSON, a picture and a page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2

from striate.fonts import as_plain_text, plotted
from striate.inspection.signal import LayerSignal, Signal
from striate.inspection.text import TO_THE_LEFT, markdown_table, size_text
from striate.row_writing import json_text
from striate.text_layout import table, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = ("layer", "kind", "output", "mean", "variance", "gradient mean", "gradient variance", "dead", "pull")
OUTCOMES = {"trains": "will train", "slow": "slow or touchy", "fails": "will not train"}
COLOURS = ("#0a64a4", "#b3500b", "#2f7a55", "#6a4fa3", "#a3324b", "#7a6a1f", "#3d8f96", "#5a6067")
MOST_NAMES = 40  # layers whose names have a place under the plot


@dataclass(frozen=True)
class SignalReport:
    """A network's signal at the first step, under each of several schemes."""

    name: str
    paper: str
    input_shape: tuple[int, ...]
    pictures: str  # what the pictures are, in words
    signals: tuple[Signal, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON types; numbers that are not finite are None."""
        return {
            "name": self.name,
            "paper": self.paper,
            "input_shape": list(self.input_shape),
            "pictures": self.pictures,
            "schemes": [signal.to_dict() for signal in self.signals],
        }

    def to_json(self) -> str:
        """Everything as JSON text."""
        return json_text(self.to_dict())

    def verdicts(self) -> list[str]:
        """A line a scheme: whether the network will train."""
        return [f"{signal.scheme or 'as it is'}: {signal.verdict}" for signal in self.signals]

    def to_text(self, *, width: int | None = None) -> str:
        """A table a scheme, and the verdicts; on a screen of `width` columns no word is cut."""
        lines = wrapped(f"{self.name}, {size_text(self.input_shape)}: {self.pictures}", width)
        for signal in self.signals:
            rows = [cells(layer) for layer in signal.layers]
            lines += ["", signal.scheme or "as it is", *table(COLUMNS, rows, left=TO_THE_LEFT, width=width)]
        return "\n".join([*lines, "", *wrapped("\n".join(self.verdicts()), width)])

    def to_markdown(self) -> str:
        """The same as Markdown."""
        lines = [f"# {self.name}", "", f"{size_text(self.input_shape)}: {self.pictures}", ""]
        lines += [f"- {verdict}" for verdict in self.verdicts()]
        for signal in self.signals:
            rows = [cells(layer) for layer in signal.layers]
            lines += ["", f"## {signal.scheme or 'as it is'}", "", *markdown_table(COLUMNS, rows)]
        return "\n".join(lines) + "\n"

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        said = [notebook.text(verdict) for verdict in self.verdicts()]
        return notebook.block(
            f"{self.name}, {self.pictures}", *said, notebook.picture(self.picture(), said="the signal, layer by layer")
        )

    def picture(self) -> bytes:
        """A PNG: variances of activations and of gradients, and dead ReLUs, layer by layer, a line a scheme."""
        return _picture(self)

    def to_html(self) -> str:
        """A page in one file: the verdicts, the picture and the tables."""
        encoded = base64.b64encode(self.picture()).decode("ascii")
        groups = [(signal, [cells(layer) for layer in signal.layers]) for signal in self.signals]
        return (
            _environment()
            .get_template("signal.html.j2")
            .render(report=self, picture=encoded, groups=groups, columns=COLUMNS, outcomes=OUTCOMES)
        )


def cells(layer: LayerSignal) -> tuple[str, ...]:
    """A row of the table."""
    return (
        layer.name or layer.kind,
        layer.kind,
        size_text(layer.shape),
        number_text(layer.mean),
        number_text(layer.variance),
        number_text(layer.gradient_mean),
        number_text(layer.gradient_variance),
        "" if layer.dead is None else f"{layer.dead:.0%}",
        number_text(layer.pull),
    )


def number_text(number: float | None) -> str:
    """Three digits; nothing for None.

    Example:
        >>> number_text(0.0123456), number_text(1.5e-17), number_text(None)
        ('0.0123', '1.5e-17', '')
    """
    return "" if number is None else f"{number:.3g}"


def _picture(report: SignalReport) -> bytes:
    names = [layer.name for layer in report.signals[0].layers]
    with plotted([report.name, report.pictures, *names]):
        return _drawn(report)


def _drawn(report: SignalReport) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    layers = report.signals[0].layers
    relus = any(layer.dead is not None for layer in layers)
    figure = Figure(figsize=(11, 9.6 if relus else 7), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    panels: list[Axes] = list(figure.subplots(3 if relus else 2, 1, sharex=True).flat)
    titles = (
        "Variance of what a layer answers",
        "Variance of the gradient by it",
        "ReLUs that are dead, share of units",
    )
    for panel, title in zip(panels, titles, strict=False):
        panel.set_title(title, loc="left", fontsize=11, fontweight="bold")
        panel.grid(axis="y", color="#e3e3dc", linewidth=0.8)
        panel.spines[["top", "right"]].set_visible(False)
        panel.margins(x=0.01)
    for place, signal in enumerate(report.signals):
        style = {
            "color": COLOURS[place % len(COLOURS)],
            "linestyle": ("-", "--", "-.", ":")[place % 4],
            "linewidth": 1.8,
            "marker": "o",
            "markersize": 4.5 if len(layers) <= 2 * MOST_NAMES else 2.5,
        }
        label = f"{signal.scheme or 'as it is'}: {OUTCOMES[signal.outcome]}"
        _line(panels[0], signal, "variance", style, label)
        _line(panels[1], signal, "gradient_variance", style, label)
        if relus:
            _line(panels[2], signal, "dead", style, label)
    for panel in panels[:2]:
        panel.set_yscale("log")
    if relus:
        panels[2].set_ylim(-0.03, 1.03)
        panels[2].yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    weighted = [place for place, layer in enumerate(layers) if not layer.is_activation]
    every = -(-len(weighted) // MOST_NAMES)
    shown = weighted[::every]
    panels[-1].set_xticks(
        shown, [as_plain_text(layers[place].name) for place in shown], rotation=60, ha="right", fontsize=8
    )
    panels[-1].set_xlabel("from the picture to the answer" + (f"; one layer in {every} is named" if every > 1 else ""))
    title = f"{report.name}: the signal before training, {size_text(report.input_shape)}, {report.pictures}"
    figure.suptitle(as_plain_text(title), x=0.01, ha="left", fontsize=12)
    figure.legend(
        *panels[0].get_legend_handles_labels(),
        loc="outside lower center",
        ncols=min(2, len(report.signals)),
        frameon=False,
    )
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _line(panel: Axes, signal: Signal, figure: str, style: dict[str, Any], label: str) -> None:
    """What was measured at the layers, or of dead ReLUs at these, by the place of each in the order they run."""
    of_relus = figure == "dead"
    points = [
        (place, value)
        for place, layer in enumerate(signal.layers)
        if (value := getattr(layer, figure)) is not None and (of_relus or (not layer.is_activation and value > 0))
    ]
    if points:
        panel.plot(*zip(*points, strict=True), label=label, **style)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("striate.inspection", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
