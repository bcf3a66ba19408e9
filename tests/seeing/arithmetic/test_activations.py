"""Functions of one number by their formulas."""

from __future__ import annotations

import math

import pytest
import torch
from tests.seeing.arithmetic.conftest import TOLERANCE
from torch import nn

from striate.nn import (
    Scale,
    ScaledTanh,
)
from striate.seeing.arithmetic import walked


@pytest.mark.parametrize(
    ("layer", "operation", "answers"),
    [
        (nn.ReLU(), "ReLU", [0.0, 4.0]),
        (nn.ReLU6(), "ReLU6", [0.0, 4.0]),
        (nn.Hardtanh(-1, 2), "clipping", [-1.0, 2.0]),
        (nn.Sigmoid(), "sigmoid", [1 / (1 + math.e**2), 1 / (1 + math.e**-4)]),
        (nn.Tanh(), "tanh", [math.tanh(-2), math.tanh(4)]),
        (nn.SiLU(), "SiLU", [-2 / (1 + math.e**2), 4 / (1 + math.e**-4)]),
        (nn.GELU(), "GELU", [-2 * 0.022750131948, 4 * 0.999968328758]),  # Φ(-2), Φ(4)
        (nn.Hardswish(), "hard swish", [-2 * 1 / 6, 4.0]),
        (nn.Hardsigmoid(), "hard sigmoid", [1 / 6, 1.0]),
        (nn.LeakyReLU(0.1), "leaky ReLU", [-0.2, 4.0]),
        (nn.ELU(), "ELU", [math.e**-2 - 1, 4.0]),
        (nn.Softplus(), "softplus", [math.log(1 + math.e**-2), math.log(1 + math.e**4)]),
        (nn.Softsign(), "softsign", [-2 / 3, 4 / 5]),
        (ScaledTanh(2.0, 0.5), "scaled tanh", [2 * math.tanh(-1), 2 * math.tanh(2)]),
        (Scale(0.5), "product", [-1.0, 2.0]),
        (nn.Dropout(), "dropout", [-2.0, 4.0]),
    ],
)
def test_functions_of_one_number(layer, operation, answers):
    walk = walked(nn.Sequential(layer), torch.tensor([-2.0, 4.0]).view(1, 2, 1, 1))
    for channel, answer in enumerate(answers):
        told = walk.arithmetic("0", (channel, 0, 0))
        assert told.operation == operation
        assert told.result == pytest.approx(answer, rel=1e-9)
        assert told.relative_difference <= TOLERANCE
