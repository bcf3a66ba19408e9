"""AlexNet, which won ImageNet in 2012: Krizhevsky, Sutskever, Hinton 2012, section 3 and Fig. 2.

    layer   maps        parameters
    conv1   96@55x55    34,944      11x11 convolution at stride 4, ReLU, response normalisation, 3x3 maximum at stride 2
    conv2   256@27x27   307,456     5x5 in two groups, ReLU, response normalisation, 3x3 maximum at stride 2
    conv3   384@13x13   885,120     3x3, sees both groups, ReLU
    conv4   384@13x13   663,936     3x3 in two groups, ReLU
    conv5   256@13x13   442,624     3x3 in two groups, ReLU, 3x3 maximum at stride 2: 6x6
    fc6     4096        37,752,832  dense, ReLU, dropout
    fc7     4096        16,781,312  dense, ReLU, dropout
    fc8     1000        4,097,000   dense

The groups are what the paper's two GPUs did not tell each other. The row `alexnet_owt` is the network of Krizhevsky 2014
in one tower, as torchvision has it under the name `alexnet`: 64, 192, 384, 256 and 256 maps, no groups, no response
normalisation, and dropout before fc6 and fc7 rather than after. Modules are named as in torchvision's AlexNet.

The rows `alexnet_caffe` and `caffenet` are BVLC's bvlc_alexnet and bvlc_reference_caffenet, which Caffe's published weights
need. Caffe's response normalisation has k = 1 and divides alpha by its 5 maps; `caffenet` pools before it normalises. Their
weights fit `alexnet` too, and are wrong there.

Differs from the paper: pictures are 227x227, as 55x55 maps need, where the text prints 224; the mean that is subtracted
from the pixels is each channel's, not each pixel's; in training dropout scales up what it keeps, where the paper scales
down in testing. `alexnet_owt` differs from its paper in what torchvision does: no response normalisation, padding of 2
for pictures of 224, averages over a grid of 6x6 that let it take other sizes, and PyTorch's initialisation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from torch import Tensor, nn

from striate.initialization import FixedNormal, draw_layer, draw_layers
from striate.models.config import IMAGENET, IMAGENET_PIXELS_227, NetworkConfig, Paper
from striate.models.network import FeatureLayers, Network
from striate.nn import LocalResponseNormalization

PAPER = Paper(
    "Krizhevsky, Sutskever, Hinton",
    2012,
    "ImageNet Classification with Deep Convolutional Neural Networks",
    "NIPS 25",
)
CAFFE_PAPER = Paper(
    "Jia, Shelhamer, Donahue, Karayev, Long, Girshick, Guadarrama, Darrell",
    2014,
    "Caffe: Convolutional Architecture for Fast Feature Embedding",
    "arXiv:1408.5093",
)
OWT_PAPER = Paper(
    "Krizhevsky", 2014, "One weird trick for parallelizing convolutional neural networks", "arXiv:1404.5997"
)


class Convolution(NamedTuple):
    """A convolutional layer."""

    maps: int
    kernel: int
    stride: int = 1
    padding: int = 0
    groups: int = 1
    normalized: bool = False  # local response normalisation after ReLU
    pooled: bool = False  # overlapping pooling at the end: the maximum of 3x3 pixels at stride 2
    bias: float = 0.0  # its biases' first value; 1 gives ReLU positive inputs from the start


TWO_GROUPS = (
    Convolution(96, 11, stride=4, normalized=True, pooled=True),
    Convolution(256, 5, padding=2, groups=2, normalized=True, pooled=True, bias=1.0),
    Convolution(384, 3, padding=1),
    Convolution(384, 3, padding=1, groups=2, bias=1.0),
    Convolution(256, 3, padding=1, groups=2, pooled=True, bias=1.0),
)
ONE_TOWER = (
    Convolution(64, 11, stride=4, padding=2, pooled=True),
    Convolution(192, 5, padding=2, pooled=True),
    Convolution(384, 3, padding=1),
    Convolution(256, 3, padding=1),
    Convolution(256, 3, padding=1, pooled=True),
)
GRID = 6  # height and width of the maps that fc6 sees
DENSE_WIDTH = 4096  # units of fc6 and fc7
PAPER_RULE = FixedNormal(0.01)  # section 5; the biases are 1 in conv2, conv4, conv5, fc6 and fc7, and 0 elsewhere
CAFFE_DENSE_RULE, CAFFE_BIAS = (
    FixedNormal(0.005),
    0.1,
)  # of fc6 and fc7 in Caffe, and of every bias that is 1 in the paper


@dataclass(frozen=True, kw_only=True)
class AlexNetConfig(NetworkConfig):
    """A row of the family."""

    convolutions: tuple[Convolution, ...]
    dropout_at: Literal["outputs", "inputs"]  # of fc6 and fc7
    initialization: Literal[
        "paper", "caffe", "pytorch"
    ]  # normal with deviation 0.01 and biases of 0 and 1, Caffe's, PyTorch's
    any_size: bool  # whether maps of other sizes are averaged over a grid of 6x6
    dropout: float = 0.5
    response_constants: Literal["paper", "caffe"] = "paper"  # k = 2, or k = 1 and alpha divided by the number of maps
    pools_first: bool = False  # whether pooling comes before response normalisation


VARIANTS = {
    "alexnet": AlexNetConfig(
        convolutions=TWO_GROUPS,
        dropout_at="outputs",
        initialization="paper",
        any_size=False,
        paper=PAPER,
        benchmark=IMAGENET_PIXELS_227,
    ),
    "alexnet_caffe": AlexNetConfig(
        convolutions=TWO_GROUPS,
        dropout_at="outputs",
        initialization="caffe",
        any_size=False,
        response_constants="caffe",
        paper=CAFFE_PAPER,
        benchmark=IMAGENET_PIXELS_227,
    ),
    "caffenet": AlexNetConfig(
        convolutions=TWO_GROUPS,
        dropout_at="outputs",
        initialization="caffe",
        any_size=False,
        response_constants="caffe",
        pools_first=True,
        paper=CAFFE_PAPER,
        benchmark=IMAGENET_PIXELS_227,
    ),
    "alexnet_owt": AlexNetConfig(
        convolutions=ONE_TOWER,
        dropout_at="inputs",
        initialization="pytorch",
        any_size=True,
        paper=OWT_PAPER,
        benchmark=IMAGENET,
    ),
}


class AlexNet(Network):
    """AlexNet. Stages are the five convolutional layers with their pooling, and fc6 and fc7 with their ReLU.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a picture has.

    Shape:
        (N, in_channels, 227, 227) float, or for `alexnet_owt` (N, in_channels, H, W) of at least 63 pixels each way ->
        (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> import torch
        >>> from striate.initialization import drafting
        >>> with drafting():  # shapes alone
        ...     network = AlexNet(VARIANTS["alexnet"], num_classes=1000, in_channels=3)
        >>> network.forward_features(torch.zeros(1, 3, 227, 227, device="meta")).shape
        torch.Size([1, 256, 6, 6])
    """

    config: AlexNetConfig
    head_name = "classifier.6"
    features: FeatureLayers

    def __init__(self, config: AlexNetConfig, *, num_classes: int, in_channels: int) -> None:
        layers, ends = _convolutional_layers(config, in_channels)
        relu6, relu7 = (1, 4) if config.dropout_at == "outputs" else (2, 5)
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=DENSE_WIDTH,
            stages=(*(f"features.{end}" for end in ends), f"classifier.{relu6}", f"classifier.{relu7}"),
            minimum_size=(63, 63),  # leaves 3x3 pixels for the last pooling
            fixed_size=not config.any_size,
        )
        self.features = FeatureLayers(layers, self._vector)
        self.avgpool = nn.AdaptiveAvgPool2d(GRID) if config.any_size else nn.Identity()
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(*self._dense_layers(), self.build_head(num_classes))
        if config.initialization != "pytorch":
            caffe = config.initialization == "caffe"
            bias = CAFFE_BIAS if caffe else 1.0
            convolutions = [layer for layer in self.features if isinstance(layer, nn.Conv2d)]
            for line, convolution in zip(config.convolutions, convolutions, strict=True):
                draw_layer(convolution, PAPER_RULE, bias=bias * line.bias)
            draw_layers(self.classifier[:-1], CAFFE_DENSE_RULE if caffe else PAPER_RULE, bias=bias)

    def _dense_layers(self) -> list[nn.Module]:
        """fc6 and fc7."""
        width = self.config.convolutions[-1].maps * GRID**2
        layers: list[nn.Module] = []
        for inputs in (width, DENSE_WIDTH):
            dense = [nn.Linear(inputs, DENSE_WIDTH), nn.ReLU()]
            dropout = nn.Dropout(self.config.dropout)
            layers += [*dense, dropout] if self.config.dropout_at == "outputs" else [dropout, *dense]
        return layers

    def build_head(self, num_classes: int) -> nn.Module:
        """fc8 for that many classes."""
        head = nn.Linear(DENSE_WIDTH, num_classes)
        if self.config.initialization != "pytorch":
            draw_layer(head, PAPER_RULE)
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """conv1 to the last pooling."""
        self.check_images(images)
        return self.features.maps(images)  # (N, 256, 6, 6) from the row's own size

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """fc6, fc7 and fc8."""
        vector: Tensor = self.flatten(self.avgpool(maps))  # (N, 9216)
        *hidden, head = self.classifier
        for layer in hidden:
            vector = layer(vector)  # (N, 4096)
        if vector_only:
            return vector
        logits: Tensor = head(vector)
        return logits

    def _vector(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images), vector_only=True)


def _convolutional_layers(config: AlexNetConfig, in_channels: int) -> tuple[list[nn.Module], list[int]]:
    """The layers of all lines, and the place of each line's last."""
    layers: list[nn.Module] = []
    ends = []
    for line in config.convolutions:
        layers.append(nn.Conv2d(in_channels, line.maps, line.kernel, line.stride, line.padding, groups=line.groups))
        layers.append(nn.ReLU())
        normalisation = [_response_normalization(config)] if line.normalized else []
        pooling = [nn.MaxPool2d(3, stride=2)] if line.pooled else []
        layers += [*pooling, *normalisation] if config.pools_first else [*normalisation, *pooling]
        ends.append(len(layers) - 1)
        in_channels = line.maps
    return layers, ends


def _response_normalization(config: AlexNetConfig) -> nn.Module:
    if config.response_constants == "caffe":
        return LocalResponseNormalization(size=5, alpha=1e-4, beta=0.75, k=1.0, alpha_divided_by_size=True)
    return LocalResponseNormalization(size=5, alpha=1e-4, beta=0.75, k=2.0)
