"""Integrated gradients beside an integral that is known, and complete."""

import pytest
import torch
from torch import Tensor, nn

from striate.errors import UsageError
from striate.models import create_model
from striate.visualization import integrated_gradients


class Cubes(nn.Module):
    """One logit, x³ + 2xy; another, its negative."""

    def forward(self, images: Tensor) -> Tensor:
        x, y = images[:, 0, 0, 0], images[:, 0, 0, 1]
        answer = x**3 + 2 * x * y
        return torch.stack([answer, -answer], dim=1)


def test_an_integral_by_hand():
    # From 0 to (2, 3): 2 times the integral of 3(2a)² + 2(3a), which is 4 + 3; 3 times that of 2(2a), which is 2.
    given = integrated_gradients(Cubes(), torch.tensor([[[[2.0, 3.0]]]]), target=0)
    torch.testing.assert_close(given, torch.tensor([[[[14.0, 6.0]]]]))
    torch.testing.assert_close(
        integrated_gradients(Cubes(), torch.tensor([[[[2.0, 3.0]]]]), target=[1]), torch.tensor([[[[-14.0, -6.0]]]])
    )


def test_another_baseline():
    # From (1, 1) to (2, 3): x = 1 + a, y = 1 + 2a; the integral of 3(1+a)² + 2(1+2a) is 7 + 4; of 2(1+a) it is 3, times 2.
    images = torch.tensor([[[[2.0, 3.0]]]])
    for baseline in (1.0, 1, torch.ones(1), torch.ones(1, 1, 1, 2)):
        given = integrated_gradients(Cubes(), images, target=0, baseline=baseline)
        torch.testing.assert_close(given, torch.tensor([[[[11.0, 6.0]]]]))


def test_it_adds_up_to_what_the_logit_gained():
    network = create_model("resnet20", seed=0).eval()
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    given = integrated_gradients(network, images, target=[3, 1, 4], steps=60)
    gained = (network(images) - network(torch.zeros(1, 3, 32, 32)))[range(3), [3, 1, 4]]
    torch.testing.assert_close(given.sum(dim=(1, 2, 3)), gained, rtol=0.02, atol=0.0)


@pytest.mark.parametrize("steps", [0, -5, 2.5, True])
def test_steps_that_are_none(steps):
    with pytest.raises(UsageError) as caught:
        integrated_gradients(Cubes(), torch.zeros(1, 1, 1, 2), steps=steps)
    assert str(caught.value) == f"steps must be a whole number of at least 1, got {steps!r}"


@pytest.mark.parametrize(
    ("baseline", "got"), [("grey", "'grey'"), (None, "None"), (torch.zeros(3), "a tensor of shape (3,)")]
)
def test_a_baseline_that_is_none(baseline, got):
    with pytest.raises(UsageError) as caught:
        integrated_gradients(Cubes(), torch.zeros(1, 1, 1, 2), baseline=baseline)
    assert str(caught.value) == f"a baseline is a number, or a tensor that broadcasts to (1, 1, 1, 2); got {got}"
