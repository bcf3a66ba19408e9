"""Trainable subsampling, the pooling of LeNet-5."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.nn.arguments import whole_number
from striate.nn.layer_facts import LayerFacts


class Subsampling(nn.Module):
    """Sums each window, multiplies by the map's coefficient and adds the map's bias: 2 parameters a map.

    Windows do not overlap; rows and columns left over at the bottom and the right are not used. A new layer is the
    average: coefficient 1 / window², bias 0.

    Args:
        channels: Number of maps.
        window: Height and width of a window, and the stride, in pixels.

    Shape:
        (N, channels, H, W) float -> (N, channels, H // window, W // window).

    Raises:
        UsageError: An argument is not a whole number of at least 1.

    Example:
        >>> layer = Subsampling(1)
        >>> _ = nn.init.constant_(layer.coefficient, 2.0), nn.init.constant_(layer.bias, 1.0)
        >>> layer(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])).item()  # (1 + 2 + 3 + 4) * 2 + 1
        21.0

    Source: LeCun et al. 1998, section II.B, layers S2 and S4.
    """

    def __init__(self, channels: int, window: int = 2) -> None:
        super().__init__()
        self.channels = whole_number("Subsampling", "channels", channels)
        self.window = whole_number("Subsampling", "window", window)
        self.coefficient = nn.Parameter(torch.empty(self.channels))
        self.bias = nn.Parameter(torch.empty(self.channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Make it the average of each window again."""
        nn.init.constant_(self.coefficient, 1 / self.window**2)
        nn.init.zeros_(self.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """Sum, scale and shift each window."""
        # Window sum = area * average. `divisor_override=1` would say it in one call, but OpenVINO does not convert it.
        scale = self.coefficient * self.window**2
        averages = functional.avg_pool2d(inputs, self.window)
        return averages * scale.view(-1, 1, 1) + self.bias.view(-1, 1, 1)

    def layer_facts(self, input_shape: tuple[int, ...], output_shape: tuple[int, ...]) -> LayerFacts:
        """A sum over each window, then a product and a sum: no multiply-adds by the paper's way of counting."""
        maps, height, width = output_shape
        return LayerFacts(
            macs=0,
            element_operations=maps * height * width * (self.window**2 + 2),
            arithmetic=f"2*{self.channels}",
        )

    def extra_repr(self) -> str:
        """The sizes, for `print(module)`."""
        return f"{self.channels}, window={self.window}"
