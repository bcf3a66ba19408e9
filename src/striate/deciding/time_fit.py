"""Planning a run that must end within a time limit."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

from striate.data import Dataset
from striate.errors import UsageError
from striate.models import Network
from striate.pixels import Preprocessing
from striate.timing import own_seconds
from striate.training import Decision, Recipe, TimePlan, time_step
from striate.training.batches import batch_sizes
from striate.training.objectives import OBJECTIVES
from striate.training.probes import probe_images
from striate.training.resizing import cost_ahead
from striate.weights.input_rule import resized_in_proportion

FEWEST_EPOCHS = 6.0
"""With a time limit, pictures are made smaller until at least this many epochs fit."""

FEWEST_EPOCHS_FROM_WEIGHTS = 1.0
"""Trained weights need few epochs, but they do need pictures of the size that they were trained on."""

LEAST_RESERVE = 6.0
"""Seconds that sealing and reporting take, however few the pictures are."""

RESERVE_OF_A_PICTURE = 0.0005
"""Seconds that each picture of the data adds: its content is among what the classifier knows it has seen, and the report counts it."""

LARGEST_RESERVE = 0.35
"""The share of the time that is left which is kept for sealing at most: a classifier that learnt nothing is worth no sealing."""

SMALLEST_SIDE = 96
"""But not smaller than this."""


@dataclass(frozen=True)
class TimedRun:
    """A run that fits a time limit."""

    plan: TimePlan
    preprocessing: Preprocessing | None
    """Of pictures, which may have become smaller; None of anything else."""
    steps: int
    """How many steps fit."""
    decisions: list[Decision]


def plan_time(
    deadline: float,
    network: Network,
    recipe: Recipe,
    preprocessing: Preprocessing,
    dataset: Dataset,
    *,
    size_is_free: bool,
) -> TimedRun:
    """Measures how long steps take, makes pictures smaller if too few epochs would fit, and plans the run.

    Where the head alone is fitted there are no steps, and pictures become smaller only if they could not all be looked at.

    Args:
        deadline: `time.monotonic()` by which all must be over.
        network: On its device.
        recipe: The recipe.
        preprocessing: The input size to begin with.
        dataset: The data.
        size_is_free: Whether the input size may be lowered.

    Raises:
        UsageError: If not a single step fits.
    """
    training = len(dataset.indices("train"))
    steps_per_epoch = len(batch_sizes(training, recipe.batch_size))
    wanted = FEWEST_EPOCHS_FROM_WEIGHTS if recipe.fit_head_first else FEWEST_EPOCHS
    wanted = min(wanted, recipe.schedule.epochs)
    planned, side = preprocessing, preprocessing.size[0]
    decisions = []
    # A head takes no step: the pictures go through the network, and that is all.
    head_alone = recipe.transfer.kind == "head"
    what_fits = "the pictures' features fit" if head_alone else "enough epochs fit"
    while True:
        plan, head_seconds = measure(deadline, network, recipe, preprocessing, dataset)
        patient = dataclasses.replace(plan, deadline=deadline - head_seconds)
        steps = patient.steps_left(steps_per_epoch=steps_per_epoch, batch=0)
        steps = int(steps / cost_ahead(recipe.resizing, progress=0.0))  # those of smaller pictures cost less
        epochs = steps / steps_per_epoch
        if head_alone:
            spare = deadline - plan.reserve - time.monotonic()
            epochs = wanted * spare / max(recipe.transfer.draws * head_seconds, 1e-9)
        if epochs >= wanted or not size_is_free or side - 32 < SMALLEST_SIDE:
            break
        side = smaller_side(side, share=epochs / wanted)
        preprocessing = resized_in_proportion(planned, side)
        decisions = [Decision("input size", f"{side} x {side}", f"so that {what_fits} the time limit")]
    if head_alone:
        return TimedRun(plan, preprocessing, 0, decisions)
    if steps < 1:
        raise UsageError(
            f"the time limit leaves no time to train after {plan.reserve:.0f} s for sealing and evaluating; "
            "give more time, or a smaller network or --size"
        )
    decisions.append(decide_steps(steps, recipe.schedule.epochs * steps_per_epoch, steps_per_epoch, plan.step_seconds))
    return TimedRun(plan, preprocessing, steps, decisions)


def smaller_side(side: int, *, share: float) -> int:
    """The largest smaller side at which enough fits the time, or the smallest there is; what is chosen is measured too.

    Args:
        side: In pixels, at least 32 more than the smallest.
        share: How much of what is wanted fits at that side; a step's time goes with the area.

    Example:
        >>> smaller_side(224, share=0.8), smaller_side(224, share=0.01)
        (192, 96)
    """
    measured = side
    while side - 32 >= SMALLEST_SIDE:
        side -= 32
        if share * (measured / side) ** 2 >= 1:
            break
    return side


def decide_steps(steps: int, every_step: int, steps_per_epoch: int, step_seconds: float) -> Decision:
    """How many of all steps the time has room for."""
    why = f"{step_seconds * 1e3:.0f} ms a step, {steps_per_epoch} steps an epoch"
    if steps < every_step:
        return Decision("steps", f"about {steps:,} of {every_step:,}", f"{why}; the time limit leaves no more")
    return Decision("steps", f"{every_step:,}", f"{why}; the time limit has room for {steps:,}")


def measure(
    deadline: float, network: Network, recipe: Recipe, preprocessing: Preprocessing, dataset: Dataset
) -> tuple[TimePlan, float]:
    """A plan with the measured time of a step, and the seconds that fitting the head first takes.

    They are what a machine takes that does nothing else, so that a busy one learns from pictures of the same size; the loop finds
    out how far the time reaches. What comes after it is not measured any more: it is given as much more time as the trial took.
    """
    training, val, test = (len(dataset.indices(name)) for name in ("train", "val", "test"))
    images = probe_images(network, preprocessing.size, count=min(recipe.batch_size, training))
    begun, own = time.perf_counter(), own_seconds()
    seconds = time_step(network, images, OBJECTIVES[recipe.task].probe, recipe.precision, steps=2)
    # All that passed beside all that the trial itself took, its first pass too, which is slow on a machine that does nothing else.
    slower = max(1.0, (time.perf_counter() - begun) / max(own_seconds() - own, 1e-9))
    if images.is_cuda:
        slower = 1.0  # this process waits for the device, which is not a busy machine's doing
    forward = seconds / len(images) / 3  # of one picture: a forward pass is a third of a step
    reserve = slower * (LEAST_RESERVE + 1.5 * forward * (val + test) + RESERVE_OF_A_PICTURE * len(dataset))
    plan = TimePlan(
        deadline,
        reserve=min(reserve, LARGEST_RESERVE * max(0.0, deadline - time.monotonic())),
        step_seconds=seconds,
        validation_seconds=forward * (val or test),
    )
    return plan, forward * training if recipe.fit_head_first else 0.0
