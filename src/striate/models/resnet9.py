"""ResNet-9, a small residual network that trains in minutes: Page 2018, part 4 of the series, and the author's program dawn.py.

    prep    w1@32x32    3x3 convolution, batch norm, ReLU
    layer1  2 w1@16x16  the same, 2x2 max pooling; residual: 3x3 convolution, batch norm, ReLU, twice, added to what came in
    layer2  4 w1@8x8    3x3 convolution, batch norm, ReLU, 2x2 max pooling
    layer3  8 w1@4x4    as layer1
            8 w1        the greatest of each map, times 1/8, dense layer without bias

`resnet9` has the program's w1 = 64: 6,573,120 parameters, 94.08 % on CIFAR-10 after 24 epochs (79 s on a V100). The narrow
rows, `_x0_5` and `_x0_25`, are not in the source: half and a quarter of each width, for few pictures and small computers.

Differs from the source: the last pooling takes the whole map, which at 32x32 is the program's 4x4, so that pictures of other
sizes fit (the program has none); the factor 1/8 stands before the dense layer and not after it, which is the same.
Initialisation is torch's own: uniform within 1 / sqrt(fan-in), as in the program.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from torch import Tensor, nn

from striate.initialization import Scheme, draw_layer, draw_layers
from striate.models.config import CIFAR10, Benchmark, NetworkConfig, Paper
from striate.models.network import Network
from striate.nn.pooling import GlobalMaxPool2d
from striate.nn.scale import Scale

PAPER = Paper("Page", 2018, "How to Train Your ResNet", "myrtle.ai; github.com/davidcpage/cifar10-fast")

TORCH_DEFAULT = Scheme("uniform", gain=3**-0.5)  # within 1 / sqrt(fan-in)


@dataclass(frozen=True, kw_only=True)
class ResNet9Config(NetworkConfig):
    """A row of the family."""

    width: int = 64  # of the first layer; the others have 2, 4 and 8 times as many maps
    scale: float = 0.125
    paper: Paper = PAPER
    benchmark: Benchmark = CIFAR10
    photograph_side: int = 64


VARIANTS = {
    "resnet9": ResNet9Config(),
    "resnet9_x0_5": ResNet9Config(width=32),
    "resnet9_x0_25": ResNet9Config(width=16),
}


class ResNet9(Network):
    """The network of dawn.py, at any width.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a picture has.

    Shape:
        (N, in_channels, H, W) float of at least 8 pixels each way -> (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> import torch
        >>> ResNet9(VARIANTS["resnet9_x0_25"], num_classes=10, in_channels=3)(torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 10])
    """

    config: ResNet9Config
    head_name = "linear"

    def __init__(self, config: ResNet9Config, *, num_classes: int, in_channels: int) -> None:
        width = config.width
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=8 * width,
            stages=("prep", "layer1", "layer2", "layer3"),
            minimum_size=(8, 8),  # for three poolings
        )
        self.prep = _unit(in_channels, width)
        self.layer1 = nn.Sequential(*_pooled(width, 2 * width), ResidualPair(2 * width))
        self.layer2 = nn.Sequential(*_pooled(2 * width, 4 * width))
        self.layer3 = nn.Sequential(*_pooled(4 * width, 8 * width), ResidualPair(8 * width))
        self.pool = GlobalMaxPool2d()
        self.scale = Scale(config.scale)
        draw_layers(self.modules(), TORCH_DEFAULT)
        self.linear = self.build_head(num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes, without bias."""
        head = nn.Linear(self.feature_width, num_classes, bias=False)
        draw_layer(head, TORCH_DEFAULT)
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """All convolutions."""
        self.check_images(images)
        maps: Tensor = self.layer1(self.prep(images))  # (N, 128, 16, 16)
        answer: Tensor = self.layer3(self.layer2(maps))  # (N, 512, 4, 4)
        return answer

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """The greatest of each map, scaled, and the dense layer."""
        vector: Tensor = self.scale(self.pool(maps))
        if vector_only:
            return vector
        logits: Tensor = self.linear(vector)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float -> (N, feature_width): the greatest of each of the last maps, times 1/8."""
        return self.forward_head(self.forward_features(images), vector_only=True)


class ResidualPair(nn.Module):
    """Two units whose answer is added to what came in, after the second's ReLU: x + unit(unit(x)).

    Args:
        channels: Number of maps, in and out.

    Shape:
        (N, channels, H, W) float -> the same.

    Source: dawn.py, `residual`.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.res1 = _unit(channels, channels)
        self.res2 = _unit(channels, channels)

    def forward(self, maps: Tensor) -> Tensor:
        """The sum."""
        answer: Tensor = maps + self.res2(self.res1(maps))
        return answer


def _unit(in_channels: int, out_channels: int) -> nn.Sequential:
    convolution = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
    return nn.Sequential(
        OrderedDict([("conv", convolution), ("bn", nn.BatchNorm2d(out_channels)), ("relu", nn.ReLU())])
    )


def _pooled(in_channels: int, out_channels: int) -> tuple[nn.Module, nn.Module]:
    return _unit(in_channels, out_channels), nn.MaxPool2d(2)
