"""The network that is looked into, with the rule that makes its pictures and the names of its classes; and its stages."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import nn

from striate.bundle import Bundle, Contract
from striate.errors import UsageError
from striate.evaluation.label_thresholds import USUAL
from striate.hooks import held_still
from striate.initialization import drafting
from striate.inspection import Inspection, inspect_network
from striate.inspection.input_shape import input_shape
from striate.inspection.layers import ReceptiveField
from striate.models import Network, Row, create_model
from striate.pixels import Preprocessing
from striate.runtime.torch_engine import build_network
from striate.sealing.opening import ModelName, find_model, title_of
from striate.seeing.both_classes import answer_for_both
from striate.seeing.class_named import class_named
from striate.visualization import HEAD, layer_output, list_layers
from striate.visualization.layers import find_layer
from striate.visualization.targets import Classifier
from striate.watching import Watcher
from striate.weights import published_weights
from striate.weights.filled_network import fill_network
from striate.weights.input_rule import AskedInput, input_rule, rule_of_benchmark, whole_picture
from striate.weights.normalisation import show
from striate.weights.starting_weights import find_weights

IMAGENET_CLASSES_OF = "mobilenet_v2"
"""The row whose published weights name ImageNet's 1,000 classes, in the order that all published ones have."""

SEVERAL = (
    "each label is told by itself: probabilities do not add up to 1, and a label is named from its own threshold on"
)


@dataclass(frozen=True)
class LayerFacts:
    """What a layer answers, and which pixels its units see."""

    name: str
    shape: tuple[int, ...]
    """(maps, height, width), or (numbers,)."""
    field: ReceptiveField | None
    """None: the layer has no place in the picture any more."""
    whole: bool
    """Whether each unit depends on the whole picture, if only through a side branch, such as a gate."""

    def to_dict(self) -> dict[str, Any]:
        """The facts as JSON types."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "receptive_field": None if self.field is None else list(self.field.size),
            "jump": None if self.field is None else list(self.field.jump),
            "sees_everything": self.whole,
        }

    @property
    def text(self) -> str:
        """The facts in words.

        Example:
            >>> seen_network("lenet5").layer_facts("s2").text
            '6 maps of 14 x 14; a unit sees 6 x 6 pixels, its neighbour 2 further on'
        """
        if len(self.shape) != 3:
            return f"{self.shape[0]:,} numbers; each sees the whole picture"
        maps, height, width = self.shape
        text = f"{maps:,} maps of {height} x {width}"
        if self.field is None:
            return f"{text}; a unit sees the whole picture"
        (rows, columns), jump = self.field.size, self.field.jump
        text += f"; a unit sees {rows} x {columns} pixels, its neighbour {jump[0]} further on"
        return f"{text} (and through gates the whole picture)" if self.whole else text


@dataclass(frozen=True)
class SeenNetwork:
    """A network, and all that is needed to show it a picture and to name what it answers."""

    network: nn.Module
    name: str
    """What to call it."""
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What whoever looks should know, a sentence each: random weights, a normalisation that was taken for granted."""
    facts: dict[str, str] = field(default_factory=dict)
    """What it is, where its weights come from, how pictures are made: a name and a value each."""
    folder: Path | None = None
    """The run or bundle that it is of."""
    temperature: float = 1.0
    """What logits are divided by before the softmax: the bundle's."""
    classifier: Classifier = "softmax"
    """How logits become probabilities: by a sigmoid where each class is a question of its own."""
    thresholds: tuple[float, ...] = ()
    """Where each class is a label: from which probability on each is named."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(channels, height, width) of a picture."""
        return (self.preprocessing.channels, *self.preprocessing.size)

    def in_colours(self, signal: torch.Tensor) -> torch.Tensor:
        """A signal (..., C, H, W) over the network's input in the order of a picture's channels: red, green, blue."""
        return signal.flip(-3) if self.preprocessing.reverses_channels and signal.shape[-3] == 3 else signal

    def inspection(self) -> Inspection:
        """What the network is, without running it; it is traced when this is first asked for."""
        return self._inspection

    @cached_property
    def _inspection(self) -> Inspection:
        return inspect_network(self.network, self.input_shape, name=self.name)

    def layer_facts(self, layer: str, inspection: Inspection | None = None) -> LayerFacts:
        """What a layer answers to a picture, and which pixels its units see.

        Raises:
            UnknownNameError: There is no such layer; the message offers the closest.
            UsageError: The network refuses pictures of this size, or the layer's answer cannot be looked at.
        """
        find_layer(self.network, layer)
        inspection = inspection or self.inspection()
        parts = [
            part
            for part in inspection.layers
            if part.stage == layer or part.name == layer or part.name.startswith(f"{layer}.")
        ]
        if layer == HEAD or not parts:
            weight = next(self.network.parameters(), torch.zeros(()))
            with held_still(self.network), torch.no_grad():
                images = torch.zeros((1, *self.input_shape), device=weight.device, dtype=weight.dtype)
                shape = tuple(layer_output(self.network, images, layer).shape[1:])
            return LayerFacts(layer, shape, None, whole=True)
        last = parts[-1]
        shape = tuple(size for size in last.output_shape)
        return LayerFacts(layer, shape, last.receptive_field if len(shape) == 3 else None, last.sees_everything)

    def all_layer_facts(self) -> tuple[LayerFacts, ...]:
        """Those of every layer that `striate.visualization.list_layers` names."""
        inspection = self.inspection()
        return tuple(self.layer_facts(layer, inspection) for layer in list_layers(self.network))

    def class_index(self, target: int | str | None) -> int | None:
        """The class of a name or a number.

        Raises:
            UnknownNameError: There is no class of this name; the message offers the closest.
            UsageError: The number is out of range.
        """
        return class_named(self.classes, target)


def seen_network(
    model: nn.Module | ModelName,
    *,
    weights: str | Path | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    size: int | None = None,
    seed: int = 0,
    watcher: Watcher | None = None,
    found: Row | Bundle | None = None,
) -> SeenNetwork:
    """Finds the network: of a run or a bundle, of the catalogue (with weights, or with random ones), or any module.

    Args:
        model: A run or bundle folder, a name of the catalogue, or a module.
        weights: For a name: as `striate.create_model` takes them; None: random ones.
        mean: What the weights subtract from pixels of 0 to 1; None: as the weights' publisher says, or the row.
        std: What they divide by after that.
        size: Side of the pictures; None: the network's own, or the bundle's.
        seed: Draws random weights.
        watcher: Hears what was decided.
        found: What `find_model` answers to `model`, where that was asked before.

    Raises:
        UnknownNameError: There is neither a network nor a folder of this name.
        UsageError: Something that was asked for makes no sense.
        WeightsError: The weights cannot be read, or do not fill the network.
        BundleError: The bundle is damaged.

    Example:
        >>> seen = seen_network("lenet5")
        >>> seen.input_shape, seen.classes[7], seen.notes[0]
        ((1, 32, 32), 'class 7', 'the weights are random: what is shown is what lenet5 is before it has learnt anything')
    """
    watcher = watcher or Watcher()
    if isinstance(model, nn.Module):
        return _module(model, mean, std, size)
    found = found or find_model(model)
    if isinstance(found, Row):
        return _of_catalogue(found, weights, mean, std, size, seed, watcher)
    if weights is not None or mean is not None or std is not None:
        raise UsageError("--weights, --mean and --std are for networks of the catalogue; a bundle has its own")
    seen = _of_bundle(model, found, size)
    for note in seen.notes:
        watcher.note(note)
    return seen


def layers_of_model(model: ModelName, *, size: int | None = None) -> tuple[LayerFacts, ...]:
    """The layers of a network, of a run or a bundle, or of the catalogue; none of its weights is read or drawn.

    Args:
        model: As `seen_network` takes it.
        size: Side of the pictures; None: the network's own, or the bundle's.

    Raises:
        UnknownNameError: There is neither a network nor a folder of this name.
        UsageError: The network refuses pictures of this size.
        BundleError: The bundle is damaged.

    Example:
        >>> [layer.name for layer in layers_of_model("lenet5")]
        ['c1', 's2', 'c3', 's4', 'c5', 'f6', 'head']
    """
    found = find_model(model)
    if not isinstance(found, Row):
        return _of_bundle(model, found, size).all_layer_facts()
    with drafting():
        draft = create_model(found.name, auxiliary=False)
    rule = input_rule(found, draft, asked=AskedInput(size=size)).preprocessing
    return SeenNetwork(draft, found.name, rule, ()).all_layer_facts()


def _of_bundle(place: ModelName, bundle: Bundle, size: int | None) -> SeenNetwork:
    contract = bundle.contract
    if size is not None and (size, size) != contract.picture_preprocessing.size:
        raise UsageError(
            f"the bundle's pictures are {_sides(contract.picture_preprocessing)}; --size cannot change that"
        )
    if contract.asked.sequential:
        raise UsageError(
            f"{place} reads strings: what speaks for a class is shown of networks that answer once a picture; what was read wrong, and "
            "taken for what, is in the run's report"
        )
    network = build_network(bundle)
    if len(contract.outputs) < len(contract.classes):
        answer_for_both(network)
    several = contract.asked.several
    return SeenNetwork(
        _fast(network),
        title_of(place, bundle),
        contract.picture_preprocessing,
        contract.classes,
        notes=(SEVERAL,) if several else (),
        facts={"network": contract.architecture.title, "weights": f"of the bundle {Path(place).resolve().name}"}
        | _rule(contract.picture_preprocessing, "the bundle's own"),
        folder=Path(place),
        temperature=contract.temperature,
        classifier="sigmoid" if several else "softmax",
        thresholds=thresholds_of(contract),
    )


def thresholds_of(contract: Contract) -> tuple[float, ...]:
    """From which probability on each label is named; empty where one class is answered."""
    if not contract.asked.several:
        return ()
    return tuple(contract.thresholds.get(name, USUAL) for name in contract.classes)


def named_labels(
    classes: Sequence[str], probabilities: Sequence[float], thresholds: Sequence[float]
) -> tuple[str, ...] | None:
    """The labels that reach their thresholds; None where one class is answered.

    Example:
        >>> named_labels(["red", "blue"], [0.4, 0.6], [0.3, 0.7]), named_labels(["red"], [1.0], ())
        (('red',), None)
    """
    if not thresholds:
        return None
    rows = zip(classes, probabilities, thresholds, strict=True)
    return tuple(name for name, share, threshold in rows if share >= threshold)


def _of_catalogue(
    row: Row,
    weights: str | Path | None,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    size: int | None,
    seed: int,
    watcher: Watcher,
) -> SeenNetwork:
    name = row.name
    with drafting():
        draft = create_model(name, auxiliary=False)
    starting = None if weights is None else find_weights(weights, name, watcher=watcher)
    found = input_rule(row, draft, starting, AskedInput(size, mean, std))
    rule = found.preprocessing
    notes = []
    if starting is not None:
        network = fill_network(name, starting, auxiliary=False)
    else:
        network = create_model(name, auxiliary=False, seed=seed)
        notes.append(f"the weights are random: what is shown is what {name} is before it has learnt anything")
    if starting is not None and found.presumed:
        notes.append(
            f"{starting.name} does not say what its pictures should be like; they are made as {name} was published "
            f"(mean {show(rule.mean)}, deviation {show(rule.std)}); if that is wrong, give --mean and --std"
        )
    for note in notes:
        watcher.note(note)
    classes = _class_names(network, named=starting is not None and row.benchmark.name == "ImageNet")
    source = "random" if starting is None else starting.name
    return SeenNetwork(
        _fast(network), name, rule, classes, tuple(notes), {"network": name, "weights": source} | _rule(rule, found.why)
    )


def _module(
    network: nn.Module, mean: Sequence[float] | None, std: Sequence[float] | None, size: int | None
) -> SeenNetwork:
    """A user's module: pictures as it says that it takes them, or as the arguments do."""
    channels, height, width = input_shape(network, size)
    if channels not in (1, 3):
        raise UsageError(f"pictures have 1 or 3 channels; {type(network).__name__} takes {channels}")
    if isinstance(network, Network):
        rule = rule_of_benchmark(network.config.benchmark, channels, (height, width))
    else:
        rule = whole_picture(channels, (height, width), (0.0,) * channels, (1.0,) * channels)
    rule = dataclasses.replace(
        rule,
        mean=tuple(mean) if mean is not None else rule.mean,
        std=tuple(std) if std is not None else rule.std,
    )
    name = type(network).__name__
    seen = SeenNetwork(network, name, rule, (), facts={"network": name} | _rule(rule, "as the module was given"))
    count = seen.layer_facts(HEAD).shape[0]
    return dataclasses.replace(seen, classes=tuple(f"class {place}" for place in range(count)))


def _fast(network: Network) -> Network:
    """The network with the channels of its kernels last in memory, which convolutions on a processor are faster with."""
    return network.to(memory_format=torch.channels_last)


def _class_names(network: Network, *, named: bool) -> tuple[str, ...]:
    if named:
        names = published_weights(IMAGENET_CLASSES_OF).classes
        if len(names) == network.num_classes:
            return names
    return tuple(f"class {place}" for place in range(network.num_classes))


def _rule(rule: Preprocessing, why: str) -> dict[str, str]:
    return {"pictures": f"{_sides(rule)}, mean {show(rule.mean)}, deviation {show(rule.std)} ({why})"}


def _sides(rule: Preprocessing) -> str:
    return f"{rule.size[0]} x {rule.size[1]} pixels"
