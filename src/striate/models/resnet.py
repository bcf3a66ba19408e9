"""Residual networks: He, Zhang, Ren, Sun 2015. Here the networks for CIFAR-10 of section 4.2.

    stage    output    layers, for depth 6n + 2
    conv1    16@32x32  3x3 convolution
    layer1   16@32x32  n blocks of two 3x3 convolutions
    layer2   32@16x16  n blocks; the first halves the size
    layer3   64@8x8    n blocks; the first halves the size
             64        global average pooling, dense layer

Shortcuts are option A: where the number of maps grows, maps of zeros are added. Modules are named as in torchvision's
ResNet.

Differs from the paper: inputs are normalised by each channel's mean and deviation, where the paper subtracts each
pixel's mean. Options that the paper leaves open: He initialisation by fan-out for convolutions, by fan-in for the dense
layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from striate.initialization import he_normal_
from striate.models.config import CIFAR10, Benchmark, NetworkConfig, Paper
from striate.models.network import Network
from striate.nn import ZeroPaddedIdentity

PAPER = Paper("He, Zhang, Ren, Sun", 2015, "Deep Residual Learning for Image Recognition", "arXiv:1512.03385")


@dataclass(frozen=True, kw_only=True)
class ResNetConfig(NetworkConfig):
    """A row of the family."""

    blocks: tuple[int, ...]  # residual blocks in each stage: (n, n, n)
    widths: tuple[int, ...] = (16, 32, 64)  # maps in each stage
    paper: Paper = PAPER
    benchmark: Benchmark = CIFAR10


# Table 6.
VARIANTS = {
    "resnet20": ResNetConfig(blocks=(3, 3, 3)),
}


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut: relu(x + f(x)).

    Shape:
        (N, in_channels, H, W) float -> (N, out_channels, ceil(H / stride), ceil(W / stride)).

    Source: section 3.2, Eq. 1 and Fig. 2.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        same = in_channels == out_channels and stride == 1
        self.downsample = nn.Identity() if same else ZeroPaddedIdentity(in_channels, out_channels, stride)
        self.relu2 = nn.ReLU()

    def forward(self, inputs: Tensor) -> Tensor:
        """Add what the convolutions learned to what came in."""
        maps = self.relu1(self.bn1(self.conv1(inputs)))
        maps = self.bn2(self.conv2(maps))
        answer: Tensor = self.relu2(maps + self.downsample(inputs))
        return answer


class ResNet(Network):
    """A residual network of three stages, for small pictures.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a picture has.

    Shape:
        (N, in_channels, H, W) float of any size -> (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> import torch
        >>> ResNet(VARIANTS["resnet20"], num_classes=10, in_channels=3)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 10])
    """

    head_name = "fc"

    def __init__(self, config: ResNetConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=config.widths[-1],
            stages=("relu1", "layer1", "layer2", "layer3"),
        )
        first, second, third = config.widths
        self.conv1 = nn.Conv2d(in_channels, first, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(first)
        self.relu1 = nn.ReLU()
        self.layer1 = nn.Sequential(*_blocks(config.blocks[0], first, first, stride=1))
        self.layer2 = nn.Sequential(*_blocks(config.blocks[1], first, second, stride=2))
        self.layer3 = nn.Sequential(*_blocks(config.blocks[2], second, third, stride=2))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                he_normal_(module.weight, fan="out")
        self.fc = self.build_head(num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes."""
        head = nn.Linear(self.feature_width, num_classes)
        he_normal_(head.weight)
        nn.init.zeros_(head.bias)
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """conv1 to the last residual block."""
        self.check_images(images)
        maps = self.relu1(self.bn1(self.conv1(images)))  # (N, 16, 32, 32)
        maps = self.layer2(self.layer1(maps))  # (N, 32, 16, 16)
        answer: Tensor = self.layer3(maps)  # (N, 64, 8, 8)
        return answer

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """Global average pooling and the dense layer."""
        vector: Tensor = self.flatten(self.avgpool(maps))  # (N, 64)
        if vector_only:
            return vector
        logits: Tensor = self.fc(vector)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float -> (N, 64): the mean of each of the last stage's maps, 0 or more."""
        return self.forward_head(self.forward_features(images), vector_only=True)


def _blocks(count: int, in_channels: int, out_channels: int, *, stride: int) -> Iterator[BasicBlock]:
    """A stage's blocks; the first changes width and size."""
    yield BasicBlock(in_channels, out_channels, stride)
    for _ in range(count - 1):
        yield BasicBlock(out_channels, out_channels, 1)
