"""What is written down while a network is traced: its layers in the order they run, what feeds them, and what their tensors see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from torch import Tensor, nn

from striate.errors import UsageError
from striate.inspection.counting import tensors_in
from striate.inspection.operation_rule import Result
from striate.inspection.receptive_field import Axis, Extent, Spread
from striate.nn import LayerFacts, StatesFacts

PICTURE = -1
"""The source of what comes from the picture itself."""


@dataclass
class Step:
    """A layer as it ran: a module without children, or one call of a function outside such modules."""

    name: str
    kind: str
    module: nn.Module | None
    order: int
    feeds: dict[int, tuple[int, ...]] = field(default_factory=dict)  # source step -> shape of what came from it
    shape: tuple[int, ...] = ()
    first_input: tuple[int, ...] = ()
    extent: Extent = field(default_factory=lambda: Extent(()))
    macs: int = 0
    elements: int = 0
    output_bytes: int = 0
    parameters: list[str] = field(default_factory=list)
    window: Result | None = None  # the operation with the largest kernel, for the layer's kernel and stride
    notes: list[str] = field(default_factory=list)
    uncounted: Counter[str] = field(default_factory=Counter)
    facts: LayerFacts = field(default_factory=LayerFacts)


@dataclass(frozen=True)
class Trace:
    """All steps in the order they ran."""

    steps: tuple[Step, ...]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    output_steps: tuple[int, ...]
    unused: tuple[str, ...]  # parameters that no step used


@dataclass(frozen=True)
class Value:
    """What is known of a tensor that layers have made. It holds the tensor, so that its identity stays its own."""

    tensor: Tensor
    sources: tuple[int, ...]
    extent: Extent
    of_picture: bool = True  # False: made by layers from the network's own tensors alone


@dataclass
class Scope:
    """A module that is running."""

    name: str
    module: nn.Module
    step: Step | None  # for a module without children, what it does


class StepRecorder:
    """A trace while it is made: the layers that have run, what feeds them, and what each tensor that they made sees.

    Args:
        network: Whose parameters are claimed by the layers that use them.
        picture: What it is given, without values: the first source.
    """

    def __init__(self, network: nn.Module, picture: Tensor) -> None:
        channels = picture.is_floating_point() and picture.ndim > 1  # a sentence has none, and runs along its words
        frames = getattr(network, "kind", "") == "frames"  # whose places are those of each frame
        leading = 1 + channels + frames
        sides = picture.shape[leading:]
        axes = [Axis(along=along, pixels=pixels) for along, pixels in enumerate(sides)]
        extent = Extent((*[None] * leading, *axes))
        self.values: dict[int, Value] = {id(picture): Value(picture, (PICTURE,), extent)}
        self.steps: list[Step] = []
        self.scopes: list[Scope] = []
        self.names: Counter[str] = Counter()
        self.kinds: dict[type[nn.Module], bool] = {}
        self.picture = picture
        self.network = network
        self.parameters = {id(parameter): name for name, parameter in network.named_parameters()}
        self.left = dict.fromkeys(self.parameters.values())
        self.told: set[str] = set()  # what the fields were not followed through, once it is noted
        self.made_of: dict[int, tuple[Tensor, tuple[str, ...]]] = {}  # tensors made from parameters alone

    # Modules

    def enter(self, name: str, module: nn.Module) -> None:
        """A module begins to run."""
        inside = bool(self.scopes) and self.scopes[-1].step is not None
        step = None
        single = next(module.children(), None) is None
        if not name and not type(module).__module__.startswith("torch.nn"):
            single = False  # the whole network, of functions alone: each is a step of its own
        if not inside and (single or self.states_facts(module)):
            step = Step(name, type(module).__name__, module, order=len(self.steps))
            self.steps.append(step)
        elif inside:
            step = self.scopes[-1].step
        self.scopes.append(Scope(name, module, step))

    def leave(self, name: str, module: nn.Module, output: object) -> None:
        """A module has run."""
        step = self.scopes.pop().step
        if step is None or step.module is not module:
            return
        first = next(tensors_in((output,), {}), None)
        value = None if first is None else self.values.get(id(first))
        if value is None or value.sources != (step.order,):
            step.kind = ""  # it only passed on what it was given: no layer
            return
        step.shape, step.extent = tuple(value.tensor.shape[1:]), value.extent
        step.output_bytes = sum(
            tensor.numel() * tensor.element_size() for tensor in tensors_in((output,), {}) if id(tensor) in self.values
        )
        self.claim(step, [f"{name}.{own}" if name else own for own, _ in module.named_parameters()])
        if self.states_facts(module) and isinstance(module, StatesFacts):
            step.facts = module.layer_facts(step.first_input, step.shape)

    def states_facts(self, module: nn.Module) -> bool:
        """Whether a module accounts for itself; each class is asked once, which is quicker than each module."""
        kind = type(module)
        if kind not in self.kinds:
            self.kinds[kind] = isinstance(module, StatesFacts)
        return self.kinds[kind]

    def where(self) -> str:
        """The module that is running, as the beginning of a sentence."""
        return f"in {self.scopes[-1].name}: " if self.scopes and self.scopes[-1].name else ""

    # Tensors

    def is_of_picture(self, tensor: Tensor) -> bool:
        """Whether a tensor depends on the picture."""
        value = self.values.get(id(tensor))
        return value is not None and value.of_picture

    def see(self, tensor: Tensor) -> Extent:
        """What a tensor's numbers see; a weight sees nothing."""
        value = self.values.get(id(tensor))
        return Extent((None,) * tensor.ndim) if value is None else value.extent

    def names_of(self, tensor: Tensor) -> tuple[str, ...]:
        """The parameters that a tensor is, or is made of without the picture."""
        if id(tensor) in self.parameters:
            return (self.parameters[id(tensor)],)
        return self.made_of.get(id(tensor), (tensor, ()))[1]

    # Steps

    def step(self, kind: str, operands: list[Tensor]) -> Step:
        """The layer that is running, or a new one for a function that runs outside any."""
        step = self.scopes[-1].step if self.scopes else None
        if step is None:
            scope = self.scopes[-1].name if self.scopes else ""
            name = f"{scope}.{kind}" if scope else kind
            self.names[name] += 1
            times = self.names[name]
            step = Step(name if times == 1 else f"{name}_{times}", kind, None, order=len(self.steps))
            self.steps.append(step)
        self.feed(step, operands)
        if step.module is None:
            self.claim(step, [name for operand in operands for name in self.names_of(operand)])
        return step

    def feed(self, step: Step, operands: Iterable[Tensor]) -> None:
        """Notes whose answers a layer takes."""
        for operand in operands:
            value = self.values.get(id(operand))
            if value is None:
                continue
            for source in value.sources:
                if source != step.order:
                    step.feeds.setdefault(source, tuple(operand.shape[1:]))
                    step.first_input = step.first_input or tuple(operand.shape[1:])

    def answered(self, step: Step, tensor: Tensor, extent: Extent, *, of_picture: bool = True) -> None:
        """Notes what a layer answers, and what that sees."""
        before = self.values.get(id(tensor))
        self.values[id(tensor)] = Value(tensor, (step.order,), extent, of_picture)
        if before is not None and before.extent != extent:
            self._changed_below(tensor, extent)
        self.tell(step, extent)
        if step.module is None:
            step.shape, step.extent = tuple(tensor.shape[1:]), extent
            step.output_bytes = tensor.numel() * tensor.element_size()

    def _changed_below(self, tensor: Tensor, extent: Extent) -> None:
        """Whoever looks at the same memory sees something else now."""
        memory = tensor.untyped_storage()._cdata
        for key, value in list(self.values.items()):
            if value.tensor is not tensor and value.tensor.untyped_storage()._cdata == memory:
                other = value.extent.also(extent, "a change in place")
                self.values[key] = replace(value, extent=replace(other, loss=other.loss or "a change in place"))

    def tell(self, step: Step, extent: Extent) -> None:
        """Notes once what the fields are not followed through."""
        if extent.loss and extent.loss not in self.told:
            self.told.add(extent.loss)
            step.notes.append(f"the receptive field is not followed through {extent.loss}")

    def claim(self, step: Step, names: Iterable[str]) -> None:
        """Gives a layer the parameters that no earlier one has."""
        for name in names:
            # A tied parameter has one name among the network's own, and is counted where it is met first.
            own = self.parameters.get(id(self.network.get_parameter(name)), name) if name not in self.left else name
            if own in self.left:
                del self.left[own]
                step.parameters.append(own)

    def _shown(self, value: Value) -> Value:
        """What the network answers, as a layer of its own where its places are no longer those of the layer it comes from."""
        source = next((step for step in self.steps if (step.order,) == value.sources), None)
        if source is None:
            return value
        extent = value.extent
        scattered = len(extent.axes) == self.picture.ndim and any(isinstance(axis, Spread) for axis in extent.axes)
        shown, before = ([axis for axis in one.axes if isinstance(axis, Axis)] for one in (extent, source.extent))
        moved = scattered or not extent.exact or (shown and shown != before)
        if not moved or extent == source.extent:
            return value
        step = self.step("view", [value.tensor])
        self.answered(step, value.tensor, value.extent)
        return self.values[id(value.tensor)]

    def finish(self, answer: object) -> Trace:
        """The trace, when the network has answered."""
        outputs = [self.values[id(tensor)] for tensor in tensors_in((answer,), {}) if id(tensor) in self.values]
        if not outputs:
            raise UsageError("the network answers nothing that depends on the picture, so there is nothing to inspect")
        outputs = [self._shown(value) for value in outputs]
        return Trace(
            tuple(step for step in self.steps if step.kind),
            tuple(self.picture.shape[1:]),
            tuple(outputs[0].tensor.shape[1:]),
            tuple(source for value in outputs for source in value.sources),
            tuple(self.left),
        )
