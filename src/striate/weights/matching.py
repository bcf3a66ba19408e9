"""Weights put into a network, with an account of what fitted and what did not."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from striate.errors import WeightsError
from striate.initialization import drafting
from striate.models.catalog import list_models, model_row
from striate.models.cut_network import CutNetwork
from striate.models.network import Network
from striate.weights.input_channels import AdaptedChannels, adapt_input_channels, first_convolution
from striate.weights.naming import Namings, best_named, check_one
from striate.weights.published import PUBLISHED

LEAST_FIT = 0.5  # share of the network's tensors outside its head; below it the weights are some other network's
LIKENESS = 0.9  # the same share of another row; from it on the weights look like that row's
KINSHIP = 0.1  # the share by name alone of a family's row; below it for two of them the weights are of no row of theirs
COUNTER = "num_batches_tracked"  # batch norm's, which weights of before PyTorch 1.0 lack and no answer depends on


@dataclass(frozen=True)
class Reshaped:
    """A tensor with one shape in the file and another in the network."""

    name: str
    in_file: tuple[int, ...]
    in_network: tuple[int, ...]

    def __str__(self) -> str:
        """Name and shapes, and what it means where the shapes tell."""
        said = f"{self.name} is {self.in_file} in the file and {self.in_network} here"
        ours, theirs = self.in_network, self.in_file
        if len(ours) == len(theirs) == 4 and ours[:1] + ours[2:] == theirs[:1] + theirs[2:]:
            said += f" (made for {theirs[1]} input channels, not {ours[1]})"
        return said


@dataclass(frozen=True)
class MatchReport:
    """What of a weights file went into a network. Names are the network's, but for `unexpected`."""

    matched: tuple[str, ...]  # loaded
    missing: tuple[str, ...]  # not in the file: left as they were
    unexpected: tuple[str, ...]  # in the file alone: not used
    reshaped: tuple[Reshaped, ...]  # in both, in different shapes: left as they were
    head_replaced: tuple[str, ...]  # the head's, if the file's is for another number of classes: left as they were
    file_classes: int | None  # how many classes the file's head has; None: it has no such head
    num_classes: int  # how many the network has
    publisher: str | None = None  # whose names were translated
    prefix: str = ""  # what stood before the network's names in the file, such as `model.`
    outside: tuple[str, ...] = ()  # of the unexpected, those that belong to training, as the weights of a loss do
    adapted: AdaptedChannels | None = None  # the first convolution, loaded for another number of input channels

    def summary(self) -> str:
        """All of it for a person, in one line: a clause for each thing that did not fit.

        Example:
            >>> report = MatchReport(("conv1.weight",), ("bn1.weight",), (), (), ("fc.weight",), 1000, 10)
            >>> report.summary()
            '1 of 3 tensors loaded; the head is new: 1,000 classes in the file, 10 here; not in the file: bn1.weight'
        """
        total = len(self.matched) + len(self.missing) + len(self.reshaped) + len(self.head_replaced)
        clauses = [f"{len(self.matched):,} of {total:,} tensors loaded"]
        how = [f"named as by {self.publisher}"] if self.publisher else []
        how += [f"under {self.prefix}"] if self.prefix else []
        if how:
            clauses[0] += f" ({', '.join(how)})"
        if self.adapted:
            clauses.append(str(self.adapted))
        if self.head_replaced:
            clauses.append(f"the head is new: {self.file_classes:,} classes in the file, {self.num_classes:,} here")
        if self.reshaped:
            clauses.append(f"left as drawn: {_some(str(tensor) for tensor in self.reshaped)}")
        if self.missing:
            clauses.append(f"not in the file: {_some(self.missing)}")
        if self.outside:
            clauses.append(f"left out, as no part of the network: {_some(self.outside)}")
        if unused := [name for name in self.unexpected if name not in self.outside]:
            clauses.append(f"not used: {_some(unused)}")
        return "; ".join(clauses)


def load_weights(model: Network, tensors: Mapping[str, Tensor], *, row: str | None = None) -> MatchReport:
    """Copies every tensor of a file that fits into the network, and says what did not.

    Names that a publisher uses are translated, and what a training program put before all of them (`model.`, `net.`,
    `backbone.encoder.`) is taken off. A head for another number of classes is left out, and the network keeps
    its own. A first convolution for another number of input channels is adapted. Nothing is changed where an error is
    raised.

    Args:
        model: The network; changed in place.
        tensors: From `read_weights`.
        row: The network's name in the catalogue, for the error messages.

    Returns:
        What was loaded, and what was not.

    Raises:
        WeightsError: Fewer than half of the network's tensors outside its head, or not all of a network that is but a
            head, are in the file with the same shape (the message names some on both sides, and the network that the
            weights look like); or the file holds a cut network, or the network twice; or a tensor that fits holds whole
            numbers where the network has floats, or values that are not finite.

    Example:
        >>> from striate.models import create_model
        >>> report = load_weights(create_model("resnet20", num_classes=2), create_model("resnet20").state_dict())
        >>> report.summary()
        '114 of 116 tensors loaded; the head is new: 10 classes in the file, 2 here'
    """
    if f"{CutNetwork.head_name}.weight" in tensors and not isinstance(model, CutNetwork):
        raise WeightsError(
            "the weights are of a network that was cut behind one of its stages, and lack what comes after it; "
            "start from the weights that it was cut from"
        )
    own = model.state_dict()
    named = best_named(own.keys(), tensors, row)
    tensors, adapted = _for_channels(model, own, _in_our_shapes(own, named.tensors))
    fitting = {name for name in own if name in tensors and tensors[name].shape == own[name].shape}
    head = {name for name in own if name.startswith(f"{model.head_name}.")}
    body = {name for name in own if name not in head and not name.endswith(COUNTER)}
    least = LEAST_FIT * len(body) if body else len(head)  # a linear classifier is its head, and nothing of it may miss
    if len((body or head) & fitting) < least:
        judged = {name: own[name] for name in own if name in (body or head)}
        raise WeightsError(_misfit(judged, tensors, row, of="outside the head " if body else ""))
    check_one(named, row or "the network")
    file_classes = _classes(own, tensors, head)
    left_head = head | _auxiliary_heads(own, tensors) if file_classes not in (None, model.num_classes) else set()
    chosen = {name: tensors[name] for name in own if name in fitting and name not in left_head}
    _check_values(own, chosen)
    model.load_state_dict(chosen, strict=False)
    rest = [name for name in own if name not in chosen and name not in left_head]
    return MatchReport(
        matched=tuple(chosen),
        missing=tuple(name for name in rest if name not in tensors and not name.endswith(COUNTER)),
        unexpected=tuple(name for name in tensors if name not in own),
        reshaped=tuple(
            Reshaped(name, tuple(tensors[name].shape), tuple(own[name].shape)) for name in rest if name in tensors
        ),
        head_replaced=tuple(name for name in own if name in left_head),
        file_classes=file_classes,
        num_classes=model.num_classes,
        publisher=named.publisher,
        prefix=named.prefix,
        outside=tuple(name for name in tensors if name in named.outside),
        adapted=adapted,
    )


def _in_our_shapes(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors, of which those of dense layers that another program has as convolutions, or with sides of 1, have our shape.

    A convolution over all places weighs them in the order in which they are laid out for a dense layer.
    """
    return {name: _in_shape(tensor, own[name].shape) if name in own else tensor for name, tensor in tensors.items()}


def _in_shape(tensor: Tensor, shape: torch.Size) -> Tensor:
    if tensor.ndim <= len(shape) or tensor.numel() != shape.numel():
        return tensor
    flat = len(shape) == 2 and tensor.shape[0] == shape[0]
    return tensor.reshape(shape) if flat or [side for side in tensor.shape if side > 1] == list(shape) else tensor


def _for_channels(
    model: Network, own: Mapping[str, Tensor], tensors: Mapping[str, Tensor]
) -> tuple[Mapping[str, Tensor], AdaptedChannels | None]:
    """The tensors with the first convolution's weight for as many input channels as the network has."""
    name = first_convolution(model)
    if name is None or name not in tensors or not tensors[name].is_floating_point():
        return tensors, None
    ours, theirs = own[name].shape, tensors[name].shape
    if len(theirs) != 4 or ours[1] == theirs[1] or (*ours[:1], *ours[2:]) != (*theirs[:1], *theirs[2:]):
        return tensors, None
    weight = adapt_input_channels(tensors[name], ours[1])
    return {**tensors, name: weight}, AdaptedChannels(name, theirs[1], ours[1])


def _classes(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor], head: Iterable[str]) -> int | None:
    """How many classes the file's head has, if it is the network's head but for that number."""
    for name in head:
        if name in tensors and tensors[name].ndim > 0 and tensors[name].shape[1:] == own[name].shape[1:]:
            return tensors[name].shape[0]
    return None


def _auxiliary_heads(own: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> set[str]:
    """What belongs to auxiliary heads, which are for as many classes as the head, and differs in that number alone."""
    return {
        name
        for name in own
        if is_auxiliary(name)
        and name in tensors
        and tensors[name].shape != own[name].shape
        and tensors[name].shape[1:] == own[name].shape[1:]
    }


def is_auxiliary(name: str) -> bool:
    """Whether a tensor belongs to an auxiliary head, which only training needs: those have `aux` in their names.

    Example:
        >>> is_auxiliary("aux1.fc2.weight"), is_auxiliary("fc.weight")
        (True, False)
    """
    return "aux" in name


def _check_values(own: Mapping[str, Tensor], chosen: Mapping[str, Tensor]) -> None:
    for name, tensor in chosen.items():
        if tensor.is_floating_point() != own[name].is_floating_point():
            raise WeightsError(
                f"the weights hold {name} as {tensor.dtype}, expected {own[name].dtype}; "
                "quantized weights cannot be loaded"
            )
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise WeightsError(
                f"the weights hold NaN or infinity in {name}; "
                "the file is damaged, or the training that wrote it diverged"
            )


def _misfit(judged: Mapping[str, Tensor], tensors: Mapping[str, Tensor], row: str | None, *, of: str) -> str:
    """Why the weights were refused: shapes that differ or else names of both sides, and whose weights they may be."""
    network = row or "the network"
    shared = [name for name in judged if name in tensors]
    differing = [
        str(Reshaped(name, tuple(tensors[name].shape), tuple(judged[name].shape)))
        for name in shared
        if tensors[name].shape != judged[name].shape
    ]
    fit = len(shared) - len(differing)
    message = f"the weights do not fit {network}: {fit} of its {len(judged)} tensors {of}are in the file"
    if differing:
        message += f"; shapes differ: {_some(differing)}"
    else:
        message += f"; the file has {_some(tensors)}; {network} has {_some(judged)}"
    like = row_like(tensors, row)
    return message + (f"; they look like weights of {like}: create that network" if like else "")


def row_like(tensors: Mapping[str, Tensor], row: str | None = None) -> str | None:
    """The row of the catalogue, other than this one, of whose tensors most are in the file; None where few are of any row's.

    Where rows of a family differ in no shape, the one whose weights are published: most files are those.

    Args:
        tensors: Of the file, by name.
        row: What it is not asked for; None: any row may be it.
    """
    best: list[str] = []
    most = 0.0
    namings = Namings(tensors)
    for _, group in itertools.groupby(list_models(), key=lambda name: model_row(name).family):
        rows = list(group)
        # Building a row takes a while, even without values: two of a family tell whether its names are in the file.
        if most == 1 or not any(_shares(name, namings)[0] >= KINSHIP for name in (rows[0], rows[-1])):
            continue
        for name in rows:
            share = _shares(name, namings)[1] if name != row else 0.0
            if share > most:
                best, most = [], share
            if share == most:
                best.append(name)
    return min(best, key=lambda name: name not in PUBLISHED) if most >= LIKENESS else None


def _shares(name: str, namings: Namings) -> tuple[float, float]:
    """Of a row's tensors outside its head, or of all where it is but a head, the share that the file has by name, and by name and shape."""
    shapes = _body_shapes(name)
    kin = best_named(shapes.keys(), namings).tensors  # named as for another row of the family, it may be
    named = best_named(shapes.keys(), namings, name).tensors
    fitting = sum(key in named and _in_shape(named[key], shape).shape == shape for key, shape in shapes.items())
    return len(kin.keys() & shapes.keys()) / len(shapes), fitting / len(shapes)


@functools.cache
def _body_shapes(name: str) -> Mapping[str, torch.Size]:
    """The shapes of a row's tensors outside its head, or of all where it is but a head, by name."""
    facts = model_row(name)
    with drafting():  # shapes without values
        network = facts.family(facts.config, num_classes=facts.num_classes, in_channels=facts.in_channels)
    shapes = {key: tensor.shape for key, tensor in network.state_dict().items() if not key.endswith(COUNTER)}
    body = {key: shape for key, shape in shapes.items() if not key.startswith(f"{network.head_name}.")}
    return MappingProxyType(body or shapes)


def _some(names: Iterable[str], most: int = 3) -> str:
    """The first few, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - most:,} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
