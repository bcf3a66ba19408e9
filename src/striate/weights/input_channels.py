"""The weights of a first convolution for pictures with another number of channels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from striate.errors import WeightsError


@dataclass(frozen=True)
class AdaptedChannels:
    """A first convolution whose weights were made for another number of input channels."""

    name: str  # the tensor's
    in_file: int
    in_network: int

    def __str__(self) -> str:
        """What was done, as a clause."""
        plural = "" if self.in_network == 1 else "s"
        how = "summed" if self.in_network == 1 else f"repeated, times {self.in_file}/{self.in_network}"
        return f"{self.name} adapted to {self.in_network} input channel{plural} from {self.in_file} ({how})"


def adapt_input_channels(weight: Tensor, channels: int) -> Tensor:
    """A convolution's weights for another number of input channels, so that it answers pictures of one grey alike.

    To one channel: the sum over the channels, which answers a grey picture exactly as the old weights answer it in every
    channel. To any other number: the channels repeated in turn, times old/new number. Where the new is a multiple of the
    old, that keeps the sum, and with it the answer to a picture whose channels are equal.

    Args:
        weight: (out, in, height, width) float.
        channels: How many input channels from now on; 1 or more.

    Returns:
        (out, channels, height, width), in the same dtype, summed in float32 at least.

    Raises:
        WeightsError: The weight is not that of a plain convolution, or the number of channels is not 1 or more.

    Example:
        >>> weight = torch.tensor([1.0, 2.0, 3.0]).reshape(1, 3, 1, 1)
        >>> adapt_input_channels(weight, 1).flatten(), adapt_input_channels(weight, 6).flatten()
        (tensor([6.]), tensor([0.5000, 1.0000, 1.5000, 0.5000, 1.0000, 1.5000]))

    Source: the same rule as timm's `adapt_input_conv` for three channels.
    """
    if weight.ndim != 4 or channels < 1:
        raise WeightsError(
            f"a convolution's weight is (out, in, height, width) and takes 1 channel or more, "
            f"got {tuple(weight.shape)} for {channels}"
        )
    old = weight.shape[1]
    exact = weight if weight.dtype == torch.float64 else weight.float()
    if channels == 1:
        adapted = exact.sum(dim=1, keepdim=True)
    else:
        adapted = exact[:, torch.arange(channels, device=weight.device) % old] * (old / channels)
    return adapted.to(weight.dtype)


def first_convolution(network: nn.Module) -> str | None:
    """The name of the weight that meets the picture, if it is a convolution's over all channels.

    Example:
        >>> from striate.models import create_model
        >>> first_convolution(create_model("resnet20"))
        'conv1.weight'
    """
    for name, module in network.named_modules():
        if next(module.parameters(recurse=False), None) is not None:
            plain = isinstance(module, nn.Conv2d) and module.groups == 1
            return f"{name}.weight" if plain else None
    return None
