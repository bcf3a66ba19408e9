"""Adadelta against torch's, also where gradients are sparse."""

import pytest
import torch
from torch import nn

from striate.training.adadelta import Adadelta


def trained(kind, *, sparse, steps=60):
    torch.manual_seed(0)
    table, layer = nn.Embedding(50, 4, padding_idx=0, sparse=sparse), nn.Linear(4, 2)
    parameters = [*table.parameters(), *layer.parameters()]
    optimizer = kind(parameters)
    generator = torch.Generator().manual_seed(1)
    for _ in range(steps):
        ids = torch.randint(0, 50, (3, 5), generator=generator)  # a few of the rows
        loss = (layer(table(ids).mean(1)) - 1).square().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return parameters


@pytest.mark.parametrize("sparse", [False, True])
def test_it_is_torchs_whatever_rows_a_step_touches(sparse):
    def torchs(parameters):
        return torch.optim.Adadelta(parameters, lr=1.0, rho=0.95, eps=1e-6)

    def ours(parameters):
        return Adadelta(parameters, lr=1.0, rho=0.95)

    for one, other in zip(trained(ours, sparse=sparse), trained(torchs, sparse=False), strict=True):
        torch.testing.assert_close(one, other, rtol=2e-5, atol=2e-6)


def test_a_step_by_hand():
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = Adadelta([weight], lr=0.5)
    weight.grad = torch.tensor([2.0])
    optimizer.step()
    step = (1e-6 / (0.05 * 4 + 1e-6)) ** 0.5 * 2
    assert float(weight.detach()) == pytest.approx(1 - 0.5 * step, abs=1e-7)
    assert float(optimizer.state[weight]["steps"]) == pytest.approx(0.05 * step**2, rel=1e-5)


def test_nothing_changes_where_a_loss_was_not_finite():
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = Adadelta([weight])
    weight.grad = torch.tensor([float("nan")])
    optimizer.found_inf = torch.ones(())
    optimizer.step()
    assert float(weight.detach()) == 1.0
