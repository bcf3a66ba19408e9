"""What a step is timed with before there are pictures: noise; the loss is the objective's `probe`."""

from __future__ import annotations

import torch
from torch import Tensor

from striate.models import Network


def probe_images(network: Network, size: tuple[int, int], *, count: int) -> Tensor:
    """Noise to time a step with: (count, C, height, width) on the network's device, channels last."""
    images = torch.randn(count, network.in_channels, *size, generator=torch.Generator().manual_seed(0))
    return images.to(next(network.parameters()).device, memory_format=torch.channels_last)
