"""A network as a drawing: nodes, lanes and edges with their places, ready for the page.

Layers that only work on each number of what one layer answers are drawn with it; blocks are drawn as one node, and equal
blocks in a row as one with a number. Nodes stand in rows by their longest way from the picture, and branches in lanes
side by side.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from striate.inspection.layers import INPUT, Layer
from striate.inspection.text import count_text, window_text

WIDTH, HEIGHT, ACROSS, DOWN = 212, 54, 28, 36  # of a node and of the gaps beside and below it, in pixels
MERGE = 26  # side of a node where branches join
FEWEST_NODES = 7  # a drawing with fewer says too little, so it unfolds one level more
CONTAINERS = {"Sequential", "ModuleList", "ModuleDict"}  # as blocks they say nothing
MERGES = {"add": "+", "sub": "−", "mul": "×", "cat": "cat", "__add__": "+", "__iadd__": "+", "__mul__": "×"}


@dataclass
class Node:
    """What is drawn as one: a layer with what works on its output number by number, or a block."""

    name: str
    title: str
    detail: str
    category: str  # convolution, dense, pool, merge, block, other
    members: list[Layer]
    inputs: list[str]
    shape: tuple[int, ...]
    stage: str
    count: int = 1  # how many equal ones in a row it stands for
    x: float = 0.0  # centre
    y: float = 0.0  # top
    lane: float = 0.0
    row: int = 0

    @property
    def width(self) -> float:
        """In pixels."""
        return MERGE if self.category == "merge" and len(self.title) == 1 else 44 if self.category == "merge" else WIDTH

    @property
    def height(self) -> float:
        """In pixels."""
        return MERGE if self.category in ("merge", "picture") else HEIGHT

    @property
    def parameters(self) -> int:
        """Of all that it stands for."""
        return sum(layer.parameters for layer in self.members)

    @property
    def macs(self) -> int:
        """Of all that it stands for."""
        return sum(layer.macs for layer in self.members)

    @property
    def figures(self) -> str:
        """Parameters and MACs in short."""
        parts = [f"{count_text(self.parameters)} par." if self.parameters else ""]
        parts.append(f"{count_text(self.macs)} MACs" if self.macs else "")
        return " · ".join(part for part in parts if part)

    @property
    def tip(self) -> str:
        """What is said when the pointer rests on it."""
        names = self.name if self.count == 1 else f"{self.name} and {self.count - 1} more like it"
        return f"{names}: {self.parameters:,} parameters, {self.macs:,} MACs, output {times(self.shape)}"


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


def times(shape: Sequence[int]) -> str:
    """A shape with multiplication signs."""
    return "×".join(str(size) for size in shape)


def category(layer: Layer) -> str:
    """How a layer is coloured."""
    kind = layer.kind.lower()
    if kind in MERGES:
        return "merge" if len(layer.inputs) > 1 else "other"
    if "pool" in kind or "subsampling" in kind:
        return "pool"
    if layer.macs and len(layer.kernel) > 0:
        return "convolution"
    return "dense" if layer.macs else "other"


def fused(layers: Sequence[Layer]) -> list[Node]:
    """A node a layer, but for those that work number by number on what one other layer answers: they join it."""
    users: dict[str, int] = {}
    for layer in layers:
        for name in layer.inputs:
            users[name] = users.get(name, 0) + 1
    nodes: dict[str, Node] = {}
    home: dict[str, str] = {}
    for layer in layers:
        source = home.get(layer.inputs[0], "") if len(layer.inputs) == 1 else ""
        here = category(layer)
        small = here == "other" and not layer.macs and (not layer.kernel or layer.kind == "pad")
        flat = len(layer.output_shape) == 1 and layer.kind.lower() in ("flatten", "reshape", "view")
        host = nodes.get(source)
        same = layer.input_shapes[:1] == (layer.output_shape,)
        if host and small and (same or flat) and users.get(layer.inputs[0]) == 1 and host.category != "merge":
            host.members.append(layer)
            host.shape = layer.output_shape
            home[layer.name] = source
            continue
        nodes[layer.name] = _node(layer, here, [home.get(name, name) for name in layer.inputs])
        home[layer.name] = layer.name
    for node in nodes.values():
        node.detail = ", ".join(_plain(layer.kind) for layer in node.members[1:])
    return list(nodes.values())


def _node(layer: Layer, here: str, inputs: list[str]) -> Node:
    title = MERGES.get(layer.kind.lower(), "") if here == "merge" else ""
    if not title:
        window = window_text(replace(layer, padding=(), groups=1)) if here in ("convolution", "pool") else ""
        width = f" → {layer.output_shape[0]}" if here in ("convolution", "dense") and layer.output_shape else ""
        kind = "Depthwise" if 1 < layer.groups == layer.input_shapes[0][0] else _plain(layer.kind)
        window += f" in {layer.groups} groups" if layer.groups > 1 and kind != "Depthwise" else ""
        title = f"{kind} {window.replace('x', '×')}{width}".replace("  ", " ").strip()
    return Node(layer.name, title, "", here, [layer], inputs, layer.output_shape, layer.stage)


def _plain(kind: str) -> str:
    return re.sub(r"(?<=[a-z])[123]d$", "", kind)


def blocks(layers: Sequence[Layer], depth: int | None, kinds: Mapping[str, str]) -> list[Node]:
    """Nodes with what lies deeper than `depth` put together, where that is more than one node."""
    if depth is None:
        return fused(layers)
    groups: dict[str, list[Layer]] = {}
    for layer in layers:
        groups.setdefault(".".join(layer.name.split(".")[:depth]), []).append(layer)
    home: dict[str, str] = {INPUT: INPUT}
    units: list[list[Layer]] = []
    for group, members in groups.items():
        if len(fused(members)) > 1:
            home.update({layer.name: group for layer in members})
    loose: list[Layer] = []
    nodes: list[Node] = []
    for group, members in groups.items():
        if home.get(members[0].name) == group and len(fused(members)) > 1:
            units.append(members)
        else:
            loose.extend(members)
    singles = {member.name: node for node in fused(loose) for member in node.members}
    placed: set[str] = set()
    for layer in layers:
        group = home.get(layer.name, "")
        key = group if group else singles[layer.name].name
        if key in placed:
            continue
        placed.add(key)
        if group:
            members = groups[group]
            inputs = [name for member in members for name in member.inputs if home.get(name) != group]
            title = _plain(kinds.get(group, "block"))
            nodes.append(
                Node(group, title, group, "block", list(members), inputs, members[-1].output_shape, members[-1].stage)
            )
        else:
            nodes.append(singles[layer.name])
    for node in nodes:
        own = node.inputs
        shown = [home.get(name) or (singles[name].name if name in singles else name) for name in own]
        node.inputs = [name for name in dict.fromkeys(shown) if name != node.name]
    return nodes


def overview(layers: Sequence[Layer], depth: int | None, kinds: Mapping[str, str]) -> list[Node]:
    """Nodes of a whole network, with equal blocks in a row as one; without a depth the first that says enough."""
    deepest = max(layer.name.count(".") + 1 for layer in layers)
    nodes: list[Node] = []
    for level in [depth] if depth else range(1, deepest + 1):
        nodes = merged(blocks(layers, level, kinds))
        if len(nodes) >= FEWEST_NODES and all(node.title not in CONTAINERS for node in nodes):
            break
    return nodes


def merged(nodes: Sequence[Node]) -> list[Node]:
    """Equal nodes in a row as one with a number."""
    users: dict[str, int] = {}
    for node in nodes:
        for name in node.inputs:
            users[name] = users.get(name, 0) + 1
    answer: list[Node] = []
    home: dict[str, str] = {}
    for node in nodes:
        last = answer[-1] if answer else None
        tail = home.get(node.inputs[0]) if len(node.inputs) == 1 else None
        if (
            last
            and node.category == "block"
            and tail == last.name
            and users[node.inputs[0]] == 1
            and _equal(last, node)
        ):
            last.members = [*last.members, *node.members]
            last.count += 1
            last.detail = f"{last.detail.split(' … ')[0]} … {node.name}"
            home[node.name] = last.name
            continue
        node.inputs = list(dict.fromkeys(home.get(name, name) for name in node.inputs))
        home[node.name] = node.name
        answer.append(node)
    return answer


def _equal(one: Node, two: Node) -> bool:
    first = one.members[: len(one.members) // one.count]
    return one.stage == two.stage and [_structure(layer) for layer in first] == [_structure(x) for x in two.members]


def _structure(layer: Layer) -> tuple[object, ...]:
    return (
        layer.kind,
        layer.kernel,
        layer.stride,
        layer.groups,
        layer.input_shapes,
        layer.output_shape,
        layer.parameters,
    )


def inside(node: Node) -> list[Node]:
    """The nodes of a block, of the first one if it stands for several, after one for what comes into it."""
    members = node.members[: len(node.members) // node.count]
    names = {layer.name for layer in members}
    nodes = fused(members)
    shape: tuple[int, ...] = ()
    for part in nodes:
        part.inputs = [name if name in names else INPUT for name in part.inputs]
        part.inputs = list(dict.fromkeys(part.inputs))
    for layer in members:
        for source, size in zip(layer.inputs, layer.input_shapes, strict=True):
            if source not in names and not shape:
                shape = size
    return [Node(INPUT, times(shape), "", "picture", [], [], shape, ""), *nodes]


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
