"""What the tests of arithmetic share."""

from __future__ import annotations

import random

import numpy as np
import torch
from torch import nn

from striate.seeing.arithmetic import walked

TOLERANCE = 1e-6
"""Of the sum of the absolute products: what float32 rounds in the layers of the catalogue is less (measured: 2.5e-7)."""


def counted(*sides: int) -> torch.Tensor:
    """A picture of the numbers from 1 on."""
    return torch.arange(1.0, 1 + np.prod(sides)).view(1, *sides)


def stirred(network: nn.Module) -> nn.Module:
    """The network with statistics and shifts that are not those of a new layer, so that each has a part in its answer."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.5, generator=generator)
                module.running_var.uniform_(0.5, 2, generator=generator)
                module.bias.normal_(0, 0.3, generator=generator)
    return network


def check_every_step(network: nn.Module, picture: torch.Tensor, *, units: int = 3) -> list[str]:
    """Holds random units of every step to the tensors; answers the operations that were met."""
    walk = walked(network, picture)
    draw = random.Random(0)
    assert [step.why_not for step in walk.steps if step.why_not] == []
    for step in walk.steps:
        for _ in range(units):
            unit = tuple(draw.randrange(side) for side in step.shape)
            told = walk.arithmetic(step.name, unit)
            assert told.relative_difference <= TOLERANCE, (step.name, unit, told.result, told.value, told.scale)
            assert told.value == walk.numbers(step.name)[unit]
            assert told.operation == step.operation
    return [step.operation for step in walk.steps]
