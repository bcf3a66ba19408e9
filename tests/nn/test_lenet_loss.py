import math

import pytest
import torch
from torch.nn import functional

from striate.errors import UsageError
from striate.nn import lenet_map_loss, lenet_mle_loss

DISTANCES = torch.tensor([[1.0, 4.0, 2.0], [6.0, 3.0, 5.0]])
LABELS = torch.tensor([0, 2])


def test_mle_by_hand():
    assert lenet_mle_loss(-DISTANCES, LABELS).item() == 3.0  # (1 + 5) / 2


def test_mle_pulls_the_right_class_alone():
    logits = (-DISTANCES).requires_grad_()
    lenet_mle_loss(logits, LABELS).backward()
    assert logits.grad.tolist() == [[-0.5, 0.0, 0.0], [0.0, 0.0, -0.5]]


def test_map_by_hand():
    first = 1 + math.log(math.exp(-2) + math.exp(-1) + math.exp(-4) + math.exp(-2))
    second = 5 + math.log(math.exp(-2) + math.exp(-6) + math.exp(-3) + math.exp(-5))
    assert lenet_map_loss(-DISTANCES, LABELS, j=2).item() == pytest.approx((first + second) / 2, rel=1e-6)


def test_map_s_constant_is_one_unless_given():
    assert torch.equal(lenet_map_loss(-DISTANCES, LABELS), lenet_map_loss(-DISTANCES, LABELS, j=1.0))


def test_map_with_a_far_rubbish_class_is_cross_entropy():
    expected = functional.cross_entropy(-DISTANCES, LABELS)
    assert lenet_map_loss(-DISTANCES, LABELS, j=1e4).item() == pytest.approx(expected.item(), rel=1e-6)


def test_map_does_not_overflow_at_large_distances():
    loss = lenet_map_loss(torch.tensor([[-1e4, -2e4]]), torch.tensor([0]), j=1.0)
    assert loss.item() == pytest.approx(9999.0)


@pytest.mark.parametrize("j", [0, -1.0, float("inf")])
def test_bad_constant(j):
    with pytest.raises(UsageError) as error:
        lenet_map_loss(-DISTANCES, LABELS, j=j)
    assert str(error.value) == f"lenet_map_loss: j must be a finite number above 0, got {j!r}"
