"""LeNet-5, which reads handwritten digits: LeCun, Bottou, Bengio, Haffner 1998, section II.B, Fig. 2 and Table I.

    layer   maps         trainable parameters
    C1      6@28x28      156       5x5 convolution
    S2      6@14x14      12        trainable subsampling
    C3      16@10x10     1,516     5x5 convolution, partially connected
    S4      16@5x5       32        trainable subsampling
    C5      120@1x1      48,120    5x5 convolution
    F6      84           10,164    dense
    OUTPUT  10           0         84 fixed weights a unit: squared distances to drawn characters

The row `lenet5_dense` puts a trained dense layer in OUTPUT's place, which makes 60,850 parameters of 60,000. The row
`lenet5_relu` is what most of today's libraries and courses call LeNet-5; it differs from the paper's in every layer:
each map of C3 sees all six maps (2,416 parameters), S2 and S4 are the maximum of each window (none) without a squashing
function of their own, ReLU squashes C1, C3, C5 and F6, OUTPUT is dense (850), and weights are drawn by He's rule, which
is made for ReLU: 61,706 parameters.

Differs from the paper: biases start at 0 (the paper gives a rule for weights alone); the network answers logits, the
negative squared distances; and other numbers of classes than ten, which the paper does not have, take drawn codes.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from striate.initialization import SCHEMES, lecun1998_uniform_
from striate.models.config import MNIST, Benchmark, NetworkConfig, Paper
from striate.models.network import Network
from striate.nn import EuclideanRBF, PartialConv2d, ScaledTanh, Subsampling

PAPER = Paper(
    "LeCun, Bottou, Bengio, Haffner",
    1998,
    "Gradient-Based Learning Applied to Document Recognition",
    "Proceedings of the IEEE 86(11)",
)

# Table I: the maps of S2 that each map of C3 sees.
C3_TABLE = (
    (0, 1, 2),
    (1, 2, 3),
    (2, 3, 4),
    (3, 4, 5),
    (0, 4, 5),
    (0, 1, 5),
    (0, 1, 2, 3),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (0, 3, 4, 5),
    (0, 1, 4, 5),
    (0, 1, 2, 5),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)

# Fig. 3: the digits as drawn there, 7 pixels wide and 12 high, two hexadecimal figures a row, the leftmost pixel in bit
# 6, 1 is ink. The bar at the top of 0, 2, 4 and 5 is in the figure.
DIGIT_GLYPHS = (
    "3e001c3663636363361c0000",
    "0c1c3c0c0c0c0c0c0c3f0000",
    "3e003e6343061c30607f0000",
    "7f03060c1e030303633e0000",
    "3e00003333736363673f0303",
    "3e007f60603c1e03633e0000",
    "1e3060607e736363733e0000",
    "7f0303060c0c181818180000",
    "3e6363633e636363633e0000",
    "3e676363673f0303063c0000",
)

CODE_WIDTH = 84  # 7 * 12
CANDIDATES = 4096  # drawn codes that the classes' codes are chosen from; four times the classes, if that is more


@dataclass(frozen=True, kw_only=True)
class LeNetConfig(NetworkConfig):
    """A row of the family."""

    c3: Literal["table", "full"] = "table"  # what each map of C3 sees: the maps in Table I, or all
    pooling: Literal["subsampling", "max"] = "subsampling"  # S2 and S4: trainable and squashed, or the maximum alone
    squash: Literal["tanh", "relu"] = "tanh"  # and with it the initialisation that is made for it
    output: Literal["rbf", "dense"] = "rbf"  # OUTPUT: distances to fixed codes, or a trained dense layer in their place
    paper: Paper = PAPER
    benchmark: Benchmark = MNIST


VARIANTS = {
    "lenet5": LeNetConfig(),
    "lenet5_dense": LeNetConfig(output="dense"),
    "lenet5_relu": LeNetConfig(c3="full", pooling="max", squash="relu", output="dense"),
}


def output_codes(num_classes: int) -> Tensor:
    """(num_classes, 84) float of +1 and -1: what F6 should say for each class.

    Ten classes take the drawn digits, ink +1, row by row. Any other number takes codes chosen among 4,096 that are
    drawn: each class in turn the one whose least Hamming distance to the classes before it is greatest. They are drawn
    from SHAKE-256, so that they are the same everywhere and for ever; and, up to 1,024 classes, a class's code does
    not depend on how many come after it.

    Example:
        >>> for row in output_codes(10)[7].view(12, 7)[:4]:
        ...     print("".join("#" if pixel > 0 else "." for pixel in row))
        #######
        .....##
        .....##
        ....##.
    """
    if num_classes == len(DIGIT_GLYPHS):
        rows = [int(glyph[place : place + 2], 16) for glyph in DIGIT_GLYPHS for place in range(0, 24, 2)]
        pixels = [[1.0 if row >> bit & 1 else -1.0 for bit in range(6, -1, -1)] for row in rows]
        return torch.tensor(pixels).view(-1, CODE_WIDTH)
    count = max(CANDIDATES, 4 * num_classes)
    stream = hashlib.shake_256(b"LeNet-5 output codes").digest(-(-count * CODE_WIDTH // 8))
    bits = np.unpackbits(np.frombuffer(stream, dtype=np.uint8), count=count * CODE_WIDTH)
    candidates = bits.reshape(count, CODE_WIDTH).astype(np.float32) * 2 - 1
    # The greater the inner product, the smaller the distance: 84 - 2 * Hamming distance.
    nearest = candidates @ candidates[0]
    chosen = [0]
    while len(chosen) < num_classes:
        chosen.append(int(nearest.argmin()))
        np.maximum(nearest, candidates @ candidates[chosen[-1]], out=nearest)
    return torch.tensor(candidates[chosen])


class RBFOutput(nn.Module):
    """OUTPUT: the negative squared distances of F6's answer to the codes, (N, 84) -> (N, classes). Nothing to train."""

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        self.rbf = EuclideanRBF(codes)

    def forward(self, inputs: Tensor) -> Tensor:
        """Near is likely: the logits."""
        distances: Tensor = self.rbf(inputs)
        return -distances


class LeNet(Network):
    """LeNet-5. Each of the paper's layers is a submodule of its name, with the squashing function as the layer's end.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a picture has; the paper's has 1.

    Shape:
        (N, in_channels, 32, 32) float -> (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> LeNet(VARIANTS["lenet5"], num_classes=10, in_channels=1)(torch.zeros(2, 1, 32, 32)).shape
        torch.Size([2, 10])
    """

    config: LeNetConfig
    head_name = "output"

    def __init__(self, config: LeNetConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=CODE_WIDTH,
            stages=("c1", "s2", "c3", "s4", "c5", "f6"),
            fixed_size=True,
        )
        self.c1 = self._layer("convolution", nn.Conv2d(in_channels, 6, 5))
        self.s2 = self._pooling(6)
        self.c3 = self._layer(
            "convolution", PartialConv2d(6, C3_TABLE, 5) if config.c3 == "table" else nn.Conv2d(6, 16, 5)
        )
        self.s4 = self._pooling(16)
        self.c5 = self._layer("convolution", nn.Conv2d(16, 120, 5))
        self.flatten = nn.Flatten()
        self.f6 = self._layer("dense", nn.Linear(120, CODE_WIDTH))
        for module in self.modules():
            _initialize(module, config.squash)
        self.output = self.build_head(num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """OUTPUT for that many classes."""
        if self.config.output == "rbf":
            return RBFOutput(output_codes(num_classes))
        head = nn.Linear(CODE_WIDTH, num_classes)
        _initialize(head, self.config.squash)
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """C1 to C5."""
        self.check_images(images)
        maps = self.s2(self.c1(images))  # (N, 6, 14, 14)
        maps = self.s4(self.c3(maps))  # (N, 16, 5, 5)
        answer: Tensor = self.c5(maps)  # (N, 120, 1, 1)
        return answer

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """F6 and OUTPUT."""
        vector: Tensor = self.f6(self.flatten(maps))  # (N, 84)
        if vector_only:
            return vector
        logits: Tensor = self.output(vector)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, 32, 32) float -> (N, 84): what F6 answers, in (-1.7159, 1.7159), or 0 and more with ReLU."""
        return self.forward_head(self.forward_features(images), vector_only=True)

    def _layer(self, name: str, module: nn.Module) -> nn.Sequential:
        squash = ScaledTanh() if self.config.squash == "tanh" else nn.ReLU()
        return nn.Sequential(OrderedDict([(name, module), ("squash", squash)]))

    def _pooling(self, maps: int) -> nn.Sequential:
        if self.config.pooling == "subsampling":
            return self._layer("subsampling", Subsampling(maps))
        return nn.Sequential(OrderedDict([("maximum", nn.MaxPool2d(2))]))


def _initialize(module: nn.Module, squash: Literal["tanh", "relu"]) -> None:
    """Appendix A: each weight within ±2.4 / the fan-in of the unit it leads to; with ReLU by He's rule. Biases 0."""
    if squash == "relu" and isinstance(module, nn.Conv2d | nn.Linear):
        SCHEMES["he_normal"].draw_(module.weight)
    elif isinstance(module, nn.Conv2d | nn.Linear):
        lecun1998_uniform_(module.weight)
    elif isinstance(module, PartialConv2d):
        start = 0
        for row in module.connections:
            lecun1998_uniform_(module.weight[start : start + len(row)], fan_in=len(row) * module.kernel_size**2)
            start += len(row)
    elif isinstance(module, Subsampling):
        lecun1998_uniform_(module.coefficient, fan_in=module.window**2)
    for name, parameter in module.named_parameters(recurse=False):
        if name == "bias":
            nn.init.zeros_(parameter)
