"""The learning rate over a run."""

from __future__ import annotations

import math
from itertools import accumulate

from striate.training.recipe import ScheduleConfig


def learning_rate_factor(config: ScheduleConfig, *, step: int, progress: float, warmup_steps: int) -> float:
    """The learning rate of a step as a share of its peak: linear warm-up times a half cosine, or times the stair that the step is on.

    Args:
        config: The schedule.
        step: Steps taken so far.
        progress: Share of the run that lies behind, in 0..1.
        warmup_steps: Steps over which the rate rises.

    Example:
        >>> config = ScheduleConfig(epochs=10)
        >>> [round(learning_rate_factor(config, step=s, progress=s / 10, warmup_steps=0), 3) for s in (0, 5, 10)]
        [1.0, 0.5, 0.0]
        >>> config = ScheduleConfig(epochs=10, stairs=((2, 1.0), (3, 0.4), (1, 0.2)))
        >>> [learning_rate_factor(config, step=s, progress=s / 10, warmup_steps=0) for s in (0, 1, 2, 4, 5, 9)]
        [1.0, 1.0, 0.4, 0.4, 0.2, 0.2]

    Source: Loshchilov and Hutter, "SGDR" (2017), Eq. 5, without restarts.
    """
    warmup = min(1.0, (step + 1) / (warmup_steps + 1))
    if config.stairs:
        return warmup * stair(config, progress=progress)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return warmup * (config.final_fraction + (1 - config.final_fraction) * cosine)


def stair(config: ScheduleConfig, *, progress: float) -> float:
    """The share of the peak at a place of the run, in 0..1."""
    epochs = progress * config.epochs + 1e-6  # the share of the run is a sum of many shares, each of them rounded
    ends = accumulate(length for length, _ in config.stairs)
    return next(
        (share for end, (_, share) in zip(ends, config.stairs, strict=True) if epochs < end), config.stairs[-1][1]
    )


def warmup_steps(config: ScheduleConfig, *, steps_per_epoch: int, total_steps: int) -> int:
    """The number of warm-up steps: what was asked for, but at most a third of the run."""
    return min(round(config.warmup_epochs * steps_per_epoch), total_steps // 3)
