"""What of a trained network shall learn: as asked for, or as its features, the data and the time suggest."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from striate.deciding.judge import Judge
from striate.deciding.training_request import AUTO, TrainingRequest
from striate.errors import UsageError
from striate.models import Network, check_head_stages
from striate.pixels import Preprocessing
from striate.training import Decision, Recipe
from striate.training.recipe import TRANSFERS
from striate.transfer import STAGE_RATE, Advice

WAYS = f"{', '.join(kind for kind in TRANSFERS if kind != 'stages')}, stages:N, head:STAGE, head:STAGE+STAGE or {AUTO}"
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
    head_stages: tuple[str, ...] = ()
    """The stages that a head is fitted to; none: the vector before the network's own head."""

    def __str__(self) -> str:
        """As `--transfer` has it."""
        if self.kind == "stages":
            return f"stages:{self.trainable_stages}"
        return f"head:{'+'.join(self.head_stages)}" if self.head_stages else self.kind


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
        wish = TransferWish(
            table["kind"], table.get("trainable_stages", 0), head_stages=tuple(table.get("head_stages", ()))
        )
    elif request.weights is None:
        wish = TransferWish("scratch")
    elif "epochs" in asked.get("schedule", {}):
        wish = TransferWish("full", why=EPOCHS_ASKED)
    else:
        wish = TransferWish(AUTO)
    if wish.kind != "scratch" and request.weights is None:
        raise UsageError(
            f"--transfer {request.transfer or wish.kind} starts from trained weights; give --weights imagenet or a file, "
            "or --transfer scratch"
        )
    return wish


def parse_transfer(text: str) -> TransferWish:
    """The way of learning that a word names.

    Raises:
        UsageError: It names none.

    Example:
        >>> parse_transfer("stages:3").trainable_stages, parse_transfer("head:layer2+layer3").head_stages
        (3, ('layer2', 'layer3'))
    """
    match = re.fullmatch(r"(head|full|scratch|auto)|stages:([1-9][0-9]*)|head:([^+]+(?:\+[^+]+)*)", text.strip())
    if match is None:
        raise UsageError(f"--transfer must be {WAYS}, got {text!r}")
    if match[3]:
        return TransferWish("head", head_stages=tuple(name.strip() for name in match[3].split("+")))
    return TransferWish(match[1]) if match[1] else TransferWish("stages", int(match[2]))


def choose_transfer(
    wish: TransferWish,
    recipe: Recipe,
    asked: Mapping[str, Any],
    network: Network,
    preprocessing: Preprocessing,
    *,
    head_is_new: bool,
    limit: float | None,
    judge: Judge,
) -> TransferChoice:
    """The recipe with its way of learning, and why.

    Args:
        wish: What was asked for.
        recipe: The recipe so far.
        asked: What of the recipe the user asked for.
        network: With its trained weights, on its device.
        preprocessing: How pictures become its input.
        head_is_new: Whether the weights had no head for these classes.
        limit: The time limit in seconds; None without one.
        judge: Says what of the network should learn, where that was not asked for.

    Raises:
        UsageError: The network cannot learn in the way that was asked for.
    """
    budget = time_budget(limit)
    wish, decision, advice = choose_way(wish, recipe, network, preprocessing, budget=budget, judge=judge)
    decisions = [decision]
    check_stages(wish.trainable_stages, network, recipe.model)
    # A head that alone learns is fitted and nothing else, whatever a recipe file says.
    fits = isinstance(network.head, nn.Linear) and asked.get("fit_head_first", head_is_new)
    fits = fits or wish.kind == "head"
    recipe = dataclasses.replace(with_way(recipe, wish, asked.get("transfer", {})), fit_head_first=fits)
    if fits and wish.kind != "head" and "fit_head_first" not in asked:
        decisions.append(Decision("head", "fitted first", "a random head would spoil the trained features"))
    if advice is not None and advice.seconds and budget is not None and "epochs" not in asked.get("schedule", {}):
        recipe, decision = choose_epochs(recipe, advice, budget)
        decisions.append(decision)
    return TransferChoice(recipe, decisions, advice)


def is_head_alone(network: Network) -> bool:
    """Whether nothing but a dense head has parameters, so that fitting it is all there is to learn."""
    of_head = set(network.head.parameters())
    return isinstance(network.head, nn.Linear) and all(parameter in of_head for parameter in network.parameters())


def fit_alone(recipe: Recipe) -> tuple[Recipe, Decision]:
    """The recipe of a network that is a dense head alone: it is fitted at once, without a step of gradient descent."""
    recipe = dataclasses.replace(with_way(recipe, TransferWish("head"), {}), fit_head_first=True)
    return recipe, Decision("transfer", "head", "the network is its last layer alone, which is fitted at once")


def time_budget(limit: float | None) -> float | None:
    """Seconds that stages may learn for: a share of the time limit; without one, what it takes. Advice and training have the same.

    Args:
        limit: The time limit in seconds, if there is one.
    """
    return None if limit is None else SHARE_OF_LIMIT * limit


def choose_way(
    wish: TransferWish,
    recipe: Recipe,
    network: Network,
    preprocessing: Preprocessing,
    *,
    budget: float | None,
    judge: Judge,
) -> tuple[TransferWish, Decision, Advice | None]:
    """The way of learning that was asked for, or that the judge advises; why; and the advice, if there was any.

    Raises:
        UsageError: A head is to be fitted that is no dense layer.
    """
    if wish.kind != AUTO:
        wish = check_way(wish, network, recipe.model)
        return wish, Decision("transfer", str(wish), wish.why), None
    if not isinstance(network.head, nn.Linear) or len(network.stages) < 3:
        why = "this network's head cannot be fitted to vectors"
        return TransferWish("full"), Decision("transfer", "full", why), None
    if not judge.able:
        why = "a single picture a class is too little to judge stages by, and all that a head needs"
        return TransferWish("head"), Decision("transfer", "head", why), None
    advice = judge.advise(network, preprocessing, recipe, time_budget=budget)
    why = " ".join(advice.reasons)
    if advice.kind == "scratch":
        why += " It begins with them all the same, which does no harm; --transfer scratch draws new ones."
        return TransferWish("full"), Decision("transfer", "full", why), advice
    stages = advice.trainable_stages if advice.kind == "stages" else 0
    return (
        TransferWish(advice.kind, stages, head_stages=advice.head_stages),
        Decision("transfer", advice.transfer, why),
        advice,
    )


def with_way(recipe: Recipe, wish: TransferWish, table: Mapping[str, Any]) -> Recipe:
    """The recipe with a way of learning, and with what suits it where the user's table of it says nothing else."""
    stages = wish.trainable_stages if wish.kind == "stages" else 0
    transfer = dataclasses.replace(
        recipe.transfer, kind=wish.kind, trainable_stages=stages, head_stages=wish.head_stages
    )
    if "stage_rate" not in table:
        transfer = dataclasses.replace(transfer, stage_rate=STAGE_RATE)
    if "draws" not in table:
        transfer = dataclasses.replace(transfer, draws=choose_draws(wish.kind, recipe))
    return dataclasses.replace(recipe, transfer=transfer)


def check_way(wish: TransferWish, network: Network, model: str) -> TransferWish:
    """What was asked for, its stages in the network's order.

    Raises:
        UnknownNameError: A head is to be fitted to a stage that the network has not; the message offers the closest.
        UsageError: A head is to be fitted that is no dense layer.
    """
    if wish.head_stages:
        return dataclasses.replace(wish, head_stages=check_head_stages(network, wish.head_stages))
    if wish.kind == "head" and not isinstance(network.head, nn.Linear):
        raise UsageError(
            f"--transfer head fits a dense last layer, and the head of {model} is a "
            f"{type(network.head).__name__}; use --transfer head:{network.stages[-1]}, stages:1 or full"
        )
    return wish


def check_stages(trainable_stages: int, network: Network, model: str) -> None:
    """Raises UsageError if more stages are to learn than there are."""
    if trainable_stages > len(network.stages):
        raise UsageError(
            f"--transfer stages:{trainable_stages}: {model} has {len(network.stages)} stages; give 1 to {len(network.stages)}"
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
