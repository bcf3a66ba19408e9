"""What a user names, opened once: a network of the catalogue, the bundle of a folder, or any module as it is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from torch import nn

from striate.bundle import Bundle, Contract, open_bundle
from striate.bundle.folder import bundles_beside
from striate.errors import UnknownNameError
from striate.initialization import drafting
from striate.models import Row, create_model, list_models, model_row
from striate.models.catalog import SHORT_NAMES
from striate.pixels.clip_encoding import ClipEncoding
from striate.runtime.torch_engine import build_network
from striate.text import SentenceEncoding

ModelName: TypeAlias = str | os.PathLike[str]
"""A name of the catalogue, or the folder of a run or bundle."""


@dataclass(frozen=True)
class OpenedNetwork:
    """A network that was named, and what is known of it."""

    network: nn.Module
    name: str = ""
    """What to call it; a module has none."""
    paper: str = ""
    size: tuple[int, ...] | None = None
    """Height and width that a bundle's pictures are brought to; of sentences the words, of clips (frames, channels, height, width)."""
    of_catalogue: bool = False
    """Whether a name of the catalogue stands for it: weights of its own it has none."""


def find_model(model: ModelName) -> Row | Bundle:
    """Name or folder: the row of the catalogue that is called so, else the bundle there, opened.

    A folder that is called as a network is means the network; `./lenet5` means the folder.

    Raises:
        UnknownNameError: It is neither; the message offers the closest of both.
        UsageError: What is there is no run or bundle.
        BundleError: The bundle is damaged.

    Example:
        >>> find_model("lenet5").name
        'lenet5'
    """
    name = os.fspath(model)
    if name in list_models() or name in SHORT_NAMES:
        return model_row(name)
    if os.path.lexists(name):
        return open_bundle(name)
    hint = "(run `striate models` to see them all)"
    if "/" in name:
        hint = "(and no run or bundle is there; run `striate models` to see the names)"
    raise UnknownNameError("model", name, [*list_models(), *bundles_beside(Path(name))], hint=hint)


def title_of(place: ModelName, bundle: Bundle) -> str:
    """What to call a bundle's network: by the folder that was named, and the row of the catalogue."""
    return f"{Path(place).resolve().name} ({bundle.contract.architecture.title})"


def draft_network(model: nn.Module | ModelName) -> OpenedNetwork:
    """The network that is named, without values: none of its weights is read or drawn; a module is answered as it is.

    Raises:
        UnknownNameError: There is neither a network nor a folder of this name.
        BundleError: The bundle is damaged.
    """
    if isinstance(model, nn.Module):
        return OpenedNetwork(model)
    found = find_model(model)
    if isinstance(found, Row):
        with drafting():
            return OpenedNetwork(create_model(found.name), found.name, found.paper, of_catalogue=True)
    contract, architecture = found.contract, found.contract.architecture
    with drafting():
        network = create_model(**architecture.arguments)
    return OpenedNetwork(network, title_of(model, found), model_row(architecture.model).paper, input_of(contract))


def input_of(contract: Contract) -> tuple[int, ...]:
    """Height and width of a bundle's pictures; of sentences the words, of clips (frames, channels, height, width)."""
    encoding = contract.preprocessing
    if isinstance(encoding, ClipEncoding):
        return encoding.count, encoding.channels, *encoding.frame.size
    return encoding.shape if isinstance(encoding, SentenceEncoding) else contract.picture_preprocessing.size


def weighted_network(
    model: nn.Module | ModelName, *, num_classes: int | None = None, seed: int | None = None
) -> OpenedNetwork:
    """The network that is named, with weights: a bundle's own, newly drawn ones for a name; a module is answered as it is.

    Args:
        model: A name of the catalogue, a run or bundle folder, or a module.
        num_classes: Of a name's network; None: the row's own.
        seed: Draws a name's weights.

    Raises:
        UnknownNameError: There is neither a network nor a folder of this name.
        BundleError: The bundle is damaged.
    """
    if isinstance(model, nn.Module):
        return OpenedNetwork(model)
    found = find_model(model)
    if isinstance(found, Row):
        network = create_model(found.name, num_classes=num_classes, seed=seed)
        return OpenedNetwork(network, found.name, found.paper, of_catalogue=True)
    return OpenedNetwork(build_network(found), title_of(model, found), size=input_of(found.contract))
