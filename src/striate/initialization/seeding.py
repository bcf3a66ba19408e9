"""Draws that follow from a seed."""

from __future__ import annotations

import numbers
from collections.abc import Iterator
from contextlib import contextmanager

import torch

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
