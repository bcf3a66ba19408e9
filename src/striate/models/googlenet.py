"""GoogLeNet: Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich 2014, Table 1.

Inception modules look at their maps through windows of several sizes at once, and 1x1 convolutions keep that cheap. Two
auxiliary heads, on 4a and 4d, bring the gradient to the lower layers; in training each counts 0.3 of the loss, and
prediction leaves them out.

The row `googlenet` is the paper's: biases, true 5x5 convolutions, poolings that round up, local response normalisation
around the second convolution. The paper gives that no constants; they are those of BVLC's reference in Caffe (5 maps,
alpha 0.0001 divided by 5, beta 0.75, k 1), as are the initialisation and the order of pooling and normalisation.

The row `googlenet_bn` is torchvision's `googlenet`, with its parameter names: batch norm after every convolution, which
has no bias; 3x3 where the paper has 5x5; no response normalisation; 2x2 windows in the fourth pooling; another dropout,
another initialisation, other windows where the auxiliary heads pool, and inputs divided by each channel's deviation.

Table 1 does not agree with itself in three rows. The first convolution's 2.7K parameters and 34M operations are those
of a depthwise 7x7 to 24 maps and a 1x1 to 64 (7 * 7 * 24 + 24 * 64 = 2,712), where the 7x7 convolution that it names,
and that is built here, has 9,408 weights and 118M operations. 4c's widths make 509,440 weights, which is 498K of 1,024,
not 463K. 5a's make 1018K and 51M operations, not 1072K and 54M. The table counts no biases.

Differs from the paper: beyond what the paper leaves open (initialisation, the constants above), pictures of another
size than 224x224 can be taken: the 7x7 average pooling is over all pixels, and maps are brought to 14x14 before an
auxiliary head's pooling; at 224x224 both change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from striate.initialization import SCHEMES, draw_layer
from striate.models.config import IMAGENET, IMAGENET_PIXELS, Benchmark, NetworkConfig, Paper
from striate.models.network import Network
from striate.nn import ConvolutionUnit, InceptionModule, LocalResponseNormalization

PAPER = Paper(
    "Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich",
    2014,
    "Going Deeper with Convolutions",
    "arXiv:1409.4842",
)


class Inception(NamedTuple):
    """A row of Table 1 that is an inception module: its columns, each a number of maps."""

    name: str
    conv1x1: int
    reduce3x3: int
    conv3x3: int
    reduce5x5: int
    conv5x5: int
    pool_projection: int


TABLE_1 = (
    Inception("3a", 64, 96, 128, 16, 32, 32),
    Inception("3b", 128, 128, 192, 32, 96, 64),
    Inception("4a", 192, 96, 208, 16, 48, 64),
    Inception("4b", 160, 112, 224, 24, 64, 64),
    Inception("4c", 128, 128, 256, 24, 64, 64),
    Inception("4d", 112, 144, 288, 32, 64, 64),
    Inception("4e", 256, 160, 320, 32, 128, 128),
    Inception("5a", 256, 160, 320, 32, 128, 128),
    Inception("5b", 384, 192, 384, 48, 128, 128),
)
FIRST_WIDTH = 64  # maps of the first convolution, and of the second one's bottleneck
SECOND_WIDTH = 192  # maps of the second convolution

# The rows of Table 1 that are convolutions or max poolings.
STAGES = (
    "conv1",
    "maxpool1",
    "conv3",
    "maxpool2",
    "inception3a",
    "inception3b",
    "maxpool3",
    "inception4a",
    "inception4b",
    "inception4c",
    "inception4d",
    "inception4e",
    "maxpool4",
    "inception5a",
    "inception5b",
)

AUXILIARY_WIDTH = 128  # maps of an auxiliary head's 1x1 convolution
AUXILIARY_DENSE_WIDTH = 1024
AUXILIARY_MAPS = 14  # height and width of 4a's and 4d's maps, from 224x224
AUXILIARY_POOLED = 4  # height and width of what an auxiliary head's dense layer sees


@dataclass(frozen=True, kw_only=True)
class GoogLeNetConfig(NetworkConfig):
    """A row of the family."""

    batch_norm: bool = False  # after every convolution, which then has no bias
    response_normalization: bool = True  # around the second convolution
    largest_kernel: int = 5  # of the convolutions in the column 5x5
    fourth_pooling: int = 3  # window of the max pooling after 4e
    dropout: float = 0.4  # before the head
    auxiliary_weight: float = 0.3
    auxiliary_dropout: float = 0.7  # before an auxiliary head's last layer
    auxiliary_windows: tuple[int, int] | None = (5, 3)  # size and stride of its average pooling; None: 4x4 even shares
    paper: Paper = PAPER
    benchmark: Benchmark = IMAGENET_PIXELS

    @property
    def smallest(self) -> int:
        """The smallest height and width of a picture, in pixels, whose maps are no smaller than any pooling's window."""
        return 47 if self.fourth_pooling == 3 else 31


VARIANTS = {
    "googlenet": GoogLeNetConfig(),
    "googlenet_bn": GoogLeNetConfig(
        batch_norm=True,
        response_normalization=False,
        largest_kernel=3,
        fourth_pooling=2,
        dropout=0.2,
        auxiliary_windows=None,
        benchmark=IMAGENET,
    ),
}


class AuxiliaryHead(nn.Module):
    """Average pooling, 1x1 convolution, two dense layers: (N, in_channels, H, W) -> (N, classes) logits.

    Source: section 5.
    """

    def __init__(self, config: GoogLeNetConfig, in_channels: int, last: nn.Module) -> None:
        super().__init__()
        self.pool: nn.Module
        if config.auxiliary_windows is None:
            self.pool = nn.AdaptiveAvgPool2d(AUXILIARY_POOLED)
        else:
            size, stride = config.auxiliary_windows
            self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(AUXILIARY_MAPS), nn.AvgPool2d(size, stride))
        self.conv = ConvolutionUnit(in_channels, AUXILIARY_WIDTH, 1, batch_norm=config.batch_norm)
        self.flatten = nn.Flatten()
        self.fc1 = nn.Linear(AUXILIARY_WIDTH * AUXILIARY_POOLED**2, AUXILIARY_DENSE_WIDTH)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(config.auxiliary_dropout)
        self.fc2 = last

    def forward(self, maps: Tensor) -> Tensor:
        """What the maps of the middle say already."""
        maps = self.conv(self.pool(maps))  # (N, 128, 4, 4)
        vector = self.relu(self.fc1(self.flatten(maps)))  # (N, 1024)
        logits: Tensor = self.fc2(self.dropout(vector))
        return logits


class GoogLeNet(Network):
    """GoogLeNet. Stages are the rows of Table 1 up to the average pooling.

    Args:
        config: The row; without auxiliary heads where its `auxiliary_weight` is 0.
        num_classes: How many logits.
        in_channels: How many channels a picture has.

    Shape:
        (N, in_channels, H, W) float of at least 47 x 47 pixels (`googlenet_bn`: 31 x 31) -> (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> import torch
        >>> network = GoogLeNet(VARIANTS["googlenet"], num_classes=10, in_channels=3).eval()
        >>> network(torch.zeros(1, 3, 64, 64)).shape, network.features(torch.zeros(1, 3, 64, 64)).shape
        (torch.Size([1, 10]), torch.Size([1, 1024]))
        >>> logits, (first, second) = network.forward_with_auxiliary(torch.zeros(1, 3, 64, 64))
        >>> first.shape, second.shape
        (torch.Size([1, 10]), torch.Size([1, 10]))
    """

    head_name = "fc"

    def __init__(self, config: GoogLeNetConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=_out_channels(TABLE_1[-1]),
            stages=STAGES,
            minimum_size=(config.smallest, config.smallest),
        )
        self.batch_norm = config.batch_norm
        self.conv1 = ConvolutionUnit(in_channels, FIRST_WIDTH, 7, stride=2, batch_norm=config.batch_norm)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.norm1 = _response_normalization(config)
        self.conv2 = ConvolutionUnit(FIRST_WIDTH, FIRST_WIDTH, 1, batch_norm=config.batch_norm)
        self.conv3 = ConvolutionUnit(FIRST_WIDTH, SECOND_WIDTH, 3, batch_norm=config.batch_norm)
        self.norm2 = _response_normalization(config)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        inputs = dict(zip(TABLE_1, (SECOND_WIDTH, *map(_out_channels, TABLE_1)), strict=False))
        modules = {row.name: _inception(config, inputs[row], row) for row in TABLE_1}
        self.inception3a = modules["3a"]
        self.inception3b = modules["3b"]
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = modules["4a"]
        self.inception4b = modules["4b"]
        self.inception4c = modules["4c"]
        self.inception4d = modules["4d"]
        self.inception4e = modules["4e"]
        self.maxpool4 = nn.MaxPool2d(config.fourth_pooling, stride=2, ceil_mode=True)
        self.inception5a = modules["5a"]
        self.inception5b = modules["5b"]
        if config.auxiliary_weight:
            self.aux1 = AuxiliaryHead(config, self.inception4a.out_channels, self.build_head(num_classes))
            self.aux2 = AuxiliaryHead(config, self.inception4d.out_channels, self.build_head(num_classes))
            self.auxiliary_head_names = ("aux1.fc2", "aux2.fc2")
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.dropout = nn.Dropout(config.dropout)
        self.fc = self.build_head(num_classes)
        heads = (self.head_name, *self.auxiliary_head_names)
        for path, module in self.named_modules():
            if isinstance(module, nn.Conv2d | nn.Linear) and path not in heads:
                self._initialize(module, bias=0.2)

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes."""
        head = nn.Linear(self.feature_width, num_classes)
        self._initialize(head, bias=0.0)
        return head

    def forward_features(self, images: Tensor) -> Tensor:
        """From the first convolution to 5b."""
        return self._maps(images)[-1]

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """Global average pooling, dropout and the dense layer."""
        vector: Tensor = self.flatten(self.avgpool(maps))  # (N, 1024)
        if vector_only:
            return vector
        logits: Tensor = self.fc(self.dropout(vector))
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, H, W) float -> (N, 1024): the mean of each of 5b's maps, 0 or more."""
        return self.forward_head(self.forward_features(images), vector_only=True)

    def forward_with_auxiliary(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The logits, and those of the auxiliary heads on 4a and on 4d."""
        maps4a, maps4d, maps5b = self._maps(images)
        auxiliary = (self.aux1(maps4a), self.aux2(maps4d)) if self.auxiliary_head_names else ()
        return self.forward_head(maps5b), auxiliary

    def _maps(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What 4a, 4d and 5b answer."""
        self.check_images(images)
        maps = self.norm1(self.maxpool1(self.conv1(images)))  # (N, 64, 56, 56)
        maps = self.maxpool2(self.norm2(self.conv3(self.conv2(maps))))  # (N, 192, 28, 28)
        maps = self.inception3b(self.inception3a(maps))  # (N, 480, 28, 28)
        maps4a = self.inception4a(self.maxpool3(maps))  # (N, 512, 14, 14)
        maps4d = self.inception4d(self.inception4c(self.inception4b(maps4a)))  # (N, 528, 14, 14)
        maps = self.maxpool4(self.inception4e(maps4d))  # (N, 832, 7, 7)
        return maps4a, maps4d, self.inception5b(self.inception5a(maps))  # (N, 1024, 7, 7)

    def _initialize(self, module: nn.Conv2d | nn.Linear, *, bias: float) -> None:
        """As BVLC's reference; with batch norm as torchvision, which leaves the biases of dense layers as drawn."""
        if self.batch_norm:
            nn.init.trunc_normal_(module.weight, 0.0, 0.01)
        else:
            draw_layer(module, SCHEMES["lecun_uniform"], bias=bias)  # "xavier" to Caffe, which counts the fan-in alone


def _out_channels(row: Inception) -> int:
    return row.conv1x1 + row.conv3x3 + row.conv5x5 + row.pool_projection


def _inception(config: GoogLeNetConfig, in_channels: int, row: Inception) -> InceptionModule:
    return InceptionModule(
        in_channels,
        conv1x1=row.conv1x1,
        reduce3x3=row.reduce3x3,
        conv3x3=row.conv3x3,
        reduce5x5=row.reduce5x5,
        conv5x5=row.conv5x5,
        pool_projection=row.pool_projection,
        largest_kernel=config.largest_kernel,
        batch_norm=config.batch_norm,
    )


def _response_normalization(config: GoogLeNetConfig) -> nn.Module:
    if not config.response_normalization:
        return nn.Identity()
    return LocalResponseNormalization(5, alpha=1e-4, beta=0.75, k=1.0, alpha_divided_by_size=True)
