"""CRNN, the convolutional recurrent neural network: Shi, Bai and Yao 2015, Table 1.

    convolution1  64@32xW      3x3
    pool1         64@16xW/2    2x2 maximum at stride 2
    convolution2  128          3x3; pool2 as pool1
    convolution3  256          3x3
    convolution4  256          3x3; pool3: maximum over 2 rows, which halves the height alone
    convolution5  512          3x3
    convolution6  512          3x3; pool4 as pool3
    convolution7  512@1xT      2x2, without padding; its columns, left to right, are the sequence
    recurrent1    T x 512      an LSTM of 256 units in each direction; join1 to 256
    recurrent2    T x 512      the same
    join2         T x signs    and one more, the blank, which comes first

`crnn` is the authors' program: batch normalisation after convolutions 3, 5 and 7, and pools 3 and 4 of 2x2 at stride 1 along the
line with a column of padding on each side, so that a line of W pixels is read at T = floor(W / 4) + 1 places. `crnn_paper` is the
table: batch normalisation after convolutions 5 and 6, pools 3 and 4 of one column, T = floor(W / 4) - 1. With 36 signs and the
blank they have 8,331,594 and 8,331,082 parameters; the paper prints 8.3 million. (The paper's text has 25 places in 100 pixels,
where its table comes to 24 and the program to 26.)

Inferred, because neither says: He initialisation of the convolutions; Xavier's of the dense layers and of each gate of the LSTMs;
biases of 0, but 1 of forget gates (Jozefowicz, Zaremba and Sutskever 2015, An Empirical Exploration of Recurrent Network
Architectures). As torch draws LSTMs and dense layers, logits hardly depend on the line: through both LSTMs their deviation shrinks to
some hundredths, and the network reads blanks alone for hundreds of steps. In `crnn_paper` the two directions are joined by dense
layers as in the program, since the table does not say how.

Differs from the paper: nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, fx, nn

from striate.errors import UsageError
from striate.initialization import SCHEMES, draw_layers
from striate.models.config import Benchmark, NetworkConfig, Paper
from striate.models.network import Network

PAPER = Paper(
    "Shi, Bai, Yao",
    2015,
    "An End-to-End Trainable Neural Network for Image-based Sequence Recognition and Its Application to Scene Text Recognition",
    "arXiv:1507.05717",
)

WORDS = Benchmark("synthetic words", 37, 1, (32, 100), mean=(0.5,), std=(0.5,))
"""26 letters, ten digits and the blank, in lines of 32 pixels; the authors' program subtracts 128 of each pixel and divides by it."""

HEIGHT = 32


@dataclass(frozen=True, kw_only=True)
class CRNNConfig(NetworkConfig):
    """A row: where Table 1 and the authors' program differ."""

    maps: tuple[int, ...] = (64, 128, 256, 256, 512, 512, 512)
    units: int = 256  # of each direction
    normalised: tuple[int, ...]  # the convolutions that batch normalisation follows, from 1
    pool_width: (
        int  # columns of the windows of pools 3 and 4; of two, at stride 1, with a column of padding on each side
    )
    paper: Paper = PAPER
    benchmark: Benchmark = WORDS
    sequential: bool = True


VARIANTS = {
    "crnn": CRNNConfig(normalised=(3, 5, 7), pool_width=2),
    "crnn_paper": CRNNConfig(normalised=(5, 6), pool_width=1),
}


class DirectionSum(nn.Module):
    """Dense layers of what an LSTM answers in each direction, added up: (..., 2 units) -> (..., width).

    Source: the authors' program, `BiRnnJoin.lua`.
    """

    def __init__(self, units: int, width: int) -> None:
        super().__init__()
        self.units = units
        self.forwards = nn.Linear(units, width)
        self.backwards = nn.Linear(units, width)
        draw_layers((self.forwards, self.backwards), SCHEMES["xavier_uniform"])

    def forward(self, answers: Tensor) -> Tensor:
        """(..., 2 units) -> (..., width)."""
        ahead, back = answers[..., : self.units], answers[..., self.units :]
        total: Tensor = self.forwards(ahead) + self.backwards(back)
        return total


def draw_gates(layer: nn.LSTM) -> nn.LSTM:
    """Draws each gate's weights by Xavier's rule, and makes biases 0, but for those of forget gates, which become 1.

    Example:
        >>> draw_gates(nn.LSTM(3, 2)).bias_ih_l0.tolist()
        [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    """
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            for place, gate in enumerate(parameter.chunk(4)):  # input, forget, cell, output
                if gate.ndim > 1:
                    SCHEMES["xavier_uniform"].draw_(gate)
                else:
                    nn.init.constant_(gate, float(place == 1 and name.startswith("bias_ih")))
    return layer


class CRNN(Network):
    """A network that reads a line of signs: at every place of the line, logits of the blank and of each sign.

    Args:
        config: The row.
        num_classes: How many logits at a place: the signs and the blank, which is logit 0.
        in_channels: How many channels a picture has.

    Shape:
        (N, in_channels, 32, W) float -> (N, T, num_classes); T is `places(W)`.

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> CRNN(VARIANTS["crnn"], num_classes=11, in_channels=1)(torch.zeros(2, 1, 32, 64)).shape
        torch.Size([2, 17, 11])
    """

    config: CRNNConfig
    head_name: ClassVar[str] = "join2"

    def __init__(self, config: CRNNConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=2 * config.units,
            stages=("pool1", "pool2", "pool3", "pool4", "relu7"),
            minimum_size=(HEIGHT, 4 if config.pool_width == 2 else 8),
        )
        before = self.in_channels
        for place, maps in enumerate(config.maps, start=1):
            last = place == len(config.maps)
            convolution = nn.Conv2d(before, maps, 2 if last else 3, padding=0 if last else 1)
            setattr(self, f"convolution{place}", convolution)
            if place in config.normalised:
                setattr(self, f"norm{place}", nn.BatchNorm2d(maps))
            setattr(self, f"relu{place}", nn.ReLU())
            before = maps
        self.pool1 = nn.MaxPool2d(2)
        self.pool2 = nn.MaxPool2d(2)
        width, padding = config.pool_width, config.pool_width - 1
        self.pool3 = nn.MaxPool2d((2, width), (2, 1), padding=(0, padding))
        self.pool4 = nn.MaxPool2d((2, width), (2, 1), padding=(0, padding))
        draw_layers([layer for layer in self.modules() if isinstance(layer, nn.Conv2d)], SCHEMES["he_normal"])
        self.recurrent1 = draw_gates(nn.LSTM(before, config.units, batch_first=True, bidirectional=True))
        self.join1 = DirectionSum(config.units, config.units)
        self.recurrent2 = draw_gates(nn.LSTM(config.units, config.units, batch_first=True, bidirectional=True))
        self.join2 = self.build_head(self.num_classes)

    def places(self, width: int) -> int:
        """T: at how many places a line of that many pixels is read."""
        return width // 4 + (1 if self.config.pool_width == 2 else -1)

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layers of both directions to that many logits."""
        return DirectionSum(self.config.units, num_classes)

    def check_images(self, images: Tensor) -> None:
        """Refuse a batch that the network cannot take.

        Raises:
            UsageError: The batch is not a float tensor (N, in_channels, 32, W), or too narrow.
        """
        super().check_images(images)
        if not torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
            _check_height(images, self.in_channels)

    def forward_features(self, images: Tensor) -> Tensor:
        """(N, 512, 1, T): what the last convolution answers."""
        self.check_images(images)
        for place in range(1, len(self.config.maps) + 1):
            images = self.get_submodule(f"convolution{place}")(images)
            if place in self.config.normalised:
                images = self.get_submodule(f"norm{place}")(images)
            images = self.get_submodule(f"relu{place}")(images)
            pool = {1: "pool1", 2: "pool2", 4: "pool3", 6: "pool4"}.get(place)
            if pool is not None:
                images = self.get_submodule(pool)(images)
        return images

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """(N, T, num_classes) logits from the maps; with `vector_only` the (N, T, 512) before the head."""
        columns = maps.squeeze(2).transpose(1, 2)  # (N, T, 512)
        joined = self.join1(self.recurrent1(columns)[0])
        answers: Tensor = self.recurrent2(joined)[0]
        if vector_only:
            return answers
        logits: Tensor = self.join2(answers)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, in_channels, 32, W) float -> (N, T, 512): what both directions answer at each place, in -1..1."""
        return self.forward_head(self.forward_features(images), vector_only=True)


@fx.wrap  # as `network._check_images`
def _check_height(images: Tensor, in_channels: int) -> None:
    if images.shape[2] != HEIGHT:
        raise UsageError(
            f"CRNN takes a float tensor of shape (N, {in_channels}, {HEIGHT}, width), got pictures of "
            f"{images.shape[2]} x {images.shape[3]} pixels; resize lines to a height of {HEIGHT}"
        )
