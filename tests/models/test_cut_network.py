"""A cut network answers what the whole one does at its stages, pooled, and holds nothing that comes after them."""

import copy

import pytest
import torch

from striate.errors import UnknownNameError, UsageError
from striate.initialization import drafting, initialize
from striate.inspection.inspection import inspect_network
from striate.models import CutNetwork, check_head_stages, create_model, list_models, split_after
from striate.models.stages import stage_shapes

ONE_OF_A_KIND = ["resnet20", "lenet5", "googlenet", "nin_cifar10", "mobilenet_v2_x0_35_tf"]
DENSE = [pytest.param(name, marks=pytest.mark.slow) for name in ("alexnet", "vgg11", "zfnet")]


def smallest(network):
    height, width = network.input_size if network.fixed_size else (max(32, side) for side in network.minimum_size)
    return torch.rand(2, network.in_channels, height, width, generator=torch.Generator().manual_seed(0))


def pooled(answer):
    return torch.cat([answer.mean(dim=(2, 3)), answer.amax(dim=(2, 3))], dim=1) if answer.ndim == 4 else answer


@pytest.mark.parametrize("name", ONE_OF_A_KIND + DENSE)
def test_features_are_the_pooled_answers_of_the_whole_networks_stages_to_the_bit(name):
    network = create_model(name, num_classes=3, seed=0).eval()
    images, third = smallest(network), len(network.stages) // 3
    asked = [network.stages[third], network.stages[-1]]
    with torch.no_grad():
        expected = [pooled(split_after(network, stage)[0](images)) for stage in asked]
        for stages, parts in ((asked[:1], expected[:1]), (asked[::-1], expected)):
            cut = CutNetwork(network, stages)
            assert torch.equal(cut.features(images), torch.cat(parts, dim=1))
            assert cut.feature_width == sum(part.shape[1] for part in parts)
            assert cut(images).shape == (2, 3)
            assert torch.equal(cut(images), cut.head(cut.features(images)))


@pytest.mark.parametrize("name", ["resnet20", "mobilenet_v2_x0_35_tf", "lenet5", *DENSE])
def test_the_vector_before_the_head_can_be_among_them(name):
    network = create_model(name, seed=0).eval()
    images, first = smallest(network), network.stages[0]
    cut = CutNetwork(network, ["features", first])
    assert cut.head_stages == (first, "features") and cut.stages == network.stages
    with torch.no_grad():
        expected = [pooled(split_after(network, first)[0](images)), network.features(images)]
        assert torch.equal(cut.features(images), torch.cat(expected, dim=1))


@pytest.mark.parametrize("name", ["resnet18", "lenet5"])
def test_a_row_of_each_kind_is_cut_behind_every_stage(name):
    cut_everywhere(name)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", list_models("picture", sequential=False))
def test_every_network_is_cut_behind_every_stage(name):
    cut_everywhere(name)


def cut_everywhere(name):
    """Drafts: shapes and counts without values. Each cut holds a part of the one after it, and all their names are the row's."""
    with drafting():
        network = create_model(name, num_classes=5, auxiliary=False).eval()
    whole, shapes, before = set(network.state_dict()), stage_shapes(network), 0
    images = smallest(network).to("meta")
    for stage in network.stages:
        cut = CutNetwork(network, [stage])
        width = shapes[stage][0] * (2 if len(shapes[stage]) == 3 else 1)
        assert cut.features(images).shape == (2, width) and cut(images).shape == (2, 5)
        body = {key: tensor for key, tensor in cut.state_dict().items() if not key.startswith("stage_head.")}
        assert body.keys() <= whole
        parameters = inspect_network(cut, (network.in_channels, *network.input_size)).parameters - 5 * (width + 1)
        assert before <= parameters
        before = parameters


def test_parameters_and_macs_are_those_of_the_layers_before_the_cut():
    cut = create_model("lenet5_relu", num_classes=10, head_stages=["s2", "c3"])
    inspection = inspect_network(cut, (1, 32, 32))
    # c1: 6 maps of 5x5; c3: 16 maps of 6x5x5; each with a bias; the head takes the means and maxima of 6 and 16 maps.
    assert inspection.parameters == (25 + 1) * 6 + (6 * 25 + 1) * 16 + (2 * (6 + 16) + 1) * 10
    assert inspection.macs == 28 * 28 * 6 * 25 + 10 * 10 * 16 * 6 * 25 + 2 * (6 + 16) * 10


def test_the_layers_are_the_networks_own_and_keep_their_names():
    network = create_model("mobilenet_v2_x0_35", seed=0).eval()
    cut = CutNetwork(network, ["features.6"])
    assert all(cut.get_submodule(name) is network.get_submodule(name) for name in cut.stages)
    own = network.state_dict()
    names = [name for name in cut.state_dict() if not name.startswith("stage_head.")]
    assert names == [name for name in own if name.startswith("features.") and int(name.split(".")[1]) <= 6]


@pytest.mark.parametrize("name", ["mobilenet_v2_x0_35", "resnet20"])
def test_a_copy_is_on_its_own(name):
    cut = CutNetwork(create_model(name, seed=0).eval(), [create_model(name).stages[1]])
    images = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        answer, other = cut.features(images), copy.deepcopy(cut)
        next(other.parameters()).zero_()
        assert torch.equal(cut.features(images), answer)
        assert not torch.equal(other.features(images), answer)


def test_the_head_can_be_replaced_and_all_weights_be_drawn_anew():
    cut = create_model("resnet20", head_stages=["layer1", "layer2"], seed=0)
    cut.replace_head(4, seed=1)
    assert cut.eval()(torch.zeros(1, 3, 32, 32)).shape == (1, 4)
    before = cut.conv1.weight.clone()
    initialize(cut, "paper", seed=3)
    again = create_model("resnet20", num_classes=4, head_stages=["layer1", "layer2"], seed=0)
    initialize(again, "paper", seed=3)
    assert not torch.equal(cut.conv1.weight, before)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(cut.parameters(), again.parameters(), strict=True))


def test_pictures_are_checked_as_by_the_whole_network():
    cut = create_model("resnet20", head_stages=["layer1"], seed=0)
    with pytest.raises(
        UsageError, match=r"CutNetwork takes a float tensor of shape \(N, 3, height, width\), got 1 channels"
    ):
        cut(torch.zeros(1, 1, 32, 32))


def test_maps_of_one_stage_make_the_logits_where_it_is_the_only_one():
    network = create_model("resnet20", seed=0).eval()
    images = torch.rand(2, 3, 32, 32)
    cut = CutNetwork(network, ["layer2"])
    assert torch.equal(cut.forward_head(cut.forward_features(images)), cut(images))
    several = CutNetwork(network, ["layer1", "layer2"])
    with pytest.raises(UsageError, match="the head takes the maps of layer1 and layer2, not those of one stage"):
        several.forward_head(several.forward_features(images))


def test_what_is_no_stage_is_named_with_all_that_are():
    network = create_model("resnet20")
    with pytest.raises(
        UnknownNameError, match=r"unknown stage 'layer9'.*ResNet has relu1, layer1, layer2, layer3, features"
    ):
        check_head_stages(network, ["layer9"])
    with pytest.raises(UsageError, match=r"names each of them once, got layer1\+layer1"):
        check_head_stages(network, ["layer1", "layer1"])
    with pytest.raises(
        UsageError, match=r"NiN has no vector before its head, which takes maps; name its last stage, mlpconv3"
    ):
        check_head_stages(create_model("nin_cifar10"), ["features"])
