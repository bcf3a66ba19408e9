import pytest
import torch

from striate.errors import UsageError
from striate.nn import ScaledTanh


def test_the_paper_s_constants_map_one_to_one():
    answers = ScaledTanh()(torch.tensor([1.0, -1.0], dtype=torch.float64))
    assert answers.tolist() == pytest.approx([0.9999972559, -0.9999972559], abs=1e-10)


def test_slope_at_zero():
    inputs = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    ScaledTanh()(inputs).sum().backward()
    assert inputs.grad.item() == pytest.approx(1.1439333333, abs=1e-9)  # 1.7159 * 2 / 3


def test_the_curve_bends_most_near_one():
    inputs = torch.linspace(0, 3, 30001, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(ScaledTanh()(inputs).sum(), inputs, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), inputs)
    assert inputs[second.abs().argmax()].item() == pytest.approx(0.98772, abs=1e-4)


def test_any_shape_and_own_constants():
    inputs = torch.randn(2, 3, 4)
    assert torch.equal(ScaledTanh(2, 0.5)(inputs), 2 * torch.tanh(0.5 * inputs))
    assert ScaledTanh()(torch.zeros(0, 5)).shape == (0, 5)


def test_has_no_state_and_prints_its_constants():
    assert ScaledTanh().state_dict() == {}
    assert repr(ScaledTanh()) == "ScaledTanh(amplitude=1.7159, slope=0.666667)"


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), True, "1"])
def test_bad_constants(value):
    with pytest.raises(UsageError) as error:
        ScaledTanh(amplitude=value)
    assert str(error.value) == f"ScaledTanh: amplitude must be a finite number above 0, got {value!r}"
    with pytest.raises(UsageError) as error:
        ScaledTanh(slope=value)
    assert str(error.value) == f"ScaledTanh: slope must be a finite number above 0, got {value!r}"
