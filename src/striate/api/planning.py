"""Planning a run that must end within a time limit."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from torch.nn import functional

from striate.data import Dataset
from striate.models import Network
from striate.pixels import Preprocessing
from striate.training import Decision, Recipe, TimePlan, time_step
from striate.training.batches import batch_sizes


def probe_loss(logits: Tensor) -> Tensor:
    """A loss to time a step with."""
    return functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.int64, device=logits.device))


FEWEST_EPOCHS = 6.0
"""With a time limit, pictures are made smaller until at least this many epochs fit."""

FEWEST_EPOCHS_FROM_WEIGHTS = 1.0
"""Trained weights need few epochs, but they do need pictures of the size that they were trained on."""

SMALLEST_SIDE = 96
"""But not smaller than this."""


def plan_time(
    limit: float,
    begun: float,
    network: Network,
    recipe: Recipe,
    preprocessing: Preprocessing,
    dataset: Dataset,
    *,
    size_is_free: bool,
) -> tuple[TimePlan, Preprocessing, list[Decision]]:
    """Measures how long steps take, makes pictures smaller if too few epochs would fit, and plans the run.

    Args:
        limit: Seconds from `begun` within which all must be over.
        begun: `time.monotonic()` when the command began.
        network: On its device.
        recipe: The recipe.
        preprocessing: The input size to begin with.
        dataset: The data.
        size_is_free: Whether the input size may be lowered.
    """
    training = len(dataset.indices("train"))
    held_out = [len(dataset.indices(name)) for name in ("val", "test")]
    steps = len(batch_sizes(training, recipe.batch_size))
    wanted = FEWEST_EPOCHS_FROM_WEIGHTS if recipe.fit_head_first else FEWEST_EPOCHS
    wanted = min(wanted, recipe.schedule.epochs)
    first = side = preprocessing.size[0]
    device = next(network.parameters()).device
    while True:
        size = (side, side) if size_is_free else preprocessing.size
        images = torch.randn(min(recipe.batch_size, training), preprocessing.channels, *size)
        images = images.to(device, memory_format=torch.channels_last)
        seconds = time_step(network, images, probe_loss, recipe.precision, steps=2)
        per_picture = seconds / len(images) / 3  # a forward pass is a third of a step
        validation = per_picture * (held_out[0] or held_out[1])
        head = per_picture * training if recipe.fit_head_first else 0.0
        reserve = 6.0 + 1.5 * per_picture * sum(held_out) + 0.002 * len(dataset)
        plan = TimePlan(begun + limit - head, reserve, seconds, validation)
        fitting = plan.steps_left(steps_per_epoch=steps, batch=0) / steps
        if fitting >= wanted or not size_is_free or side - 32 < SMALLEST_SIDE:
            break
        # A step's time goes with the area; the next size is measured too.
        while side - 32 >= SMALLEST_SIDE:
            side -= 32
            if fitting * (size[0] / side) ** 2 >= wanted:
                break
    decisions = []
    if side != first:
        preprocessing = dataclasses.replace(preprocessing, resize_size=(side, side), crop=(side, side))
        decisions.append(Decision("input size", f"{side} x {side}", f"so that {fitting:.1f} epochs fit the time limit"))
    return dataclasses.replace(plan, deadline=begun + limit), preprocessing, decisions
