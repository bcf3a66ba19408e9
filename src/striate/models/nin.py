"""Network in Network: Lin, Chen, Yan 2013, section 3.

A convolution is followed by two 1x1 convolutions, a small perceptron that every pixel goes through: together an mlpconv
layer. After the last of them there is a map for each class, and its average is the logit; there is no dense layer.

    nin_cifar10                                      nin_imagenet
    mlpconv1  96@16x16  5x5: 192, 160, 96            mlpconv1  96@27x27   11x11 at stride 4: 96, 96, 96
    mlpconv2  192@8x8   5x5: 192, 192, 192           mlpconv2  256@13x13  5x5: 256, 256, 256
    mlpconv3  192@8x8   3x3: 192, 192, and classes   mlpconv3  384@6x6    3x3: 384, 384, 384
                                                     mlpconv4  1024@6x6   3x3: 1024, 1024, and classes

Every mlpconv layer but the last ends with the maximum of 3x3 pixels at stride 2, rounded up. ReLU follows every
convolution, also the last. The paper prints no widths: those of `nin_cifar10` are the authors' definition for
cuda-convnet, those of `nin_imagenet` the authors' for Caffe; so are the dropout and the initialisation.

Differs from the paper: nothing that it says of the network. Of the pictures: CIFAR-10 is normalised by each channel's
mean and deviation, where the authors whiten it after normalising each picture's contrast. A circulated Caffe copy for
CIFAR-10 has averages in the second pooling; here, as in the authors' definition, they are maxima.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from striate.initialization import FixedNormal, draw_layer
from striate.models.class_maps import ClassMaps
from striate.models.config import CIFAR10, IMAGENET_PIXELS, NetworkConfig, Paper
from striate.models.network import Network

PAPER = Paper("Lin, Chen, Yan", 2013, "Network In Network", "arXiv:1312.4400")


class MLPConv(NamedTuple):
    """An mlpconv layer. The last one's last convolution, to the classes' maps, is the head."""

    maps: int
    kernel: int
    perceptron: tuple[int, ...]  # maps of the 1x1 convolutions
    stride: int = 1
    padding: int = 0
    deviation: float = 0.05  # of the first convolution's initial weights
    pooled: bool = True
    dropout: float | None = None  # after pooling


CIFAR_LAYERS = (
    MLPConv(192, 5, (160, 96), padding=2, dropout=0.5),
    MLPConv(192, 5, (192, 192), padding=2, dropout=0.5),
    MLPConv(192, 3, (192,), padding=1, pooled=False),
)
IMAGENET_LAYERS = (
    MLPConv(96, 11, (96, 96), stride=4, deviation=0.01),
    MLPConv(256, 5, (256, 256), padding=2),
    MLPConv(384, 3, (384, 384), padding=1, deviation=0.01, dropout=0.5),
    MLPConv(1024, 3, (1024,), padding=1, pooled=False),
)
PERCEPTRON_DEVIATION = 0.05  # of the 1x1 convolutions' initial weights


@dataclass(frozen=True, kw_only=True)
class NiNConfig(NetworkConfig):
    """A row of the family."""

    layers: tuple[MLPConv, ...]
    grid: tuple[int, int]  # height and width of the last maps, from pictures of the row's own size
    minimum_size: tuple[int, int]  # the smallest pictures that leave 3x3 pixels for every pooling
    head_deviation: float  # of the initial weights of the convolution to the classes' maps
    paper: Paper = PAPER


VARIANTS = {
    "nin_cifar10": NiNConfig(
        layers=CIFAR_LAYERS, grid=(8, 8), minimum_size=(6, 6), head_deviation=0.05, benchmark=CIFAR10
    ),
    "nin_imagenet": NiNConfig(
        layers=IMAGENET_LAYERS, grid=(6, 6), minimum_size=(55, 55), head_deviation=0.01, benchmark=IMAGENET_PIXELS
    ),
}


class NiN(Network):
    """Network in Network. Each mlpconv layer is a stage; `output` makes the classes' maps and averages them.

    A picture's vector is all that `output` sees, so it grows with the picture; its `feature_width` is that of the row's
    own size.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a picture has.

    Shape:
        (N, in_channels, H, W) float of at least 6 pixels each way, or 55 for `nin_imagenet` -> (N, num_classes), values
        of 0 and more.

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> import torch
        >>> network = NiN(VARIANTS["nin_cifar10"], num_classes=10, in_channels=3)
        >>> network(torch.zeros(2, 3, 32, 32)).shape, network.features(torch.zeros(2, 3, 32, 32)).shape
        (torch.Size([2, 10]), torch.Size([2, 12288]))
    """

    config: NiNConfig
    head_name = "output"

    def __init__(self, config: NiNConfig, *, num_classes: int, in_channels: int) -> None:
        names = tuple(f"mlpconv{place}" for place in range(1, len(config.layers) + 1))
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=config.layers[-1].perceptron[-1] * config.grid[0] * config.grid[1],
            stages=names,
            minimum_size=config.minimum_size,
        )
        channels = in_channels
        for name, line in zip(names, config.layers, strict=True):
            self.add_module(name, _mlpconv(channels, line))
            channels = line.perceptron[-1]
        self.output = self.build_head(num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The last convolution, its ReLU and the average, for that many classes."""
        head = ClassMaps(self.config.layers[-1].perceptron[-1], num_classes)
        draw_layer(head.convolution, FixedNormal(self.config.head_deviation))
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """All mlpconv layers, but for the last convolution."""
        self.check_images(images)
        for name in self.stages:
            images = self.get_submodule(name)(images)
        return images  # (N, 192, 8, 8), or (N, 1024, 6, 6), from the row's own size

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """The classes' maps and their averages."""
        if vector_only:
            return maps.flatten(1)  # (N, 12288), or (N, 36864)
        logits: Tensor = self.output(maps)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float -> (N, maps * H' * W'): the last layer's maps, flattened, 0 or more."""
        return self.forward_head(self.forward_features(images), vector_only=True)


def _mlpconv(in_channels: int, line: MLPConv) -> nn.Sequential:
    convolution = nn.Conv2d(in_channels, line.maps, line.kernel, line.stride, line.padding)
    draw_layer(convolution, FixedNormal(line.deviation))
    layers: list[tuple[str, nn.Module]] = [("convolution", convolution), ("relu", nn.ReLU())]
    channels = line.maps
    for place, maps in enumerate(line.perceptron, start=1):
        perceptron = nn.Conv2d(channels, maps, 1)
        draw_layer(perceptron, FixedNormal(PERCEPTRON_DEVIATION))
        layers += [(f"perceptron{place}", perceptron), (f"relu{place}", nn.ReLU())]
        channels = maps
    if line.pooled:
        layers.append(("pool", nn.MaxPool2d(3, stride=2, ceil_mode=True)))
    if line.dropout is not None:
        layers.append(("dropout", nn.Dropout(line.dropout)))
    return nn.Sequential(OrderedDict(layers))
