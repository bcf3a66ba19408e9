"""What the degradation experiment trains, and how: four networks and the one recipe that they share."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
import torch

from striate.data import Dataset
from striate.data.facts import DataFacts, data_facts
from striate.data.preparation import prepare_data
from striate.deciding.run_plan import shown
from striate.deciding.training_request import TrainingRequest, ask_recipe
from striate.errors import UnknownNameError, UsageError
from striate.models import Network, create_model, list_models, model_row
from striate.pixels import Preprocessing
from striate.row_writing import path_text
from striate.training import (
    Decision,
    Recipe,
    choose_precision,
    choose_recipe,
    merge,
    time_step,
)
from striate.training.batches import batch_sizes
from striate.training.device import choose_device
from striate.training.probes import probe_images, probe_loss
from striate.watching import Watcher
from striate.weights.input_rule import AskedInput, check_side, input_rule
from striate.wording import duration

SMALL_PAIR, LARGE_PAIR = ("plain20", "plain56"), ("plain18", "plain34")
EPOCHS = 10
FEWEST_STEPS = 40
"""Smaller batches are taken until an epoch has so many steps."""
SMALLEST_BATCH = 32
SIDE_STEP = 16
"""The input's side is a multiple of so many pixels; the networks halve it two to five times."""


@dataclass(frozen=True)
class DepthPlan:
    """All that the experiment was asked and decided."""

    dataset: Dataset
    networks: tuple[str, ...]
    """Plain shallow and deep, residual shallow and deep."""
    recipe: Recipe
    preprocessing: Preprocessing
    device: torch.device
    decisions: tuple[Decision, ...]

    def to_toml(self) -> str:
        """The text of `recipe.toml`."""
        preprocessing = {key: value for key, value in self.preprocessing.to_dict().items() if value is not None}
        return tomli_w.dumps(
            {
                **self.recipe.to_dict(),
                "preprocessing": preprocessing,
                "run": {
                    "data": path_text(self.dataset.location),
                    "networks": list(self.networks),
                    "device": str(self.device),
                },
                "decisions": [
                    {key: shown(value) for key, value in vars(decision).items()} for decision in self.decisions
                ],
            }
        )


def plan_depth(
    data: str | Path | Dataset,
    *,
    pair: tuple[str, str] | None,
    epochs: int | None,
    batch_size: int | None,
    size: int | None,
    pictures: int | None,
    seed: int,
    precision: str | None,
    device: str,
    deadline: float | None,
    settings: Sequence[str],
    root: str | Path | None,
    watcher: Watcher,
) -> DepthPlan:
    """Decides everything before the first step, and tells the watcher; arguments as `striate.deepen` takes them.

    Raises:
        UsageError: If something that was asked for makes no sense.
        DataError: If the data cannot be used.
    """
    check_side(size)
    if pictures is not None and pictures < 2:
        raise UsageError(f"--pictures must be 2 or more, got {pictures}")
    if pair is not None:
        check_pair(pair)
    torch_device = choose_device(device)
    asked = ask_recipe(
        TrainingRequest(
            data=data, epochs=epochs, batch_size=batch_size, seed=seed, precision=precision, settings=settings
        )
    )
    dataset = prepare_data(data, seed=asked["seed"], root=root, watcher=watcher)
    if pictures is not None:
        dataset = keep_training_pictures(dataset, pictures, seed=asked["seed"])
    facts = data_facts(dataset)
    chosen = pair or (SMALL_PAIR if facts.small else LARGE_PAIR)
    networks = (*chosen, *(residual_twin(name) for name in chosen))
    why = "asked for" if pair else f"pictures of about {facts.short_side} pixels"
    decisions = [Decision("networks", ", ".join(networks), why)]
    recipe = depth_recipe(facts, chosen[1], asked)
    preprocessing, reasons = depth_input(dataset, facts, chosen[1], size=size)
    decisions += reasons

    def built(name: str) -> Network:
        network = create_model(
            name, num_classes=len(dataset.classes), in_channels=preprocessing.channels, seed=recipe.seed
        )
        return network.to(torch_device).to(memory_format=torch.channels_last)

    deepest = built(chosen[1])
    images = probe_images(deepest, preprocessing.size, count=min(recipe.batch_size, facts.training_pictures))
    if "precision" not in asked:
        kind, why = choose_precision(deepest, images, probe_loss)
        recipe = dataclasses.replace(recipe, precision=kind)
        decisions.append(Decision("precision", kind, why))
    seconds = time_steps(map(built, networks), len(networks), images, recipe.precision, watcher=watcher)
    steps = len(batch_sizes(facts.training_pictures, recipe.batch_size))
    recipe, decision = fit_time(recipe, seconds * steps, deadline, epochs_asked="epochs" in asked.get("schedule", {}))
    decisions += [Decision("batch size", str(recipe.batch_size), f"{steps:,} steps an epoch"), decision]
    for decision in decisions:
        watcher.decision(decision)
    return DepthPlan(dataset, networks, recipe, preprocessing, torch_device, tuple(decisions))


def time_steps(
    networks: Iterable[Network], count: int, images: torch.Tensor, precision: str, *, watcher: Watcher
) -> float:
    """Seconds that a step of all networks takes; each is made when its turn comes."""
    seconds = 0.0
    for place, network in enumerate(networks):
        watcher.task("timing", place, count)
        seconds += time_step(network, images, probe_loss, precision, steps=1)
    watcher.task("timing", count, count)
    return seconds


def depth_recipe(facts: DataFacts, model: str, asked: Mapping[str, Any]) -> Recipe:
    """What training from scratch would do, but that the network itself is evaluated, not its average, by the paper's loss."""
    table, _ = choose_recipe(facts, model_row(model), pretrained=False)
    own = {
        "model": model,
        "batch_size": smaller_batch(facts.training_pictures, int(table["batch_size"])),
        "schedule": {"epochs": EPOCHS},
        "averaging": {"span": 0.0},
        "loss": {"label_smoothing": 0.0},
    }
    return Recipe.from_dict(merge(table, own, asked))


def depth_input(
    dataset: Dataset, facts: DataFacts, model: str, *, size: int | None
) -> tuple[Preprocessing, list[Decision]]:
    """How pictures become the networks' input: no larger than they are, because depth shall cost the time, not size."""
    row = model_row(model)
    side = (
        size if size is not None else min(row.input_size[0], max(SIDE_STEP, facts.short_side // SIDE_STEP * SIDE_STEP))
    )
    network = create_model(row.name, num_classes=len(dataset.classes), in_channels=3 if facts.colour else 1, seed=0)
    rule = input_rule(row, network, asked=AskedInput(size=side), facts=facts, dataset=dataset)
    sides, *others = rule.decisions
    if size is None:
        sides = dataclasses.replace(sides, why="what the pictures show, no more: depth shall cost, not size")
    return rule.preprocessing, [sides, *others]


def check_pair(pair: tuple[str, str]) -> None:
    """Raises UsageError unless both are plain networks with a residual twin, the shallow one first."""
    plain = [name for name in list_models() if name.startswith("plain")]
    for name in pair:
        if name not in plain:
            raise UnknownNameError("plain network", name, plain)
    shallow, deep = (int(name.removeprefix("plain")) for name in pair)  # the paper's names count the layers
    if shallow >= deep:
        raise UsageError(f"--pair needs the shallow network first and then a deeper one, got {pair[0]}:{pair[1]}")


def residual_twin(plain: str) -> str:
    """The residual network with the plain one's layers, and shortcuts without parameters.

    Example:
        >>> residual_twin("plain56"), residual_twin("plain34")
        ('resnet56', 'resnet34_a')
    """
    name = plain.replace("plain", "resnet")
    return f"{name}_a" if f"{name}_a" in list_models() else name


def keep_training_pictures(dataset: Dataset, count: int, *, seed: int) -> Dataset:
    """The data with `count` of its training pictures, drawn by the seed; the other splits stay."""
    training = dataset.indices("train")
    if count >= len(training):
        return dataset
    dropped = np.random.default_rng(seed).permutation(training)[count:]
    kept = np.ones(len(dataset), dtype=bool)
    kept[dropped] = False
    return dataset.select(np.flatnonzero(kept))


def smaller_batch(pictures: int, batch_size: int) -> int:
    """The batch size, halved while an epoch has few steps.

    Example:
        >>> smaller_batch(50_000, 128), smaller_batch(1_439, 128)
        (128, 32)
    """
    while batch_size > SMALLEST_BATCH and pictures < FEWEST_STEPS * batch_size:
        batch_size //= 2
    return batch_size


def fit_time(
    recipe: Recipe, round_seconds: float, deadline: float | None, *, epochs_asked: bool
) -> tuple[Recipe, Decision]:
    """The recipe with the epochs that fit the time that is left, if there is a limit, and what was decided.

    Args:
        recipe: The recipe.
        round_seconds: Seconds of an epoch of all networks.
        deadline: `time.monotonic()` by which all must be over.
        epochs_asked: Whether the number of epochs was asked for, and must stay.

    Raises:
        UsageError: If not one epoch fits.
    """
    epochs = recipe.schedule.epochs
    if deadline is not None:
        left = 0.9 * (deadline - time.monotonic())
        fitting = int(left / round_seconds)
        if fitting < 1:
            have = f"leaves {duration(left)}" if left > 0 else "has passed before the first step"
            raise UsageError(
                f"the time limit {have}, and an epoch of all four networks takes about {duration(round_seconds)}; "
                "give more time, fewer --pictures or a smaller --size"
            )
        epochs = min(epochs, fitting) if epochs_asked else fitting
        recipe = dataclasses.replace(recipe, schedule=dataclasses.replace(recipe.schedule, epochs=epochs))
    why = f"about {duration(round_seconds)} an epoch of all four, {duration(epochs * round_seconds)} in all"
    return recipe, Decision("epochs", str(epochs), why)
