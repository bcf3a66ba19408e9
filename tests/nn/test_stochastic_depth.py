import pytest
import torch

from striate.errors import UsageError
from striate.nn import StochasticDepth


def test_evaluation_changes_nothing():
    inputs = torch.randn(3, 2, 4, 4)
    assert StochasticDepth(0.9).eval()(inputs) is inputs
    assert StochasticDepth(0.0)(inputs) is inputs


def test_a_picture_is_dropped_whole_or_enlarged():
    torch.manual_seed(0)
    answers = StochasticDepth(0.25)(torch.ones(4000, 2, 3))
    assert answers.unique().tolist() == [0.0, pytest.approx(4 / 3)]
    assert (answers == answers[:, :1, :1]).all()
    # Three deviations of the mean of 4,000 draws.
    assert answers.mean().item() == pytest.approx(1.0, abs=3 * (0.25 / 0.75 / 4000) ** 0.5)


def test_draws_follow_from_torch_s_generator():
    module, inputs = StochasticDepth(0.5), torch.randn(16, 4)
    torch.manual_seed(3)
    first = module(inputs)
    second = module(inputs)
    torch.manual_seed(3)
    assert torch.equal(module(inputs), first)
    assert not torch.equal(first, second)


def test_equals_torchvision_s():
    from torchvision.ops import StochasticDepth as Theirs

    inputs = torch.randn(64, 3, 2, 2)
    torch.manual_seed(1)
    ours = StochasticDepth(0.2)(inputs)
    torch.manual_seed(1)
    assert torch.equal(ours, Theirs(0.2, "row")(inputs))


def test_gradient_passes_survivors_alone():
    torch.manual_seed(0)
    inputs = torch.ones(8, 2, requires_grad=True)
    answers = StochasticDepth(0.5)(inputs)
    answers.sum().backward()
    assert torch.equal(inputs.grad, answers.detach())


def test_keeps_precision_and_number_of_axes():
    answers = StochasticDepth(0.5)(torch.ones(6, 1, 1, 1, dtype=torch.bfloat16))
    assert answers.dtype == torch.bfloat16 and answers.shape == (6, 1, 1, 1)
    assert StochasticDepth(0.5)(torch.ones(0, 3)).shape == (0, 3)


def test_says_its_rate():
    assert repr(StochasticDepth(0.0125)) == "StochasticDepth(probability=0.0125)"


@pytest.mark.parametrize("value", [1.0, 1, -0.1, float("nan"), True, "0.5"])
def test_bad_rates(value):
    with pytest.raises(UsageError) as error:
        StochasticDepth(value)
    assert str(error.value) == f"StochasticDepth: probability must be a number from 0 to below 1, got {value!r}"
