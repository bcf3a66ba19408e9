"""Multiplication by a constant."""

from __future__ import annotations

from torch import Tensor, nn


class Scale(nn.Module):
    """Multiplies by a number that does not learn. No parameters.

    Args:
        factor: The number.

    Shape:
        Any float -> the same.

    Example:
        >>> import torch
        >>> Scale(0.125)(torch.tensor([8.0]))
        tensor([1.])
    """

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, inputs: Tensor) -> Tensor:
        """The product."""
        return inputs * self.factor

    def extra_repr(self) -> str:
        """The factor, for `print(module)`."""
        return f"{self.factor:g}"
