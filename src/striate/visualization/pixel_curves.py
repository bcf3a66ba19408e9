"""Deletion and insertion: how the answer falls and rises as what a map marks is taken away and put in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.visualization.similarity import gaussian
from striate.visualization.targets import Classifier, at_once, class_probabilities

TILES = 14  # on a side
STEPS = 8
BLUR = 5 / 224  # deviation of the blur that insertion starts from, as a share of the picture's longer side


@dataclass(frozen=True)
class PixelCurves:
    """The target's probability as tiles of the picture go, or come, the most important first; the pictures' mean."""

    deletion: tuple[float, ...]  # from the whole picture to grey
    insertion: tuple[float, ...]  # from the blurred picture to the whole one

    @property
    def gain(self) -> float:
        """Insertion's area less deletion's, in [-1, 1]: the higher, the better the map."""
        return self.insertion_area - self.deletion_area

    @property
    def deletion_area(self) -> float:
        """Mean height of the deletion curve, in [0, 1]: the lower, the better the map."""
        return _area(self.deletion)

    @property
    def insertion_area(self) -> float:
        """Mean height of the insertion curve, in [0, 1]: the higher, the better the map."""
        return _area(self.insertion)

    def to_dict(self) -> dict[str, Any]:
        """The curves and their areas as JSON types."""
        return {
            "deletion_area": self.deletion_area,
            "insertion_area": self.insertion_area,
            "deletion": list(self.deletion),
            "insertion": list(self.insertion),
        }


def curves_of(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    heat: Tensor,
    *,
    temperature: float = 1.0,
    classifier: Classifier = "softmax",
) -> tuple[PixelCurves, ...]:
    """The curves of a map, and of the same map moved by half the picture: down, across, and both.

    Tiles go and come in the order of their mean heat, an eighth of them a step. Single pixels, as in the paper, would be noise
    such as no network has seen. For the same reason the moved map is what a map has to be better than, and not a random
    order: holes all over a picture spoil any of it sooner than one hole of the same size, wherever that is.

    Args:
        model: A classifier, held still.
        images: (N, channels, H, W) float, normalised, on the model's device; hidden pixels become 0, the mean colour.
        targets: (N,) int64.
        heat: (N, H, W) float: the larger, the earlier a pixel's tile goes and comes.
        temperature: What logits are divided by for a probability.
        classifier: How logits become probabilities: `"softmax"`, or `"sigmoid"` where each class is a question of its own.

    Returns:
        The map's own curves, then those of the moved ones.

    Source: Petsiuk, Das, Saenko 2018, RISE, section 4.1: deletion ends in grey, insertion starts from a blurred picture.
    """
    tiles = _tiles(images)
    down, across = int(tiles[-1, 0]) // (int(tiles[0, -1]) + 1) + 1, int(tiles[0, -1]) + 1
    count = torch.bincount(tiles.flatten())
    sums = [torch.bincount(tiles.flatten(), own.flatten().double().cpu(), down * across) for own in heat]
    grid = (torch.stack(sums) / count).view(-1, down, across)
    moves = ((0, 0), (down // 2, 0), (0, across // 2), (down // 2, across // 2))
    moved = torch.stack([grid.roll(move, dims=(1, 2)).flatten(1) for move in moves])  # (4, N, tiles)
    turn = moved.argsort(dim=2, descending=True, stable=True).argsort(dim=2)  # when each tile's turn comes
    when = turn[..., tiles.flatten()].view(len(moves), len(images), 1, *tiles.shape).to(images.device)
    odds = partial(class_probabilities, model, temperature=temperature, classifier=classifier)
    deletion = _follow(images, torch.zeros_like(images), targets, when, odds)
    insertion = _follow(blurred(images), images, targets, when, odds)
    return tuple(PixelCurves(*curves) for curves in zip(deletion, insertion, strict=True))


def blurred(images: Tensor) -> Tensor:
    """The pictures behind a Gaussian whose deviation is 5 pixels where the longer side is 224."""
    deviation = max(images.shape[2:]) * BLUR
    # The border is a mirror, in which no more than the picture can be seen.
    halves = [min(math.ceil(3 * deviation), side - 1) for side in images.shape[2:]]
    down, across = (gaussian(2 * half + 1, deviation).to(images.device, images.dtype) for half in halves)
    wide = functional.pad(images.flatten(0, 1)[:, None], [halves[1]] * 2 + [halves[0]] * 2, mode="reflect")
    return functional.conv2d(functional.conv2d(wide, down.view(1, 1, -1, 1)), across.view(1, 1, 1, -1)).view_as(images)


def _tiles(images: Tensor) -> Tensor:
    """(H, W) int64: the number of each pixel's tile."""
    height, width = images.shape[2:]
    down, across = min(TILES, height), min(TILES, width)
    rows, columns = torch.arange(height) * down // height, torch.arange(width) * across // width
    return rows[:, None] * across + columns


def _follow(
    start: Tensor, end: Tensor, targets: Tensor, when: Tensor, odds: Callable[[Tensor], Tensor]
) -> list[tuple[float, ...]]:
    """Of each order, the pictures' mean probability while one picture's tiles give way to the other's.

    Args:
        start: (N, channels, H, W).
        end: Like `start`.
        targets: (N,) int64.
        when: (orders, N, 1, H, W) int64: the number of each pixel's turn, from 0.
        odds: From pictures to the probabilities of each class.
    """
    size = at_once(start)
    turns = [round(step * (int(when.max()) + 1) / STEPS) for step in range(1, STEPS)]
    curves = torch.zeros(len(when), STEPS + 1, dtype=torch.float64)
    for number, wanted in enumerate(targets.tolist()):
        # The ends are the same in every order.
        pictures = [start[number], end[number]]
        pictures += [torch.where(own[number] < turn, end[number], start[number]) for own in when for turn in turns]
        with torch.no_grad():
            parts = [
                odds(torch.stack(pictures[begin : begin + size]))[:, wanted] for begin in range(0, len(pictures), size)
            ]
        answered = torch.cat(parts).double().cpu()
        curves[:, 0] += answered[0]
        curves[:, -1] += answered[1]
        curves[:, 1:-1] += answered[2:].view(len(when), -1)
    return [tuple(curve.tolist()) for curve in curves / len(start)]


def _area(curve: tuple[float, ...]) -> float:
    """By trapezes, of a way of length 1."""
    return (sum(curve) - (curve[0] + curve[-1]) / 2) / (len(curve) - 1)
