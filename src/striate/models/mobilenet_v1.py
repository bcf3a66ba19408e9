"""MobileNet, the first: Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto, Adam 2017, Table 1.

    stage              maps   output   layers
    relu1              32     112x112  3x3 convolution, stride 2
    block1             64     112x112  depthwise separable convolution: 3x3 of each map by itself, then 1x1
    block2, block3     128    56x56    two of them; the first halves the size, here and below
    block4, block5     256    28x28    two
    block6 to block11  512    14x14    six
    block12, block13   1,024  7x7      two
                       1,024           average pooling of each map, dense layer

What is said in a row:

    width        the width multiplier: how many times as many maps every layer has (Table 6)
    benchmark    with the input size, which is the resolution multiplier (Table 7)
    convolution  "separable", or "full": 3x3 convolutions over all maps in the blocks' place (Table 4, Conv MobileNet)
    repeats      how many of the five blocks that keep 512 maps at 14x14 there are; 0 in `_shallow` (Table 5)
    padding, activation, norm_epsilon
                 `_tf`: TensorFlow's SAME padding, ReLU that stops at 6, and 0.001 added to the variance, as the
                 authors' program has them and the weights they published need; elsewhere symmetric padding, ReLU (which
                 is the paper's) and 0.00001. `_relu6`: ReLU that stops at 6 alone, as timm's weights need it

Differs from the paper: Table 1 prints stride 2 for the last depthwise convolution, which keeps 7x7 and so has stride 1.
Options that the paper leaves open: He initialisation by fan-out for convolutions, deviation 0.01 for the dense layer; no
dropout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from torch import Tensor, nn

from striate.initialization import HE_FAN_OUT, FixedNormal, draw_layer, draw_layers
from striate.models.config import IMAGENET, IMAGENET_CENTRED, Benchmark, NetworkConfig, Paper
from striate.models.network import Network
from striate.nn.depthwise_separable import Activation, DepthwiseSeparableConv2d
from striate.nn.same_padding import Padding, padded_conv2d

PAPER = Paper(
    "Howard, Zhu, Chen, Kalenichenko, Wang, Weyand, Andreetto, Adam",
    2017,
    "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
    "arXiv:1704.04861",
)


class Blocks(NamedTuple):
    """A line of Table 1: a depthwise and a pointwise convolution."""

    maps: int  # of the output, before the width multiplier
    stride: int
    repeated: bool = False  # the line "5x"


FIRST_WIDTH = 32  # maps of the first convolution
TABLE_1 = (
    Blocks(64, 1),
    Blocks(128, 2),
    Blocks(128, 1),
    Blocks(256, 2),
    Blocks(256, 1),
    Blocks(512, 2),
    Blocks(512, 1, repeated=True),
    Blocks(1024, 2),
    Blocks(1024, 1),
)


@dataclass(frozen=True, kw_only=True)
class MobileNetV1Config(NetworkConfig):
    """A row of the family."""

    width: float = 1.0  # the width multiplier, alpha
    convolution: Literal["separable", "full"] = "separable"
    repeats: int = 5  # of Table 1's line "5x"
    padding: Padding = "symmetric"
    activation: Activation = "relu"
    norm_epsilon: float = 1e-5  # what batch norm adds to the variance
    paper: Paper = PAPER
    benchmark: Benchmark = IMAGENET


@dataclass(frozen=True, kw_only=True)
class TensorFlowMobileNetV1Config(MobileNetV1Config):
    """A row of the family as the authors' program has it."""

    padding: Padding = "same"
    activation: Activation = "relu6"
    norm_epsilon: float = 1e-3
    benchmark: Benchmark = IMAGENET_CENTRED


VARIANTS: dict[str, MobileNetV1Config] = {
    # Table 6.
    "mobilenet_v1": MobileNetV1Config(),
    "mobilenet_v1_x0_75": MobileNetV1Config(width=0.75),
    "mobilenet_v1_x0_5": MobileNetV1Config(width=0.5),
    "mobilenet_v1_x0_25": MobileNetV1Config(width=0.25),
    # Table 7.
    "mobilenet_v1_192": MobileNetV1Config(benchmark=replace(IMAGENET, input_size=(192, 192))),
    "mobilenet_v1_160": MobileNetV1Config(benchmark=replace(IMAGENET, input_size=(160, 160))),
    "mobilenet_v1_128": MobileNetV1Config(benchmark=replace(IMAGENET, input_size=(128, 128))),
    "mobilenet_v1_x0_5_160": MobileNetV1Config(
        width=0.5, benchmark=replace(IMAGENET, input_size=(160, 160))
    ),  # Table 9
    # Tables 4 and 5: what it is compared with.
    "mobilenet_v1_full": MobileNetV1Config(convolution="full"),
    "mobilenet_v1_shallow": MobileNetV1Config(repeats=0),
    # As timm's mobilenetv1_100 has it.
    "mobilenet_v1_relu6": MobileNetV1Config(activation="relu6"),
    # As the authors' program has it.
    "mobilenet_v1_tf": TensorFlowMobileNetV1Config(),
    "mobilenet_v1_x0_75_tf": TensorFlowMobileNetV1Config(width=0.75),
    "mobilenet_v1_x0_5_tf": TensorFlowMobileNetV1Config(width=0.5),
    "mobilenet_v1_x0_25_tf": TensorFlowMobileNetV1Config(width=0.25),
}


class FullConvolution(nn.Module):
    """What a block replaces: a 3x3 convolution over all maps, with batch norm and ReLU. Source: Fig. 3, left."""

    def __init__(self, in_channels: int, out_channels: int, stride: int, config: MobileNetV1Config) -> None:
        super().__init__()
        self.conv = padded_conv2d(in_channels, out_channels, 3, stride=stride, padding=config.padding)
        self.bn = nn.BatchNorm2d(out_channels, eps=config.norm_epsilon)
        self.relu = nn.ReLU() if config.activation == "relu" else nn.ReLU6()

    def forward(self, inputs: Tensor) -> Tensor:
        """Filter and mix at once."""
        answer: Tensor = self.relu(self.bn(self.conv(inputs)))
        return answer


class MobileNetV1(Network):
    """MobileNet. Stages are the first convolution and the blocks.

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
        >>> network = MobileNetV1(VARIANTS["mobilenet_v1_x0_25"], num_classes=10, in_channels=3).eval()
        >>> network(torch.zeros(1, 3, 64, 64)).shape, network.features(torch.zeros(1, 3, 64, 64)).shape
        (torch.Size([1, 10]), torch.Size([1, 256]))
    """

    head_name = "fc"

    def __init__(self, config: MobileNetV1Config, *, num_classes: int, in_channels: int) -> None:
        lines = [line for line in TABLE_1 for _ in range(config.repeats if line.repeated else 1)]
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=int(lines[-1].maps * config.width),
            stages=("relu1", *(f"block{number}" for number in range(1, len(lines) + 1))),
        )
        channels = int(FIRST_WIDTH * config.width)
        self.conv1 = padded_conv2d(in_channels, channels, 3, stride=2, padding=config.padding)
        self.bn1 = nn.BatchNorm2d(channels, eps=config.norm_epsilon)
        self.relu1 = nn.ReLU() if config.activation == "relu" else nn.ReLU6()
        for number, line in enumerate(lines, start=1):
            out_channels = int(line.maps * config.width)
            self.add_module(f"block{number}", _block(channels, out_channels, line.stride, config))
            channels = out_channels
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        draw_layers(self.modules(), HE_FAN_OUT)
        self.fc = self.build_head(num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes."""
        head = nn.Linear(self.feature_width, num_classes)
        draw_layer(head, FixedNormal(0.01))
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """The first convolution to the last block."""
        self.check_images(images)
        maps: Tensor = self.relu1(self.bn1(self.conv1(images)))  # (N, 32, 112, 112) from 224x224
        for name in self.stages[1:]:
            maps = self.get_submodule(name)(maps)
        return maps  # (N, 1024, 7, 7)

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """Global average pooling and the dense layer."""
        vector: Tensor = self.flatten(self.avgpool(maps))  # (N, 1024)
        if vector_only:
            return vector
        logits: Tensor = self.fc(vector)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float -> (N, feature_width): the mean of each of the last block's maps, 0 or more."""
        return self.forward_head(self.forward_features(images), vector_only=True)


def _block(in_channels: int, out_channels: int, stride: int, config: MobileNetV1Config) -> nn.Module:
    if config.convolution == "full":
        return FullConvolution(in_channels, out_channels, stride, config)
    return DepthwiseSeparableConv2d(
        in_channels,
        out_channels,
        stride=stride,
        padding=config.padding,
        activation=config.activation,
        norm_epsilon=config.norm_epsilon,
    )
