import pytest
import torch

from striate.models import create_model
from striate.training.levenberg_marquardt import DiagonalLevenbergMarquardt
from striate.training.optimizers import create_optimizer, scale_learning_rate
from striate.training.recipe import OptimizerConfig


def stepped(curvature=None, **group):
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = DiagonalLevenbergMarquardt([{"params": [weight], **group}], lr=0.1, damping=0.5)
    if curvature is not None:
        optimizer.take_curvature([(weight, torch.tensor(curvature))])
    (weight * torch.tensor([3.0, 4.0])).sum().backward()
    optimizer.step()
    return weight.tolist()


def test_each_weight_has_its_own_rate():
    # 1 - 0.1 / (0.5 + 1.5) * 3 and -2 - 0.1 / (0.5 + 0.3) * 4
    assert stepped([1.5, 0.3]) == pytest.approx([0.85, -2.5])


def test_without_curvature_the_damping_alone_divides():
    assert stepped() == pytest.approx([1 - 0.2 * 3, -2 - 0.2 * 4])


def test_decay_is_part_of_the_gradient():
    # Gradients 3 + 0.5 * 1 and 4 - 0.5 * 2.
    assert stepped([0.5, 0.5], weight_decay=0.5) == pytest.approx([1 - 0.1 * 3.5, -2 - 0.1 * 3.0])


def test_a_loss_that_is_not_finite_changes_nothing():
    weight = torch.nn.Parameter(torch.tensor([1.0]))
    optimizer = DiagonalLevenbergMarquardt([weight])
    (weight * float("nan")).sum().backward()
    optimizer.found_inf = torch.ones(())
    optimizer.step()
    assert weight.item() == 1.0


def test_what_has_no_gradient_stays():
    moved, other = (torch.nn.Parameter(torch.ones(1)) for _ in range(2))
    optimizer = DiagonalLevenbergMarquardt([moved, other], lr=0.1, damping=0.5)
    moved.sum().backward()
    optimizer.step()
    assert (moved.item(), other.item()) == (pytest.approx(0.8), 1.0)


def test_it_is_made_of_a_recipe_and_follows_the_schedule():
    config = OptimizerConfig(name="diagonal_levenberg_marquardt", learning_rate=5e-4, damping=0.03, weight_decay=0.0)
    optimizer = create_optimizer(create_model("lenet5"), config)
    assert isinstance(optimizer, DiagonalLevenbergMarquardt)
    assert scale_learning_rate(optimizer, 0.4) == pytest.approx(2e-4)
    for group in optimizer.param_groups:
        assert (group["lr"], group["damping"], group["weight_decay"]) == (pytest.approx(2e-4), 0.03, 0.0)
