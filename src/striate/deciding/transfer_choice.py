"""What of a trained network shall learn: as asked for, or as its features, the data and the time suggest."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from striate.data import Dataset
from striate.deciding.stage_advice import MOST_PICTURES, advise_training, can_be_judged, sample_examples
from striate.deciding.training_request import AUTO, TrainingRequest
from striate.errors import UsageError
from striate.models import Network
from striate.pixels import Preprocessing
from striate.training import Decision, Recipe
from striate.training.recipe import TRANSFERS
from striate.transfer import STAGE_RATE, Advice
from striate.watching import Watcher

WAYS = f"{', '.join(kind for kind in TRANSFERS if kind != 'stages')}, stages:N or {AUTO}"
PATIENCE = 20.0
"""Seconds that `auto` lets stages learn on a processor, beyond the features, where no time limit was given."""
STAGE_DRAWS = 4
"""How many draws of the augmentation stages learn from, the picture as it is among them."""
SHARE_OF_LIMIT = 0.5
"""What of a time limit stages may take."""
EPOCHS_ASKED = (
    "a number of epochs was given: the whole network learns for so many; --transfer auto looks at the data instead"
)


@dataclass(frozen=True)
class TransferWish:
    """What was asked for."""

    kind: str
    """One of the recipe's kinds, or `"auto"`."""
    trainable_stages: int = 0
    why: str = "asked for"


@dataclass(frozen=True)
class TransferChoice:
    """What was chosen."""

    recipe: Recipe
    decisions: list[Decision]
    advice: Advice | None = None


def ask_transfer(request: TrainingRequest, asked: Mapping[str, Any]) -> TransferWish:
    """What the user asked for: `--transfer`, or the recipe's table; with weights and nothing said, `auto`, or, with epochs, `full`.

    Raises:
        UsageError: It makes no sense, or needs weights and there are none.
    """
    table = asked.get("transfer", {})
    if request.transfer is not None:
        wish = parse_transfer(request.transfer)
    elif "kind" in table:
        wish = TransferWish(table["kind"], table.get("trainable_stages", 0))
    elif request.weights is None:
        wish = TransferWish("scratch")
    elif "epochs" in asked.get("schedule", {}):
        wish = TransferWish("full", why=EPOCHS_ASKED)
    else:
        wish = TransferWish(AUTO)
    if wish.kind != "scratch" and request.weights is None:
        raise UsageError(
            f"--transfer {wish.kind} starts from trained weights; give --weights imagenet or a file, or --transfer scratch"
        )
    return wish


def parse_transfer(text: str) -> TransferWish:
    """The way of learning that a word names.

    Raises:
        UsageError: It names none.

    Example:
        >>> parse_transfer("stages:3")
        TransferWish(kind='stages', trainable_stages=3, why='asked for')
    """
    match = re.fullmatch(r"(head|full|scratch|auto)|stages:([1-9][0-9]*)", text.strip())
    if match is None:
        raise UsageError(f"--transfer must be {WAYS}, got {text!r}")
    return TransferWish(match[1]) if match[1] else TransferWish("stages", int(match[2]))


def choose_transfer(
    wish: TransferWish,
    recipe: Recipe,
    asked: Mapping[str, Any],
    network: Network,
    preprocessing: Preprocessing,
    dataset: Dataset,
    *,
    head_is_new: bool,
    seconds: float | None,
    watcher: Watcher,
) -> TransferChoice:
    """The recipe with its way of learning, and why.

    Args:
        wish: What was asked for.
        recipe: The recipe so far.
        asked: What of the recipe the user asked for.
        network: With its trained weights, on its device.
        preprocessing: How pictures become its input.
        dataset: With splits.
        head_is_new: Whether the weights had no head for these classes.
        seconds: Until the time limit; None without one.
        watcher: Hears how it goes.

    Raises:
        UsageError: The network cannot learn in the way that was asked for.
    """
    linear = isinstance(network.head, nn.Linear)
    device = next(network.parameters()).device
    budget = PATIENCE if device.type == "cpu" else None
    if seconds is not None:
        budget = SHARE_OF_LIMIT * max(0.0, seconds)
    decisions: list[Decision] = []
    advice = None
    if wish.kind == AUTO:
        if not linear or len(network.stages) < 3:
            wish = TransferWish("full")
            decisions.append(Decision("transfer", "full", "this network's head cannot be fitted to vectors"))
        elif not can_be_judged(dataset):
            wish = TransferWish("head")
            why = "a single picture a class is too little to judge stages by, and all that a head needs"
            decisions.append(Decision("transfer", "head", why))
        else:
            advice = advise_on(network, preprocessing, dataset, recipe, budget=budget, watcher=watcher)
            wish = TransferWish(advice.kind, advice.trainable_stages if advice.kind == "stages" else 0)
            way, why = advice.transfer, " ".join(advice.reasons)
            if wish.kind == "scratch":
                wish, way = TransferWish("full"), "full"
                why += " It begins with them all the same, which does no harm; --transfer scratch draws new ones."
            decisions.append(Decision("transfer", way, why))
    else:
        check_way(wish.kind, network, recipe.model)
        shown = f"stages:{wish.trainable_stages}" if wish.kind == "stages" else wish.kind
        decisions.append(Decision("transfer", shown, wish.why))
    check_stages(wish.trainable_stages, network, recipe.model)
    transfer = dataclasses.replace(
        recipe.transfer,
        kind=wish.kind,
        trainable_stages=wish.trainable_stages if wish.kind == "stages" else 0,
    )
    table = asked.get("transfer", {})
    if "stage_rate" not in table:
        transfer = dataclasses.replace(transfer, stage_rate=STAGE_RATE)
    if "draws" not in table:
        transfer = dataclasses.replace(transfer, draws=choose_draws(wish.kind, recipe))
    # A head that alone learns is fitted and nothing else, whatever a recipe file says.
    fits = linear and (wish.kind == "head" or asked.get("fit_head_first", head_is_new))
    recipe = dataclasses.replace(recipe, transfer=transfer, fit_head_first=fits)
    if fits and wish.kind != "head" and "fit_head_first" not in asked:
        decisions.append(Decision("head", "fitted first", "a random head would spoil the trained features"))
    if advice is not None and advice.seconds and budget is not None and "epochs" not in asked.get("schedule", {}):
        recipe, decision = choose_epochs(recipe, advice, budget)
        decisions.append(decision)
    return TransferChoice(recipe, decisions, advice)


def check_way(kind: str, network: Network, model: str) -> None:
    """Raises UsageError if a head is to be fitted that is no dense layer."""
    if kind == "head" and not isinstance(network.head, nn.Linear):
        raise UsageError(
            f"--transfer head fits a dense last layer, and the head of {model} is a "
            f"{type(network.head).__name__}; use --transfer stages:1 or full"
        )


def check_stages(trainable_stages: int, network: Network, model: str) -> None:
    """Raises UsageError if more stages are to learn than there are."""
    if trainable_stages > len(network.stages):
        raise UsageError(
            f"--transfer stages:{trainable_stages}: {model} has {len(network.stages)} stages; give 1 to {len(network.stages)}"
        )


def advise_on(
    network: Network,
    preprocessing: Preprocessing,
    dataset: Dataset,
    recipe: Recipe,
    *,
    budget: float | None,
    watcher: Watcher,
) -> Advice:
    """The advice for a sample of the training pictures; where they are few, for all of them."""
    return advise_training(
        network,
        sample_examples(dataset, preprocessing, most=MOST_PICTURES, seed=recipe.seed, watcher=watcher),
        recipe,
        name=recipe.model,
        training_pictures=len(dataset.indices("train")),
        device=next(network.parameters()).device,
        time_budget=budget,
        watcher=watcher,
    )


def choose_draws(kind: str, recipe: Recipe) -> int:
    """How many times pictures pass what is frozen: as they are, and, where stages learn on, with a few draws."""
    return STAGE_DRAWS if kind == "stages" and recipe.augmentation.changes else 1


def choose_epochs(recipe: Recipe, advice: Advice, budget: float) -> tuple[Recipe, Decision]:
    """As many epochs as the recipe has, or as fit the time, but no fewer than stages need to settle."""
    each = (advice.seconds or 0.0) / advice.epochs
    epochs = max(advice.epochs, min(recipe.schedule.epochs, int(budget / max(each, 1e-9))))
    schedule = dataclasses.replace(recipe.schedule, epochs=epochs)
    why = f"about {each:.1f} s an epoch here, {budget:.0f} s are meant for them"
    return dataclasses.replace(recipe, schedule=schedule), Decision("epochs", str(epochs), why)
