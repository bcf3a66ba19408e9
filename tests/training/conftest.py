from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from striate.models import create_model


class ToyExamples:
    """Twelve-class-free toy data: bright pictures are class 1, dark ones class 0."""

    reverses_channels = False

    def __init__(self, count: int, channels: int = 1) -> None:
        generator = torch.Generator().manual_seed(0)
        self.labels = np.arange(count, dtype=np.int64) % 2
        self.mean, self.std = (0.5,) * channels, (0.1,) * channels
        self.samples = np.arange(count, dtype=np.int64) + 100
        self.mean, self.std = (0.5,) * channels, (0.2,) * channels
        noise = 0.2 * torch.randn(count, 32, 32, channels, generator=generator)
        bright = noise + 0.4 * torch.from_numpy(self.labels)[:, None, None, None] + 0.3
        self.stored = (255 * bright).clamp(0, 255).to(torch.uint8).numpy()

    def pixels(self, positions):
        return self.stored[np.asarray(positions)]

    def images(self, positions) -> Tensor:
        """(k, C, H, W) float32, normalised, by plain arithmetic."""
        pixels = torch.from_numpy(self.pixels(positions)).permute(0, 3, 1, 2).double() / 255
        return ((pixels - self.mean[0]) / self.std[0]).float()

    @property
    def pictures(self) -> Tensor:
        return self.images(np.arange(len(self.labels)))

    def key(self, position: int) -> str:
        return f"toy/{position}"


@pytest.fixture
def toy():
    return ToyExamples


@pytest.fixture
def small_network():
    """A function from a name to a network with two classes and one channel."""

    def create(name: str = "lenet5_dense"):
        return create_model(name, num_classes=2, in_channels=1, seed=0)

    return create
