"""A table of words' vectors that does not learn."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.nn.arguments import whole_number


class FixedEmbedding(nn.Module):
    """`torch.nn.Embedding` whose table is a buffer: no parameter, saved with the weights, touched by no optimizer.

    Args:
        rows: Words.
        width: Numbers of a word's vector.

    Shape:
        (N, L) int64 in 0..rows - 1 -> (N, L, width) float.

    Example:
        >>> layer = FixedEmbedding(3, 2)
        >>> layer(torch.tensor([[0, 2]])).shape, list(layer.parameters())
        (torch.Size([1, 2, 2]), [])
    """

    weight: Tensor

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        rows, width = whole_number("FixedEmbedding", "rows", rows), whole_number("FixedEmbedding", "width", width)
        self.register_buffer("weight", torch.zeros(rows, width))

    def forward(self, ids: Tensor) -> Tensor:
        """Each word's vector."""
        return functional.embedding(ids, self.weight)

    def extra_repr(self) -> str:
        """The table's size, for `print(module)`."""
        return f"{self.weight.shape[0]}, {self.weight.shape[1]}"
