"""Which nodes a drawing of a network has.

Layers that only work on each number of what one layer answers are drawn with it; blocks are drawn as one node, and equal
blocks in a row as one with a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from striate.inspection.layers import INPUT, Layer
from striate.inspection.text import count_text, window_text

WIDTH, HEIGHT = 212, 54  # of a node, in pixels
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
