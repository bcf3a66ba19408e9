from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from striate.models import create_model


class ToyExamples:
    """Twelve-class-free toy data: bright pictures are class 1, dark ones class 0."""

    def __init__(self, count: int, channels: int = 1) -> None:
        generator = torch.Generator().manual_seed(0)
        self.labels = np.arange(count, dtype=np.int64) % 2
        self.samples = np.arange(count, dtype=np.int64) + 100
        noise = torch.randn(count, channels, 32, 32, generator=generator)
        self.pictures = noise + 2.0 * torch.from_numpy(self.labels)[:, None, None, None] - 1.0

    def images(self, positions) -> Tensor:
        return self.pictures[torch.from_numpy(np.asarray(positions))]

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
