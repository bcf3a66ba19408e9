"""Which parts of a trained network learn on, how fast, and which stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from striate.errors import UnknownNameError, UsageError
from striate.models import Network
from striate.text_layout import table, wrapped
from striate.weights import is_auxiliary

Kind = Literal["scratch", "head", "stages", "full"]
KINDS: tuple[Kind, ...] = ("scratch", "head", "stages", "full")
PartKind = Literal["stage", "dense", "auxiliary", "head"]

STAGE_RATE = 0.7
"""Each part's learning rate, as a share of the next later part's."""


@dataclass(frozen=True)
class Part:
    """A stage, what follows the last stage, an auxiliary head, or the head: all of it learns, or none."""

    name: str
    kind: PartKind
    modules: tuple[str, ...]  # dotted names, each in one part only; those that span several parts are in none
    parameters: tuple[str, ...]  # dotted names
    buffers: tuple[str, ...]  # dotted names: batch norm's statistics, and what a layer holds fixed
    count: int  # numbers in the parameters
    batch_norms: int  # how many layers keep statistics
    trainable: bool
    rate: float  # its learning rate, as a multiple of the head's; 0 where it is frozen


@dataclass(frozen=True)
class FreezePlan:
    """What of a network learns. The parts are in the order in which a picture passes them, auxiliary heads before the head."""

    kind: Kind
    trainable_stages: int  # how many of the last stages learn
    parts: tuple[Part, ...]

    @property
    def rates(self) -> Mapping[str, float]:
        """The learning rate of each parameter that learns, as a multiple of the head's."""
        return MappingProxyType({name: part.rate for part in self.parts if part.trainable for name in part.parameters})

    @property
    def frozen(self) -> tuple[str, ...]:
        """The names of the parameters and buffers that must not change."""
        return tuple(name for part in self.parts if not part.trainable for name in (*part.parameters, *part.buffers))

    @property
    def trainable_parameters(self) -> int:
        """How many numbers learn."""
        return sum(part.count for part in self.parts if part.trainable)

    @property
    def frozen_parameters(self) -> int:
        """How many numbers stay."""
        return sum(part.count for part in self.parts if not part.trainable)

    def to_text(self, width: int | None = None) -> str:
        """The table that is shown before training: a line a part, and the sums; on a screen of `width` columns no word is cut.

        Example:
            >>> from striate.models import create_model
            >>> print(freeze_plan(create_model("resnet20"), "stages", trainable_stages=1, stage_rate=0.5).to_text())
            part    kind   parameters          rate  batch norm
            relu1   stage         464  frozen     -  statistics kept
            layer1  stage      14,016  frozen     -  statistics kept
            layer2  stage      51,072  frozen     -  statistics kept
            layer3  stage     203,520  learns   0.5  statistics move
            fc      head          650  learns     1
            204,170 of 269,722 parameters learn, 65,552 are frozen
        """
        heads = ("part", "kind", "parameters", "", "rate", "batch norm")
        rows = []
        for part in self.parts:
            statistics = f"statistics {'move' if part.trainable else 'kept'}" if part.batch_norms else ""
            learns, rate = ("learns", f"{part.rate:.3g}") if part.trainable else ("frozen", "-")
            rows.append((part.name, part.kind, f"{part.count:,}", learns, rate, statistics))
        lines = table(heads, rows, left=("kind", "", "batch norm"), width=width)
        total = self.trainable_parameters + self.frozen_parameters
        said = f"{self.trainable_parameters:,} of {total:,} parameters learn, {self.frozen_parameters:,} are frozen"
        return "\n".join([*lines, *wrapped(said, width)])


def freeze_plan(
    network: Network, kind: str, *, trainable_stages: int = 0, stage_rate: float = STAGE_RATE
) -> FreezePlan:
    """What of a network learns with a kind of transfer. The head always does; the network is not changed.

    What stands before the first stage's end belongs to the first stage. What follows the last stage, such as VGG's
    dense layers, learns where the last stage does. Auxiliary heads learn where any stage does: before frozen stages
    they would learn for nothing.

    Args:
        network: Any of the catalogue.
        kind: `"head"`: the head alone; `"stages"`: the last stages too; `"full"`: everything, the earlier the slower;
            `"scratch"`: everything at one rate.
        trainable_stages: With `"stages"`, how many of the last ones learn: 1 to all. Not asked otherwise.
        stage_rate: The learning rate of each part as a share of the next later part's, more than 0 and at most 1:
            early stages hold what is most general, and should change least.

    Raises:
        UnknownNameError: There is no such kind.
        UsageError: A number makes no sense; or the head alone should learn, and it has nothing that could.

    Example:
        >>> from striate.models import create_model
        >>> plan = freeze_plan(create_model("resnet20"), "full", stage_rate=0.5)
        >>> [(part.name, part.rate) for part in plan.parts]
        [('relu1', 0.0625), ('layer1', 0.125), ('layer2', 0.25), ('layer3', 0.5), ('fc', 1.0)]

    Source: Howard & Ruder, "Universal Language Model Fine-tuning for Text Classification" (2018), section 3.2: a lower
        rate for each earlier layer.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of transfer", kind, KINDS)
    if not 0 < stage_rate <= 1:
        raise UsageError(f"stage_rate must be more than 0 and at most 1, got {stage_rate:g}")
    stages = len(network.stages)
    if kind == "stages" and not 1 <= trainable_stages <= stages:
        raise UsageError(
            f"{type(network).__name__} has {stages} stages, so 1 to {stages} of them can learn, got {trainable_stages}; "
            "where none should, transfer the head alone"
        )
    learning = {"head": 0, "stages": trainable_stages, "full": stages, "scratch": stages}[kind]
    if not learning and next(network.head.parameters(), None) is None:
        raise UsageError(
            f"the head of this {type(network).__name__} is fixed, a {type(network.head).__name__} without parameters, "
            "so it cannot learn alone; let stages learn too, or take a row whose head learns"
        )
    owners = _parts_of_modules(network)
    kinds = dict(owners.values())
    trunk = [name for name, kind in kinds.items() if kind in ("stage", "dense")]
    later = [name for name, kind in kinds.items() if kind == "auxiliary"] + [network.head_name]
    frozen = set(trunk[: stages - learning]) | (set() if learning else set(kinds) - {network.head_name})
    parts = []
    for place, name in enumerate([*trunk, *later]):
        trainable = name not in frozen
        rate = 1.0 if kind == "scratch" else stage_rate ** max(0, len(trunk) - place)
        modules = tuple(module for module, (owner, _) in owners.items() if owner == name)
        parts.append(_part(network, name, kinds[name], modules, rate=rate if trainable else 0.0))
    return FreezePlan(kind, learning, tuple(parts))


def freeze(network: Network, plan: FreezePlan) -> None:
    """Lets the parameters of the plan learn and no others, and sets the training mode.

    Frozen parameters lose their gradients, so that no optimizer finds one.

    Args:
        network: The one that the plan was made for; changed in place.
        plan: From `freeze_plan`.

    Raises:
        UsageError: The plan was made for another network.
    """
    _check_same(network, plan)
    rates = plan.rates
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in rates)
        if name not in rates:
            parameter.grad = None
    set_training_mode(network, plan)


def set_training_mode(network: Network, plan: FreezePlan) -> None:
    """Training mode for what learns, evaluation mode for what is frozen.

    In evaluation mode batch norm uses its statistics and keeps them, and dropout does nothing. To be called instead of
    `network.train()`, which would let the statistics of frozen stages drift towards the new pictures.

    Args:
        network: The one that the plan was made for; changed in place.
        plan: From `freeze_plan`.

    Example:
        >>> from striate.models import create_model
        >>> network = create_model("resnet20")
        >>> set_training_mode(network, freeze_plan(network, "stages", trainable_stages=1))
        >>> network.bn1.training, network.layer3.training
        (False, True)
    """
    network.train()
    modules = dict(network.named_modules())
    for part in plan.parts:
        if not part.trainable:
            for name in part.modules:
                modules[name].training = False


def _parts_of_modules(network: Network) -> dict[str, tuple[str, PartKind]]:
    """The part of every module that lies in one alone: its name and kind. Modules are registered in the order of use."""
    names = [name for name, _ in network.named_modules()]
    place = {name: index for index, name in enumerate(names)}
    ends = [max(place[name] for name in names if _within(name, stage)) for stage in network.stages]
    holding = [name for name, module in network.named_modules() if _own_tensors(module)]
    dense = [
        name
        for name in holding
        if place[name] > ends[-1] and not _within(name, network.head_name) and not is_auxiliary(name)
    ]
    owners: dict[str, tuple[str, PartKind]] = {}
    for name, module in network.named_modules():
        if next(module.children(), None) is not None and not _own_tensors(module):
            continue
        if _within(name, network.head_name):
            owners[name] = network.head_name, "head"
        elif is_auxiliary(name):
            owners[name] = name.partition(".")[0], "auxiliary"
        elif place[name] <= ends[-1]:
            stage = next(stage for stage, end in zip(network.stages, ends, strict=True) if place[name] <= end)
            owners[name] = stage, "stage"
        elif dense and place[name] <= place[dense[-1]]:
            owners[name] = ", ".join(dense), "dense"
        else:  # pooling and dropout before the head are the head's: they act on what it sees
            owners[name] = network.head_name, "head"
    inside: dict[str, set[tuple[str, PartKind]]] = {name: {owners[name]} if name in owners else set() for name in names}
    for name in reversed(names):  # children come after their parents
        if name:
            inside[name.rpartition(".")[0]] |= inside[name]
    return {name: owner for name in names for owner in inside[name] if len(inside[name]) == 1}


def _within(name: str, outer: str) -> bool:
    return name == outer or name.startswith(f"{outer}.")


def _own_tensors(module: nn.Module) -> list[str]:
    """The names of the parameters and buffers that are the module's own, not its children's."""
    own = (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
    return [name for name, _ in own]


def _part(network: Network, name: str, kind: PartKind, modules: tuple[str, ...], *, rate: float) -> Part:
    held = {module: network.get_submodule(module) for module in modules}
    parameters = {
        f"{module}.{key}": tensor
        for module, layer in held.items()
        for key, tensor in layer.named_parameters(recurse=False)
    }
    return Part(
        name=name,
        kind=kind,
        modules=modules,
        parameters=tuple(parameters),
        buffers=tuple(
            f"{module}.{key}" for module, layer in held.items() for key, _ in layer.named_buffers(recurse=False)
        ),
        count=sum(tensor.numel() for tensor in parameters.values()),
        batch_norms=sum(isinstance(layer, _BatchNorm) for layer in held.values()),
        trainable=rate > 0,
        rate=rate,
    )


def _check_same(network: Network, plan: FreezePlan) -> None:
    planned = {name for part in plan.parts for name in (*part.parameters, *part.buffers)}
    here = {name for name, _ in (*network.named_parameters(), *network.named_buffers())}
    if planned != here:
        raise UsageError(
            f"the plan is of another network than this {type(network).__name__}: "
            f"they differ in {sorted(planned ^ here)[0]}; make the plan from this one"
        )
