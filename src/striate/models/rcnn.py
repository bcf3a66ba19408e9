"""RCNN, the recurrent convolutional neural network: Liang and Hu 2015, Fig. 3.

    layer1  K@32x32   5x5 convolution, ReLU; 3x3 maximum at stride 2
    layer2  K@16x16   recurrent convolution, 3x3
    layer3  K@16x16   recurrent convolution, 3x3; 3x3 maximum at stride 2
    layer4  K@8x8     recurrent convolution, 3x3
    layer5  K@8x8     recurrent convolution, 3x3; the greatest value of each map
    output  classes

`rcnn_96`, `rcnn_128`, `rcnn_160`: K maps everywhere, 672,202, 1,191,178 and 1,857,610 parameters; the paper prints 0.67, 1.19 and
1.86 million, which a first convolution of 5x5, weights shared over time and one bias for each recurrent layer reproduce. With T = 3
iterations there are 4 (T + 1) + 2 = 18 layers on the longest path, and each iteration widens the last layer's receptive field by
24 pixels: 35, 59, 83 and 107 for T = 0 to 3.

Inferred, because what we have of the paper does not say: windows that reach over the edge count (32, 16, 8 pixels), dropout of one half
after each layer but the last, ReLU without normalisation after the first convolution, He initialisation, biases of 0. The constants
of the normalisation (alpha 0.001, beta 0.75, K / 8 + 1 maps) are from programs by others.

Differs from the paper: pictures are normalised by each channel's mean and deviation.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from striate.initialization import SCHEMES, draw_layers
from striate.models.config import CIFAR10, Benchmark, NetworkConfig, Paper
from striate.models.network import Network
from striate.nn import GlobalMaxPool2d, RecurrentConv2d

PAPER = Paper(
    "Liang, Hu", 2015, "Recurrent Convolutional Neural Network for Object Recognition", "CVPR 2015, pages 3367 to 3375"
)


@dataclass(frozen=True, kw_only=True)
class RCNNConfig(NetworkConfig):
    """A row of the results: how many maps, and T."""

    maps: int
    """K, in every layer."""
    iterations: int = 3
    """T: how often each recurrent layer's maps see themselves."""
    dropout: float = 0.5
    paper: Paper = PAPER
    benchmark: Benchmark = CIFAR10


VARIANTS = {
    "rcnn_96": RCNNConfig(maps=96),
    "rcnn_128": RCNNConfig(maps=128),
    "rcnn_160": RCNNConfig(maps=160),
}


class RCNN(Network):
    """The recurrent convolutional network.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a picture has.

    Shape:
        (N, in_channels, H, W) float -> (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> import dataclasses, striate
        >>> rows = [dataclasses.replace(VARIANTS["rcnn_96"], iterations=t) for t in range(4)]
        >>> networks = [RCNN(row, num_classes=10, in_channels=3) for row in rows]
        >>> [striate.inspect(network).receptive_field for network in networks]
        [35, 59, 83, 107]
    """

    config: RCNNConfig
    head_name = "output"

    def __init__(self, config: RCNNConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=config.maps,
            stages=("pool1", "pool2", "layer5"),
            minimum_size=(4, 4),
        )
        maps = config.maps
        self.layer1 = nn.Conv2d(in_channels, maps, 5, padding=2)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.dropout1 = nn.Dropout(config.dropout)
        self.layer2 = RecurrentConv2d(maps, maps, iterations=config.iterations)
        self.dropout2 = nn.Dropout(config.dropout)
        self.layer3 = RecurrentConv2d(maps, maps, iterations=config.iterations)
        self.pool2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.dropout3 = nn.Dropout(config.dropout)
        self.layer4 = RecurrentConv2d(maps, maps, iterations=config.iterations)
        self.dropout4 = nn.Dropout(config.dropout)
        self.layer5 = RecurrentConv2d(maps, maps, iterations=config.iterations)
        self.pool3 = GlobalMaxPool2d()
        draw_layers(self.modules(), SCHEMES["he_normal"])
        self.output = self.build_head(num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer to that many classes."""
        head = nn.Linear(self.config.maps, num_classes)
        draw_layers([head], SCHEMES["he_normal"])
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """All layers but the output's."""
        self.check_images(images)
        maps = self.dropout1(self.pool1(self.relu1(self.layer1(images))))  # (N, K, 16, 16)
        maps = self.pool2(self.layer3(self.dropout2(self.layer2(maps))))  # (N, K, 8, 8)
        answer: Tensor = self.layer5(self.dropout4(self.layer4(self.dropout3(maps))))
        return answer

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """The greatest value of each map, and the logits."""
        vector: Tensor = self.pool3(maps)
        if vector_only:
            return vector
        logits: Tensor = self.output(vector)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float -> (N, K), values of 0 and more."""
        return self.forward_head(self.forward_features(images), vector_only=True)
