"""Residual networks: He, Zhang, Ren, Sun 2015. For ImageNet, Table 1; for CIFAR-10, section 4.2.

    stage   Table 1    output   layers                        CIFAR-10, depth 6n + 2
    conv1   conv1      112x112  7x7 convolution, stride 2     16@32x32  3x3 convolution
    layer1  conv2_x    56x56    3x3 max pooling, stride 2,    16@32x32  n blocks
                                then blocks
    layer2  conv3_x    28x28    blocks; the first halves      32@16x16  n blocks; the first halves
    layer3  conv4_x    14x14    the size and doubles the      64@8x8    n blocks; the first halves
    layer4  conv5_x    7x7      maps, here and below          -
            average pooling of each map, dense layer

A block is two 3x3 convolutions (18 and 34 layers, CIFAR-10), or a bottleneck of 1x1, 3x3 and 1x1 (50, 101 and 152
layers). What is said in a row:

    shortcut   the paper's option. A, the CIFAR-10 rows and `_a`: no parameters, maps of zeros are added where the
               number of maps grows. B, names without a letter: a projection where it grows. C, `_c`: projections
               everywhere. "none", the paper's plain networks, which have no shortcuts at all.
    stride_at  in which convolution a bottleneck halves the size. "first", names without `_v1_5`: in the first 1x1, as
               the paper and the authors' files have it. "middle", `_v1_5`: in the 3x3, as torchvision has it. Weights
               of either fit both and answer well in one only.

Modules are named as in torchvision's ResNet.

Differs from the paper: inputs are normalised by each channel's mean and deviation, where the paper subtracts each
pixel's mean; the max pooling pads one pixel on every side, where the authors' Caffe files pad none and round the size
up (the size is the same). Options that the paper leaves open: He initialisation by fan-out for convolutions, by fan-in for
the dense layer; the authors' ResNet-50, unlike their other files, has biases in its first convolution, which here none
has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from striate.initialization import HE_FAN_OUT, SCHEMES, draw_layer, draw_layers
from striate.models.config import CIFAR10, IMAGENET, Benchmark, NetworkConfig, Paper
from striate.models.network import Network
from striate.nn.residual import BasicBlock, BottleneckBlock, Shortcut, StrideAt

PAPER = Paper("He, Zhang, Ren, Sun", 2015, "Deep Residual Learning for Image Recognition", "arXiv:1512.03385")

EXPANSION = 4  # a bottleneck gives so many times the maps that its 3x3 convolution has


@dataclass(frozen=True, kw_only=True)
class ResNetConfig(NetworkConfig):
    """A row of the family, for ImageNet."""

    blocks: tuple[int, ...]  # how many in each stage
    block: Literal["basic", "bottleneck"] = "basic"
    shortcut: Shortcut = "B"
    stride_at: StrideAt = "first"  # of a bottleneck
    widths: tuple[int, ...] = (64, 128, 256, 512)  # maps of each stage's 3x3 convolutions
    stem: Literal["7x7", "3x3"] = "7x7"  # the first convolution: with stride 2 and max pooling, or alone
    paper: Paper = PAPER
    benchmark: Benchmark = IMAGENET


@dataclass(frozen=True, kw_only=True)
class CifarResNetConfig(ResNetConfig):
    """A row of the family, for CIFAR-10."""

    shortcut: Shortcut = "A"
    widths: tuple[int, ...] = (16, 32, 64)
    stem: Literal["7x7", "3x3"] = "3x3"
    benchmark: Benchmark = CIFAR10


VARIANTS: dict[str, ResNetConfig] = {
    # Table 1 with option B: Table 4's from 34 layers on; of 18 the paper has A, torchvision B.
    "resnet18": ResNetConfig(blocks=(2, 2, 2, 2)),
    "resnet34": ResNetConfig(blocks=(3, 4, 6, 3)),
    "resnet50": ResNetConfig(blocks=(3, 4, 6, 3), block="bottleneck"),
    "resnet101": ResNetConfig(blocks=(3, 4, 23, 3), block="bottleneck"),
    "resnet152": ResNetConfig(blocks=(3, 8, 36, 3), block="bottleneck"),
    # Not in the paper: the stride in the 3x3.
    "resnet50_v1_5": ResNetConfig(blocks=(3, 4, 6, 3), block="bottleneck", stride_at="middle"),
    "resnet101_v1_5": ResNetConfig(blocks=(3, 4, 23, 3), block="bottleneck", stride_at="middle"),
    "resnet152_v1_5": ResNetConfig(blocks=(3, 8, 36, 3), block="bottleneck", stride_at="middle"),
    # Tables 2 and 3 compare these.
    "resnet18_a": ResNetConfig(blocks=(2, 2, 2, 2), shortcut="A"),
    "resnet18_c": ResNetConfig(blocks=(2, 2, 2, 2), shortcut="C"),  # not in the paper
    "resnet34_a": ResNetConfig(blocks=(3, 4, 6, 3), shortcut="A"),
    "resnet34_c": ResNetConfig(blocks=(3, 4, 6, 3), shortcut="C"),
    "plain18": ResNetConfig(blocks=(2, 2, 2, 2), shortcut="none"),
    "plain34": ResNetConfig(blocks=(3, 4, 6, 3), shortcut="none"),
    # Table 6.
    "resnet20": CifarResNetConfig(blocks=(3, 3, 3)),
    "resnet32": CifarResNetConfig(blocks=(5, 5, 5)),
    "resnet44": CifarResNetConfig(blocks=(7, 7, 7)),
    "resnet56": CifarResNetConfig(blocks=(9, 9, 9)),
    "resnet110": CifarResNetConfig(blocks=(18, 18, 18)),
    # Fig. 6, left.
    "plain20": CifarResNetConfig(blocks=(3, 3, 3), shortcut="none"),
    "plain56": CifarResNetConfig(blocks=(9, 9, 9), shortcut="none"),
}


class ResNet(Network):
    """A residual network, or a plain one of the same layers.

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
            feature_width=_answered(config, config.widths[-1]),
            stages=("relu1", *(f"layer{number}" for number in range(1, len(config.widths) + 1))),
        )
        channels = config.widths[0]
        kernel, stride = (7, 2) if config.stem == "7x7" else (3, 1)
        self.conv1 = nn.Conv2d(in_channels, channels, kernel, stride, padding=kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1) if config.stem == "7x7" else None
        for number, width in enumerate(config.widths):
            self.add_module(f"layer{number + 1}", nn.Sequential(*_blocks(config, number, channels)))
            channels = _answered(config, width)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        draw_layers(self.modules(), HE_FAN_OUT)
        self.fc = self.build_head(num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes."""
        head = nn.Linear(self.feature_width, num_classes)
        draw_layer(head, SCHEMES["he_normal"])
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """conv1 to the last block."""
        self.check_images(images)
        maps: Tensor = self.relu1(self.bn1(self.conv1(images)))  # (N, 64, 112, 112) from 224x224
        if self.maxpool is not None:
            maps = self.maxpool(maps)  # (N, 64, 56, 56)
        for name in self.stages[1:]:
            maps = self.get_submodule(name)(maps)
        return maps  # (N, 512 or 2048, 7, 7)

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """Global average pooling and the dense layer."""
        vector: Tensor = self.flatten(self.avgpool(maps))  # (N, 512 or 2048)
        if vector_only:
            return vector
        logits: Tensor = self.fc(vector)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float -> (N, feature_width): the mean of each of the last stage's maps, 0 or more."""
        return self.forward_head(self.forward_features(images), vector_only=True)


def _answered(config: ResNetConfig, width: int) -> int:
    """How many maps a block answers whose 3x3 convolutions have `width`."""
    return width * EXPANSION if config.block == "bottleneck" else width


def _blocks(config: ResNetConfig, stage: int, in_channels: int) -> Iterator[nn.Module]:
    """A stage's blocks; the first changes the width, and in every stage but the first the size."""
    width = config.widths[stage]
    out_channels = _answered(config, width)
    for block in range(config.blocks[stage]):
        stride = 2 if stage > 0 and block == 0 else 1
        if config.block == "basic":
            yield BasicBlock(in_channels, out_channels, stride, shortcut=config.shortcut)
        else:
            yield BottleneckBlock(
                in_channels, width, out_channels, stride, shortcut=config.shortcut, stride_at=config.stride_at
            )
        in_channels = out_channels
