"""Euclidean radial basis function units, the output layer of LeNet-5."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.nn.layer_facts import LayerFacts


class EuclideanRBF(nn.Module):
    """The squared Euclidean distance of each vector to each of some fixed prototypes.

    `y[i] = sum_j (x[j] - prototypes[i, j])²`: small where the vector is like the prototype. The prototypes are a
    buffer: they are saved with the state and are not trained.

    Args:
        prototypes: (units, width) float, finite: a row for each unit. The layer keeps a copy.

    Shape:
        (N, width) float -> (N, units), values of 0 and more.

    Raises:
        UsageError: The prototypes are not a table of finite floats with at least one row and one column.

    Example:
        >>> layer = EuclideanRBF(torch.tensor([[1.0, -1.0], [1.0, 1.0]]))
        >>> layer(torch.tensor([[1.0, 2.0]]))
        tensor([[9., 1.]])

    Source: LeCun et al. 1998, Eq. 7.
    """

    prototypes: Tensor

    def __init__(self, prototypes: Tensor) -> None:
        super().__init__()
        if prototypes.ndim != 2 or prototypes.numel() == 0 or not prototypes.is_floating_point():
            raise UsageError(
                "EuclideanRBF: prototypes must be a float tensor of shape (units, width), "
                f"got {prototypes.dtype} of shape {tuple(prototypes.shape)}"
            )
        # A meta tensor has no values to look at.
        if not prototypes.is_meta and not bool(torch.isfinite(prototypes).all()):
            raise UsageError("EuclideanRBF: prototypes must be finite, got NaN or infinity among them")
        self.register_buffer("prototypes", prototypes.detach().clone())

    def forward(self, inputs: Tensor) -> Tensor:
        """Squared distances to every prototype."""
        # The differences are formed rather than |x|² - 2xp + |p|²: that matrix product would run in bfloat16 under
        # autocast, where distances near 84, as untrained networks have them, are off by up to 0.25.
        differences = inputs.unsqueeze(1) - self.prototypes  # (N, units, width)
        return differences.square().sum(dim=2)

    def layer_facts(self, input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> LayerFacts:
        """A squared difference a prototype's value, counted as a dense layer's multiply-add."""
        return LayerFacts(macs=self.prototypes.numel(), element_operations=0, fixed=self.prototypes.numel())

    def extra_repr(self) -> str:
        """The sizes, for `print(module)`."""
        return f"units={len(self.prototypes)}, width={self.prototypes.shape[1]}"
