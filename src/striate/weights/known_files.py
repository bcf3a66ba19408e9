"""Published files by their SHA-256, and the inputs that their weights expect: data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class KnownFile:
    """A published file."""

    row: str  # whose weights they are
    mean: tuple[float, ...]  # of each channel, of the 0..1 range: inputs are (pixel / 255 - mean) / std
    std: tuple[float, ...]
    source: str  # where the mean and deviation are stated


KNOWN_FILES: Mapping[str, KnownFile] = MappingProxyType(
    {
        "12fca82f0bebc4135bf1f32f6e3710e61d5108578464b84fd6d7f5c1b04036c8": KnownFile(
            row="resnet20",
            mean=(0.485, 0.456, 0.406),  # ImageNet's, though the pictures are CIFAR-10's
            std=(0.229, 0.224, 0.225),
            source="akamaster/pytorch_resnet_cifar10: resnet20-12fca82f.th, trainer.py",
        ),
    }
)
