"""ZFNet, AlexNet looked into and mended: Zeiler, Fergus 2013, section 3 and Fig. 3.

    layer   maps         parameters
    1       96@55x55     14,208      7x7 convolution at stride 2 (110x110), ReLU, 3x3 maximum at stride 2, contrast
                                     normalisation
    2       256@13x13    614,656     5x5 at stride 2 (26x26), ReLU, 3x3 maximum at stride 2, contrast normalisation
    3       384@13x13    885,120     3x3, ReLU
    4       384@13x13    1,327,488   3x3, ReLU
    5       256@6x6      884,992     3x3 (13x13), ReLU, 3x3 maximum at stride 2
    6       4096         37,752,832  dense, ReLU, dropout
    7       4096         16,781,312  dense, ReLU, dropout
    output  1000         4,097,000   dense

Inferred, because the paper does not say: padding of 1 in layer 1 and none in layer 2, and the first two poolings rounded
up, which together give the sizes it prints; the constants of the contrast normalisation across maps, which are
AlexNet's; and that weights "of 10^-2" are normal with that deviation.

Differs from the paper: the mean that is subtracted from the pixels is each channel's, not each pixel's; in training
dropout scales up what it keeps. That filters whose root mean square passes 0.1 are scaled back to it is a rule of the
paper's training, and no part of the network.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from striate.initialization import FixedNormal, draw_layer, draw_layers
from striate.models.config import IMAGENET_PIXELS, Benchmark, NetworkConfig, Paper
from striate.models.network import Network
from striate.nn import LocalResponseNormalization

PAPER = Paper("Zeiler, Fergus", 2013, "Visualizing and Understanding Convolutional Networks", "arXiv:1311.2901")


class Convolution(NamedTuple):
    """A convolutional layer; pooling is the maximum of 3x3 pixels at stride 2."""

    maps: int
    kernel: int
    stride: int = 1
    padding: int = 0
    pooled: bool = False
    ceil: bool = False  # whether pooling rounds its output's size up
    normalized: bool = False  # across maps, after pooling


FIGURE_3 = (
    Convolution(96, 7, stride=2, padding=1, pooled=True, ceil=True, normalized=True),
    Convolution(256, 5, stride=2, pooled=True, ceil=True, normalized=True),
    Convolution(384, 3, padding=1),
    Convolution(384, 3, padding=1),
    Convolution(256, 3, padding=1, pooled=True),
)
GRID = 6  # height and width of the maps that layer 6 sees
DENSE_WIDTH = 4096  # units of layers 6 and 7


@dataclass(frozen=True, kw_only=True)
class ZFNetConfig(NetworkConfig):
    """A row of the family."""

    convolutions: tuple[Convolution, ...] = FIGURE_3
    dropout: float = 0.5  # of the outputs of layers 6 and 7
    paper: Paper = PAPER
    benchmark: Benchmark = IMAGENET_PIXELS


VARIANTS = {
    "zfnet": ZFNetConfig(),
}


class ZFNet(Network):
    """ZFNet. Each of the paper's layers is a submodule `layer1` to `layer7`, and then `output`.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a picture has.

    Shape:
        (N, in_channels, 224, 224) float -> (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> import torch
        >>> from striate.initialization import drafting
        >>> with drafting():  # shapes alone
        ...     network = ZFNet(VARIANTS["zfnet"], num_classes=1000, in_channels=3)
        >>> network.layer1(torch.zeros(1, 3, 224, 224, device="meta")).shape
        torch.Size([1, 96, 55, 55])
    """

    head_name = "output"

    def __init__(self, config: ZFNetConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=DENSE_WIDTH,
            stages=("layer1", "layer2", "layer3", "layer4", "layer5", "layer6", "layer7"),
            fixed_size=True,
        )
        first, second, third, fourth, fifth = config.convolutions
        self.layer1 = _convolutional_layer(in_channels, first)
        self.layer2 = _convolutional_layer(first.maps, second)
        self.layer3 = _convolutional_layer(second.maps, third)
        self.layer4 = _convolutional_layer(third.maps, fourth)
        self.layer5 = _convolutional_layer(fourth.maps, fifth)
        self.flatten = nn.Flatten()
        self.layer6 = _dense_layer(fifth.maps * GRID**2, config.dropout)
        self.layer7 = _dense_layer(DENSE_WIDTH, config.dropout)
        draw_layers(self.modules(), FixedNormal(0.01))
        self.output = self.build_head(num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The last dense layer for that many classes."""
        head = nn.Linear(DENSE_WIDTH, num_classes)
        draw_layer(head, FixedNormal(0.01))
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """Layers 1 to 5."""
        self.check_images(images)
        maps = self.layer2(self.layer1(images))  # (N, 256, 13, 13)
        answer: Tensor = self.layer5(self.layer4(self.layer3(maps)))  # (N, 256, 6, 6)
        return answer

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """Layers 6 and 7 and the output."""
        vector: Tensor = self.layer7(self.layer6(self.flatten(maps)))  # (N, 4096)
        if vector_only:
            return vector
        logits: Tensor = self.output(vector)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, 224, 224) float -> (N, 4096): what layer 7 answers, 0 or more."""
        return self.forward_head(self.forward_features(images), vector_only=True)


def _convolutional_layer(in_channels: int, line: Convolution) -> nn.Sequential:
    layers: list[tuple[str, nn.Module]] = [
        ("convolution", nn.Conv2d(in_channels, line.maps, line.kernel, line.stride, line.padding)),
        ("relu", nn.ReLU()),
    ]
    if line.pooled:
        layers.append(("pool", nn.MaxPool2d(3, stride=2, ceil_mode=line.ceil)))
    if line.normalized:
        layers.append(("normalization", LocalResponseNormalization(size=5, alpha=1e-4, beta=0.75, k=2.0)))
    return nn.Sequential(OrderedDict(layers))


def _dense_layer(inputs: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        OrderedDict([("dense", nn.Linear(inputs, DENSE_WIDTH)), ("relu", nn.ReLU()), ("dropout", nn.Dropout(dropout))])
    )
