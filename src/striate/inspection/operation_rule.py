"""What a rule of an operation is: from its arguments, and what they see, to what it answers, costs and sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from striate.inspection.receptive_field import Extent

See = Callable[[Tensor], Extent]
"""What a tensor's numbers see."""
Sizes = int | Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What an operation answers and costs."""

    kind: str
    shape: tuple[int, ...]
    extent: Extent
    macs: int = 0
    elements: int = 0
    kernel: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1


Rule = Callable[..., Result]
