"""Layer records: what a step of the trace means to people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from striate.inspection.receptive_field import Axis, Extent, Spread
from striate.inspection.step_recorder import PICTURE, Step, Trace

INPUT = "input"
"""The name of the picture among what feeds a layer."""


@dataclass(frozen=True)
class ReceptiveField:
    """Which pixels the units of a layer see, along each axis of the picture."""

    size: tuple[int, ...]  # pixels from end to end; padding makes no difference
    jump: tuple[int, ...]  # pixels between the fields of neighbouring units
    start: tuple[int, ...]  # first pixel of the first unit's field; negative where that lies in the padding
    exact: bool = True

    @property
    def centre(self) -> tuple[float, ...]:
        """The middle of the first unit's field, in pixels; 0 is the middle of the first pixel."""
        return tuple(start + (size - 1) / 2 for start, size in zip(self.start, self.size, strict=True))

    @classmethod
    def of(cls, axes: Sequence[Axis], *, exact: bool = True) -> ReceptiveField:
        """The same as the axes say."""
        return cls(
            tuple(axis.size for axis in axes),
            tuple(axis.jump for axis in axes),
            tuple(axis.first for axis in axes),
            exact,
        )


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A layer, or a block of layers: one row of the table. Everything is for one picture."""

    name: str
    kind: str
    inputs: tuple[str, ...]  # the layers that feed it; `INPUT` is the picture
    input_shapes: tuple[tuple[int, ...], ...]  # of what each of them gives, without the batch
    output_shape: tuple[int, ...]
    kernel: tuple[int, ...] = ()  # pixels; () where there is no window
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1
    parameters: int = 0  # trainable
    frozen_parameters: int = 0
    fixed: int = 0  # numbers that are part of the layer and were never meant to be trained
    arithmetic: str = ""  # an expression that gives all parameters, frozen ones too
    macs: int = 0
    element_operations: int = 0
    activation_bytes: int = 0
    receptive_field: ReceptiveField | None = None  # None: the layer has no place in the picture any more, or it is lost
    sees_everything: bool = False  # each of its numbers depends on the whole picture, if only through a side branch
    auxiliary: bool = False
    stage: str = ""
    settings: str = ""  # what the module says of itself when it is printed
    layers: int = 1  # how many layers it stands for
    uncounted: Mapping[str, int] | None = None  # operations that no rule could count, and how often they ran
    notes: tuple[str, ...] = ()

    @property
    def flops(self) -> int:
        """Floating-point operations: two a MAC."""
        return 2 * self.macs

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON types."""
        field = self.receptive_field
        return {
            "name": self.name,
            "kind": self.kind,
            "stage": self.stage,
            "inputs": list(self.inputs),
            "input_shapes": [list(shape) for shape in self.input_shapes],
            "output_shape": list(self.output_shape),
            "kernel": list(self.kernel),
            "stride": list(self.stride),
            "padding": list(self.padding),
            "dilation": list(self.dilation),
            "groups": self.groups,
            "parameters": self.parameters,
            "frozen_parameters": self.frozen_parameters,
            "fixed": self.fixed,
            "arithmetic": self.arithmetic,
            "macs": self.macs,
            "flops": self.flops,
            "element_operations": self.element_operations,
            "activation_bytes": self.activation_bytes,
            "receptive_field": None
            if field is None
            else {
                "size": list(field.size),
                "jump": list(field.jump),
                "start": list(field.start),
                "centre": list(field.centre),
                "exact": field.exact,
            },
            "sees_everything": self.sees_everything,
            "auxiliary": self.auxiliary,
            "settings": self.settings,
            "layers": self.layers,
            "uncounted": dict(self.uncounted or {}),
            "notes": list(self.notes),
        }


def is_auxiliary(name: str) -> bool:
    """Whether a layer or parameter belongs to an auxiliary head: those have `aux` in their names."""
    return "aux" in name


def layers_of(trace: Trace, network: nn.Module, stage_ends: Sequence[str]) -> tuple[Layer, ...]:
    """A record for each step of the trace.

    Args:
        trace: The steps.
        network: What was traced.
        stage_ends: Names of submodules; a stage ends with the named one. What comes after the last belongs to no stage.
    """
    names = {step.order: step.name for step in trace.steps} | {PICTURE: INPUT}
    stages = stages_of(trace.steps, stage_ends)
    parameters = dict(network.named_parameters())
    frames = getattr(network, "kind", "") == "frames"
    axes = max(1, len(trace.input_shape) - 1 - frames)  # a sentence runs along one, and has no channels
    records = []
    for step in trace.steps:
        window, facts = step.window, step.facts
        own = [parameters[name] for name in step.parameters]
        records.append(
            Layer(
                name=step.name,
                kind=step.kind,
                inputs=tuple(names[source] for source in step.feeds),
                input_shapes=tuple(step.feeds.values()),
                output_shape=step.shape,
                kernel=facts.kernel or (window.kernel if window else ()),
                stride=facts.stride or (window.stride if window else ()),
                padding=window.padding if window else (),
                dilation=window.dilation if window else (),
                groups=window.groups if window else 1,
                parameters=sum(parameter.numel() for parameter in own if parameter.requires_grad),
                frozen_parameters=sum(parameter.numel() for parameter in own if not parameter.requires_grad),
                fixed=facts.fixed,
                arithmetic=(facts.arithmetic or arithmetic([tuple(parameter.shape) for parameter in own]))
                if own
                else "",
                macs=step.macs if facts.macs is None else facts.macs,
                element_operations=step.elements if facts.element_operations is None else facts.element_operations,
                activation_bytes=step.output_bytes,
                receptive_field=_field(step.extent, axes),
                sees_everything=_sees_everything(step.extent, axes),
                auxiliary=is_auxiliary(step.name),
                stage=stages[step.order],
                settings=step.module.extra_repr() if step.module is not None else "",
                uncounted=dict(step.uncounted),
                notes=tuple(dict.fromkeys(step.notes)),
            )
        )
    return tuple(records)


def _field(extent: Extent, axes: int) -> ReceptiveField | None:
    """The field along each of the picture's axes, if every one is still an axis of the maps."""
    if not axes or [axis.along for axis in extent.local] != list(range(axes)):
        return None
    # Seen from end to end along one axis and not the other: that is the field neither of a place nor of the picture.
    # Transposed maps have their places in another order than the picture.
    upright = [axis.along for axis in extent.axes if isinstance(axis, Axis)] == list(range(axes))
    return ReceptiveField.of(extent.local, exact=extent.exact and upright and len(extent.whole) in (0, axes))


def _sees_everything(extent: Extent, axes: int) -> bool:
    scattered = any(isinstance(axis, Spread) and not axis.covers for axis in extent.axes)
    return len(extent.whole) == axes or (not extent.local and extent.exact and not scattered)


def stages_of(steps: Iterable[Step], ends: Sequence[str]) -> dict[int, str]:
    """The stage that each step belongs to, by its order: `""` after the last stage, and for auxiliary heads."""
    steps = [step for step in steps if not is_auxiliary(step.name)]
    stages: dict[int, str] = {}
    begin = 0
    for end in ends:
        inside = [place for place, step in enumerate(steps) if step.name == end or step.name.startswith(f"{end}.")]
        if not inside:
            continue
        for step in steps[begin : inside[-1] + 1]:
            stages[step.order] = end
        begin = max(begin, inside[-1] + 1)
    return _Default(stages)


class _Default(dict[int, str]):
    def __missing__(self, key: int) -> str:
        return ""


def arithmetic(shapes: Sequence[tuple[int, ...]]) -> str:
    """How many numbers tensors of these shapes hold, as an expression in the order in which people think of it.

    Example:
        >>> arithmetic([(6, 3, 5, 5), (6,)])  # a convolution of 3 maps to 6 with a kernel of 5x5 and a bias
        '(5*5*3+1)*6'
        >>> arithmetic([(10, 84), (10,)]), arithmetic([(64,), (64,)])
        ('(84+1)*10', '2*64')
    """
    if not shapes:
        return ""
    weight = shapes[0]
    if len(weight) >= 2 and (len(shapes) == 1 or shapes[1:] == [(weight[0],)]):
        fan_in = "*".join(str(size) for size in (*weight[2:], weight[1]))
        return f"({fan_in}+1)*{weight[0]}" if len(shapes) == 2 else f"{fan_in}*{weight[0]}"
    if len(shapes) > 1 and len(set(shapes)) == 1 and len(weight) == 1:
        return f"{len(shapes)}*{weight[0]}"
    return "+".join("*".join(str(size) for size in shape) or "1" for shape in shapes)


def folded(layers: Sequence[Layer], depth: int, kinds: Mapping[str, str]) -> tuple[Layer, ...]:
    """The layers with everything below `depth` in the tree of modules put together.

    Args:
        layers: In order.
        depth: How many parts a name may have, such as 1 for `layer1` and 2 for `layer1.0`.
        kinds: The classes of modules by name.
    """
    groups: dict[str, list[Layer]] = {}
    for layer in layers:
        groups.setdefault(".".join(layer.name.split(".")[:depth]), []).append(layer)
    member = {layer.name: group for group, members in groups.items() for layer in members} | {INPUT: INPUT}
    return tuple(
        members[0] if len(members) == 1 else _block(group, members, kinds.get(group, "block"), member)
        for group, members in _renamed(groups, member)
    )


def _renamed(groups: Mapping[str, list[Layer]], member: Mapping[str, str]) -> Iterable[tuple[str, list[Layer]]]:
    """Groups of one keep their layer's name, and everybody's inputs are the groups'."""
    for group, members in groups.items():
        if len(members) == 1:
            names = [_shown(groups, member[name]) for name in members[0].inputs]
            yield group, [replace(members[0], inputs=tuple(names))]
        else:
            yield group, [replace(m, inputs=tuple(_shown(groups, member[name]) for name in m.inputs)) for m in members]


def _shown(groups: Mapping[str, list[Layer]], group: str) -> str:
    return groups[group][0].name if group in groups and len(groups[group]) == 1 else group


def _block(name: str, members: Sequence[Layer], kind: str, member: Mapping[str, str]) -> Layer:
    feeds: dict[str, tuple[int, ...]] = {}
    for layer in members:
        for source, shape in zip(layer.inputs, layer.input_shapes, strict=True):
            if source != name:
                feeds.setdefault(source, shape)
    last = members[-1]
    uncounted: dict[str, int] = {}
    for layer in members:
        for operation, times in (layer.uncounted or {}).items():
            uncounted[operation] = uncounted.get(operation, 0) + times
    return Layer(
        name=name,
        kind=kind,
        inputs=tuple(feeds),
        input_shapes=tuple(feeds.values()),
        output_shape=last.output_shape,
        stride=_stride(members),
        parameters=sum(layer.parameters for layer in members),
        frozen_parameters=sum(layer.frozen_parameters for layer in members),
        fixed=sum(layer.fixed for layer in members),
        macs=sum(layer.macs for layer in members),
        element_operations=sum(layer.element_operations for layer in members),
        activation_bytes=sum(layer.activation_bytes for layer in members),
        receptive_field=last.receptive_field,
        sees_everything=last.sees_everything,
        auxiliary=last.auxiliary,
        stage=last.stage,
        layers=sum(layer.layers for layer in members),
        uncounted=uncounted,
        notes=tuple(dict.fromkeys(note for layer in members for note in layer.notes)),
    )


def _stride(members: Sequence[Layer]) -> tuple[int, ...]:
    """How much further apart the fields are at the end than at the beginning, where that is known."""
    shape = next((s for layer in members for s in layer.input_shapes), ())
    after = members[-1].output_shape
    if len(shape) != len(after) or len(shape) < 2:
        return ()
    strides = tuple(math.ceil(b / a) for b, a in zip(shape[1:], after[1:], strict=True) if a)
    return strides if any(stride > 1 for stride in strides) else ()
