"""What the degradation experiment trains, and how: four networks and the one recipe that they share."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import tomli_w
import torch

from striate.data import Dataset
from striate.deciding.deciding import OF_THE_RECIPE, Deciding
from striate.deciding.run_plan import shown
from striate.deciding.training_request import TrainingRequest
from striate.errors import UnknownNameError, UsageError
from striate.models import create_model, list_models, model_row
from striate.pixels import Preprocessing
from striate.row_writing import path_text
from striate.training import (
    Decision,
    Recipe,
    choose_recipe,
    time_step,
)
from striate.training.batches import batch_sizes
from striate.training.objectives import OBJECTIVES
from striate.training.probes import probe_images
from striate.watching import Watcher
from striate.weights.input_rule import check_side
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
    request = TrainingRequest(
        data=data,
        epochs=epochs,
        batch_size=batch_size,
        size=size,
        seed=seed,
        precision=precision,
        device=device,
        settings=settings,
        root=root,
    )
    deciding = Deciding(request, watcher)
    deciding.check_request()
    deciding.read_data(most=pictures)
    networks = choose_networks(pair, deciding)
    decide_shared(deciding, networks[1])
    seconds = time_networks(networks, deciding)
    facts, recipe = deciding.facts, deciding.recipe
    steps = len(batch_sizes(facts.training_pictures, recipe.batch_size))
    asked = "epochs" in deciding.asked.get("schedule", {})
    recipe, fitted = fit_time(recipe, seconds * steps, deadline, epochs_asked=asked)
    decisions = [decision for decision in deciding.decisions if decision.what not in OF_THE_RECIPE]
    decisions += [Decision("batch size", str(recipe.batch_size), f"{steps:,} steps an epoch"), fitted]
    for decision in decisions:
        watcher.decision(decision)
    return DepthPlan(deciding.dataset, networks, recipe, deciding.preprocessing, deciding.device, tuple(decisions))


def choose_networks(pair: tuple[str, str] | None, deciding: Deciding) -> tuple[str, ...]:
    """The plain networks that were asked for or suit the pictures, and their residual twins; decides that."""
    facts = deciding.facts
    chosen = pair or (SMALL_PAIR if facts.small else LARGE_PAIR)
    networks = (*chosen, *(residual_twin(name) for name in chosen))
    why = "asked for" if pair else f"pictures of about {facts.short_side} pixels"
    deciding.decisions.append(Decision("networks", ", ".join(networks), why))
    return networks


def decide_shared(deciding: Deciding, deepest: str) -> None:
    """Decides what all networks share, by the deepest plain one: recipe, input and number format.

    As training from scratch would, but that the network itself is evaluated, not its average, by the paper's loss, and that
    pictures are no larger than they are: depth shall cost the time, not size.
    """
    facts = deciding.facts
    deciding.asked["model"] = deepest
    table, _ = choose_recipe(facts, model_row(deepest), pretrained=False)
    deciding.choose_network(
        {
            "batch_size": smaller_batch(facts.training_pictures, int(table["batch_size"])),
            "schedule": {"epochs": EPOCHS},
            "averaging": {"span": 0.0},
            "loss": {"label_smoothing": 0.0},
        }
    )
    size, row = deciding.request.size, deciding.row
    side = min(row.input_size[0], max(SIDE_STEP, facts.short_side // SIDE_STEP * SIDE_STEP))
    deciding.request = dataclasses.replace(deciding.request, size=side if size is None else size)
    deciding.choose_input()
    if size is None:
        why = "what the pictures show, no more: depth shall cost, not size"
        deciding.decisions = [
            dataclasses.replace(decision, why=why) if decision.what == "input size" else decision
            for decision in deciding.decisions
        ]
    deciding.to_device()
    deciding.choose_precision()


def time_networks(networks: tuple[str, ...], deciding: Deciding) -> float:
    """Seconds that a step of all networks takes."""
    recipe, preprocessing = deciding.recipe, deciding.preprocessing
    count = min(recipe.batch_size, deciding.facts.training_pictures)
    images = probe_images(deciding.network, preprocessing.size, count=count)
    seconds = 0.0
    for place, name in enumerate(networks):
        deciding.watcher.task("timing", place, len(networks))
        classes = deciding.dataset.task.width(deciding.dataset.classes)
        network = create_model(name, num_classes=classes, in_channels=preprocessing.channels, seed=recipe.seed)
        network = network.to(deciding.device).to(memory_format=torch.channels_last)
        seconds += time_step(network, images, OBJECTIVES[recipe.task].probe, recipe.precision, steps=1)
    deciding.watcher.task("timing", len(networks), len(networks))
    return seconds


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
