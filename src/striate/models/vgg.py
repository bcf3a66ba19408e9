"""VGG: Simonyan, Zisserman 2014, Table 1.

Nothing but 3x3 convolutions: three of them see what one 7x7 sees, with fewer parameters and three nonlinearities
instead of one. Each letter of the table is a network, each number in `TABLE_1` a convolution's kernel:

    A      vgg11      8 convolutions, 3 dense layers
    A-LRN  vgg11_lrn  local response normalisation after A's first convolution
    B      vgg13      two convolutions in every block
    C      vgg16_c    B, with a 1x1 convolution more in each of the last three blocks
    D      vgg16      those three are 3x3
    E      vgg19      and one 3x3 more in each of the last three blocks

The rows `vgg11_bn`, `vgg13_bn`, `vgg16_bn` and `vgg19_bn` are A, B, D and E with batch norm after every convolution, as
torchvision has them: the method is of the year after (Ioffe, Szegedy 2015). Modules are named as in torchvision's VGG.

Differs from the paper: pictures of another size than 224x224 are averaged to 7x7 maps before the dense layers, as in
torchvision; at 224x224 the maps are 7x7 and the averaging changes nothing. (The paper tests other sizes densely, with
the dense layers as convolutions, and averages the answers.) Weights are drawn by the rule of Glorot and Bengio, which,
the paper says, does without its own way of copying a trained A's layers into the deeper networks; biases start at 0.
For A the paper prints a normal distribution of variance 0.01, with which the signal would grow nearly 5-fold in each of
the last convolutions, and which is often read as a deviation of 0.01. The rows with batch norm are drawn as torchvision
draws them. Where A-LRN normalises, before or after the ReLU, is not said; here after it, as in AlexNet, whose constants
it takes. Inputs of A-LRN and C are the paper's, pixels of 0 to 255 less their mean; in the rows that torchvision has too
they are divided by each channel's deviation, because the weights that it publishes need that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from striate.initialization import HE_FAN_OUT, SCHEMES, FixedNormal, draw_layer
from striate.models.config import IMAGENET, IMAGENET_PIXELS, Benchmark, NetworkConfig, Paper
from striate.models.network import FeatureLayers, Network
from striate.nn import LocalResponseNormalization

PAPER = Paper(
    "Simonyan, Zisserman", 2014, "Very Deep Convolutional Networks for Large-Scale Image Recognition", "arXiv:1409.1556"
)

# Height and width of each convolution's kernel, in pixels; a max pooling ends a block.
TABLE_1 = {
    "A": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "B": ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)),
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "D": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "E": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),
}


@dataclass(frozen=True, kw_only=True)
class VGGConfig(NetworkConfig):
    """A row of the family."""

    kernels: tuple[tuple[int, ...], ...]  # a column of Table 1: each block's convolutions
    widths: tuple[int, ...] = (64, 128, 256, 512, 512)  # maps of each block's convolutions
    dense_width: int = 4096  # of the two hidden dense layers
    dropout: float = 0.5  # after each of them
    normalization: Literal["none", "response", "batch"] = "none"  # response: after the first ReLU; batch: everywhere
    paper: Paper = PAPER
    benchmark: Benchmark = IMAGENET


VARIANTS = {
    "vgg11": VGGConfig(kernels=TABLE_1["A"]),
    "vgg11_lrn": VGGConfig(kernels=TABLE_1["A"], normalization="response", benchmark=IMAGENET_PIXELS),
    "vgg13": VGGConfig(kernels=TABLE_1["B"]),
    "vgg16_c": VGGConfig(kernels=TABLE_1["C"], benchmark=IMAGENET_PIXELS),
    "vgg16": VGGConfig(kernels=TABLE_1["D"]),
    "vgg19": VGGConfig(kernels=TABLE_1["E"]),
    "vgg11_bn": VGGConfig(kernels=TABLE_1["A"], normalization="batch"),
    "vgg13_bn": VGGConfig(kernels=TABLE_1["B"], normalization="batch"),
    "vgg16_bn": VGGConfig(kernels=TABLE_1["D"], normalization="batch"),
    "vgg19_bn": VGGConfig(kernels=TABLE_1["E"], normalization="batch"),
}

SMALLEST = 32  # pixels that five halvings leave one of
POOLED = 7  # height and width of the maps that the dense layers see


class VGG(Network):
    """A VGG network. Stages are the blocks of convolutions, each with its pooling.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a picture has.

    Shape:
        (N, in_channels, H, W) float of at least 32 x 32 pixels -> (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> import torch
        >>> narrow = VGGConfig(kernels=TABLE_1["A"], widths=(4, 8, 16, 32, 32), dense_width=64)
        >>> network = VGG(narrow, num_classes=10, in_channels=3).eval()
        >>> network(torch.zeros(1, 3, 32, 32)).shape, network.features(torch.zeros(1, 3, 32, 32)).shape
        (torch.Size([1, 10]), torch.Size([1, 64]))
    """

    head_name = "classifier.6"
    features: FeatureLayers

    def __init__(self, config: VGGConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=config.dense_width,
            stages=_stages(config),
            minimum_size=(SMALLEST, SMALLEST),
        )
        self.normalization = config.normalization
        self.features = FeatureLayers(_layers(config, self.in_channels), self._vector)
        self.avgpool = nn.AdaptiveAvgPool2d(POOLED)
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(
            self._dense(config.widths[-1] * POOLED**2, config.dense_width),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            self._dense(config.dense_width, config.dense_width),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            self.build_head(num_classes),
        )

    def build_head(self, num_classes: int) -> nn.Module:
        """The last dense layer for that many classes."""
        return self._dense(self.feature_width, num_classes)

    def forward_features(self, images: Tensor) -> Tensor:
        """The five blocks."""
        self.check_images(images)
        return self.features.maps(images)  # (N, 512, 7, 7) from 224x224

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """The three dense layers."""
        first, relu1, dropout1, second, relu2, dropout2, head = self.classifier
        vector: Tensor = self.flatten(self.avgpool(maps))  # (N, 25088)
        vector = dropout1(relu1(first(vector)))  # (N, 4096)
        vector = relu2(second(vector))  # (N, 4096)
        if vector_only:
            return vector
        logits: Tensor = head(dropout2(vector))
        return logits

    def _vector(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images), vector_only=True)

    def _dense(self, inputs: int, outputs: int) -> nn.Linear:
        layer = nn.Linear(inputs, outputs)
        draw_layer(layer, FixedNormal(0.01) if self.normalization == "batch" else SCHEMES["xavier_uniform"])
        return layer


def _layers(config: VGGConfig, in_channels: int) -> Iterator[nn.Module]:
    """All blocks' layers, in order."""
    for block, (kernels, width) in enumerate(zip(config.kernels, config.widths, strict=True)):
        for place, kernel in enumerate(kernels):
            convolution = nn.Conv2d(in_channels, width, kernel, padding=kernel // 2)
            in_channels = width
            if config.normalization == "batch":
                draw_layer(convolution, HE_FAN_OUT)
                yield from (convolution, nn.BatchNorm2d(width), nn.ReLU())
            else:
                draw_layer(convolution, SCHEMES["xavier_uniform"])
                yield from (convolution, nn.ReLU())
            if config.normalization == "response" and block == place == 0:
                yield LocalResponseNormalization(5, alpha=1e-4, beta=0.75, k=2.0)
        yield nn.MaxPool2d(2)


def _stages(config: VGGConfig) -> tuple[str, ...]:
    """The paths of the poolings that end the blocks."""
    layers_each = 3 if config.normalization == "batch" else 2
    place = 0 if config.normalization == "response" else -1
    stages = []
    for kernels in config.kernels:
        place += layers_each * len(kernels) + 1
        stages.append(f"features.{place}")
    return tuple(stages)
