"""MobileNetV2: Sandler, Howard, Zhu, Zhmoginov, Chen 2018, Table 2.

A narrow residual path, widened inside each block: 1x1 convolution to `t` times the maps, 3x3 convolution of each map by
itself, 1x1 convolution back, without a nonlinearity on the narrow end (the linear bottleneck). Modules are named as in
torchvision's MobileNetV2.

A row says the width multiplier, and how to pad: `_tf` has TensorFlow's SAME padding, which puts the odd zero at the
bottom and the right where the stride is 2, and adds 0.001 to the variance in batch norm, as the authors' program has
them and the weights they published need. Elsewhere padding is symmetric, as in torchvision.

Differs from the paper: dropout of 0.2 before the classifier, the last 1x1 convolution as a dense layer, and the
initialisation are torchvision's (the paper gives no rate and no initialisation). The paper's text counts 19 blocks, its
Table 2 has 17; its 6.9 million parameters at width 1.4 are 6.1 by arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from striate.initialization import HE_FAN_OUT, FixedNormal, draw_layer
from striate.models.config import IMAGENET, IMAGENET_CENTRED, Benchmark, NetworkConfig, Paper
from striate.models.network import FeatureLayers, Network
from striate.nn.same_padding import Padding, padded_conv2d

PAPER = Paper(
    "Sandler, Howard, Zhu, Zhmoginov, Chen",
    2018,
    "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
    "arXiv:1801.04381",
)


class Bottlenecks(NamedTuple):
    """A line of Table 2."""

    t: int  # how many times wider a block is inside
    c: int  # output maps, before the width multiplier
    n: int  # blocks
    s: int  # stride of the first block; 1 in the others


TABLE_2 = (
    Bottlenecks(1, 16, 1, 1),
    Bottlenecks(6, 24, 2, 2),
    Bottlenecks(6, 32, 3, 2),
    Bottlenecks(6, 64, 4, 2),
    Bottlenecks(6, 96, 3, 1),
    Bottlenecks(6, 160, 3, 2),
    Bottlenecks(6, 320, 1, 1),
)
FIRST_WIDTH = 32  # maps of the first convolution
LAST_WIDTH = 1280  # maps of the last convolution, which a width multiplier below 1 leaves alone


@dataclass(frozen=True, kw_only=True)
class MobileNetV2Config(NetworkConfig):
    """A row of the family."""

    width: float = 1.0  # the width multiplier
    padding: Padding = "symmetric"
    norm_epsilon: float = 1e-5  # what batch norm adds to the variance
    dropout: float = 0.2  # before the classifier
    paper: Paper = PAPER
    benchmark: Benchmark = IMAGENET


@dataclass(frozen=True, kw_only=True)
class TensorFlowMobileNetV2Config(MobileNetV2Config):
    """A row of the family as the authors' program has it."""

    padding: Padding = "same"
    norm_epsilon: float = 1e-3
    benchmark: Benchmark = IMAGENET_CENTRED


VARIANTS: dict[str, MobileNetV2Config] = {
    "mobilenet_v2": MobileNetV2Config(),
    "mobilenet_v2_x1_4": MobileNetV2Config(width=1.4),
    "mobilenet_v2_x0_75": MobileNetV2Config(width=0.75),
    "mobilenet_v2_x0_5": MobileNetV2Config(width=0.5),
    "mobilenet_v2_x0_35": MobileNetV2Config(width=0.35),
    "mobilenet_v2_tf": TensorFlowMobileNetV2Config(),
    "mobilenet_v2_x1_4_tf": TensorFlowMobileNetV2Config(width=1.4),
    "mobilenet_v2_x0_75_tf": TensorFlowMobileNetV2Config(width=0.75),
    "mobilenet_v2_x0_5_tf": TensorFlowMobileNetV2Config(width=0.5),
    "mobilenet_v2_x0_35_tf": TensorFlowMobileNetV2Config(width=0.35),
}


def rounded_width(maps: int, width: float, *, divisor: int = 8) -> int:
    """`maps * width`, rounded to the nearest multiple of `divisor` (half up), but never more than a tenth below it.

    Example:
        >>> [rounded_width(maps, 0.75) for maps in (16, 24, 32, 64, 96, 160, 320)]
        [16, 24, 24, 48, 72, 120, 240]
        >>> rounded_width(24, 0.8)  # 19.2: 16 would be a sixth less
        24

    Source: torchvision and the authors' TensorFlow code; the paper is silent.
    """
    wanted = maps * width
    rounded = max(divisor, int(wanted + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * wanted else rounded


class ConvNormActivation(nn.Sequential):
    """Convolution without a bias, batch norm, ReLU6; padded so that stride 1 keeps the size."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        stride: int = 1,
        groups: int = 1,
        padding: Padding = "symmetric",
        norm_epsilon: float = 1e-5,
    ) -> None:
        super().__init__(
            padded_conv2d(in_channels, out_channels, kernel_size, stride=stride, groups=groups, padding=padding),
            nn.BatchNorm2d(out_channels, eps=norm_epsilon),
            nn.ReLU6(),
        )


class InvertedResidual(nn.Module):
    """The inverted residual with a linear bottleneck; with a shortcut where it changes neither size nor width.

    Shape:
        (N, in_channels, H, W) float -> (N, out_channels, ceil(H / stride), ceil(W / stride)).

    Source: section 3.3 and Table 1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int,
        expansion: int,
        padding: Padding = "symmetric",
        norm_epsilon: float = 1e-5,
    ) -> None:
        super().__init__()
        inside = in_channels * expansion
        widen = [ConvNormActivation(in_channels, inside, 1, norm_epsilon=norm_epsilon)] if expansion != 1 else []
        self.has_shortcut = stride == 1 and in_channels == out_channels
        self.conv = nn.Sequential(
            *widen,
            ConvNormActivation(
                inside, inside, 3, stride=stride, groups=inside, padding=padding, norm_epsilon=norm_epsilon
            ),
            nn.Conv2d(inside, out_channels, 1, bias=False),
            nn.BatchNorm2d(out_channels, eps=norm_epsilon),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Widen, filter, narrow, and add the input where it fits."""
        maps: Tensor = self.conv(inputs)
        return inputs + maps if self.has_shortcut else maps


class MobileNetV2(Network):
    """MobileNetV2. Stages are the first convolution, the lines of Table 2, and the last convolution.

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
        >>> network = MobileNetV2(VARIANTS["mobilenet_v2"], num_classes=10, in_channels=3).eval()
        >>> network(torch.zeros(1, 3, 64, 64)).shape, network.features(torch.zeros(1, 3, 64, 64)).shape
        (torch.Size([1, 10]), torch.Size([1, 1280]))
    """

    head_name = "classifier.1"
    features: FeatureLayers

    def __init__(self, config: MobileNetV2Config, *, num_classes: int, in_channels: int) -> None:
        ends = [sum(row.n for row in TABLE_2[: line + 1]) for line in range(len(TABLE_2))]
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=rounded_width(LAST_WIDTH, max(1.0, config.width)),
            stages=tuple(f"features.{place}" for place in (0, *ends, ends[-1] + 1)),
        )
        channels = rounded_width(FIRST_WIDTH, config.width)
        padding, epsilon = config.padding, config.norm_epsilon
        layers: list[nn.Module] = [
            ConvNormActivation(in_channels, channels, 3, stride=2, padding=padding, norm_epsilon=epsilon)
        ]
        for row in TABLE_2:
            for block in range(row.n):
                stride = row.s if block == 0 else 1
                out_channels = rounded_width(row.c, config.width)
                layers.append(
                    InvertedResidual(
                        channels,
                        out_channels,
                        stride=stride,
                        expansion=row.t,
                        padding=padding,
                        norm_epsilon=epsilon,
                    )
                )
                channels = out_channels
        layers.append(ConvNormActivation(channels, self.feature_width, 1, norm_epsilon=epsilon))
        self.features = FeatureLayers(layers, self._vector)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                # torchvision's fan-out counts all of a depthwise convolution's maps; so groups are left out here.
                HE_FAN_OUT.draw_(module.weight)
        self.classifier = nn.Sequential(nn.Dropout(config.dropout), self.build_head(num_classes))

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes."""
        head = nn.Linear(self.feature_width, num_classes)
        draw_layer(head, FixedNormal(0.01))
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """From the first convolution to the last."""
        self.check_images(images)
        return self.features.maps(images)  # (N, 1280, 7, 7) from 224x224

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """Global average pooling, dropout and the dense layer."""
        vector: Tensor = self.flatten(self.avgpool(maps))  # (N, 1280)
        if vector_only:
            return vector
        logits: Tensor = self.classifier(vector)
        return logits

    def _vector(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images), vector_only=True)
