"""EfficientNet: Tan & Le 2019, Table 1, and the networks scaled from it, B1 to B7.

MobileNetV2's inverted bottlenecks with squeeze and excitation and SiLU. B0 is Table 1; the others multiply its layers,
maps and resolution as in `SCALINGS`. Modules are named as in torchvision's EfficientNet.

Rows `efficientnet_b*` are torchvision's networks, whose published weights they load; rows `efficientnet_b*_tf` compute
as the authors' TensorFlow code: SAME padding, which puts fewer zeros at the top and the left where the stride is 2, and
batch norm with epsilon 1e-3 and momentum 0.01 of the new batch.

Differs from the paper: in the rows without `_tf`, padding is symmetric, and batch norm's epsilon and momentum are
PyTorch's in B0 to B4. What the paper leaves open is as in the authors' code: the rounding of widths and depths, the
initialisation, and drop rates that grow along the blocks.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from striate.initialization import HE_FAN_OUT, draw_layers
from striate.models.compound_scaling import rounded_depth
from striate.models.config import IMAGENET, Benchmark, NetworkConfig, Paper
from striate.models.mobilenet_v2 import rounded_width
from striate.models.network import FeatureLayers, Network
from striate.nn import SqueezeExcitation, StochasticDepth
from striate.nn.same_padding import Padding, padded_conv2d

PAPER = Paper(
    "Tan, Le",
    2019,
    "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    "arXiv:1905.11946",
)


class Stage(NamedTuple):
    """A line of Table 1, in MobileNetV2's letters."""

    t: int  # how many times wider a block is inside
    c: int  # output maps, before scaling
    n: int  # blocks, before scaling
    s: int  # stride of the first block; 1 in the others
    k: int  # height and width of the depthwise kernel


TABLE_1 = (
    Stage(1, 16, 1, 1, 3),
    Stage(6, 24, 2, 2, 3),
    Stage(6, 40, 2, 2, 5),
    Stage(6, 80, 3, 2, 3),
    Stage(6, 112, 3, 1, 5),
    Stage(6, 192, 4, 2, 5),
    Stage(6, 320, 1, 1, 3),
)
FIRST_WIDTH = 32  # maps of the first convolution, before scaling
LAST_WIDTH = 1280  # maps of the last convolution, before scaling
SQUEEZE = 4  # a block's input maps to each number between the two dense layers of squeeze and excitation


class Scaling(NamedTuple):
    """How a network follows from B0, as published: not what Eq. 3 gives at whole phi (see `compound_scaling`)."""

    width: float  # times B0's maps
    depth: float  # times B0's blocks
    resolution: int  # pixels on a side
    dropout: float  # before the classifier


# Source: the authors' TensorFlow code, efficientnet_builder.py. The paper prints these for B0 alone.
SCALINGS = {
    "b0": Scaling(1.0, 1.0, 224, 0.2),
    "b1": Scaling(1.0, 1.1, 240, 0.2),
    "b2": Scaling(1.1, 1.2, 260, 0.3),
    "b3": Scaling(1.2, 1.4, 300, 0.3),
    "b4": Scaling(1.4, 1.8, 380, 0.4),
    "b5": Scaling(1.6, 2.2, 456, 0.4),
    "b6": Scaling(1.8, 2.6, 528, 0.5),
    "b7": Scaling(2.0, 3.1, 600, 0.5),
}


class BatchNormSettings(NamedTuple):
    """What batch norm adds to the variance, and a new batch's share in the running averages."""

    epsilon: float
    momentum: float


PYTORCH = BatchNormSettings(1e-5, 0.1)
TENSORFLOW = BatchNormSettings(1e-3, 0.01)


@dataclass(frozen=True, kw_only=True)
class EfficientNetConfig(NetworkConfig):
    """A row of the family."""

    scaling: Scaling
    stochastic_depth: float = 0.2  # drop rate that the blocks' rates grow towards, from 0 in the first block
    padding: Padding = "symmetric"
    batch_norm: BatchNormSettings
    paper: Paper = PAPER
    benchmark: Benchmark


def _at(resolution: int) -> Benchmark:
    return dataclasses.replace(IMAGENET, input_size=(resolution, resolution))


# torchvision's weights of B0 to B4 were trained in PyTorch; those of B5 to B7 are converted from TensorFlow.
TORCHVISION_BATCH_NORM = dict.fromkeys(("b0", "b1", "b2", "b3", "b4"), PYTORCH) | dict.fromkeys(
    ("b5", "b6", "b7"), TENSORFLOW
)
VARIANTS = {
    f"efficientnet_{name}": EfficientNetConfig(
        scaling=scaling, batch_norm=TORCHVISION_BATCH_NORM[name], benchmark=_at(scaling.resolution)
    )
    for name, scaling in SCALINGS.items()
} | {
    f"efficientnet_{name}_tf": EfficientNetConfig(
        scaling=scaling, batch_norm=TENSORFLOW, padding="same", benchmark=_at(scaling.resolution)
    )
    for name, scaling in SCALINGS.items()
}


class ConvNormActivation(nn.Sequential):
    """Convolution without a bias, batch norm, and SiLU unless `linear`; stride 1 keeps the size."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        config: EfficientNetConfig,
        stride: int = 1,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        epsilon, momentum = config.batch_norm
        super().__init__(
            padded_conv2d(in_channels, out_channels, kernel_size, stride=stride, groups=groups, padding=config.padding),
            nn.BatchNorm2d(out_channels, eps=epsilon, momentum=momentum),
            *([] if linear else [nn.SiLU()]),
        )


class MBConv(nn.Module):
    """The mobile inverted bottleneck: widen, filter each map by itself, weigh the maps, narrow; beside a shortcut.

    The shortcut is there where the block changes neither size nor width; only then can its branch be left out.

    Shape:
        (N, in_channels, H, W) float -> (N, out_channels, ceil(H / stride), ceil(W / stride)).

    Source: section 4; squeeze and excitation counts from the block's input maps, as in the authors' code.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        stride: int,
        kernel_size: int,
        expansion: int,
        drop_rate: float,
        config: EfficientNetConfig,
    ) -> None:
        super().__init__()
        inside = in_channels * expansion
        widen = [ConvNormActivation(in_channels, inside, 1, config=config)] if expansion != 1 else []
        self.block = nn.Sequential(
            *widen,
            ConvNormActivation(inside, inside, kernel_size, config=config, stride=stride, groups=inside),
            SqueezeExcitation(inside, max(1, in_channels // SQUEEZE), activation=nn.SiLU),
            ConvNormActivation(inside, out_channels, 1, config=config, linear=True),
        )
        self.has_shortcut = stride == 1 and in_channels == out_channels
        if self.has_shortcut:
            self.stochastic_depth = StochasticDepth(drop_rate)

    def forward(self, inputs: Tensor) -> Tensor:
        """The bottleneck, and the input added where it fits."""
        maps: Tensor = self.block(inputs)
        return inputs + self.stochastic_depth(maps) if self.has_shortcut else maps


class EfficientNet(Network):
    """EfficientNet. Stages are the first convolution, the lines of Table 1, and the last convolution.

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
        >>> network = EfficientNet(VARIANTS["efficientnet_b0"], num_classes=10, in_channels=3).eval()
        >>> network(torch.zeros(1, 3, 64, 64)).shape, network.features(torch.zeros(1, 3, 64, 64)).shape
        (torch.Size([1, 10]), torch.Size([1, 1280]))
    """

    head_name = "classifier.1"
    features: FeatureLayers

    def __init__(self, config: EfficientNetConfig, *, num_classes: int, in_channels: int) -> None:
        width, depth, _, dropout = config.scaling
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=rounded_width(LAST_WIDTH, width),
            stages=tuple(f"features.{place}" for place in range(len(TABLE_1) + 2)),
        )
        counts = [rounded_depth(stage.n, depth) for stage in TABLE_1]
        channels = rounded_width(FIRST_WIDTH, width)
        layers: list[nn.Module] = [ConvNormActivation(in_channels, channels, 3, config=config, stride=2)]
        before = 0  # blocks
        for stage, count in zip(TABLE_1, counts, strict=True):
            blocks = []
            for block in range(count):
                out_channels = rounded_width(stage.c, width)
                blocks.append(
                    MBConv(
                        channels,
                        out_channels,
                        stride=stage.s if block == 0 else 1,
                        kernel_size=stage.k,
                        expansion=stage.t,
                        drop_rate=config.stochastic_depth * (before + block) / sum(counts),
                        config=config,
                    )
                )
                channels = out_channels
            layers.append(nn.Sequential(*blocks))
            before += count
        layers.append(ConvNormActivation(channels, self.feature_width, 1, config=config))
        self.features = FeatureLayers(layers, self._vector)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        draw_layers(self.modules(), HE_FAN_OUT)
        self.classifier = nn.Sequential(nn.Dropout(dropout), self.build_head(num_classes))

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes: weights within 1 / sqrt(num_classes) of 0."""
        head = nn.Linear(self.feature_width, num_classes)
        nn.init.uniform_(head.weight, -(num_classes**-0.5), num_classes**-0.5)
        nn.init.zeros_(head.bias)
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """From the first convolution to the last."""
        self.check_images(images)
        return self.features.maps(images)  # (N, 1280, 7, 7) in B0, from 224x224

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """Global average pooling, dropout and the dense layer."""
        vector: Tensor = self.flatten(self.avgpool(maps))  # (N, 1280) in B0
        if vector_only:
            return vector
        logits: Tensor = self.classifier(vector)
        return logits

    def _vector(self, images: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(images), vector_only=True)
