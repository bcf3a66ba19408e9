"""airbench, the networks of the CIFAR-10 speed records: Jordan 2024, section 3 and the author's programs airbench94.py to airbench96.py.

    whitening  24@31x31   2x2 patch whitening without padding, fixed; its bias learns for 3 epochs; GELU
    group1     w1@15x15   3x3 convolution, 2x2 max pooling, batch norm, GELU; 3x3 convolution, batch norm, GELU
    group2     w2@7x7     the same
    group3     w3@3x3     the same
               w3         the greatest of each map, times 1/9, dense layer without bias

    row         w1   w2   w3   convolutions of a group   batch norm's momentum (torch's)
    airbench94  64   256  256  2                         0.4
    airbench95  128  384  384  2                         0.4
    airbench96  128  384  512  3; what the first answers  0.1
                               is added before the last GELU

1,971,352 parameters learn in airbench94 (the paper: 1.97 million), beside the 288 of the whitening. airbench96 is the
program's of 34.7 s, whose widths and 37 epochs the repository keeps; the paper prints an earlier one of 46.3 s, with
widths 128, 512, 512.

No convolution but the whitening has a bias. Batch norm learns its shift alone; its epsilon is 1e-12. Initialisation:
torch's own (uniform within 1 / sqrt(fan-in)), then the first kernels of each 3x3 convolution become the identity, as many
as it has input maps. The whitening is made from training pictures before the first step (`fit_patches`); a network that
has not seen any has random kernels there.

Differs from the paper: the last pooling takes the whole map, which at 32x32 is the program's 3x3, so that pictures of other
sizes fit (the program has none); the factor 1/9 stands before the dense layer and not after it, which is the same; with
other than 3 channels the whitening has 8 kernels for each; whitening is made from 512 pictures and not from 5,000. The
programs' optimizer, schedule, look-ahead average and augmentation are a recipe's, and no part of the network.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor, nn

from striate.initialization import Scheme, draw_layer
from striate.models.config import CIFAR10, Benchmark, NetworkConfig, Paper
from striate.models.network import Network
from striate.nn.batch_norm_without_scale import batch_norm_without_scale
from striate.nn.patch_whitening import PatchWhitening
from striate.nn.pooling import GlobalMaxPool2d
from striate.nn.scale import Scale

PAPER = Paper("Jordan", 2024, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", "arXiv:2404.00498")

TORCH_DEFAULT = Scheme("uniform", gain=3**-0.5)  # within 1 / sqrt(fan-in)


@dataclass(frozen=True, kw_only=True)
class AirbenchConfig(NetworkConfig):
    """A row of the family."""

    widths: tuple[int, int, int]
    convolutions: int = 2  # of a group; with 3 there is a shortcut over the last two
    momentum: float = 0.4  # of batch norm, as torch counts it: 1 - 0.6
    epsilon: float = 1e-12
    kernel: int = 2  # of the whitening
    scale: float = 1 / 9
    whitening_epochs: int = 3  # for which its bias learns
    paper: Paper = PAPER
    benchmark: Benchmark = CIFAR10
    photograph_side: int = 64


VARIANTS = {
    "airbench94": AirbenchConfig(widths=(64, 256, 256)),
    "airbench95": AirbenchConfig(widths=(128, 384, 384)),
    "airbench96": AirbenchConfig(widths=(128, 384, 512), convolutions=3, momentum=0.1),
}


class Airbench(Network):
    """A network of the speed records.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a picture has.

    Shape:
        (N, in_channels, H, W) float of at least 9 pixels each way -> (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> import torch
        >>> network = Airbench(VARIANTS["airbench94"], num_classes=10, in_channels=3)
        >>> network(torch.zeros(2, 3, 32, 32)).shape, network(torch.zeros(2, 3, 64, 64)).shape
        (torch.Size([2, 10]), torch.Size([2, 10]))
    """

    config: AirbenchConfig
    head_name = "linear"

    def __init__(self, config: AirbenchConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=config.widths[-1],
            stages=("group1", "group2", "group3"),
            minimum_size=(config.kernel + 7, config.kernel + 7),  # leaves 8x8 pixels to three poolings
        )
        self.whitening = PatchWhitening(in_channels, config.kernel)
        self.gelu = nn.GELU()
        channels = self.whitening.out_channels
        for number, width in enumerate(config.widths, start=1):
            self.add_module(f"group{number}", AirbenchGroup(channels, width, config))
            channels = width
        self.pool = GlobalMaxPool2d()
        self.scale = Scale(config.scale)
        self.linear = self.build_head(num_classes)

    @property
    def learning_epochs(self) -> Mapping[str, int]:
        """The whitening's bias learns for the first epochs only."""
        return MappingProxyType({"whitening.bias": self.config.whitening_epochs})

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes, without bias."""
        head = nn.Linear(self.feature_width, num_classes, bias=False)
        draw_layer(head, TORCH_DEFAULT)
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """The whitening and the groups."""
        self.check_images(images)
        maps: Tensor = self.gelu(self.whitening(images))  # (N, 24, 31, 31)
        for name in self.stages:
            maps = self.get_submodule(name)(maps)
        return maps  # (N, 256, 3, 3)

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """The greatest of each map, scaled, and the dense layer."""
        vector: Tensor = self.scale(self.pool(maps))
        if vector_only:
            return vector
        logits: Tensor = self.linear(vector)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float -> (N, feature_width): the greatest of each of the last group's maps, times 1/9."""
        return self.forward_head(self.forward_features(images), vector_only=True)


class AirbenchGroup(nn.Module):
    """A group: a convolution that is pooled, and one or two more; with two, what the first answers is added to theirs.

    Args:
        in_channels: Number of input maps.
        width: Number of output maps, at least `in_channels`.
        config: The row.

    Shape:
        (N, in_channels, H, W) float -> (N, width, H // 2, W // 2).
    """

    def __init__(self, in_channels: int, width: int, config: AirbenchConfig) -> None:
        super().__init__()
        layers: list[tuple[str, nn.Module]] = []
        for number in range(1, config.convolutions + 1):
            layers.append((f"conv{number}", _convolution(in_channels, width)))
            if number == 1:
                layers.append(("pool", nn.MaxPool2d(2)))
            norm = batch_norm_without_scale(width, eps=config.epsilon, momentum=config.momentum)
            layers.append((f"norm{number}", norm))
            layers.append((f"gelu{number}", nn.GELU()))
            in_channels = width
        if config.convolutions < 3:
            self.first, self.rest, self.last = nn.Sequential(OrderedDict(layers)), None, None
        else:
            self.first = nn.Sequential(OrderedDict(layers[:4]))
            self.rest, self.last = nn.Sequential(OrderedDict(layers[4:-1])), layers[-1][1]

    def forward(self, maps: Tensor) -> Tensor:
        """The group's maps."""
        answer: Tensor = self.first(maps)
        if self.rest is not None and self.last is not None:
            answer = self.last(answer + self.rest(answer))
        return answer


def _convolution(in_channels: int, width: int) -> nn.Conv2d:
    """3x3 without bias; its first kernels pass the input on as it is."""
    layer = nn.Conv2d(in_channels, width, 3, padding=1, bias=False)
    draw_layer(layer, TORCH_DEFAULT)
    nn.init.dirac_(layer.weight.detach()[:in_channels])
    return layer
