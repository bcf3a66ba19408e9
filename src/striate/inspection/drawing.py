"""A network as a drawing: lanes and edges with their places, ready for the page.

Nodes stand in rows by their longest way from the picture, and branches in lanes side by side; which nodes there are is said by
`drawn_nodes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from striate.inspection.drawn_nodes import WIDTH, Node, times

ACROSS, DOWN = 28, 36  # of the gaps beside and below a node, in pixels


@dataclass(frozen=True)
class Edge:
    """A line from a node to another."""

    path: str
    skip: bool  # it passes by other nodes


@dataclass(frozen=True)
class Label:
    """A shape beside an edge."""

    x: float
    y: float
    text: str
    before: bool  # it ends at its place rather than beginning there


@dataclass(frozen=True)
class Band:
    """A stage behind its nodes."""

    name: str
    shape: str
    y: float
    height: float
    parameters_share: float
    macs_share: float


@dataclass
class Drawing:
    """Everything with its place, in pixels."""

    width: float
    height: float
    nodes: list[Node]
    edges: list[Edge]
    labels: list[Label]
    bands: list[Band] = field(default_factory=list)
    left: float = 0.0


def draw(nodes: Sequence[Node], *, stages: Mapping[str, tuple[float, float, str]] | None = None) -> Drawing:
    """Gives every node a place, and every edge a way.

    Args:
        nodes: In order; those that others are fed by come first.
        stages: Shares of parameters and MACs, and the output's shape, of each stage; bands are drawn for them.
    """
    known = {node.name: node for node in nodes}
    for node in nodes:
        node.inputs = [name for name in node.inputs if name in known]
        node.row = max((known[name].row + 1 for name in node.inputs), default=0)
    rows: list[list[Node]] = [[] for _ in range(max(node.row for node in nodes) + 1)]
    for node in nodes:
        rows[node.row].append(node)
    _lanes(rows, known)
    lanes = [node.lane for node in nodes]
    side = 0.62 if any(len(n.inputs) > 1 for n in nodes) else 0.0
    left = 190.0 if stages else 12.0
    step = WIDTH + ACROSS
    middle = left + WIDTH / 2 + (side - min(lanes)) * step
    y = 12.0
    for row in rows:
        tall = max(node.height for node in row)
        for node in row:
            node.x, node.y = middle + node.lane * step, y + (tall - node.height) / 2
        y += tall + DOWN
    width = middle + (max(lanes) + side) * step + WIDTH / 2 + (170.0 if stages else 60.0)
    edges, labels = _edges(rows, known, step)
    drawing = Drawing(max(width, 720.0 if stages else 0.0), y - DOWN + 14, list(nodes), edges, labels, left=left)
    if stages:
        drawing.bands = list(_bands(rows, stages))
    return drawing


def _lanes(rows: Sequence[Sequence[Node]], known: Mapping[str, Node]) -> None:
    for row in rows:
        siblings: dict[str, list[Node]] = {}
        for node in row:
            siblings.setdefault(node.inputs[0] if len(node.inputs) == 1 else node.name, []).append(node)
        for node in row:
            if not node.inputs:
                node.lane = 0.0
            elif len(node.inputs) > 1:
                node.lane = sum(known[name].lane for name in node.inputs) / len(node.inputs)
            else:
                group = siblings[node.inputs[0]]
                node.lane = known[node.inputs[0]].lane + group.index(node) - (len(group) - 1) / 2
        ordered = sorted(row, key=lambda node: node.lane)
        for before, after in pairwise(ordered):
            after.lane = max(after.lane, before.lane + 1)


def _edges(rows: Sequence[Sequence[Node]], known: Mapping[str, Node], step: float) -> tuple[list[Edge], list[Label]]:
    edges: list[Edge] = []
    users: dict[str, list[Node]] = {}
    for row in rows:
        for node in row:
            for name in node.inputs:
                source = known[name]
                between = [other for place in range(source.row + 1, node.row) for other in rows[place]]
                path, skip = _path(source, node, between, step)
                edges.append(Edge(path, skip))
                users.setdefault(name, []).append(node)
    labels = []
    for name, targets in users.items():
        source = known[name]
        if source.category != "picture":
            # On the side that the lines leave free.
            before = len(targets) > 1 or targets[0].x > source.x
            x = source.x - 8 if before else source.x + 8
            labels.append(Label(x, source.y + source.height + 15, times(source.shape), before))
    return edges, labels


def _path(source: Node, node: Node, between: Sequence[Node], step: float) -> tuple[str, bool]:
    """A line from the foot of one node to the head of another, around those that stand between."""
    top, bottom = source.y + source.height, node.y
    if not between:
        return _curve(source.x, top, node.x, bottom), False
    lanes = {round(other.lane * 2) for other in between}
    first, last = min(other.y for other in between), max(other.y + other.height for other in between)
    if not any(abs(lane / 2 - source.lane) < 0.9 for lane in lanes):
        return f"{_line(source.x, top, last)} {_curve(source.x, last, node.x, bottom, move=False)}", False
    if not any(abs(lane / 2 - node.lane) < 0.9 for lane in lanes):
        return f"{_curve(source.x, top, node.x, first)} L{node.x:.1f} {bottom:.1f}", False
    x = max(other.x for other in between) + WIDTH / 2 + ACROSS * 0.75
    side = node.x + node.width / 2
    level = node.y + node.height / 2
    way = f"{_curve(source.x, top, x, first)} L{x:.1f}"
    if node.category != "merge":
        return f"{way} {last:.1f} {_curve(x, last, node.x, bottom, move=False)}", True
    corner = f"Q{x:.1f} {level:.1f} {x - 16:.1f} {level:.1f}"
    return f"{way} {level - 16:.1f} {corner} L{side:.1f} {level:.1f}", True


def _line(x: float, top: float, bottom: float) -> str:
    return f"M{x:.1f} {top:.1f} L{x:.1f} {bottom:.1f}"


def _curve(x: float, y: float, to_x: float, to_y: float, *, move: bool = True) -> str:
    half = (y + to_y) / 2
    begin = f"M{x:.1f} {y:.1f} " if move else ""
    return f"{begin}C{x:.1f} {half:.1f} {to_x:.1f} {half:.1f} {to_x:.1f} {to_y:.1f}"


def _bands(rows: Sequence[Sequence[Node]], stages: Mapping[str, tuple[float, float, str]]) -> Iterable[Band]:
    spans: dict[str, tuple[float, float]] = {}
    for row in rows:
        for node in row:
            name = node.stage or "head"
            top, bottom = spans.get(name, (node.y, node.y + node.height))
            spans[name] = min(top, node.y), max(bottom, node.y + node.height)
    for name, (top, bottom) in spans.items():
        parameters, macs, shape = stages.get(name, (0.0, 0.0, ""))
        yield Band(name, shape, top - DOWN / 2 + 3, bottom - top + DOWN - 6, parameters, macs)
