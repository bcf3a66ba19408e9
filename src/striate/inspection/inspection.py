"""An inspected network: what was found of it, and its forms for people and programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from torch import nn

from striate.hooks import looked_into
from striate.inspection.layers import INPUT, Layer, is_auxiliary, layers_of
from striate.inspection.record import Record, Stage
from striate.inspection.text import inspection_markdown, inspection_text
from striate.inspection.trace import trace


class Inspection(Record):
    """What a network is, found without running it. Figures are for one picture."""

    def to_text(self, *, batch_size: int = 1, depth: int | None = None, width: int | None = None) -> str:
        """Totals, stages and layers as aligned text; on a screen of `width` columns no word is cut."""
        return inspection_text(self, batch_size=batch_size, depth=depth, width=width)

    def to_markdown(self, *, batch_size: int = 1, depth: int | None = None) -> str:
        """Totals, stages and layers as Markdown tables."""
        return inspection_markdown(self, batch_size=batch_size, depth=depth)

    def to_html(self, *, batch_size: int = 1, depth: int | None = None) -> str:
        """A page with the network drawn, in one file."""
        from striate.inspection.page import inspection_page

        return inspection_page(self, batch_size=batch_size, depth=depth)

    def __str__(self) -> str:
        """The text."""
        return self.to_text()

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
        said = f"input {shape}; {self.parameters:,} parameters, {self.macs:,} multiply-adds a {self.one}"
        columns = ("stage", "output", "layers", "parameters", "multiply-adds")
        return notebook.block(self.name, notebook.text(self.paper), notebook.text(said), notebook.table(columns, rows))


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
