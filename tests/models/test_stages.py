from __future__ import annotations

import pytest
import torch

from striate.errors import UnknownNameError
from striate.initialization import drafting
from striate.models import create_model, list_models
from striate.models.stages import StageVectors, maxima_of, split_after


def smallest(network):
    height, width = network.input_size if network.fixed_size else (max(32, side) for side in network.minimum_size)
    return torch.rand(2, network.in_channels, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ["resnet20", "lenet5", "mobilenet_v2_x0_35_tf", "nin_cifar10", "resnet18_a"])
def test_the_two_parts_together_are_the_network_to_the_bit(name):
    network = create_model(name, seed=0).eval()
    images = smallest(network)
    with torch.no_grad():
        logits = network(images)
        for stage in network.stages:
            before, after = split_after(network, stage)
            assert torch.equal(after(before(images)), logits)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", list_models("picture", sequential=False))
def test_every_network_can_be_cut_after_every_stage(name):
    with drafting():
        network = create_model(name).eval()
    images = smallest(network).to("meta")
    vectors = StageVectors(network)
    assert len(vectors(images)) == len(vectors.names)
    for stage in network.stages:
        before, after = split_after(network, stage)
        assert after(before(images)).shape == (2, network.num_classes)


@pytest.mark.parametrize("name", ["googlenet", "vgg11", "efficientnet_b0"])
def test_a_row_of_each_kind_can_be_cut_in_the_middle(name):
    with drafting():
        network = create_model(name).eval()
    before, after = split_after(network, network.stages[len(network.stages) // 2])
    assert after(before(smallest(network).to("meta"))).shape == (2, network.num_classes)


def test_the_parts_hold_the_networks_own_layers():
    network = create_model("resnet20", seed=0).eval()
    before, after = split_after(network, "layer2")
    own = {name: id(parameter) for name, parameter in network.named_parameters()}
    first = {name: id(parameter) for name, parameter in before.named_parameters()}
    second = {name: id(parameter) for name, parameter in after.named_parameters()}
    assert {**first, **second} == own
    assert not first.keys() & second.keys()
    assert all(name.startswith(("layer3.", "fc.")) for name in second)


def test_a_part_in_training_mode_trains_the_networks_own_statistics():
    network = create_model("resnet20", seed=0).eval()
    _, after = split_after(network, "layer2")
    still = network.layer1[0].bn1.running_mean.clone()
    moved = network.layer3[0].bn1.running_mean.clone()
    after.train()
    after(torch.rand(4, 32, 16, 16))
    assert torch.equal(network.layer1[0].bn1.running_mean, still)
    assert not torch.equal(network.layer3[0].bn1.running_mean, moved)


def test_a_stage_vector_is_the_mean_over_its_maps_and_another_the_maxima():
    network = create_model("resnet20", seed=0).eval()
    images = smallest(network)
    vectors = StageVectors(network)
    assert vectors.names == (*(name for stage in network.stages for name in (stage, maxima_of(stage))), "features")
    with torch.no_grad():
        answers = dict(zip(vectors.names, vectors(images), strict=True))
        for stage in network.stages:
            maps = split_after(network, stage)[0](images)
            assert torch.equal(answers[stage], maps.mean(dim=(2, 3)))
            assert torch.equal(answers[maxima_of(stage)], maps.amax(dim=(2, 3)))
        assert torch.equal(answers["features"], network.features(images))


def test_a_dense_stage_has_no_maxima():
    assert StageVectors(create_model("lenet5", seed=0)).names[-3:] == ("c5 maximum", "f6", "features")


def test_a_stage_that_is_not_there_is_named_with_the_closest():
    with pytest.raises(UnknownNameError, match=r"unknown stage 'layer9'.*layer"):
        split_after(create_model("resnet20", seed=0), "layer9")
