"""The block that weighs maps by what is on all of them: squeeze and excitation."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from striate.nn.arguments import whole_number


class SqueezeExcitation(nn.Module):
    """Each input map times a number in (0, 1) that follows from the means of all maps.

    The means go through a dense layer to `squeeze_channels` numbers, a nonlinearity, a dense layer back, and a sigmoid.
    The dense layers are 1x1 convolutions with biases, which spares two changes of shape and is the same arithmetic:
    `channels * squeeze_channels * 2` MACs a picture, whatever its size.

    Args:
        channels: Number of maps.
        squeeze_channels: How many numbers are between the dense layers; the paper takes a sixteenth of the maps.
        activation: Makes the nonlinearity between the dense layers; the paper's is ReLU, EfficientNet's SiLU.

    Shape:
        (N, channels, H, W) float -> the same.

    Raises:
        UsageError: `channels` or `squeeze_channels` is not a whole number of at least 1.

    Example:
        >>> import torch
        >>> block = SqueezeExcitation(32, 2)
        >>> maps = torch.rand(1, 32, 5, 5)
        >>> bool((block(maps) < maps).all())
        True

    Source: Hu, Shen, Sun 2017, Squeeze-and-Excitation Networks, section 3, Eq. 2 to 4 and Fig. 3.
    """

    def __init__(self, channels: int, squeeze_channels: int, *, activation: Callable[[], nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.channels = whole_number("SqueezeExcitation", "channels", channels)
        self.squeeze_channels = whole_number("SqueezeExcitation", "squeeze_channels", squeeze_channels)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(self.channels, self.squeeze_channels, 1)
        self.activation = activation()
        self.fc2 = nn.Conv2d(self.squeeze_channels, self.channels, 1)
        self.scale_activation = nn.Sigmoid()

    def forward(self, inputs: Tensor) -> Tensor:
        """Squeeze, excite, scale."""
        squeezed = self.activation(self.fc1(self.avgpool(inputs)))  # (N, squeeze_channels, 1, 1)
        gates: Tensor = self.scale_activation(self.fc2(squeezed))  # (N, channels, 1, 1)
        return gates * inputs
