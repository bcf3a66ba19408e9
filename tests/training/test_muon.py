"""Muon: what a step does to kernels, and that all else is torch's SGD."""

import pytest
import torch
from torch import nn

from striate.training.muon import Muon, orthogonalise
from striate.training.optimizers import create_optimizer
from striate.training.recipe import OptimizerConfig


def polynomial(value):
    return 3.4445 * value - 4.7750 * value**3 + 2.0315 * value**5


def test_each_singular_value_goes_through_the_polynomial():
    answer = orthogonalise(torch.diag(torch.tensor([3.0, 4.0, 0.0])), rounds=2)  # the norm is 5
    expected = torch.diag(torch.tensor([polynomial(polynomial(0.6)), polynomial(polynomial(0.8)), 0.0]))
    torch.testing.assert_close(answer, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(16, 40), (40, 16), (1, 9)])
def test_singular_vectors_stay_and_values_come_near_1(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    answer = orthogonalise(matrix, rounds=5)
    turned = left.T @ answer @ right.T  # diagonal, if the vectors are the same
    assert turned.diagonal().min() > 0.6 and turned.diagonal().max() < 1.25
    torch.testing.assert_close(turned, torch.diag(turned.diagonal()), rtol=0, atol=1e-5)
    assert orthogonalise(torch.zeros(shape)).abs().max() == 0, "no gradient, no step, and nothing that is no number"
    assert values.max() > 1.5 * values.min() or shape[0] == 1


def test_a_step_of_a_kernel_by_hand():
    kernel = nn.Parameter(torch.tensor([3.0, 4.0]).view(2, 1, 1, 1))
    optimizer = Muon([{"params": [kernel], "orthogonal": True}], lr=0.1, momentum=0.5)
    towards = polynomial(polynomial(polynomial(1.0)))  # a single singular value is the norm itself
    for gradient in ([0.0, 2.0], [0.0, 5.0]):
        before = kernel.detach().flatten() * 2**0.5 / kernel.detach().norm()
        kernel.grad = torch.tensor(gradient).view(2, 1, 1, 1)
        optimizer.step()
        expected = before - 0.1 * towards * torch.tensor([0.0, 1.0])
        torch.testing.assert_close(kernel.detach().flatten(), expected, rtol=1e-5, atol=1e-6)
    assert optimizer.state[kernel]["momentum_buffer"].flatten().tolist() == [0.0, 0.5 * 2.0 + 5.0]


def test_what_is_no_kernel_learns_by_torchs_sgd():
    start, gradients = torch.tensor([1.0, -2.0]), torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    ours, torchs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    muon = Muon([ours], lr=0.1, weight_decay=0.01)
    sgd = torch.optim.SGD([torchs], lr=0.1, momentum=0.85, nesterov=True, weight_decay=0.01)
    for gradient in gradients:
        ours.grad, torchs.grad = gradient.clone(), gradient.clone()
        muon.step()
        sgd.step()
    torch.testing.assert_close(ours, torchs)


def test_nothing_changes_where_a_loss_was_not_finite():
    weight = nn.Parameter(torch.tensor([1.0]))
    optimizer = Muon([weight])
    weight.grad = torch.tensor([float("nan")])
    optimizer.found_inf = torch.ones(())
    optimizer.step()
    assert float(weight.detach()) == 1.0


def test_kernels_are_those_of_convolutions_but_the_heads(small_network):
    network = small_network("allcnn_c")
    optimizer = create_optimizer(network, OptimizerConfig(name="muon", learning_rate=0.24, momentum=0.6))
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    orthogonal = {names[id(own)]: group["orthogonal"] for group in optimizer.param_groups for own in group["params"]}
    assert orthogonal.keys() == dict(network.named_parameters()).keys()
    kernels = {name for name, parameter in network.named_parameters() if parameter.ndim == 4}
    heads = {name for name in kernels if name.startswith(f"{network.head_name}.")}
    assert heads and {name for name, is_so in orthogonal.items() if is_so} == kernels - heads
    assert {group["momentum"] for group in optimizer.param_groups} == {0.6}
