"""Defaults chosen from the data, each with its reason."""

from __future__ import annotations

import dataclasses
from typing import Any

from torch import nn

from striate.augmentation import named_policy
from striate.data.facts import DataFacts
from striate.decision import Decision
from striate.models import AirbenchConfig, LeNetConfig, Network, ResNet9Config, Row
from striate.training.batches import batch_sizes
from striate.training.recipe import Recipe, read_shipped_recipe
from striate.weights import PUBLISHED

ENLARGED = 1.5
"""For trained weights it is tried whether pictures that are enlarged as much as this suit them better."""

LEAST_SIDE = 96
"""And whether they do at this size, where that is more: below it the last maps of a network for photographs are hardly a pixel."""

WITHOUT_BATCH_NORM = 0.01
"""The learning rate of SGD where no batch norm keeps the signal in bounds: a tenth of what it is with it, as VGG and AlexNet have it."""

FEW = 5_000
"""With fewer training pictures than this, a network for photographs learns poorly from scratch."""

FEW_FOR_SMALL = 10_000
"""And with fewer than this a small network learns in small batches and short runs; see `scratch_few.toml`."""


def choose_model(facts: DataFacts) -> Decision:
    """A network that suits the size and colour of the pictures and trains on a laptop."""
    size = f"pictures of about {facts.short_side} pixels"
    if suits_lenet(facts):
        return Decision("model", "lenet5", f"{size}, grey, {facts.classes} classes: LeNet-5 was made for these")
    if facts.training_pictures < FEW:
        why = f"{size}, {facts.training_pictures:,} to learn from: a narrow residual network learns most of few"
        return Decision("model", "resnet9_x0_25", why)
    if facts.small:
        return Decision("model", "resnet9_x0_5", f"{size}: a small residual network")
    return Decision("model", "mobilenet_v2", f"{size}: the strongest network here that trains on a processor")


def suits_lenet(facts: DataFacts) -> bool:
    """Whether LeNet-5 suits: small grey pictures of ten classes at most, of which one is the answer, the nearest of its codes."""
    return facts.drawn and facts.classes <= 10 and facts.softmax_answers


def choose_recipe(facts: DataFacts, row: Row, *, pretrained: bool) -> tuple[dict[str, Any], list[Decision]]:
    """A recipe for the network and the data as a table, and why.

    Args:
        facts: The data.
        row: The network.
        pretrained: Whether training starts from weights that were trained before.
    """
    kind = "fine_tune" if pretrained else ("lenet" if row.benchmark.name == "MNIST" else scratch_recipe(facts, row))
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


def scratch_recipe(facts: DataFacts, row: Row) -> str:
    """Which recipe a network learns by from random weights: one for few pictures and little time, or the usual one."""
    small = isinstance(row.config, ResNet9Config | AirbenchConfig)
    return "scratch_few" if small and facts.training_pictures < FEW_FOR_SMALL else "scratch"


def suit_rate(recipe: Recipe, network: Network) -> tuple[Recipe, list[Decision]]:
    """The recipe with a lower rate of SGD where the network has no batch norm."""
    normed = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in network.modules())
    if normed or recipe.optimizer.name != "sgd" or recipe.optimizer.learning_rate <= WITHOUT_BATCH_NORM:
        return recipe, []
    optimizer = dataclasses.replace(recipe.optimizer, learning_rate=WITHOUT_BATCH_NORM)
    decision = Decision("learning rate", f"{WITHOUT_BATCH_NORM:g}", f"{recipe.model} has no batch norm")
    return dataclasses.replace(recipe, optimizer=optimizer), [decision]


def describe_steps(training_pictures: int, batch_size: int) -> str:
    """Why a batch is small: how many steps an epoch has with it.

    Example:
        >>> describe_steps(48, 8)
        'an epoch of 48 pictures has 6 steps then'
    """
    steps = len(batch_sizes(training_pictures, batch_size))
    return f"an epoch of {training_pictures:,} pictures has {steps} {'step' if steps == 1 else 'steps'} then"


def scratch_warning(facts: DataFacts, row: Row, *, pretrained: bool) -> str | None:
    """A sentence for who learns from few photographs from scratch; None where that is no concern."""
    if pretrained or facts.small or facts.training_pictures >= FEW:
        return None
    if row.benchmark.name != "ImageNet":
        return (
            f"{facts.training_pictures:,} photographs are few to learn from; where they show things as ImageNet's do, "
            "trained weights (--weights imagenet) bring a much better result"
        )
    trained = "imagenet" if row.name in PUBLISHED else "FILE"
    return (
        f"{facts.training_pictures:,} pictures are few to train {row.name} from scratch; "
        f"start from trained weights with --weights {trained} for a much better result"
    )
