"""How weights are drawn before training, by name: the rules of the papers.

Each rule draws in place, from the global generator, which `seeded` fixes for a while.

    lecun1998_uniform_     uniform within ±2.4 / fan_in                    LeNet-5
    glorot_uniform_        uniform within ±sqrt(6 / (fan_in + fan_out))    VGG
    caffe_xavier_uniform_  uniform within ±sqrt(3 / fan_in)                GoogLeNet
    he_normal_             normal with deviation sqrt(2 / fan)             ReLU networks
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor

from striate.errors import UsageError


@contextmanager
def seeded(seed: int | None) -> Iterator[None]:
    """Draws on the processor within the block follow from `seed` alone, and the global generator stays as it was.

    Args:
        seed: A whole number from 0 to 2**63 - 1, or `None` to draw from the global generator as it is.

    Raises:
        UsageError: The seed is anything else.

    Example:
        >>> with seeded(0):
        ...     first = torch.rand(2)
        >>> with seeded(0):
        ...     print(torch.equal(torch.rand(2), first))
        True
    """
    if seed is None:
        yield
        return
    given: object = seed
    if isinstance(given, bool) or not isinstance(given, numbers.Integral) or not 0 <= int(given) < 2**63:
        raise UsageError(f"seed must be a whole number from 0 to 2**63 - 1, got {seed!r}")
    # Not torch.manual_seed, which would also seed the generators of every GPU, and those are not put back.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(seed))
        yield


def fans(weight: Tensor, *, groups: int = 1) -> tuple[int, int]:
    """A weight's fan-in and fan-out: how many inputs feed a unit, and how many units an input feeds.

    Args:
        weight: (out, in) of a dense layer, or (out, in / groups, *kernel) of a convolution.
        groups: The convolution's groups.

    Returns:
        (in / groups) * kernel elements, and (out / groups) * kernel elements.

    Raises:
        UsageError: The weight has fewer than two axes.

    Example:
        >>> fans(torch.empty(6, 3, 5, 5))
        (75, 150)
    """
    if weight.ndim < 2:
        raise UsageError(f"a weight with fans has at least two axes, (out, in, ...), got shape {tuple(weight.shape)}")
    kernel = math.prod(weight.shape[2:])
    return weight.shape[1] * kernel, weight.shape[0] * kernel // groups


def lecun1998_uniform_(weight: Tensor, *, fan_in: int | None = None) -> Tensor:
    """Draws uniformly within ±2.4 / fan_in, so with deviation 1.386 / fan_in.

    Not what some libraries call LeCun uniform, ±sqrt(3 / fan_in), which is of a later year.

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


def glorot_uniform_(weight: Tensor, *, groups: int = 1) -> Tensor:
    """Draws uniformly within ±sqrt(6 / (fan_in + fan_out)), so with deviation sqrt(2 / (fan_in + fan_out)).

    A compromise between keeping the variance of the signal on the way forward and of the gradient on the way back,
    where the activation is near the identity.

    Args:
        weight: (out, in) of a dense layer, or (out, in / groups, *kernel) of a convolution, float, changed in place.
        groups: The convolution's groups.

    Returns:
        The weight.

    Raises:
        UsageError: The weight has fewer than two axes.

    Example:
        >>> bool(glorot_uniform_(torch.empty(6, 3, 5, 5)).abs().max() <= (6 / (75 + 150)) ** 0.5)
        True

    Source: Glorot, Bengio 2010, Understanding the difficulty of training deep feedforward neural networks, Eq. 16.
    """
    bound = math.sqrt(6 / sum(fans(weight, groups=groups)))
    return torch.nn.init.uniform_(weight, -bound, bound)


def caffe_xavier_uniform_(weight: Tensor) -> Tensor:
    """Draws uniformly within ±sqrt(3 / fan_in), so with deviation sqrt(1 / fan_in).

    What Caffe calls xavier, by the first name of Glorot, whose own rule counts the fan-out too.

    Args:
        weight: (out, in) of a dense layer, or (out, in / groups, *kernel) of a convolution, float, changed in place.

    Returns:
        The weight.

    Raises:
        UsageError: The weight has fewer than two axes.

    Example:
        >>> bool(caffe_xavier_uniform_(torch.empty(6, 3, 5, 5)).abs().max() <= (3 / 75) ** 0.5)
        True

    Source: BVLC Caffe, XavierFiller.
    """
    bound = math.sqrt(3 / fans(weight)[0])
    return torch.nn.init.uniform_(weight, -bound, bound)


def he_normal_(weight: Tensor, *, fan: Literal["in", "out"] = "in", groups: int = 1) -> Tensor:
    """Draws from a normal distribution with mean 0 and deviation sqrt(2 / fan).

    Under ReLU this keeps the variance of the signal on the way forward (fan "in") or of the gradient on the way back
    (fan "out"). The paper finds either of the two enough.

    Args:
        weight: (out, in) of a dense layer, or (out, in / groups, *kernel) of a convolution, float, changed in place.
        fan: Which of the two `fans` to divide by.
        groups: The convolution's groups.

    Returns:
        The weight.

    Raises:
        UsageError: `fan` is neither "in" nor "out", or the weight has fewer than two axes.

    Example:
        >>> round(he_normal_(torch.empty(512, 256, 3, 3), fan="out").std().item(), 3)  # sqrt(2 / (512 * 9))
        0.021

    Source: He et al. 2015, Delving Deep into Rectifiers, Eq. 10 (in) and 14 (out).
    """
    if fan not in ("in", "out"):
        raise UsageError(f"fan must be 'in' or 'out', got {fan!r}")
    fan_in, fan_out = fans(weight, groups=groups)
    return torch.nn.init.normal_(weight, 0.0, math.sqrt(2 / (fan_in if fan == "in" else fan_out)))
