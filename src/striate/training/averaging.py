"""The moving average of a network's weights."""

from __future__ import annotations

import torch
from torch import nn


def average_decay(*, step: int, span_steps: float) -> float:
    """The share of the average that survives a step.

    Early on, the average reaches back over a tenth of the steps taken, so that the initial weights are soon forgotten.

    Args:
        step: Steps taken before this one.
        span_steps: How many steps the average reaches back when there are enough; 1 or less keeps the last weights alone.

    Example:
        >>> average_decay(step=0, span_steps=100), average_decay(step=10_000, span_steps=100)
        (0.1, 0.99)
    """
    if span_steps <= 1:
        return 0.0
    return min(1 - 1 / span_steps, (1 + step) / (10 + step))


@torch.no_grad()
def update_average(averaged: nn.Module, network: nn.Module, decay: float) -> None:
    """Moves the averaged weights and statistics towards the network's: `average = decay * average + (1 - decay) * weight`.

    Counters, which are whole numbers, are copied.
    """
    means, values = [], []
    for mean, value in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            means.append(mean)
            values.append(value)
        else:
            mean.copy_(value)
    torch._foreach_lerp_(means, values, 1 - decay)
