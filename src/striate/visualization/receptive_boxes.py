"""The pixels that a unit of a layer sees, as a box of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from striate.errors import StriateError, UsageError
from striate.hooks import with_gradients
from striate.inspection import ReceptiveField, inspect_network
from striate.visualization.layers import find_layer, layer_output


@dataclass(frozen=True)
class ReceptiveBoxes:
    """Which pixels each unit of a layer sees, in pictures of one size."""

    picture_size: tuple[int, int]  # (height, width) in pixels
    field: ReceptiveField | None  # None: each unit sees the whole picture, or what it sees is not known
    sees_everything: bool  # each unit depends on the whole picture, if only through a side branch

    def boxes(self, places: Tensor) -> Tensor:
        """The boxes of units, cut off at the picture's border.

        Args:
            places: (..., 2) int64: row and column of each unit.

        Returns:
            (..., 4) int64: top, left, bottom, right in pixels; the last two are the first that lie outside.

        Example:
            >>> from striate.visualization import receptive_boxes
            >>> fields = receptive_boxes(nn.Conv2d(1, 1, 3, stride=2, padding=1), (1, 9, 9), layer="head")
            >>> fields.boxes(torch.tensor([[0, 0], [1, 2]])).tolist()
            [[0, 0, 2, 2], [1, 3, 4, 6]]
        """
        sides = torch.tensor(self.picture_size)
        if self.field is None:
            return torch.cat([torch.zeros_like(places), sides.expand_as(places)], dim=-1)
        first = torch.tensor(self.field.start) + places * torch.tensor(self.field.jump)
        # A unit that sees nothing but padding gets the pixel next to it.
        begin = torch.minimum(first.clamp(min=0), sides - 1)
        end = torch.minimum(first + torch.tensor(self.field.size), sides)
        return torch.cat([begin, torch.maximum(end, begin + 1)], dim=-1)


@with_gradients
def receptive_boxes(model: nn.Module, input_shape: Sequence[int], *, layer: str) -> ReceptiveBoxes:
    """Finds which pixels the units of a layer see, without running the network.

    Where a side branch pools the whole picture, as in squeeze-and-excitation, the box is that of the main path.

    Args:
        model: Any network; it is left as it was.
        input_shape: Shape of one picture: (channels, height, width) in pixels.
        layer: As `deconvnet` takes it.

    Raises:
        UnknownNameError: There is no such layer; the message offers the closest.
        UsageError: The shape is not that of a picture.

    Example:
        >>> from striate.models import create_model
        >>> receptive_boxes(create_model("vgg16"), (3, 224, 224), layer="features.30").field.size
        (212, 212)
    """
    if len(input_shape) != 3:
        raise UsageError(f"a picture's shape is (channels, height, width), got {tuple(input_shape)}")
    find_layer(model, layer)
    size = (int(input_shape[1]), int(input_shape[2]))
    try:
        inspection = inspect_network(_UpTo(model, layer), input_shape)
    except StriateError:
        # It asks for values, which a network that is inspected does not have: then nothing is promised.
        return ReceptiveBoxes(size, None, sees_everything=True)
    last = [found for found in inspection.layers if found.name in inspection.output_layers][-1:]
    field = last[0].receptive_field if last else None
    exact = field is not None and field.exact and len(field.size) == 2
    return ReceptiveBoxes(size, field if exact else None, not last or last[0].sees_everything)


class _UpTo(nn.Module):
    """A network that ends at a layer: what comes after is not there."""

    def __init__(self, network: nn.Module, layer: str) -> None:
        super().__init__()
        self.network = network
        self.layer = layer

    def forward(self, images: Tensor) -> Tensor:
        return layer_output(self.network, images, self.layer)
