import pytest
import torch

from striate.models import create_model
from striate.training.first_pictures import fit_to_pictures
from striate.training.recipe import Recipe

CPU = torch.device("cpu")


def fitted(examples, **recipe):
    network = create_model("airbench94", num_classes=2, in_channels=1, seed=0)
    before = network.whitening.weight.clone()
    fit_to_pictures(network, examples, Recipe.from_dict(recipe), CPU)
    return network.whitening.weight, before


def test_the_sample_follows_from_the_seed(toy):
    examples = toy(600)
    first, again, other = (fitted(examples, seed=seed)[0] for seed in (3, 3, 4))
    assert torch.equal(first, again) and not torch.equal(first, other)
    # The mean of a patch is its strongest direction by far, whatever the sample.
    assert torch.allclose(first[0], other[0], rtol=0.01)


def test_all_of_few_pictures_are_taken(toy):
    examples = toy(20)
    network = create_model("airbench94", num_classes=2, in_channels=1, seed=0)
    network.whitening.fit_patches(examples.pictures)
    for seed in (0, 1):
        assert fitted(examples, seed=seed)[0].numpy() == pytest.approx(network.whitening.weight.numpy(), rel=1e-3)


def test_trained_weights_stay(toy):
    after, before = fitted(toy(20), transfer={"kind": "full"})
    assert torch.equal(after, before)


def test_a_network_without_such_weights_stays(toy):
    network = create_model("resnet9_x0_25", num_classes=2, in_channels=1, seed=0)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    fit_to_pictures(network, toy(20), Recipe(), CPU)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
