"""The gradient norm of each layer, by hand and beside autograd's own answer; the network stays as it was."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional

import striate
from striate.errors import UsageError
from striate.inspection import gradient_norms


def batch(channels=3, count=4):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, channels, 32, 32, generator=generator), torch.arange(count) % 10


def test_by_hand():
    network = nn.Linear(2, 1, bias=False)
    norms = gradient_norms(
        network, torch.tensor([[3.0, 4.0]]), torch.tensor([0]), loss=lambda logits, labels: logits.sum()
    )
    assert norms == {"": 5.0}


def test_every_layer_beside_autograd():
    network = striate.create_model("resnet20", seed=1)
    images, labels = batch()
    norms = gradient_norms(network, images, labels)
    network.train()
    parameters = dict(network.named_parameters())
    gradients = torch.autograd.grad(functional.cross_entropy(network(images), labels), list(parameters.values()))
    squares = {}
    for name, gradient in zip(parameters, gradients, strict=True):
        layer = name.rpartition(".")[0]
        squares[layer] = squares.get(layer, 0.0) + float(gradient.square().sum())
    assert list(norms) == list(squares)
    for name, square in squares.items():
        assert norms[name] == pytest.approx(math.sqrt(square), rel=1e-4), name


def test_reading_what_a_backward_pass_left():
    network = striate.create_model("resnet20", seed=1).train()
    images, labels = batch()
    measured = gradient_norms(network, images, labels)
    functional.cross_entropy(network(images), labels).backward()
    assert gradient_norms(network) == pytest.approx(measured, rel=1e-4)


def test_the_network_stays_as_it_was():
    layers = (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Dropout(0.5), nn.Linear(36, 3))
    network = nn.Sequential(*layers).eval().requires_grad_(False)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    random = torch.get_rng_state()
    images = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))
    norms = gradient_norms(network, images, torch.tensor([0, 2]))
    assert list(norms) == ["0", "1", "4"] and all(norm > 0 for norm in norms.values())
    assert torch.equal(random, torch.get_rng_state()) and not network.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(own.grad is None and not own.requires_grad for own in network.parameters())


def test_wrong_usage():
    network = nn.Linear(2, 1)
    with pytest.raises(UsageError) as caught:
        gradient_norms(network)
    assert str(caught.value) == (
        "no parameter of the network has a gradient; give images and labels, or call backward() first"
    )
    with pytest.raises(UsageError) as caught:
        gradient_norms(network, torch.zeros(1, 2))
    assert str(caught.value) == (
        "gradient_norms needs images and labels together, or neither to read the gradients that are there"
    )
