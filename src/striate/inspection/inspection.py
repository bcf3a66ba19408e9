"""An inspected network: its layers, its totals, and its forms for people and programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from striate.errors import UsageError
from striate.hooks import looked_into
from striate.inspection.layers import INPUT, Layer, ReceptiveField, folded, is_auxiliary, layers_of
from striate.inspection.trace import trace
from striate.row_writing import json_text

COUNTING = (
    "A MAC is one multiply-add of a convolution, a dense layer or a matrix product; FLOPs are 2 x MACs. Subsampling, "
    "normalisation, activations, sums and pooling have 0 MACs and their own element operations. Parameters are the "
    "trainable ones, without auxiliary heads."
)


@dataclass(frozen=True)
class Memory:
    """An estimate of the memory that a batch needs, in bytes; buffers of the libraries underneath come on top."""

    batch_size: int
    weights: int  # parameters and buffers
    inference: int  # weights, and the most activations that are needed at one time
    training: int  # weights, gradients, one average a parameter (momentum), and every activation kept for the way back

    def to_dict(self) -> dict[str, int]:
        """The estimate as JSON types."""
        return {
            "batch_size": self.batch_size,
            "weights": self.weights,
            "inference": self.inference,
            "training": self.training,
        }


@dataclass(frozen=True)
class Stage:
    """A stage's part of the whole."""

    name: str  # the submodule it ends with; "head" is what comes after the last, "auxiliary" the auxiliary heads
    output_shape: tuple[int, ...]
    layers: int
    parameters: int
    macs: int
    activation_bytes: int
    parameters_share: float  # 0 to 1, of the network without auxiliary heads
    macs_share: float
    receptive_field: ReceptiveField | None = None

    def to_dict(self) -> dict[str, Any]:
        """The stage as JSON types."""
        return {
            "name": self.name,
            "output_shape": list(self.output_shape),
            "layers": self.layers,
            "parameters": self.parameters,
            "macs": self.macs,
            "activation_bytes": self.activation_bytes,
            "parameters_share": round(self.parameters_share, 6),
            "macs_share": round(self.macs_share, 6),
        }


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a network is, found without running it. Figures are for one picture."""

    name: str
    input_shape: tuple[int, ...]  # without the batch
    output_shape: tuple[int, ...]
    layers: tuple[Layer, ...]  # in the order they run, auxiliary heads among them
    stages: tuple[Stage, ...]
    parameters: int  # trainable, without auxiliary heads
    auxiliary_parameters: int
    frozen_parameters: int
    unused_parameters: tuple[str, ...]  # names of parameters that the pass did not use, auxiliary heads' left out
    input_bytes: int
    weight_bytes: int
    buffer_bytes: int
    output_layers: tuple[str, ...]
    paper: str = ""
    kinds: Mapping[str, str] = field(default_factory=dict, repr=False)  # classes of modules by name

    @property
    def macs(self) -> int:
        """Multiply-adds, without auxiliary heads."""
        return sum(layer.macs for layer in self.layers if not layer.auxiliary)

    @property
    def auxiliary_macs(self) -> int:
        """Multiply-adds of auxiliary heads."""
        return sum(layer.macs for layer in self.layers if layer.auxiliary)

    @property
    def flops(self) -> int:
        """Floating-point operations: two a MAC."""
        return 2 * self.macs

    @property
    def element_operations(self) -> int:
        """Results of everything that is no multiply-add, without auxiliary heads."""
        return sum(layer.element_operations for layer in self.layers if not layer.auxiliary)

    @property
    def last_local(self) -> Layer | None:
        """The layer with the largest receptive field, before everything is pooled or made one vector."""
        local = [layer for layer in self.layers if layer.receptive_field and not layer.auxiliary]
        return max(reversed(local), key=lambda layer: layer.receptive_field.size, default=None)  # type: ignore[union-attr]

    @property
    def receptive_field(self) -> int | tuple[int, ...] | None:
        """Side in pixels of what the last units see that have a place in the picture; a pair if it is no square."""
        layer = self.last_local
        if layer is None or layer.receptive_field is None:
            return None
        size = layer.receptive_field.size
        return size[0] if len(set(size)) == 1 else size

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        rows = [
            (
                stage.name,
                "x".join(map(str, stage.output_shape)),
                stage.layers,
                f"{stage.parameters:,}",
                f"{stage.macs:,}",
            )
            for stage in self.stages
        ]
        shape = "x".join(map(str, self.input_shape))
        said = f"input {shape}; {self.parameters:,} parameters, {self.macs:,} multiply-adds a picture"
        columns = ("stage", "output", "layers", "parameters", "multiply-adds")
        return notebook.block(self.name, notebook.text(self.paper), notebook.text(said), notebook.table(columns, rows))

    @property
    def uncounted(self) -> tuple[tuple[str, str, int], ...]:
        """Operations that no rule could count: layer, operation, how often."""
        return tuple(
            (layer.name, operation, times)
            for layer in self.layers
            for operation, times in (layer.uncounted or {}).items()
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not as exact or as complete as the rest, in sentences."""
        notes = [f"{layer.name}: {note}" for layer in self.layers for note in layer.notes]
        notes += [f"{layer}: {operation} ({times} times) is not counted" for layer, operation, times in self.uncounted]
        inexact = [layer.name for layer in self.layers if layer.receptive_field and not layer.receptive_field.exact]
        if inexact:
            notes.append(f"the receptive field is not exact from {inexact[0]} on")
        if self.unused_parameters:
            names = ", ".join(self.unused_parameters[:5]) + (", ..." if len(self.unused_parameters) > 5 else "")
            notes.append(f"{len(self.unused_parameters)} parameter tensors are not used by a forward pass: {names}")
        if any(layer.sees_everything and layer.receptive_field for layer in self.layers):
            notes.append("side branches pool the whole picture; the receptive field is that of the main path")
        return tuple(notes)

    def memory(self, batch_size: int = 1) -> Memory:
        """An estimate for a batch.

        Raises:
            UsageError: The batch size is not at least 1.

        Example:
            >>> from striate.inspection import inspect_network
            >>> inspect_network(nn.Linear(3, 2), (3,)).memory(10).inference  # 8 weights, 10 * 3 inputs, 10 * 2 outputs
            232
        """
        if batch_size < 1:
            raise UsageError(f"the batch size must be at least 1, got {batch_size}")
        main = [layer for layer in self.layers if not layer.auxiliary]
        weights = self.weight_bytes + self.buffer_bytes
        trained = 2 * self.weight_bytes * self.parameters // max(1, self.parameters + self.frozen_parameters)
        kept = self.input_bytes + sum(layer.activation_bytes for layer in main)
        peak = most_at_once(main, self.input_bytes, self.output_layers)
        return Memory(batch_size, weights, weights + batch_size * peak, weights + trained + batch_size * kept)

    def folded(self, depth: int | None) -> tuple[Layer, ...]:
        """The layers with blocks folded, so that names have at most `depth` parts; `None` folds nothing.

        Raises:
            UsageError: The depth is not at least 1.
        """
        if depth is None:
            return self.layers
        if depth < 1:
            raise UsageError(f"the depth must be at least 1, got {depth}")
        return folded(self.layers, depth, self.kinds)

    def to_dict(self, *, batch_size: int = 1, depth: int | None = None) -> dict[str, Any]:
        """Everything as JSON types; the totals are the first keys."""
        last = self.last_local
        size = self.receptive_field
        return {
            "name": self.name,
            "parameters": self.parameters,
            "macs": self.macs,
            "flops": self.flops,
            "receptive_field": list(size) if isinstance(size, tuple) else size,
            "receptive_field_layer": last.name if last else None,
            "element_operations": self.element_operations,
            "auxiliary_parameters": self.auxiliary_parameters,
            "auxiliary_macs": self.auxiliary_macs,
            "frozen_parameters": self.frozen_parameters,
            "input_shape": list(self.input_shape),
            "output_shape": list(self.output_shape),
            "paper": self.paper,
            "memory": self.memory(batch_size).to_dict(),
            "stages": [stage.to_dict() for stage in self.stages],
            "layers": [layer.to_dict() for layer in self.folded(depth)],
            "uncounted": [
                {"layer": layer, "operation": operation, "times": times} for layer, operation, times in self.uncounted
            ],
            "notes": list(self.notes),
            "counting": COUNTING,
        }

    def to_json(self, *, batch_size: int = 1, depth: int | None = None) -> str:
        """Everything as JSON text."""
        return json_text(self.to_dict(batch_size=batch_size, depth=depth), indent=1)

    def to_text(self, *, batch_size: int = 1, depth: int | None = None, width: int | None = None) -> str:
        """Totals, stages and layers as aligned text; on a screen of `width` columns no word is cut."""
        from striate.inspection.text import inspection_text

        return inspection_text(self, batch_size=batch_size, depth=depth, width=width)

    def to_markdown(self, *, batch_size: int = 1, depth: int | None = None) -> str:
        """Totals, stages and layers as Markdown tables."""
        from striate.inspection.text import inspection_markdown

        return inspection_markdown(self, batch_size=batch_size, depth=depth)

    def to_html(self, *, batch_size: int = 1, depth: int | None = None) -> str:
        """A page with the network drawn, in one file."""
        from striate.inspection.page import inspection_page

        return inspection_page(self, batch_size=batch_size, depth=depth)

    def __str__(self) -> str:
        """The text."""
        return self.to_text()


def inspect_network(network: nn.Module, input_shape: Sequence[int], *, name: str = "", paper: str = "") -> Inspection:
    """Finds out what a network is, without running it: nothing is computed, and the network is left as it was.

    Args:
        network: Any network, on any device; it may be a draft on the meta device.
        input_shape: Shape of one picture without the batch: (channels, height, width) in pixels.
        name: What to call it; its class's name if empty.
        paper: Where it was published.

    Raises:
        UsageError: The network refuses pictures of this shape, or cannot run without values.

    Example:
        >>> inspection = inspect_network(nn.Sequential(nn.Conv2d(3, 6, 5), nn.ReLU()), (3, 32, 32))
        >>> inspection.layers[0].arithmetic, inspection.parameters, inspection.macs, inspection.receptive_field
        ('(5*5*3+1)*6', 456, 352800, 5)
    """
    network = looked_into(network)
    traced = trace(network, tuple(input_shape))
    ends = stage_ends(network)
    layers = layers_of(traced, network, ends)
    trainable = {name: p.numel() for name, p in network.named_parameters() if p.requires_grad}
    auxiliary = sum(count for name, count in trainable.items() if is_auxiliary(name))
    total = sum(trainable.values()) - auxiliary
    own = [parameter for name, parameter in network.named_parameters() if not is_auxiliary(name)]
    names = {step.order: step.name for step in traced.steps} | {-1: INPUT}
    width = next((p.element_size() for p in network.parameters() if p.is_floating_point()), 4)
    size = width
    for side in input_shape:
        size *= side
    return Inspection(
        name=name or type(network).__name__,
        input_shape=traced.input_shape,
        output_shape=traced.output_shape,
        layers=layers,
        stages=stages(layers, ends, total),
        parameters=total,
        auxiliary_parameters=auxiliary,
        frozen_parameters=sum(p.numel() for p in own if not p.requires_grad),
        unused_parameters=tuple(name for name in traced.unused if not is_auxiliary(name)),
        input_bytes=size,
        weight_bytes=sum(p.numel() * p.element_size() for p in own),
        buffer_bytes=sum(b.numel() * b.element_size() for name, b in network.named_buffers() if not is_auxiliary(name)),
        output_layers=tuple(names[source] for source in traced.output_steps),
        paper=paper,
        kinds={name: type(module).__name__ for name, module in network.named_modules()},
    )


def stage_ends(network: nn.Module) -> tuple[str, ...]:
    """The network's own stages, or its children where it has none."""
    own = getattr(network, "stages", None)
    if isinstance(own, tuple) and all(isinstance(name, str) for name in own):
        return own
    return tuple(name for name, _ in network.named_children())


def stages(layers: Sequence[Layer], ends: Iterable[str], parameters: int) -> tuple[Stage, ...]:
    """Each stage's part, then the head's and the auxiliary heads', if there are any."""
    macs = sum(layer.macs for layer in layers if not layer.auxiliary)
    groups = [(end, [layer for layer in layers if layer.stage == end and not layer.auxiliary]) for end in ends]
    groups.append(("head", [layer for layer in layers if not layer.stage and not layer.auxiliary]))
    groups.append(("auxiliary", [layer for layer in layers if layer.auxiliary]))
    return tuple(
        Stage(
            name,
            members[-1].output_shape,
            len(members),
            sum(layer.parameters for layer in members),
            sum(layer.macs for layer in members),
            sum(layer.activation_bytes for layer in members),
            sum(layer.parameters for layer in members) / max(1, parameters),
            sum(layer.macs for layer in members) / max(1, macs),
            members[-1].receptive_field,
        )
        for name, members in groups
        if members
    )


def most_at_once(layers: Sequence[Layer], input_bytes: int, outputs: Iterable[str]) -> int:
    """The most bytes of activations that are needed at one time, when each is let go after its last use."""
    last_use = {name: len(layers) for name in outputs}
    for place, layer in enumerate(layers):
        for source in layer.inputs:
            last_use[source] = max(last_use.get(source, 0), place)
    alive, now = {INPUT: input_bytes}, input_bytes
    most = now
    for place, layer in enumerate(layers):
        alive[layer.name] = layer.activation_bytes
        now += layer.activation_bytes
        most = max(most, now)
        for name in [name for name in alive if last_use.get(name, -1) <= place]:
            now -= alive.pop(name)
    return most
