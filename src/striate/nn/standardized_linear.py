"""A dense layer that first brings its inputs to one scale."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.errors import UsageError


class StandardizedLinear(nn.Linear):
    """A dense layer on standardised inputs: weight @ (x - mean) / deviation + bias.

    The mean and the deviation are measured, not learnt: buffers, which `standardize` sets. They are not folded into the
    weights, though that would compute the same: in number formats of few bits, inputs of one scale lose least.

    Args:
        in_features: Length of an input.
        out_features: Length of an answer.

    Shape:
        (..., in_features) float -> (..., out_features).

    Example:
        >>> layer = StandardizedLinear(1, 1)
        >>> layer.standardize(torch.tensor([[1.0], [3.0]]))
        >>> layer.mean, layer.deviation
        (tensor([2.]), tensor([1.]))
    """

    mean: Tensor
    """(in_features,) what is subtracted."""
    deviation: Tensor
    """(in_features,) above 0: what is divided by after that."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features)
        self.register_buffer("mean", torch.zeros(in_features))
        self.register_buffer("deviation", torch.ones(in_features))

    def standardize(self, inputs: Tensor) -> None:
        """Takes the mean and the deviation of these inputs; where an input is always the same, the deviation is 1.

        Args:
            inputs: (n, in_features), finite; n of at least 1.

        Raises:
            UsageError: The shape is another.
        """
        if inputs.ndim != 2 or inputs.shape[1] != self.in_features or not len(inputs):
            raise UsageError(
                f"StandardizedLinear takes inputs of shape (n, {self.in_features}), got {tuple(inputs.shape)}"
            )
        values = inputs.double()
        mean, deviation = values.mean(dim=0), values.std(dim=0, correction=0)
        # Rounding alone makes the values of a constant differ by some 1e-8 of it.
        constant = deviation <= 1e-6 * values.abs().amax(dim=0)
        with torch.no_grad():
            self.mean.copy_(mean)
            self.deviation.copy_(torch.where(constant, 1.0, deviation))

    def forward(self, inputs: Tensor) -> Tensor:
        """The answer."""
        return super().forward((inputs - self.mean) / self.deviation)
