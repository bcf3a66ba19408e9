"""An inspection as a page in one file: the totals, the network drawn, its blocks, its stages and layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2

from striate.inspection.drawing import Drawing, draw
from striate.inspection.drawn_nodes import Node, inside, overview, times
from striate.inspection.layers import Layer
from striate.inspection.record import COUNTING, Record
from striate.inspection.text import (
    arithmetic_text,
    bytes_text,
    count_text,
    parameters_text,
    size_text,
    totals,
    window_text,
)

MOST_BLOCKS = 24  # kinds of blocks that are drawn from within


@dataclass(frozen=True)
class Block:
    """A kind of block, drawn from within."""

    title: str
    where: str
    times: int
    drawing: Drawing
    open: bool


@dataclass(frozen=True)
class Page:
    """All that the template shows."""

    inspection: Record
    figures: list[tuple[str, str, str]]  # name, value, a word more
    facts: list[tuple[str, str]]
    drawing: Drawing
    blocks: list[Block]
    groups: list[tuple[str, str, list[Layer]]]  # title, sum, layers
    counting: str


def inspection_page(inspection: Record, *, batch_size: int = 1, depth: int | None = None) -> str:
    """The page as text."""
    page = shown(inspection, batch_size=batch_size, depth=depth)
    return _environment().get_template("inspection.html.j2").render(page=page)


def shown(inspection: Record, *, batch_size: int = 1, depth: int | None = None) -> Page:
    """What a page shows of an inspection."""
    main = [layer for layer in inspection.layers if not layer.auxiliary]
    nodes = overview(main, depth, inspection.kinds)
    shares = {
        stage.name: (stage.parameters_share, stage.macs_share, times(stage.output_shape)) for stage in inspection.stages
    }
    size = inspection.receptive_field
    field = "—" if size is None else f"{size}" if isinstance(size, int) else times(size)
    memory = inspection.memory(batch_size)
    extra = (
        f"and {count_text(inspection.auxiliary_parameters)} in auxiliary heads"
        if inspection.auxiliary_parameters
        else ""
    )
    last = inspection.last_local
    given = f"one {inspection.one}" if batch_size == 1 else f"{batch_size} {inspection.one}s"
    unit = "words" if inspection.one == "sentence" else "pixels"
    figures = [
        ("Parameters", f"{inspection.parameters:,}", extra),
        ("MACs", f"{inspection.macs:,}", f"{count_text(inspection.flops)} FLOPs"),
        ("Receptive field", field, f"{unit}, at {last.name}" if last else ""),
        ("Memory", bytes_text(memory.inference), f"to infer {given}"),
    ]
    return Page(
        inspection,
        figures,
        [(name, value) for name, value in totals(inspection, batch_size) if name],
        draw(nodes, stages=shares if len(inspection.stages) > 1 else None),
        _blocks(nodes),
        _groups(inspection, depth),
        COUNTING,
    )


def _blocks(nodes: list[Node]) -> list[Block]:
    """One of each kind of block, in order."""
    kinds: dict[tuple[object, ...], list[Node]] = {}
    for node in nodes:
        if node.category == "block":
            members = node.members[: len(node.members) // node.count]
            key = (node.title, tuple((layer.kind, layer.kernel, layer.stride) for layer in members))
            kinds.setdefault(key, []).append(node)
    return [
        Block(
            same[0].title,
            same[0].name,
            sum(node.count for node in same),
            draw(inside(same[0])),
            place < 2,
        )
        for place, same in enumerate(list(kinds.values())[:MOST_BLOCKS])
    ]


def _groups(inspection: Record, depth: int | None) -> list[tuple[str, str, list[Layer]]]:
    groups: dict[str, list[Layer]] = {}
    for layer in inspection.folded(depth):
        title = "auxiliary heads" if layer.auxiliary else layer.stage or "head"
        groups.setdefault(title, []).append(layer)
    return [
        (
            title,
            f"{sum(layer.parameters for layer in layers):,} parameters, {sum(layer.macs for layer in layers):,} MACs",
            layers,
        )
        for title, layers in groups.items()
    ]


FILTERS: Mapping[str, Callable[..., Any]] = {
    "bytes": bytes_text,
    "short": count_text,
    "window": lambda layer: window_text(layer).replace("x", "×"),
    "parameters": parameters_text,
    "arithmetic": lambda layer: arithmetic_text(layer).replace("*", " · ").replace("+", " + "),
    "shape": times,
    "square": lambda values: size_text(values, square=True),
}
"""What the templates of this room write figures with."""


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("striate.inspection", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment
