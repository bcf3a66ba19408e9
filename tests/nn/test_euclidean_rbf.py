import pytest
import torch

from striate.errors import UsageError
from striate.nn import EuclideanRBF


def test_by_hand():
    layer = EuclideanRBF(torch.tensor([[1.0, -1.0, 1.0], [0.0, 0.0, 0.0]]))
    inputs = torch.tensor([[3.0, 1.0, 1.0], [1.0, -1.0, 1.0]])
    assert layer(inputs).tolist() == [[8.0, 11.0], [0.0, 3.0]]


def test_the_gradient_pulls_towards_the_prototype():
    inputs = torch.tensor([[3.0, 1.0]], requires_grad=True)
    EuclideanRBF(torch.tensor([[1.0, 2.0]]))(inputs).sum().backward()
    assert inputs.grad.tolist() == [[4.0, -2.0]]  # 2 (x - w)


def test_prototypes_are_saved_and_not_trained():
    layer = EuclideanRBF(torch.eye(3))
    assert list(layer.parameters()) == []
    assert set(layer.state_dict()) == {"prototypes"}


def test_keeps_a_copy():
    prototypes = torch.zeros(1, 2)
    layer = EuclideanRBF(prototypes)
    prototypes.fill_(7.0)
    assert layer.prototypes.tolist() == [[0.0, 0.0]]


def test_distances_stay_exact_under_bfloat16_autocast():
    layer = EuclideanRBF(torch.ones(1, 84))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        answers = layer(torch.full((1, 84), 0.125))
    assert answers.item() == 84 * 0.875**2  # 64.3125; bfloat16 has steps of 0.5 there


def test_no_picture():
    assert EuclideanRBF(torch.eye(4))(torch.zeros(0, 4)).shape == (0, 4)


def test_repr():
    assert repr(EuclideanRBF(torch.zeros(10, 84))) == "EuclideanRBF(units=10, width=84)"


@pytest.mark.parametrize(
    ("prototypes", "got"),
    [
        (torch.zeros(3), "torch.float32 of shape (3,)"),
        (torch.zeros(0, 3), "torch.float32 of shape (0, 3)"),
        (torch.zeros(2, 3, dtype=torch.int64), "torch.int64 of shape (2, 3)"),
    ],
)
def test_prototypes_of_the_wrong_kind(prototypes, got):
    with pytest.raises(UsageError) as error:
        EuclideanRBF(prototypes)
    assert str(error.value) == f"EuclideanRBF: prototypes must be a float tensor of shape (units, width), got {got}"


def test_prototypes_that_are_not_finite():
    with pytest.raises(UsageError) as error:
        EuclideanRBF(torch.tensor([[0.0, float("nan")]]))
    assert str(error.value) == "EuclideanRBF: prototypes must be finite, got NaN or infinity among them"
