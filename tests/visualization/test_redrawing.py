"""A network that has forgotten, and the one that has not."""

import torch
from torch import Tensor, nn

from striate.models import create_model
from striate.visualization.redrawing import redrawn, weighted_layers


def state(network):
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def test_layers_are_listed_in_the_order_of_their_calls():
    network = create_model("lenet5", seed=0)
    images = torch.zeros(1, 1, 32, 32)
    names = weighted_layers(network, images)
    assert names[0] == "c1.convolution"
    assert names[-1] == "f6.dense"  # what comes after it is fixed codes
    assert weighted_layers(network, images, "c3")[-1] == "c3.convolution"
    assert network.training


def test_only_what_is_named_is_drawn():
    network = create_model("resnet20", seed=0)
    before = state(network)
    other = redrawn(network, ["fc", "bn1"], seed=3)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    changed = {name for name, tensor in other.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed == {"fc.weight"}  # a new network's biases and normalisation are what they become again
    assert not other.training
    assert network.training


def test_a_seed_draws_the_same_and_leaves_the_generator_alone():
    network = create_model("lenet5", seed=0)
    torch.manual_seed(5)
    first = redrawn(network, ["c1.convolution", "f6.dense"], seed=1)
    assert torch.initial_seed() == 5
    assert torch.rand(1).item() == torch.rand(1, generator=torch.Generator().manual_seed(5)).item()
    second = redrawn(network, ["f6.dense"], seed=1)
    assert torch.equal(first.f6.dense.weight, second.f6.dense.weight)
    assert not torch.equal(first.f6.dense.weight, redrawn(network, ["f6.dense"], seed=2).f6.dense.weight)


class Scale(nn.Module):
    """Weights of which nobody says how they are drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.arange(16.0).view(1, 1, 4, 4))

    def forward(self, images: Tensor) -> Tensor:
        return images * self.scale


def test_unknown_weights_are_shuffled():
    network = nn.Sequential(Scale(), nn.Flatten())
    other = redrawn(network, weighted_layers(network, torch.ones(1, 1, 4, 4)), seed=0)
    assert sorted(other[0].scale.flatten().tolist()) == list(range(16))
    assert not torch.equal(other[0].scale, network[0].scale)
