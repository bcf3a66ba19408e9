"""The picture of accuracy against seconds, a panel a set."""

from __future__ import annotations

import io
from collections.abc import Mapping

from quality.cells import Cell, Place
from quality.plan import Table
from quality.ranking import by_column, middle
from quality.sets import Facts

OWN_COLOURS = ("#0a64a4", "#3d9bd9")
PEER_COLOURS = ("#b3500b", "#6b7d2a", "#8a4fa0", "#b23a5e", "#7a6a4f", "#2f8577", "#c28a00", "#58616b")
MARKERS = "ovs^DPX*"
COLUMNS = 3


def draw(table: Table, cells: Mapping[Place, Cell], facts: Mapping[str, Facts]) -> bytes:
    """PNG: of each set every contender's accuracy on the test pictures, with its 95 % interval, where it ended; ours is filled.

    Lines are the course of Striate's tournament: the accuracy on the validation pictures of the classifier that had the place.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from striate.evaluation import wilson_interval

    columns, judged = by_column(cells), table.judged()
    sets = list(dict.fromkeys(dataset for budget, dataset in table.columns if (budget, dataset) in columns))
    lines = -(-len(sets) // COLUMNS)
    figure = Figure(figsize=(4.2 * COLUMNS, 3.1 * lines + 0.7), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(lines, COLUMNS, squeeze=False)
    styles = styles_of(table)
    handles = {}
    for panel, dataset in zip(panels.flat, sets, strict=False):
        for (_, own), contenders in columns.items():
            if own != dataset:
                continue
            for contender, seeds in contenders.items():
                if contender not in table.contenders:
                    continue
                cell, right, _ = middle(seeds, facts[dataset]) or (None, None, None)
                if cell is None or right is None or cell.failure:
                    continue
                colour, marker = styles[contender]
                low, high = wilson_interval(int(right.sum()), len(right))
                share = 100 * float(right.mean())
                handles[contender] = panel.errorbar(
                    [cell.wall_seconds],
                    [share],
                    yerr=[[share - 100 * low], [100 * high - share]],
                    fmt=marker,
                    color=colour,
                    markersize=7 if contender in judged else 6,
                    markerfacecolor=colour if contender in judged else "white",
                    elinewidth=1,
                    label=table.contenders[contender].title,
                )
                course = steps_of(cell)
                if course:
                    panel.step(*zip(*course, strict=True), where="post", color=colour, linewidth=1.2, alpha=0.7)
        panel.set_title(facts[dataset].title, fontsize=10, loc="left")
        panel.grid(True, color="#e3e3dc", linewidth=0.7)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_xlim(left=0)
        panel.set_xlabel("seconds", fontsize=8)
        panel.set_ylabel("accuracy, %", fontsize=8)
        panel.tick_params(labelsize=8)
    for panel in list(panels.flat)[len(sets) :]:
        panel.set_axis_off()
    ordered = [name for name in table.contenders if name in handles]
    figure.legend(
        [handles[name] for name in ordered],
        [table.contenders[name].title for name in ordered],
        loc="outside lower center",
        ncols=4,
        fontsize=9,
        frameon=False,
    )
    encoded = io.BytesIO()
    figure.savefig(encoded, format="png", metadata={"Software": None})
    return encoded.getvalue()


def styles_of(table: Table) -> dict[str, tuple[str, str]]:
    """Colour and marker of each contender."""
    peers = [name for name, row in table.contenders.items() if not row.league]
    own = {name: (OWN_COLOURS[place], "o") for place, name in enumerate(table.judged())}
    return own | {
        name: (PEER_COLOURS[place % len(PEER_COLOURS)], MARKERS[1 + place % (len(MARKERS) - 1)])
        for place, name in enumerate(peers)
    }


def steps_of(cell: Cell) -> list[tuple[float, float]]:
    """Seconds and validation accuracy, in percent, of the classifiers that had the place; its last holds until the end."""
    won = [
        (float(step["ended_after"]), 100 * float(step["accuracy"]))
        for step in cell.notes.get("course", ())
        if step.get("state") == "won" and step.get("ended_after") is not None and step.get("accuracy") is not None
    ]
    won.sort()
    return [*won, (cell.wall_seconds, won[-1][1])] if won else []
