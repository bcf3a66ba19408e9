"""Choosing the batch size by measuring: what memory holds, and what is fastest of that."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import torch

from striate.errors import TrainingError
from striate.models import Network
from striate.training import Decision, Inputs, Recipe, Targets, TrainingState, time_step
from striate.training.defaults import describe_steps
from striate.training.memory import available_memory, kept_for_backward, ran_out_of_memory
from striate.training.objectives import OBJECTIVES
from striate.training.probes import probe_images
from striate.training.step import Stepper
from striate.watching import Watcher

FEWEST_STEPS = 8
"""An epoch has at least so many steps, or a few steps would be all that a short run learns by."""

LARGEST = {"cpu": 256, "cuda": 1024}
"""Beyond these, batches gain no speed, and need more epochs for the same accuracy."""

AS_FAST = 0.97
"""Of batches that are about as fast as the fastest, the smallest learns best."""

LONGEST_STEP = 10.0
"""Seconds: a step that would take longer is not tried; by then a processor has long been busy."""

WORKING_SHARE = 0.6
"""Share of the processor's available memory that may be kept for backward; the rest is for gradients, working space and the system."""


def choose_batch_size(
    network: Network,
    recipe: Recipe,
    size: tuple[int, int],
    *,
    training_pictures: int,
    scale_rate: bool,
    watcher: Watcher | None = None,
) -> tuple[Recipe, list[Decision]]:
    """The recipe with the batch size that trains most pictures a second of those that memory holds.

    Powers of two from 8 are measured, each by real steps. On a GPU a size fits if two steps, with the optimizer's state and the
    averaged weights, and a validation do. A processor's memory is not filled for trial, which would slow the whole machine down: what
    a step keeps for backward is counted on two pictures, and must fit into a share of what is available.

    With SGD the learning rate goes with the batch size, so that an epoch moves the weights as far; with AdamW with its square root.

    Args:
        network: On its device; left as it is.
        recipe: Its batch size is what the learning rate is meant for.
        size: (height, width) of the input in pixels.
        training_pictures: How many there are.
        scale_rate: Whether the learning rate may be changed; not if somebody asked for one.
        watcher: Told how far it is.

    Raises:
        TrainingError: If memory does not hold the smallest batch.

    Example:
        >>> from striate.models import create_model
        >>> network = create_model("lenet5_dense", num_classes=2)
        >>> recipe, decisions = choose_batch_size(network, Recipe(), (32, 32), training_pictures=64, scale_rate=True)
        >>> recipe.batch_size, decisions[0].why
        (8, 'an epoch of 64 pictures has 8 steps then')

    Source: Goyal et al., "Accurate, Large Minibatch SGD" (2017), section 2.1, the linear scaling rule; Krizhevsky, "One weird trick for
    parallelizing convolutional neural networks" (2014), section 5, the square root.
    """
    watcher = watcher or Watcher()
    device = next(network.parameters()).device
    sizes = [8]
    while 2 * sizes[-1] <= LARGEST[device.type] and 2 * sizes[-1] * FEWEST_STEPS <= training_pictures:
        sizes.append(2 * sizes[-1])
    if len(sizes) == 1:
        return with_batch_size(recipe, 8, describe_steps(training_pictures, 8), scale_rate=scale_rate)
    speeds: dict[int, float] = {}
    why_no_more = ""
    for done, batch_size in enumerate(sizes):
        watcher.task("batch size", done, len(sizes))
        if speeds and 2 * max(speeds) / speeds[max(speeds)] > LONGEST_STEP and device.type == "cpu":
            break
        if not fits(network, recipe, size, batch_size):
            why_no_more = f"; {batch_size} do not fit into memory"
            break
        images = probe_images(network, size, count=batch_size)
        speeds[batch_size] = batch_size / time_step(
            network, images, OBJECTIVES[recipe.task].probe, recipe.precision, steps=3
        )
    watcher.task("batch size", len(sizes), len(sizes))
    if not speeds:
        raise TrainingError(
            f"the memory of {device} does not hold a batch of {sizes[0]} pictures of {size[0]} x {size[1]}; "
            "use a smaller network, a smaller --size, or free some memory"
        )
    best = next(batch_size for batch_size in speeds if speeds[batch_size] >= AS_FAST * max(speeds.values()))
    table = ", ".join(f"{batch_size}: {speed:,.0f}/s" for batch_size, speed in speeds.items())
    return with_batch_size(recipe, best, f"measured, pictures a second: {table}{why_no_more}", scale_rate=scale_rate)


def with_batch_size(recipe: Recipe, batch_size: int, why: str, *, scale_rate: bool) -> tuple[Recipe, list[Decision]]:
    """The recipe with another batch size, and the learning rate that goes with it."""
    decisions = [Decision("batch size", str(batch_size), why)]
    factor = batch_size / recipe.batch_size
    optimizer = recipe.optimizer
    if scale_rate and factor != 1:
        rate = optimizer.learning_rate * (factor if optimizer.name == "sgd" else factor**0.5)
        how = "it goes with the batch size" if optimizer.name == "sgd" else "it goes with the batch size's square root"
        decisions.append(
            Decision("learning rate", f"{rate:.3g}", f"{how}: {optimizer.learning_rate:g} was for {recipe.batch_size}")
        )
        optimizer = dataclasses.replace(optimizer, learning_rate=rate)
    return dataclasses.replace(recipe, batch_size=batch_size, optimizer=optimizer), decisions


def fits(network: Network, recipe: Recipe, size: tuple[int, int], batch_size: int) -> bool:
    """Whether memory holds training with this batch size."""
    device = next(network.parameters()).device
    if device.type == "cpu":
        memory = available_memory(device)
        few = probe_images(network, size, count=2)
        probe = OBJECTIVES[recipe.task].probe
        kept = kept_for_backward(network, few, probe, recipe.precision) / 2 * batch_size
        return memory is None or kept <= WORKING_SHARE * memory
    try:
        try_out(network, recipe, size, batch_size)
    except (MemoryError, RuntimeError) as error:
        if not ran_out_of_memory(error):
            raise
        return False
    finally:
        torch.cuda.empty_cache()
    return True


def try_out(network: Network, recipe: Recipe, size: tuple[int, int], batch_size: int) -> None:
    """Two steps and a validation of a copy, with all the memory that a run holds on its device."""
    images = probe_images(network, size, count=batch_size)
    recipe = dataclasses.replace(recipe, accumulate=1, compile=False)
    state = TrainingState.begin(copy.deepcopy(network), recipe, total_steps=2)
    state.micro_batch = 0
    inputs = Inputs(
        np.arange(batch_size), images, Targets(torch.zeros(batch_size, dtype=torch.int64, device=images.device))
    )
    with torch.random.fork_rng(devices=[images.device] if images.is_cuda else []):
        stepper = Stepper(state, recipe, OBJECTIVES[recipe.task].loss(recipe.loss, None), deferred=True)
        for _ in range(2):
            stepper.take(inputs)
            if state.micro_batch:
                raise MemoryError
    with torch.inference_mode():
        state.averaged(images[:64])
