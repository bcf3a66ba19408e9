"""The linear classifier: LeCun, Bottou, Bengio, Haffner 1998, section III.C.1; what every other network is measured beside.

"Each input pixel value contributes to a weighted sum for each output unit"; the greatest sum, with its unit's bias, says the class. Of ten
digits of 28 by 28 pixels that is 7,850 parameters, and 12 % of MNIST's test digits are wrong. The paper finds gradient descent on several
losses and solving linear systems to give about the same; Striate fits it as a new head is fitted, by logistic regression.

Differs from the paper: nothing but the number of classes and channels. Larger or smaller pictures are brought to 28 by 28 pixels first.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from torch import Tensor, nn

from striate.initialization import lecun1998_uniform_
from striate.models.config import MNIST, Benchmark, NetworkConfig, Paper
from striate.models.lenet import PAPER
from striate.models.network import Network

REGULAR = dataclasses.replace(MNIST, input_size=(28, 28))  # the regular digits, without LeNet-5's margin


@dataclass(frozen=True, kw_only=True)
class LinearConfig(NetworkConfig):
    """A row of the family: it has nothing to choose."""

    paper: Paper = PAPER
    benchmark: Benchmark = REGULAR


VARIANTS = {"linear": LinearConfig()}


class LinearClassifier(Network):
    """A weighted sum of the pixels for each class.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a picture has; the paper's has 1.

    Shape:
        (N, in_channels, 28, 28) float -> (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> network = LinearClassifier(VARIANTS["linear"], num_classes=10, in_channels=1)
        >>> sum(parameter.numel() for parameter in network.parameters())
        7850
    """

    config: LinearConfig
    head_name = "output"

    def __init__(self, config: LinearConfig, *, num_classes: int, in_channels: int) -> None:
        height, width = config.benchmark.input_size
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=in_channels * height * width,
            stages=("pixels",),
            fixed_size=True,
        )
        self.pixels = nn.Identity()
        self.flatten = nn.Flatten()
        self.output = self.build_head(num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The sums for that many classes."""
        head = nn.Linear(self.feature_width, num_classes)
        lecun1998_uniform_(head.weight)
        nn.init.zeros_(head.bias)
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """The pixels as they are."""
        self.check_images(images)
        answer: Tensor = self.pixels(images)
        return answer

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """The sums."""
        vector: Tensor = self.flatten(maps)
        if vector_only:
            return vector
        logits: Tensor = self.output(vector)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, 28, 28) float -> (N, in_channels * 784): the pixels, channel after channel, row after row."""
        return self.forward_head(self.forward_features(images), vector_only=True)
