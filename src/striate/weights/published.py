"""Which rows of the catalogue have published ImageNet weights, and what their publisher says of them.

The table here says only which of torchvision's entries belongs to which row. Address, hash, preprocessing and score
are torchvision's own metadata, read when they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, cast

from striate.errors import UsageError, WeightsError
from striate.models import list_models, model_row
from striate.pixels import Preprocessing
from striate.pixels.preprocessing_settings import Filter
from striate.weights.torchvision_metadata import Metadata, read_metadata

IMAGENET = "imagenet"
"""What `weights=` says for a row's published ImageNet weights."""


class Entry(NamedTuple):
    """One of torchvision's entries."""

    model: str  # torchvision's name of the network
    weights: str = "IMAGENET1K_V1"  # its name of the weights: the ones it calls default
    halves: bool = (
        False  # its network turns inputs into (pixel / 255 - 0.5) / 0.5 before the first layer; ours does not
    )


PUBLISHED: Mapping[str, Entry] = MappingProxyType(
    {
        "alexnet_owt": Entry("alexnet"),
        "vgg11": Entry("vgg11"),
        "vgg11_bn": Entry("vgg11_bn"),
        "vgg13": Entry("vgg13"),
        "vgg13_bn": Entry("vgg13_bn"),
        "vgg16": Entry("vgg16"),
        "vgg16_bn": Entry("vgg16_bn"),
        "vgg19": Entry("vgg19"),
        "vgg19_bn": Entry("vgg19_bn"),
        "googlenet_bn": Entry("googlenet", halves=True),
        "resnet18": Entry("resnet18"),
        "resnet34": Entry("resnet34"),
        "resnet50_v1_5": Entry("resnet50", "IMAGENET1K_V2"),
        "resnet101_v1_5": Entry("resnet101", "IMAGENET1K_V2"),
        "resnet152_v1_5": Entry("resnet152", "IMAGENET1K_V2"),
        "mobilenet_v2": Entry("mobilenet_v2", "IMAGENET1K_V2"),
        "efficientnet_b0": Entry("efficientnet_b0"),
        "efficientnet_b1": Entry("efficientnet_b1", "IMAGENET1K_V2"),
        "efficientnet_b2": Entry("efficientnet_b2"),
        "efficientnet_b3": Entry("efficientnet_b3"),
        "efficientnet_b4": Entry("efficientnet_b4"),
        "efficientnet_b5": Entry("efficientnet_b5"),
        "efficientnet_b6": Entry("efficientnet_b6"),
        "efficientnet_b7": Entry("efficientnet_b7"),
    }
)


@dataclass(frozen=True)
class PublishedWeights:
    """A row's published weights, as their publisher describes them."""

    row: str
    source: str  # who published them, and under what name
    url: str
    sha256_prefix: str  # how the file's SHA-256 begins, hexadecimal
    preprocessing: Preprocessing  # what they were evaluated with
    accuracy: float | None  # top-1 on ImageNet's validation pictures, 0 to 1
    classes: tuple[str, ...]  # names in the order of the logits

    @property
    def file_name(self) -> str:
        """The file's name, which the hash is part of."""
        return self.url.rpartition("/")[2]


def published_weights(name: str) -> PublishedWeights:
    """What torchvision says of a row's published weights. Downloads nothing.

    Args:
        name: One of `list_models()`.

    Raises:
        UnknownNameError: There is no such row.
        UsageError: The row has no published weights; the message names a row that has.
        WeightsError: The installed torchvision does not know the weights.

    Example:
        >>> published_weights("mobilenet_v2").file_name
        'mobilenet_v2-7ebf99e0.pth'
    """
    model_row(name)
    entry = PUBLISHED.get(name)
    if entry is None:
        raise UsageError(_no_weights(name))
    metadata = read_metadata(entry.model, entry.weights)
    return PublishedWeights(
        row=name,
        source=f"torchvision {entry.model} {entry.weights}",
        url=metadata.url,
        sha256_prefix=_hash_in_name(metadata.url),
        preprocessing=_preprocessing(metadata, halves=entry.halves),
        accuracy=None if metadata.accuracy is None else metadata.accuracy / 100,
        classes=metadata.classes,
    )


def siblings(name: str) -> tuple[str, ...]:
    """The rows with published weights that are nearest to a row without, nearest first.

    A row whose name goes on where the other ends is the same network in another form. Where there is none, all of the
    family are answered; and where there are none of those, nothing.

    Example:
        >>> siblings("efficientnet_b0_tf")
        ('efficientnet_b0',)
    """
    there = [row for row in list_models() if row in PUBLISHED and row != name]
    forms = [row for row in there if row.startswith(f"{name}_") or name.startswith(f"{row}_")]
    if forms:
        return tuple(sorted(forms, key=lambda row: not name.startswith(row)))
    own = model_row(name)
    return tuple(
        row
        for row in there
        if model_row(row).family is own.family and own.benchmark.name == model_row(row).benchmark.name
    )


def _no_weights(name: str) -> str:
    row, others = model_row(name), siblings(name)
    if not others:
        made_for = f" (it was made for {row.benchmark.name})" if row.benchmark.name != "ImageNet" else ""
        return (
            f"{name} has no published ImageNet weights{made_for}, nor has a sibling of it; "
            f"give a file, or take one of: {', '.join(other for other in list_models() if other in PUBLISHED)}"
        )
    listed = ", ".join(map(repr, others))
    which = f"its sibling {listed} has" if len(others) == 1 else f"its siblings {listed} have"
    return f"{name} has no published ImageNet weights; {which} them: take that network, or give a file"


def _hash_in_name(url: str) -> str:
    found = re.search(r"-([0-9a-f]{8,64})\.\w+$", url)
    if found is None:
        raise WeightsError(f"{url} has no hash in its name, so that what is downloaded could not be checked")
    return found[1]


def _preprocessing(metadata: Metadata, *, halves: bool) -> Preprocessing:
    """The evaluation transform as a rule: the shorter side to its size, bytes, the centre, mean, deviation."""
    return Preprocessing(
        colour="rgb",
        resize="shorter_side",
        resize_size=(metadata.resize, metadata.resize),
        filter=cast("Filter", metadata.interpolation),
        crop=(metadata.crop, metadata.crop),
        mean=(0.5, 0.5, 0.5) if halves else metadata.mean,
        std=(0.5, 0.5, 0.5) if halves else metadata.std,
    )
