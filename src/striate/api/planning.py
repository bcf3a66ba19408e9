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


FEWEST_EPOCHS = 5
"""With a time limit, pictures are made smaller until at least this many epochs fit."""

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
    """Measures how long steps take, makes pictures smaller if few epochs would fit, and plans the run.

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
    sides = [preprocessing.size[0]]
    while size_is_free and sides[-1] - 32 >= SMALLEST_SIDE:
        sides.append(sides[-1] - 32)
    decisions = []
    device = next(network.parameters()).device
    for side in sides:
        images = torch.randn(min(recipe.batch_size, training), preprocessing.channels, *preprocessing.size)
        if side != preprocessing.size[0]:
            preprocessing = dataclasses.replace(preprocessing, resize_size=(side, side), crop=(side, side))
            images = torch.randn(len(images), preprocessing.channels, side, side)
        images = images.to(device, memory_format=torch.channels_last)
        seconds = 1.05 * time_step(network, images, probe_loss, recipe.precision)
        per_picture = seconds / len(images) / 3  # a forward pass is a third of a step
        validation = per_picture * (held_out[0] or held_out[1])
        reserve = 8.0 + 1.5 * per_picture * sum(held_out) + 0.002 * len(dataset)
        plan = TimePlan(begun + limit, reserve, seconds, validation)
        fitting = plan.steps_left(steps_per_epoch=steps, batch=0)
        if fitting >= min(FEWEST_EPOCHS, recipe.schedule.epochs) * steps:
            break
    if side != sides[0]:
        why = f"so that about {fitting / steps:.1f} epochs fit the time limit"
        decisions.append(Decision("input size", f"{side} x {side}", why))
    return plan, preprocessing, decisions
