"""What is found of a network: figures of its layers, its stages and the whole, which the renderers write, draw and lay out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from striate.errors import UsageError
from striate.inspection.layers import INPUT, Layer, ReceptiveField, folded
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
class Record:
    """What was found of a network. Figures are for one picture."""

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

    @property
    def one(self) -> str:
        """What a network with such an input is given one of: a sentence is a row of words' ids, a clip has frames."""
        return {1: "sentence", 4: "clip"}.get(len(self.input_shape), "picture")

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
            >>> from torch import nn
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
