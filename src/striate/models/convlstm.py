"""A small classifier of moving pictures on the convolutional LSTM of Shi et al. 2015.

    patches   each frame of 64x64 as 16x16 places of 4x4 pixels, so 16 numbers a channel
    cell      ConvLSTM, 16 maps, 3x3, with peepholes: one step a frame
    pool      the greatest value of each hidden map after the last frame
    output    dense layer

Patches, the size of frames, ten of them, and the 3x3 of its deeper networks are the paper's for Moving MNIST (section 4.1).

Differs from the paper: that foretells the next frames by an encoder and a forecaster of 64 to 256 maps; this has one encoding cell
of 16 maps and tells classes apart, so that it trains on a processor. Frames may be of several channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, fx, nn

from striate.errors import UsageError
from striate.models.config import Benchmark, NetworkConfig, Paper
from striate.models.network import Network
from striate.nn import ConvLSTMCell, GlobalMaxPool2d

PAPER = Paper(
    "Shi et al.",
    2015,
    "Convolutional LSTM Network: A Machine Learning Approach for Precipitation Nowcasting",
    "NIPS 2015",
)

MOVING_MNIST = Benchmark("Moving MNIST", 10, 1, (64, 64), (0.0,), (1.0,))


@dataclass(frozen=True, kw_only=True)
class ConvLSTMConfig(NetworkConfig):
    """A row of the family."""

    maps: int = 16  # of H and of C
    kernel_size: int = 3
    patch: int = 4  # pixels of a patch's side
    frames: int = 10  # of the clips that it is inspected with; it takes any number
    paper: Paper = PAPER
    benchmark: Benchmark = MOVING_MNIST
    kind: str = "frames"


VARIANTS = {"convlstm": ConvLSTMConfig()}


class ConvLSTM(Network):
    """One convolutional LSTM cell over the frames of a clip, and a dense layer.

    Args:
        config: The row.
        num_classes: How many logits.
        in_channels: How many channels a frame has.

    Shape:
        (N, T, in_channels, 64, 64) float -> (N, num_classes).

    Raises:
        UsageError: `num_classes` or `in_channels` is not a whole number of at least 1.

    Example:
        >>> ConvLSTM(VARIANTS["convlstm"], num_classes=4, in_channels=1)(torch.zeros(2, 5, 1, 64, 64)).shape
        torch.Size([2, 4])
    """

    kind: ClassVar[str] = "frames"
    config: ConvLSTMConfig
    head_name = "output"

    def __init__(self, config: ConvLSTMConfig, *, num_classes: int, in_channels: int) -> None:
        super().__init__(
            config,
            num_classes=num_classes,
            in_channels=in_channels,
            feature_width=config.maps,
            stages=("pool",),
            fixed_size=True,
        )
        self.frames = config.frames
        height, width = self.input_size
        self.patches = nn.PixelUnshuffle(config.patch)
        self.cell = ConvLSTMCell(
            self.in_channels * config.patch**2,
            config.maps,
            config.kernel_size,
            size=(height // config.patch, width // config.patch),
        )
        self.pool = GlobalMaxPool2d()
        self.output = self.build_head(self.num_classes)

    def build_head(self, num_classes: int) -> nn.Module:
        """The dense layer for that many classes, drawn as torch draws it."""
        return nn.Linear(self.feature_width, num_classes)

    def forward_features(self, images: Tensor) -> Tensor:
        """(N, maps, 16, 16): the hidden maps after the last frame; `images` are clips, (N, T, in_channels, 64, 64) float."""
        self.check_images(images)
        state = None
        for frame in images.unbind(1):
            state = self.cell(self.patches(frame), state)
        hidden: Tensor = state[0]  # type: ignore[index]  # there is a frame: check_images sees to it
        return hidden

    def forward_head(self, maps: Tensor, *, vector_only: bool = False) -> Tensor:
        """The dense layer on the greatest value of each map."""
        vector: Tensor = self.pool(maps)
        if vector_only:
            return vector
        logits: Tensor = self.output(vector)
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(N, T, in_channels, 64, 64) float -> (N, maps): what the head sees."""
        return self.forward_head(self.forward_features(images), vector_only=True)

    def check_images(self, images: Tensor) -> None:
        """Refuse a batch that the network cannot take.

        Raises:
            UsageError: It is no float tensor (N, T, in_channels, 64, 64) of one frame at least.
        """
        if not torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
            _check_clips(images, type(self).__name__, (self.in_channels, *self.input_size))


@fx.wrap  # as `network._check_images`
def _check_clips(clips: Tensor, network: str, frame: tuple[int, ...]) -> None:
    if clips.ndim != 5 or not clips.is_floating_point() or clips.shape[2:] != frame or not clips.shape[1]:
        expected = f"(N, frames, {', '.join(map(str, frame))})"
        raise UsageError(
            f"{network} takes a float tensor of shape {expected}, got {clips.dtype} of shape {tuple(clips.shape)}"
        )
