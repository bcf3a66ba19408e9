"""Residual branches that are left out at random while a network trains."""

from __future__ import annotations

import numbers

from torch import Tensor, nn

from striate.errors import UsageError


class StochasticDepth(nn.Module):
    """In training, pictures drawn at random have their branch set to zero and the others' is made larger to match.

    A picture's branch survives with 1 - `probability` and is then divided by that, so that its mean is what it is in
    evaluation, where nothing is changed. Draws come from torch's generator for the device, one a picture.

    Args:
        probability: How likely a picture loses the branch, from 0 to below 1.

    Shape:
        (N, ...) float -> the same.

    Raises:
        UsageError: `probability` is not a number from 0 to below 1.

    Example:
        >>> import torch
        >>> torch.unique(StochasticDepth(0.5)(torch.ones(1000, 1)))
        tensor([0., 2.])

    Source: Huang, Sun, Liu, Sedra, Weinberger 2016, Deep Networks with Stochastic Depth, section 3; there the branch is
    scaled in evaluation, and one draw serves a whole batch.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        given: object = probability
        if isinstance(given, bool) or not isinstance(given, numbers.Real) or not 0 <= float(given) < 1:
            raise UsageError(f"StochasticDepth: probability must be a number from 0 to below 1, got {probability!r}")
        self.probability = float(given)

    def forward(self, inputs: Tensor) -> Tensor:
        """Draw, drop, scale."""
        if not self.training or self.probability == 0:
            return inputs
        survival = 1 - self.probability
        survivors = inputs.new_empty((inputs.shape[0], *(1 for _ in range(inputs.dim() - 1)))).bernoulli_(survival)
        return inputs * survivors.div_(survival)

    def extra_repr(self) -> str:
        """The probability, for `print(module)`."""
        return f"probability={self.probability:.4g}"
