"""Defaults chosen from the data, each with its reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from striate.augmentation import named_policy
from striate.errors import UsageError
from striate.models import LeNetConfig, Network, Row
from striate.pixels import Preprocessing
from striate.training.batches import batch_sizes
from striate.weights import PUBLISHED

SMALL = 64
"""Pictures whose shorter side is at most this many pixels are small: drawings, digits, thumbnails."""

LARGEST_SIDE = 4096
"""Pixels; a larger input than any network's would only fill the memory."""

ENLARGED = 1.5
"""For trained weights it is tried whether pictures that are enlarged as much as this suit them better."""

LEAST_SIDE = 96
"""And whether they do at this size, where that is more: below it the last maps of a network for photographs are hardly a pixel."""

WITHOUT_BATCH_NORM = 0.01
"""The learning rate of SGD where no batch norm keeps the signal in bounds: a tenth of what it is with it, as VGG and AlexNet have it."""

FEW = 5_000
"""With fewer training pictures than this, a network for photographs learns poorly from scratch."""


@dataclass(frozen=True)
class Decision:
    """Something that was decided for the user."""

    what: str
    value: str
    why: str


@dataclass(frozen=True)
class DataFacts:
    """What the defaults look at."""

    training_pictures: int
    classes: int
    short_side: int
    """Median over the training pictures, in pixels."""
    colour: bool
    """Whether any picture needs three channels."""

    @property
    def small(self) -> bool:
        """Whether these are small pictures."""
        return self.short_side <= SMALL

    @property
    def drawn(self) -> bool:
        """Whether these look like digits, letters or drawings: small and grey."""
        return self.small and not self.colour


def choose_model(facts: DataFacts) -> Decision:
    """A network that suits the size and colour of the pictures and trains on a laptop."""
    size = f"pictures of about {facts.short_side} pixels"
    if facts.small and not facts.colour and facts.classes <= 10:
        return Decision("model", "lenet5", f"{size}, grey, {facts.classes} classes: LeNet-5 was made for these")
    if facts.small:
        return Decision("model", "resnet20", f"{size}: a small residual network")
    return Decision("model", "mobilenet_v2", f"{size}: the strongest network here that trains on a processor")


def choose_preprocessing(
    facts: DataFacts, row: Row, network: Network, *, size: int | None
) -> tuple[Preprocessing, list[Decision]]:
    """How pictures become the network's input; mean 0 and deviation 1 where the row has none for its channels.

    Args:
        facts: The data.
        row: The network's row.
        network: The network itself.
        size: Side of the input in pixels, if the user gave one; a network that takes one size only ignores it.

    Raises:
        UsageError: If `size` makes no picture.
    """
    check_side(size)
    channels = network.in_channels
    known = len(row.mean) == channels
    height, width = row.input_size
    if network.fixed_size:
        why = f"{row.name} takes {height} x {width} pixels only"
    else:
        height = width = input_side(facts, row, network) if size is None else size
        why = (
            "asked for"
            if size
            else f"the network's {row.input_size[0]}, or what the pictures (about {facts.short_side}) show"
        )
    drawn = row.benchmark.name == "MNIST"
    preprocessing = Preprocessing(
        colour="rgb" if channels == 3 else "grey",
        resize="exact" if drawn else "shorter_side",
        # The paper's field: 28 x 28 digits centred in 32 x 32, so that strokes do not end at the edge.
        resize_size=(height - 4, width - 4) if drawn else (height, width),
        filter="bilinear",
        crop=(height, width),
        mean=row.mean if known else (0.0,) * channels,
        std=row.std if known else (1.0,) * channels,
    )
    return preprocessing, [Decision("input size", f"{height} x {width}", why)]


def check_side(size: int | None) -> None:
    """Refuses a side of the network's input that makes no picture.

    Raises:
        UsageError: If it does not lie in 1..4096 pixels.
    """
    if size is not None and not 1 <= size <= LARGEST_SIDE:
        raise UsageError(f"size must lie in 1..{LARGEST_SIDE} pixels, got {size}")


def input_side(facts: DataFacts, row: Row, network: Network, *, enlarged: float = 1.0, least: int = 32) -> int:
    """The row's own side, or less where the pictures are smaller; a multiple of 32, but never below what the network takes.

    Args:
        facts: The data.
        row: The network's row.
        network: The network itself.
        enlarged: How many times as large as they are the pictures may become.
        least: And how large at least.
    """
    natural = max(least, int(facts.short_side * enlarged) // 32 * 32)
    return max(min(row.input_size[0], natural), *network.minimum_size)


def read_shipped_recipe(name: str) -> dict[str, Any]:
    """A recipe that comes with the package, as a table."""
    text = resources.files("striate.training").joinpath("recipes", f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def choose_recipe(facts: DataFacts, row: Row, *, pretrained: bool) -> tuple[dict[str, Any], list[Decision]]:
    """A recipe for the network and the data as a table, and why.

    Args:
        facts: The data.
        row: The network.
        pretrained: Whether training starts from weights that were trained before.
    """
    kind = "fine_tune" if pretrained else ("lenet" if row.benchmark.name == "MNIST" else "scratch")
    table = read_shipped_recipe(kind)
    views, fewest, most = table.pop("epochs_from")["views_fewest_most"]
    epochs = min(most, max(fewest, round(views / facts.training_pictures)))
    table.setdefault("schedule", {})["epochs"] = epochs
    decisions = [
        Decision("recipe", kind, "trained weights are given" if pretrained else "training starts from random weights"),
        Decision("epochs", str(epochs), f"the recipe wants about {views:,} looks, in {fewest} to {most} epochs"),
    ]
    if isinstance(row.config, LeNetConfig) and row.config.output == "rbf":
        table["loss"] = {"name": "lenet_map", "lenet_j": 1.0}
        decisions.append(
            Decision("loss", "lenet_map", "the paper's Eq. 9; on distances it learns better than cross-entropy")
        )
    batch_size = int(table["batch_size"])
    while batch_size > 8 and facts.training_pictures < 8 * batch_size:
        batch_size //= 2
    if batch_size != table["batch_size"]:
        table["batch_size"] = batch_size
        decisions.append(Decision("batch size", str(batch_size), describe_steps(facts.training_pictures, batch_size)))
    policy = named_policy("standard", drawn=facts.drawn)
    table["augmentation"] = policy.to_dict()
    why = "small grey pictures; no mirror images, which change letters" if facts.drawn else "pictures of things"
    decisions.append(
        Decision("augmentation", "standard: " + ", ".join(operation.name for operation in policy.active), why)
    )
    return table, decisions


def describe_steps(training_pictures: int, batch_size: int) -> str:
    """Why a batch is small: how many steps an epoch has with it.

    Example:
        >>> describe_steps(48, 8)
        'an epoch of 48 pictures has 6 steps then'
    """
    steps = len(batch_sizes(training_pictures, batch_size))
    return f"an epoch of {training_pictures:,} pictures has {steps} {'step' if steps == 1 else 'steps'} then"


def scratch_warning(facts: DataFacts, row: Row, *, pretrained: bool) -> str | None:
    """A sentence for who trains a network for photographs from scratch on few pictures; None where that is no concern."""
    if pretrained or facts.small or facts.training_pictures >= FEW or row.benchmark.name != "ImageNet":
        return None
    trained = "imagenet" if row.name in PUBLISHED else "FILE"
    return (
        f"{facts.training_pictures:,} pictures are few to train {row.name} from scratch; "
        f"start from trained weights with --weights {trained} for a much better result"
    )
