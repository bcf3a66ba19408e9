"""All-CNN-C, a network of convolutions alone: Springenberg, Dosovitskiy, Brox, Riedmiller 2014, Tables 1 and 2.

    block1  96@16x16   3x3: 96, 96, and 96 at stride 2 where model C has a pooling
    block2  192@8x8    3x3: 192, 192, and 192 at stride 2 where model C has a pooling
    block3  192@6x6    3x3: 192, 1x1: 192
    output  classes    1x1 to a map for each class, and its average over 6x6

1,369,738 parameters; the paper's Table 3 has 1.4 million. ReLU follows every convolution, also the last. Dropout takes a
fifth of the input, and half of what each convolution at stride 2 answers.

Inferred, because the paper does not say: padding of 1 in every 3x3 convolution but the last, which is what leaves the
6x6 pixels that it prints.

Differs from the paper: pictures are normalised by each channel's mean and deviation, where the paper whitens them after
normalising each picture's contrast. Options that the paper leaves open: He initialisation and biases of 0, but for the
last convolution, whose weights are normal with deviation 0.01 and whose biases are 1, as in AlexNet: by He's rule its
ReLU would shut some classes' maps for every picture before training begins, and what is shut learns nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from striate.initialization import SCHEMES, FixedNormal, draw_layer, draw_layers
from striate.models.class_maps import ClassMaps
from striate.models.config import CIFAR10, Benchmark, NetworkConfig, Paper
from striate.models.network import Network

PAPER = Paper(
    "Springenberg, Dosovitskiy, Brox, Riedmiller",
    2014,
    "Striving for Simplicity: The All Convolutional Net",
    "arXiv:1412.6806",
)


class Convolution(NamedTuple):
    """A line of the tables."""

    maps: int
    kernel: int
    stride: int = 1
    padding: int = 0


ALL_CNN_C = (
    (Convolution(96, 3, padding=1), Convolution(96, 3, padding=1), Convolution(96, 3, stride=2, padding=1)),
    (Convolution(192, 3, padding=1), Convolution(192, 3, padding=1), Convolution(192, 3, stride=2, padding=1)),
    (Convolution(192, 3), Convolution(192, 1)),
)


@dataclass(frozen=True, kw_only=True)
class AllCNNConfig(NetworkConfig):
    """A row of the family."""

    blocks: tuple[tuple[Convolution, ...], ...] = ALL_CNN_C
    input_dropout: float = 0.2
    dropout: float = 0.5  # after each block but the last
    paper: Paper = PAPER
    benchmark: Benchmark = CIFAR10


VARIANTS = {
    "allcnn_c": AllCNNConfig(),
}


class AllCNN(Network):
    """The all convolutional net. Blocks end where the size halves; `output` makes the classes' maps and averages them.

    A picture's vector is all that `output` sees, so it grows with the picture; its `feature_width` is that of the row's
    own size.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a picture has.

    Shape:
        (N, in_channels, H, W) float of at least 9 pixels each way -> (N, num_classes), values of 0 and more.

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> import torch
        >>> network = AllCNN(VARIANTS["allcnn_c"], num_classes=10, in_channels=3)
        >>> network(torch.zeros(2, 3, 32, 32)).shape, network.features(torch.zeros(2, 3, 32, 32)).shape
        (torch.Size([2, 10]), torch.Size([2, 6912]))
    """

    config: AllCNNConfig
    head_name = "output"

    def __init__(self, config: AllCNNConfig, *, num_classes: int, in_channels: int) -> None:
        first, second, third = config.blocks
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=third[-1].maps * 6 * 6,
            stages=("block1", "block2", "block3"),
            minimum_size=(9, 9),  # leaves 3x3 pixels for the convolution without padding
        )
        self.input_dropout = nn.Dropout(config.input_dropout)
        self.block1 = _block(in_channels, first, config.dropout)
        self.block2 = _block(first[-1].maps, second, config.dropout)
        self.block3 = _block(second[-1].maps, third, None)
        draw_layers(self.modules(), SCHEMES["he_normal"])
        self.output = self.build_head(num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The last convolution, its ReLU and the average, for that many classes."""
        head = ClassMaps(self.config.blocks[-1][-1].maps, num_classes)
        draw_layer(head.convolution, FixedNormal(0.01), bias=1.0)
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """All convolutions but the last."""
        self.check_images(images)
        maps = self.block1(self.input_dropout(images))  # (N, 96, 16, 16)
        answer: Tensor = self.block3(self.block2(maps))  # (N, 192, 6, 6)
        return answer

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """The classes' maps and their averages."""
        if vector_only:
            return maps.flatten(1)  # (N, 6912)
        logits: Tensor = self.output(maps)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float -> (N, 192 * H' * W'): the last block's maps, flattened, 0 or more."""
        return self.forward_head(self.forward_features(images), vector_only=True)


def _block(in_channels: int, lines: tuple[Convolution, ...], dropout: float | None) -> nn.Sequential:
    layers: list[tuple[str, nn.Module]] = []
    for place, line in enumerate(lines, start=1):
        convolution = nn.Conv2d(in_channels, line.maps, line.kernel, line.stride, line.padding)
        layers += [(f"convolution{place}", convolution), (f"relu{place}", nn.ReLU())]
        in_channels = line.maps
    if dropout is not None:
        layers.append(("dropout", nn.Dropout(dropout)))
    return nn.Sequential(OrderedDict(layers))
