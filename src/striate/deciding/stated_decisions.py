"""What is said of a decided run: each decision as it stands in the end, whatever was thought of it on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from striate.augmentation import AugmentationPolicy
from striate.deciding.training_request import AUTO, TrainingRequest
from striate.training import Decision, Recipe
from striate.training.batches import batch_sizes, count_looks
from striate.watching import Watcher

STEPS_ONLY = ("recipe", "epochs", "batch size")
"""What is decided of steps of gradient descent, which a head that is fitted at once does not take."""


def state_decisions(
    decisions: list[Decision],
    request: TrainingRequest,
    asked: Mapping[str, Any],
    recipe: Recipe,
    *,
    training_pictures: int,
    total_steps: int,
    many: str = "pictures",
) -> list[Decision]:
    """The decisions with the values that the run has: a later one replaces an earlier one, and so does what was asked for.

    Args:
        decisions: All that were made, in their order.
        request: What the user said.
        asked: The part of it that is a recipe.
        recipe: The recipe that is carried out.
        training_pictures: How many there are.
        total_steps: Steps of gradient descent that are planned, as the time allows; not read where the head alone learns.
        many: What several of what is given are called.
    """
    last = {decision.what: decision for decision in decisions}
    for decision in state_asked(request, asked, recipe):
        last[decision.what] = decision
    if request.recipe is not None and "recipe" in last:
        under = last["recipe"]
        last["recipe"] = Decision("recipe", under.value, f"{under.why}; what {request.recipe} says lies over it")
    if recipe.transfer.kind == "head":
        unused = STEPS_ONLY if recipe.transfer.draws > 1 else (*STEPS_ONLY, "augmentation")
        return [decision for what, decision in last.items() if what not in unused]
    if "epochs" in last:
        last["epochs"] = state_epochs(last["epochs"], recipe, training_pictures, total_steps, many)
    return list(last.values())


def state_asked(request: TrainingRequest, asked: Mapping[str, Any], recipe: Recipe) -> list[Decision]:
    """What of the recipe was asked for by an option, a file or `--set`, and not decided."""
    found = []
    if "epochs" in asked.get("schedule", {}):
        found.append(("epochs", str(recipe.schedule.epochs)))
    if "name" in asked.get("loss", {}):
        found.append(("loss", recipe.loss.name))
    if "batch_size" in asked and request.batch_size != AUTO:
        found.append(("batch size", str(recipe.batch_size)))
    if "learning_rate" in asked.get("optimizer", {}):
        found.append(("learning rate", f"{recipe.optimizer.learning_rate:g}"))
    if "augmentation" in asked or request.augment is not None:
        name = (
            "" if request.augment is None or isinstance(request.augment, AugmentationPolicy) else str(request.augment)
        )
        found.append(("augmentation", describe_policy(recipe.augmentation, name)))
    if "precision" in asked:
        found.append(("precision", recipe.precision))
    return [Decision(what, value, "asked for") for what, value in found]


def describe_policy(policy: AugmentationPolicy, name: str) -> str:
    """The operations of a policy, after its name if it has one.

    Example:
        >>> describe_policy(AugmentationPolicy(), "none")
        'none: nothing changes'
    """
    shown = ", ".join(operation.name for operation in policy.active) or "nothing changes"
    return f"{name}: {shown}" if name else shown


def state_epochs(decision: Decision, recipe: Recipe, training_pictures: int, total_steps: int, many: str) -> Decision:
    """The epochs that are planned, with the looks that they make; the time limit may leave a part of them."""
    per_epoch = len(batch_sizes(training_pictures, recipe.batch_size))
    looks = count_looks(total_steps, training_pictures, recipe.batch_size)
    said = f"{looks:,} looks at {training_pictures:,} training {many}"
    epochs = recipe.schedule.epochs
    if total_steps >= epochs * per_epoch:
        return Decision("epochs", str(epochs), f"{said}; {decision.why}")
    value = f"about {total_steps / per_epoch:.2g} of {epochs}"
    return Decision("epochs", value, f"about {said}; the time limit leaves no more")


def state_taken(
    decisions: Sequence[Decision], recipe: Recipe, *, training_pictures: int, steps: int, many: str = "pictures"
) -> tuple[Decision, ...]:
    """The decisions of a run that has ended, with the epochs and steps that it took where the time limit ended it.

    Args:
        decisions: As `state_decisions` stated them, when the steps were planned.
        recipe: What was carried out.
        training_pictures: How many there are.
        steps: How many were taken; 0 where the head alone was fitted.
        many: What several of what was given are called.
    """
    per_epoch = len(batch_sizes(training_pictures, recipe.batch_size))
    every_step = recipe.schedule.epochs * per_epoch
    if not steps or steps >= every_step:
        return tuple(decisions)
    looks = count_looks(steps, training_pictures, recipe.batch_size)
    why = f"{looks:,} looks at {training_pictures:,} training {many}; the time limit left no more"
    taken = {
        "epochs": Decision("epochs", f"{steps / per_epoch:.2g} of {recipe.schedule.epochs}", why),
        "steps": Decision("steps", f"{steps:,} of {every_step:,}", "the time limit left no more"),
    }
    return tuple(taken.get(decision.what, decision) for decision in decisions)


def note_unused(request: TrainingRequest, recipe: Recipe, watcher: Watcher) -> None:
    """Says which options do nothing where the head alone learns."""
    drawn = recipe.transfer.draws > 1 or not recipe.augmentation.changes
    given = {
        "--epochs": request.epochs is not None,
        "--batch-size": request.batch_size is not None,
        "--augment": request.augment is not None and not drawn,
    }
    if unused := [option for option, is_given in given.items() if is_given]:
        verb = "is" if len(unused) == 1 else "are"
        watcher.note(
            f"{' and '.join(unused)} {verb} not used: the head alone is fitted at once to the pictures as they are"
            + ("; with --set transfer.draws=4 to changed ones too" if "--augment" in unused else "")
        )
