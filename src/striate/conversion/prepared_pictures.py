"""Resize, crop and normalisation as part of a network's graph, to the same bytes as Pillow makes of a picture.

Pillow resizes with whole numbers: an output pixel is a sum of input pixels times weights of 22 bits after the point, rounded to a
byte after the width and again after the height. Here both passes are matrix products, and the matrices are computed from the
picture's size inside the graph, so that pictures of any size go in. Sums of such products do not fit into a float: so each weight is
split into two halves of 11 bits, whose sums over bytes do, and whole numbers put them together.

Source: Pillow, src/libImaging/Resample.c, `precompute_coeffs` and `normalize_coeffs_8bpc`.
"""

from __future__ import annotations

import PIL
import torch
from torch import Tensor, nn

from striate.pixels import Preprocessing

FRACTION = 1 << 22
"""One, as a weight."""

HALF = 1 << 11
"""What the upper half of a weight counts."""

HEIGHT_MAY_GO_FIRST = int(PIL.__version__.partition(".")[0]) >= 13
"""From version 13 on Pillow resizes the height first where that takes away more than twice as many pixels as the width does."""


class PreparedPictures(nn.Module):
    """What a preprocessing rule does after decoding, as a module that any exporter takes: resize, crop, normalise.

    Args:
        preprocessing: The rule.
        branches: Whether an exported graph chooses between two orders of work when it runs. Otherwise it does both and
            takes one, for engines that cannot choose; that takes twice as long.

    Shape:
        (N, H, W, C) uint8: decoded pictures of one size -> (N, C, height, width) float32: a network's input. Before
        normalisation its values are the bytes that `Preprocessing.resized` gives.

    Example:
        >>> rule = Preprocessing(colour="grey", resize="exact", resize_size=(1, 2), mean=(0.0,), std=(1.0,))
        >>> pictures = torch.tensor([0, 0, 255, 255], dtype=torch.uint8).reshape(1, 1, 4, 1)
        >>> PreparedPictures(rule).pixels(pictures).flatten()
        tensor([ 36., 219.])
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, preprocessing: Preprocessing, *, branches: bool = True) -> None:
        super().__init__()
        self.rule = preprocessing
        self.branches = branches
        mean, deviation = (
            torch.tensor(values, dtype=torch.float64).reshape(-1, 1, 1) for values in preprocessing.statistics
        )
        self.register_buffer("scale", (1 / (255 * deviation)).float())
        self.register_buffer("shift", (-mean / deviation).float())

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, H, W, C) uint8 -> (N, C, height, width) float32, normalised, the channels in the network's order."""
        pixels = self.pixels(pictures)
        if self.rule.reverses_channels:
            pixels = pixels.flip(1)
        return pixels * self.scale + self.shift

    def pixels(self, pictures: Tensor) -> Tensor:
        """(N, H, W, C) uint8 -> (N, C, height, width) float32 of whole numbers 0..255."""
        height, width = pictures.shape[1:3]
        # Tensors, not numbers: what follows from a size is worked out in the graph, for each picture anew.
        tall, wide = (torch.full((), side, dtype=torch.int64) for side in (height, width))
        new_tall, new_wide = self._resized_size(tall, wide)
        rows, columns = self._positions(new_tall, 0), self._positions(new_wide, 1)
        operands = (
            pictures.permute(0, 3, 1, 2).float(),
            *self._weights(rows, tall, new_tall, height),
            *self._weights(columns, wide, new_wide, width),
        )
        height_first = (tall > new_tall) & (tall - new_tall > 2 * (wide - new_wide))
        if not HEIGHT_MAY_GO_FIRST:
            maps = _width_first(*operands)
        elif not torch.compiler.is_exporting():
            maps = (_height_first if height_first else _width_first)(*operands)
        elif self.branches:
            maps = torch.cond(height_first, _height_first, _width_first, operands)
        else:
            maps = torch.where(height_first, _height_first(*operands), _width_first(*operands))
        inside = _within(rows, new_tall).unsqueeze(1) & _within(columns, new_wide)
        return torch.where(inside, maps, float(self.rule.fill))

    def _resized_size(self, tall: Tensor, wide: Tensor) -> tuple[Tensor, Tensor]:
        """The height and width that the rule's resize gives a picture, as whole numbers: see `Preprocessing`."""
        if self.rule.resize_size is None:
            return tall, wide
        to_tall, to_wide = (torch.full((), side, dtype=torch.int64) for side in self.rule.resize_size)
        if self.rule.resize == "exact":
            return to_tall, to_wide
        by_width = to_wide * tall - to_tall * wide  # above 0: the picture is taller in proportion
        if self.rule.resize == "shorter_side":
            new_tall = torch.where(by_width >= 0, _divided(to_wide * tall, wide), to_tall)
            return new_tall, torch.where(by_width >= 0, to_wide, _divided(to_tall * wide, tall))
        new_tall = torch.where(by_width <= 0, _divided(2 * to_wide * tall + wide, 2 * wide).clamp(min=1), to_tall)
        return new_tall, torch.where(by_width <= 0, to_wide, _divided(2 * to_tall * wide + tall, 2 * tall).clamp(min=1))

    def _positions(self, new: Tensor, axis: int) -> Tensor:
        """Which row or column of the resized picture each one of the output is; beside it where the picture is filled up."""
        positions = torch.arange(self.rule.size[axis])
        if self.rule.crop is not None:
            padded = self.rule.resize_size if self.rule.resize == "pad" else None
            have = new if padded is None else torch.full((), padded[axis], dtype=torch.int64)
            positions = positions + _offset(have, self.rule.crop[axis])
        if self.rule.resize == "pad" and self.rule.resize_size is not None:
            positions = positions + _offset(new, self.rule.resize_size[axis])
        return positions

    def _weights(self, positions: Tensor, old: Tensor, new: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """What each of `count` pixels of a side counts at each position, in units of 1 / FRACTION: upper and lower halves.

        Args:
            positions: (k,) int64 in the resized side.
            old: Pixels of the side, () int64.
            new: Pixels of the resized side, () int64.
            count: `old` as a number.

        Returns:
            Two times (k, count) float32: whole numbers u, l; a weight is u * HALF + l.
        """
        places = torch.minimum(positions.clamp(min=0), new - 1).unsqueeze(1)
        # How far a pixel's centre is from the position, in whole numbers, of which `reach` are one width of the filter.
        away = ((2 * torch.arange(count) + 1) * new - (2 * places + 1) * old).abs()
        reach = 2 * torch.maximum(old, new)
        whole = _triangle(away, reach) if self.rule.filter == "bilinear" else _cubic(away, reach)
        upper = torch.floor((whole + HALF // 2) / HALF)  # the lower half may be negative: so its sums stay small
        return upper.float(), (whole - upper * HALF).float()


def _triangle(away: Tensor, reach: Tensor) -> Tensor:
    """(k, count) float64, whole numbers: the weights of the bilinear filter, which sum to FRACTION in each row, but for rounding.

    In whole numbers almost to the end, half of the bits at a time: engines that have no float64 come to the same.
    """
    shares = (reach - away).clamp(min=0)
    total = shares.sum(dim=1, keepdim=True)
    upper = _divided(shares * HALF, total)
    rest = shares * HALF - upper * total
    return upper.double() * HALF + torch.floor(rest.double() * HALF / total.double() + 0.5)


def _cubic(away: Tensor, reach: Tensor) -> Tensor:
    """The same for the bicubic filter, whose a is -0.5."""
    distance = away.double() / reach.double()
    near = (1.5 * distance - 2.5) * distance * distance + 1
    far = (((distance - 5) * distance + 8) * distance - 4) * -0.5
    shares = torch.where(distance < 1, near, torch.where(distance < 2, far, 0.0))
    weights = shares / shares.sum(dim=1, keepdim=True) * FRACTION
    return torch.where(weights < 0, torch.ceil(weights - 0.5), torch.floor(weights + 0.5))


def _width_first(maps: Tensor, row_upper: Tensor, row_lower: Tensor, upper: Tensor, lower: Tensor) -> Tensor:
    maps = _byte(maps @ upper.transpose(0, 1), maps @ lower.transpose(0, 1))
    return _byte(row_upper @ maps, row_lower @ maps)


def _height_first(maps: Tensor, row_upper: Tensor, row_lower: Tensor, upper: Tensor, lower: Tensor) -> Tensor:
    maps = _byte(row_upper @ maps, row_lower @ maps)
    return _byte(maps @ upper.transpose(0, 1), maps @ lower.transpose(0, 1))


def _byte(upper: Tensor, lower: Tensor) -> Tensor:
    """The sum of both halves, rounded to a whole number of 0..255; all float32, and each step of it exact."""
    bytes_ = torch.floor(upper / HALF)
    rest = (upper - bytes_ * HALF) * HALF + lower + FRACTION // 2
    return (bytes_ + torch.floor(rest / FRACTION)).clamp(0, 255)


def _offset(have: Tensor, want: int) -> Tensor:
    """Where a side of `want` pixels begins in a centred one of `have`: cut off if above 0, filled up if below."""
    surplus = have - want
    half = _divided(surplus, 2)
    return torch.where(surplus > 0, half + surplus % 2 * (half % 2), -_divided(-surplus, 2))


def _within(positions: Tensor, size: Tensor) -> Tensor:
    return (positions >= 0) & (positions < size)


def _divided(number: Tensor, divisor: Tensor | int) -> Tensor:
    """The whole part; through a quotient that has no other, because exporters divide whole numbers as floats."""
    return torch.round((number - number % divisor).double() / divisor).long()
