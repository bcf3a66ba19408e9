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


class WeightAverage:
    """The moving average of a network's weights and statistics, in another network of the same kind.

    What of the network is frozen when the average begins stays in it as it is.

    Args:
        averaged: Changed in place by `update`.
        network: What is averaged.

    Example:
        >>> averaged, network = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
        >>> _ = averaged.weight.requires_grad_(False).fill_(1.0), network.weight.data.fill_(3.0)
        >>> WeightAverage(averaged, network).update(0.25)
        >>> averaged.weight.item()  # 0.25 * 1 + 0.75 * 3
        2.5
    """

    def __init__(self, averaged: nn.Module, network: nn.Module) -> None:
        # Looked up once: walking through a network costs as much as a small network's step.
        still = frozen_tensors(network)
        both = zip(averaged.state_dict().values(), network.state_dict().items(), strict=True)
        pairs = [(mean, value) for mean, (name, value) in both if name not in still]
        self._means = [mean for mean, _ in pairs if mean.is_floating_point()]
        self._values = [value for mean, value in pairs if mean.is_floating_point()]
        self._counters = [(mean, value) for mean, value in pairs if not mean.is_floating_point()]

    @torch.no_grad()
    def update(self, decay: float) -> None:
        """Moves the average towards the network: `average = decay * average + (1 - decay) * weight`; whole numbers are copied.

        Args:
            decay: See `average_decay`.
        """
        torch._foreach_lerp_(self._means, self._values, 1 - decay)
        for mean, value in self._counters:
            mean.copy_(value)


def frozen_tensors(network: nn.Module) -> set[str]:
    """The names of the parameters that require no gradient, and of the buffers of layers all of whose parameters are such.

    A mean of equal numbers is that number, but for -0, which becomes 0: what is frozen must keep its bytes.
    """
    names = set()
    for path, module in network.named_modules():
        own = dict(module.named_parameters(recurse=False))
        still = {name for name, parameter in own.items() if not parameter.requires_grad}
        if own and len(still) == len(own):
            still |= {name for name, _ in module.named_buffers(recurse=False)}
        names |= {f"{path}.{name}" if path else name for name in still}
    return names
