"""Batch norm, local response normalisation and softmax by hand."""

from __future__ import annotations

import math

import pytest
import torch
from tests.seeing.arithmetic.conftest import TOLERANCE, check_every_step, counted
from torch import nn

from striate.nn import (
    LocalResponseNormalization,
)
from striate.seeing.arithmetic import walked


def test_batch_normalisation_by_hand():
    layer = nn.BatchNorm2d(1, eps=0.25)
    with torch.no_grad():
        layer.running_mean.fill_(1)
        layer.running_var.fill_(2)
        layer.weight.fill_(3)
        layer.bias.fill_(0.5)
    told = walked(nn.Sequential(layer), counted(1, 2, 2)).arithmetic("0", (0, 1, 1))
    assert [(line.symbol, line.value) for line in told.lines] == [
        ("x", 4.0),
        ("μ", 1.0),
        ("σ²", 2.0),
        ("ε", 0.25),
        ("n", 2.0),
        ("γ", 3.0),
        ("β", 0.5),
        ("y", 6.5),
    ]


def one(layer: nn.Module, *numbers: float) -> list[tuple[str, float]]:
    """The lines of the arithmetic of the first unit of a layer, given maps of one number each."""
    walk = walked(nn.Sequential(layer), torch.tensor(numbers).view(1, -1, 1, 1))
    return [(line.symbol, round(line.value, 6)) for line in walk.arithmetic(walk.steps[0].name, (0, 0, 0)).lines]


def test_local_response_normalisation_by_hand_with_and_without_the_division():
    layer = LocalResponseNormalization(3, alpha=0.5, beta=2.0, k=1.0)
    assert one(layer, 2.0, 4.0, 9.0) == [
        ("x", 2.0),
        ("s", 20.0),  # 2² + 4²: the third map is no neighbour of the first
        ("k", 1.0),
        ("α", 0.5),
        ("β", 2.0),
        ("d", 11.0),
        ("y", 0.016529),  # 2 / 11²
    ]
    divided = LocalResponseNormalization(3, alpha=0.3, beta=1.0, k=1.0, alpha_divided_by_size=True)
    assert one(divided, 2.0, 4.0, 9.0)[3:] == [("α/n", 0.1), ("β", 1.0), ("d", 3.0), ("y", 0.666667)]
    assert one(nn.LocalResponseNorm(3, alpha=0.3, beta=1.0, k=1.0), 2.0, 4.0, 9.0)[-1] == ("y", 0.666667)


def test_softmax_by_hand():
    walk = walked(nn.Sequential(nn.Flatten(), nn.Softmax(1)), torch.tensor([0.0, math.log(3)]).view(1, 2, 1, 1))
    told = walk.arithmetic("1", (0,))
    assert told.result == pytest.approx(0.25, rel=1e-7)
    assert told.relative_difference <= TOLERANCE


@pytest.mark.parametrize(
    ("layer", "operation", "seen"),
    [
        (nn.GroupNorm(2, 4), "group normalisation", (2, 3)),
        (nn.LayerNorm((4, 3, 2)), "layer normalisation", tuple(range(24))),
        (nn.BatchNorm2d(4, track_running_stats=False), "batch normalisation", (2,)),
    ],
)
def test_normalisations_by_the_picture_itself(layer, operation, seen):
    torch.manual_seed(0)
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    picture = torch.randn(1, 4, 3, 2)
    assert check_every_step(nn.Sequential(layer), picture, units=10) == [operation]
    assert walked(nn.Sequential(layer), picture).arithmetic("0", (2, 0, 0)).windows[0].channels == seen
