"""The output of networks without dense layers: a map for each class, averaged over all pixels."""

from __future__ import annotations

import torch
from torch import Tensor, fx, nn

from striate.nn import GlobalAveragePool2d


class ClassMaps(nn.Module):
    """1x1 convolution to a map for each class, ReLU, global average: the head of Network in Network and All-CNN.

    What it sees is maps; as a network's head it also takes them flattened to a vector. The order of the pixels makes no
    difference to it, so their number is all that a vector need tell, and pictures may have any size.

    ReLU stands between the convolution and the average, so averaged maps would not do in place of a vector of them all.

    Args:
        in_channels: Number of input maps.
        num_classes: Number of classes.

    Shape:
        (N, in_channels, H, W) float, or (N, in_channels * H * W) -> (N, num_classes), values of 0 and more.

    Example:
        >>> head = ClassMaps(192, 10)
        >>> head(torch.zeros(2, 192, 8, 8)).shape, head(torch.zeros(2, 12288)).shape
        (torch.Size([2, 10]), torch.Size([2, 10]))

    Source: Lin et al. 2013, section 3.2.
    """

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(in_channels, num_classes, 1)
        self.relu = nn.ReLU()
        self.pool = GlobalAveragePool2d()

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits."""
        maps = self.relu(self.convolution(_as_maps(inputs, self.convolution.in_channels)))
        logits: Tensor = self.pool(maps)
        return logits


@fx.wrap  # a graph of a network calls it as it is, instead of tracing into its comparison
def _as_maps(inputs: Tensor, channels: int) -> Tensor:
    return torch.unflatten(inputs, 1, (channels, -1, 1)) if inputs.ndim == 2 else inputs
