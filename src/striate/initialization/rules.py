"""What a rule is, the fans that rules count, and the rules that are no scheme of fan, distribution and gain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from striate.errors import UsageError


class Rule(Protocol):
    """A way to draw weights."""

    def draw_(self, weight: Tensor, *, groups: int = 1) -> Tensor:
        """Draws in place from the global generator, and answers the weight.

        Args:
            weight: (out, in) of a dense layer, or (out, in / groups, *kernel) of a convolution, float.
            groups: The convolution's groups.
        """
        ...


def fans(weight: Tensor, *, groups: int = 1) -> tuple[int, int]:
    """A weight's fan-in and fan-out: how many inputs feed a unit, and how many units an input feeds.

    Both are counted within a group, because nothing connects one group with another: a depthwise 3x3 convolution has
    fan-in 9 and fan-out 9. Strides and borders are left out of account, as in the papers.

    Args:
        weight: (out, in) of a dense layer, or (out, in / groups, *kernel) of a convolution with any number of axes.
        groups: The convolution's groups.

    Returns:
        (in / groups) * kernel elements, and (out / groups) * kernel elements.

    Raises:
        UsageError: The weight has fewer than two axes.

    Example:
        >>> fans(torch.empty(6, 3, 5, 5))
        (75, 150)
        >>> fans(torch.empty(32, 1, 3, 3), groups=32)
        (9, 9)
    """
    if weight.ndim < 2:
        raise UsageError(f"a weight with fans has at least two axes, (out, in, ...), got shape {tuple(weight.shape)}")
    kernel = math.prod(weight.shape[2:])
    return weight.shape[1] * kernel, weight.shape[0] * kernel // groups


@dataclass(frozen=True)
class FixedNormal:
    """A normal distribution with mean 0 and one deviation for every layer, whatever its fans.

    Args:
        deviation: Its standard deviation.

    Example:
        >>> round(FixedNormal(0.01).draw_(torch.empty(500, 500)).std().item(), 4)
        0.01

    Source: Krizhevsky, Sutskever, Hinton 2012, section 5, with deviation 0.01.
    """

    deviation: float

    def draw_(self, weight: Tensor, *, groups: int = 1) -> Tensor:
        """Draws in place, and answers the weight; `groups` makes no difference."""
        return torch.nn.init.normal_(weight, 0.0, self.deviation)


def lecun1998_uniform_(weight: Tensor, *, fan_in: int | None = None) -> Tensor:
    """Draws uniformly within ±2.4 / fan_in, so with deviation 1.386 / fan_in.

    Not the scheme `lecun_uniform`, ±sqrt(3 / fan_in), which is what libraries have come to call LeCun's.

    Args:
        weight: Float tensor of any shape, changed in place.
        fan_in: How many inputs the unit of each of these weights has; `None`: as `fans` says.

    Returns:
        The weight.

    Raises:
        UsageError: `fan_in` is below 1, or not given where the weight has fewer than two axes.

    Example:
        >>> bool(lecun1998_uniform_(torch.empty(6, 1, 5, 5)).abs().max() <= 2.4 / 25)
        True

    Source: LeCun et al. 1998, Appendix A.
    """
    inputs = fans(weight)[0] if fan_in is None else fan_in
    if inputs < 1:
        raise UsageError(f"fan_in must be at least 1, got {inputs}")
    return torch.nn.init.uniform_(weight, -2.4 / inputs, 2.4 / inputs)
