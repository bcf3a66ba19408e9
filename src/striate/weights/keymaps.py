"""How published checkpoints name what the networks here name otherwise, and what inputs they expect: data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from striate.pixels.preprocessing_settings import ChannelOrder, PixelRange, ResizeRule


@dataclass(frozen=True)
class ExpectedInputs:
    """What a publisher's weights were trained on."""

    mean: tuple[float, ...]  # of each channel as the network gets them: inputs are (pixel - mean) / std
    std: tuple[float, ...]
    source: str  # where it is stated
    range: PixelRange = "0..1"  # of the pixels that the mean is subtracted from
    channel_order: ChannelOrder = "rgb"
    resize: ResizeRule | None = None  # None: as networks of the row's benchmark are evaluated
    resize_side: int = 0  # pixels, of which the row's input is cut out; with `resize`


class NameMap(Protocol):
    """Translates the names of a publisher's tensors."""

    @property
    def publisher(self) -> str:
        """Whose names they are."""
        ...

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows that the weights belong to; none: any that they fit."""
        ...

    @property
    def inputs(self) -> ExpectedInputs | None:
        """What weights that are named so expect, if that is known."""
        ...

    def ours(self, name: str) -> str:
        """Our name for a tensor of theirs; another name stays as it is."""
        ...


@dataclass(frozen=True)
class KeyMap:
    """A publisher's names for the same tensors."""

    publisher: str
    beginnings: tuple[tuple[str, str], ...]  # (theirs, ours): how names begin, the first that fits counts
    rows: tuple[str, ...] = ()
    inputs: ExpectedInputs | None = None

    def ours(self, name: str) -> str:
        """Our name for a tensor of theirs.

        Example:
            >>> KEY_MAPS[0].ours("linear.weight"), KEY_MAPS[0].ours("conv1.weight")
            ('fc.weight', 'conv1.weight')
        """
        for theirs, ours in self.beginnings:
            if name.startswith(theirs):
                return ours + name.removeprefix(theirs)
        return name


AKAMASTER = ExpectedInputs(
    mean=(0.485, 0.456, 0.406),  # ImageNet's, though the pictures are CIFAR-10's
    std=(0.229, 0.224, 0.225),
    source="akamaster/pytorch_resnet_cifar10: trainer.py",
)

KEY_MAPS = (
    KeyMap(
        "akamaster/pytorch_resnet_cifar10",
        (("linear.", "fc."),),
        rows=("resnet20", "resnet32", "resnet44", "resnet56", "resnet110"),
        inputs=AKAMASTER,
    ),
)
