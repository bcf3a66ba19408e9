import math

import pytest
import torch

from striate.training import Targets, create_loss
from striate.training.recipe import LossConfig

LOGITS = torch.tensor([[-1.0, -3.0], [-4.0, -2.0]])
LABELS = torch.tensor([0, 0])


def loss(**config):
    return float(create_loss(LossConfig(**config))(LOGITS, Targets(LABELS)))


def test_cross_entropy_by_hand():
    # -log softmax: log(1 + e^-2) and log(1 + e^2)
    expected = (math.log1p(math.exp(-2)) + math.log1p(math.exp(2))) / 2
    assert loss(label_smoothing=0.0) == pytest.approx(expected, rel=1e-6)


def test_the_losses_of_lenet_by_hand():
    assert loss(name="lenet_mle") == pytest.approx((1 + 4) / 2)
    first = 1 + math.log(math.exp(-5) + math.exp(-1) + math.exp(-3))
    second = 4 + math.log(math.exp(-5) + math.exp(-4) + math.exp(-2))
    assert loss(name="lenet_map", lenet_j=5.0) == pytest.approx((first + second) / 2, rel=1e-6)
