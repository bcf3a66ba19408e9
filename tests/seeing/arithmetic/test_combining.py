"""Sums, products, shortcuts and what only moves numbers."""

from __future__ import annotations

import pytest
import torch
from tests.seeing.arithmetic.conftest import TOLERANCE, counted
from torch import nn

from striate.nn import (
    Scale,
    SqueezeExcitation,
    ZeroPaddedIdentity,
)
from striate.seeing.arithmetic import walked


def test_a_shortcut_of_zeros_takes_every_second_pixel():
    walk = walked(nn.Sequential(ZeroPaddedIdentity(1, 3, stride=2)), counted(1, 3, 3))
    told = walk.arithmetic("0", (1, 1, 0))
    assert (told.value, told.windows[0].rows, told.windows[0].columns) == (7.0, (2,), (0,))
    filled = walk.arithmetic("0", (0, 1, 0))
    assert (filled.windows, filled.result, filled.value) == ((), 0.0, 0.0)


def test_squeeze_and_excitation_scales_maps_by_a_gate():
    torch.manual_seed(0)
    walk = walked(nn.Sequential(SqueezeExcitation(4, 2)), torch.rand(1, 4, 3, 3))
    told = walk.arithmetic("0.mul", (2, 1, 1))
    assert [window.source for window in told.windows] == ["0.scale_activation", "input"]
    assert (told.windows[0].channels, told.windows[0].rows, told.windows[0].columns) == ((2,), (0,), (0,))
    assert told.result == told.lines[0].value * told.lines[1].value
    assert told.relative_difference <= TOLERANCE
    assert walk.box("0.mul", (2, 1, 1)).whole


def test_ordinary_layers_whose_functions_are_steps_of_their_own():
    layer = nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect", bias=False)
    nn.init.ones_(layer.weight)
    walk = walked(nn.Sequential(layer), counted(1, 3, 3))
    assert [step.name for step in walk.steps] == ["0.pad", "0.conv2d"]
    assert walk.arithmetic("0.pad", (0, 0, 0)).note == "the number at (0, 1, 1) of input"
    assert walk.arithmetic("0.conv2d", (0, 0, 0)).value == 5 + 4 + 5 + 2 + 1 + 2 + 5 + 4 + 5


def test_a_product_that_is_too_small_for_float32_is_no_difference():
    walk = walked(nn.Sequential(Scale(1e-30)), torch.full((1, 1, 1, 1), 1e-30))
    told = walk.arithmetic("0", (0, 0, 0))
    assert (told.value, told.relative_difference) == (0.0, 0.0)
    assert told.result == pytest.approx(1e-60)
