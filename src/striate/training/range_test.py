"""The learning-rate range test: a short run in which the rate rises until learning breaks down."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from striate.errors import TrainingError, UsageError
from striate.models import Network
from striate.tasks import named_task
from striate.training.batches import Batch, epoch_batches
from striate.training.curvature import renew_curvature
from striate.training.first_pictures import fit_to_pictures
from striate.training.inputs import Examples, Inputs, ReadyExamples, prefetched, prepare_training_inputs
from striate.training.loop import StoppedError
from striate.training.objectives import OBJECTIVES
from striate.training.optimizers import scale_learning_rate
from striate.training.recipe import Recipe
from striate.training.state import TrainingState
from striate.training.step import Stepper

DIVERGED = 4.0
"""The sweep ends when the smoothed loss is this many times its lowest."""
MEMORY = 0.9
"""Share of the running mean of losses that survives a step, while the sweep goes on."""
SMOOTHING_STEPS = 2.5
"""Deviation, in steps, of the Gaussian weights with which losses are smoothed at the end."""
FEWEST_STEPS = 10
"""With fewer losses than these, nothing can be read from a sweep."""


@dataclass(frozen=True, eq=False)
class Sweep:
    """The loss of each step of a range test."""

    rates: npt.NDArray[np.float64]
    """(k,) learning rates, rising."""
    losses: npt.NDArray[np.float64]
    """(k,) losses of the batches, each before the step at its rate."""
    diverged: bool
    """Whether the sweep ended because the loss did; else it came to the highest rate."""


@dataclass(frozen=True)
class RateSuggestion:
    """What a sweep says about the learning rate."""

    suggestion: float
    """The larger of `steepest` and a tenth of `minimum`."""
    steepest: float
    """Where the smoothed loss falls fastest over the logarithm of the rate."""
    minimum: float
    """Where the smoothed loss is lowest; above it learning breaks down."""


def check_sweep(*, lowest: float, highest: float, steps: int) -> None:
    """Refuses a sweep that shows nothing.

    Raises:
        UsageError: If the rates do not rise or there are fewer than 10 steps.
    """
    if not 0 < lowest < highest < math.inf:
        raise UsageError(f"a range test needs rates above 0 that rise, got {lowest:g} to {highest:g}")
    if steps < FEWEST_STEPS:
        raise UsageError(f"a range test needs {FEWEST_STEPS} steps or more, got {steps}")


def range_test(
    network: Network,
    recipe: Recipe,
    training: Examples | ReadyExamples,
    *,
    device: torch.device,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    rates: Mapping[str, float] | None = None,
    set_mode: Callable[[Network], object] = nn.Module.train,
    after: str = "",
    watch: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Sweep:
    """Trains a copy of the network at rates that rise step by step, each by the same factor, until the loss diverges.

    All but the rate is as in `fit`: order, augmentation, loss, optimizer, precision. The paper lets the rate rise linearly
    over several epochs; by a factor, a hundred steps cover seven powers of ten.

    Args:
        network: Stays as it is.
        recipe: How; its learning rate and schedule play no part.
        training: Pictures to learn from.
        device: Where the network is.
        lowest: The first step's rate.
        highest: The last step's rate, if the loss does not diverge before.
        steps: How many steps.
        rates: As `TrainingState.begin` takes them, and so are the next two.
        set_mode: See there.
        after: See there.
        watch: Called after every step with how many were taken and how many are planned.
        stop: Asked before every step; once it answers True, the sweep ends.

    Raises:
        UsageError: If the rates do not rise or there are fewer than 10 steps.
        StoppedError: When `stop` said so.

    Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2017), section 3.3.
    """
    check_sweep(lowest=lowest, highest=highest, steps=steps)
    recipe = dataclasses.replace(recipe, optimizer=dataclasses.replace(recipe.optimizer, learning_rate=highest))
    network = copy.deepcopy(network)
    fit_to_pictures(network, training, recipe, device)
    state = TrainingState.begin(network, recipe, total_steps=steps, rates=rates, set_mode=set_mode, after=after)
    objective, balanced = OBJECTIVES[recipe.task], recipe.balance == "loss"
    weights = objective.weights(training.labels, network.num_classes).to(device) if balanced else None
    stepper = Stepper(state, recipe, objective.loss(recipe.loss, weights))
    renew_curvature(state, recipe, training, stepper.loss, device=device)
    swept, losses, running, best, diverged = [], [], 0.0, math.inf, False
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        for inputs in batches_of(training, recipe, steps, device=device):
            if stop is not None and stop():
                raise StoppedError
            rate = lowest * (highest / lowest) ** (state.step / (steps - 1))
            scale_learning_rate(state.optimizer, rate / highest)
            try:
                loss = float(stepper.take(inputs).loss)
            except TrainingError:
                loss = math.nan
            state.advance()
            running = MEMORY * running + (1 - MEMORY) * loss
            smoothed = running / (1 - MEMORY**state.step)
            if diverged := not math.isfinite(loss) or (state.step >= FEWEST_STEPS and smoothed > DIVERGED * best):
                break
            swept.append(rate)
            losses.append(loss)
            best = min(best, smoothed)
            if watch is not None:
                watch(state.step, steps)
    if watch is not None:
        watch(steps, steps)
    return Sweep(np.array(swept), np.array(losses), diverged)


def batches_of(
    training: Examples | ReadyExamples, recipe: Recipe, count: int, *, device: torch.device
) -> Iterator[Inputs]:
    """The first batches of a run, epoch by epoch, as training prepares them."""
    even = named_task(recipe.task).strata(training.labels) if recipe.balance == "sampler" else None
    epoch = 0
    while count > 0:
        batches = epoch_batches(len(training.labels), recipe.batch_size, seed=recipe.seed, epoch=epoch, even=even)

        def prepare(batch: Batch, epoch: int = epoch) -> Inputs:
            return prepare_training_inputs(training, batch, device=device, recipe=recipe, epoch=epoch)

        with prefetched(prepare, batches[:count], device) as prepared:
            yield from prepared
        count, epoch = count - len(batches), epoch + 1


def smooth(losses: Sequence[float] | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Each loss averaged with its neighbours by Gaussian weights, which shifts nothing; at the ends over those there are.

    Example:
        >>> smooth([1.0, 1.0, 1.0]).tolist()
        [1.0, 1.0, 1.0]
    """
    values = np.asarray(losses, dtype=np.float64)
    places = np.arange(len(values))
    weights = np.exp(-0.5 * ((places[:, None] - places) / SMOOTHING_STEPS) ** 2)
    averaged: npt.NDArray[np.float64] = weights @ values / weights.sum(axis=1)
    return np.round(averaged, 12)


def suggest_rate(sweep: Sweep) -> RateSuggestion:
    """Reads a learning rate from a sweep, in the two usual ways, and suggests the larger.

    One is the rate at which the smoothed loss falls fastest, the other a tenth of the rate at which it is lowest. The larger,
    because a schedule that warms up and falls to nothing spends most of its steps below its peak.

    Raises:
        TrainingError: If the sweep is too short, or the loss never fell.

    Example:
        >>> rates = 10.0 ** np.linspace(-5, 1, 61)
        >>> losses = np.where(rates < 0.3, 2.3 - 1.5 / (1 + (0.01 / rates) ** 2), 5.0)
        >>> found = suggest_rate(Sweep(rates, losses, True))
        >>> 0.05 < found.minimum < 0.3, 0.005 < found.steepest < 0.02
        (True, True)
    """
    if len(sweep.losses) < FEWEST_STEPS:
        raise TrainingError(
            f"the loss diverged after {len(sweep.losses)} steps, too early to read a learning rate; give a lower --lowest"
        )
    smoothed = smooth(sweep.losses)
    lowest = int(smoothed.argmin())
    if lowest == 0:
        if sweep.diverged:
            raise TrainingError(
                f"the loss never fell before it diverged at {sweep.rates[-1]:.2g}: there is little left to learn, or the initial "
                "weights or the data keep the network from it; no rate can be read, but a tenth of that is the most to try"
            )
        raise TrainingError(
            f"the loss never fell, whatever the rate up to {sweep.rates[-1]:.2g}: give more --steps, or look at the data and "
            "the initial weights"
        )
    slopes = np.gradient(smoothed, np.log(sweep.rates))
    steepest = int(slopes[: lowest + 1].argmin())
    minimum = float(sweep.rates[lowest])
    fastest = float(sweep.rates[steepest])
    return RateSuggestion(suggestion=max(fastest, minimum / 10), steepest=fastest, minimum=minimum)
