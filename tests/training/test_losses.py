import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from striate.training import Targets, create_loss
from striate.training.losses import class_weights
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


def test_a_mixed_picture_s_loss_is_shared_between_two_classes():
    config = LossConfig(label_smoothing=0.0)
    one, other = (create_loss(config)(LOGITS[:1], Targets(torch.tensor([label]))) for label in (0, 1))
    mixed = Targets(torch.tensor([0]), torch.tensor([1]), torch.tensor([0.75]))
    assert float(create_loss(config)(LOGITS[:1], mixed)) == pytest.approx(float(0.75 * one + 0.25 * other), rel=1e-6)


@pytest.mark.parametrize("name", ["cross_entropy", "lenet_mle", "lenet_map"])
def test_class_weights_multiply_each_picture_s_loss(name):
    config = LossConfig(name=name)
    labels = torch.tensor([0, 1])
    plain = [float(create_loss(config)(LOGITS[row : row + 1], Targets(labels[row : row + 1]))) for row in (0, 1)]
    weighted = float(create_loss(config, torch.tensor([0.5, 3.0]))(LOGITS, Targets(labels)))
    assert weighted == pytest.approx((0.5 * plain[0] + 3.0 * plain[1]) / 2, rel=1e-6)


def test_class_weights_are_scikit_learn_s_and_one_on_average():
    labels = np.array([0] * 70 + [1] * 25 + [3] * 5)
    weights = class_weights(labels, 4)
    expected = compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=labels)
    assert weights[[0, 1, 3]].tolist() == pytest.approx(expected.tolist(), rel=1e-6)
    assert weights[2] == 0  # a class without pictures
    assert float(weights[labels].mean()) == pytest.approx(1.0, rel=1e-6)
