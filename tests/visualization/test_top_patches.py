"""The strongest pictures of each map, by hand and beside a plain search, and the crops of what their units see."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.visualization import deconvnet, gradient, guided_backpropagation, layer_output, top_patches


def spotted(*spots: tuple[int, int, float]) -> torch.Tensor:
    """A picture of 8 x 8 pixels for each spot (row, column, brightness), dark elsewhere."""
    images = torch.zeros(len(spots), 1, 8, 8)
    for image, (row, column, brightness) in zip(images, spots, strict=True):
        image[0, row, column] = brightness
    return images


def summing() -> nn.Module:
    network = nn.Conv2d(1, 2, 3, bias=False)
    nn.init.ones_(network.weight[:1])
    nn.init.constant_(network.weight[1:], -1.0)
    return network


def test_by_hand():
    images = spotted((2, 2, 2.0), (6, 5, 3.0), (0, 7, 5.0), (4, 4, 1.0))
    patches = top_patches(summing(), images, layer="head", count=3)
    assert len(patches) == 2
    assert patches.pictures == 4
    assert patches.positions[0].tolist() == [2, 1, 0]
    assert patches.activations[0].tolist() == [5.0, 3.0, 2.0]
    assert patches.places[0].tolist() == [[0, 5], [4, 3], [0, 0]]  # the first of the places that are as strong
    assert patches.boxes[0].tolist() == [[0, 5, 3, 8], [4, 3, 7, 6], [0, 0, 3, 3]]
    assert patches.positions[1].tolist() == [0, 1, 2]  # all are 0: the first are taken
    crops = patches.crops(images, 0)
    assert [tuple(crop.shape) for crop in crops] == [(1, 3, 3)] * 3
    assert [float(crop.sum()) for crop in crops] == [5.0, 3.0, 2.0]
    assert patches.units(0) == [(0, 0, 5), (0, 4, 3), (0, 0, 0)]
    assert repr(patches) == "<TopPatches of 'head': 3 of 4 pictures for each of 2 maps>"
    assert patches.strongest(5) == [0, 1]


def test_maps_at_a_ceiling_come_after_those_that_tell_pictures_apart():
    images = spotted((2, 2, 7.0), (6, 5, 3.0), (0, 7, 8.0))
    network = nn.Sequential(nn.Conv2d(1, 3, 1, bias=False), nn.ReLU6())
    network[0].weight.data = torch.tensor([100.0, 1.0, -1.0]).reshape(3, 1, 1, 1)
    patches = top_patches(network, images, layer="1", count=3)
    assert patches.activations.tolist() == [[6.0, 6.0, 6.0], [6.0, 6.0, 3.0], [0.0, 0.0, 0.0]]
    assert [patches.at_ceiling(number) for number in range(3)] == [True, False, True]
    assert patches.strongest(3) == [1, 0, 2]
    assert not top_patches(network, images, layer="1", count=1).at_ceiling(0)


def test_batches_are_told_apart_from_one_another_by_nothing():
    images = torch.rand(45, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    network = create_model("lenet5", seed=0)
    done = []
    batched = top_patches(network, iter(images.split(7)), layer="s4", progress=done.append)
    assert done == [7, 14, 21, 28, 35, 42, 45]
    whole = top_patches(network, images, layer="s4")
    assert torch.equal(batched.positions, whole.positions)
    assert torch.equal(batched.places, whole.places)

    with torch.no_grad():
        maps = layer_output(network.eval(), images, "s4")
    peaks, indices = maps.flatten(2).max(dim=2)
    for number in range(maps.shape[1]):
        order = sorted(range(45), key=lambda picture: -float(peaks[picture, number]))[:9]
        assert whole.positions[number].tolist() == order
        torch.testing.assert_close(whole.activations[number], peaks[order, number])
        for picture, (row, column) in zip(order, whole.places[number].tolist(), strict=True):
            assert row * maps.shape[3] + column == indices[picture, number]


def test_fewer_pictures_than_asked_for():
    patches = top_patches(summing(), spotted((1, 1, 1.0), (2, 2, 2.0)), layer="head")
    assert patches.positions.shape == (2, 2)


@pytest.mark.parametrize("layer", ["f6", "head"])
def test_a_layer_of_numbers_sees_the_whole_picture(layer):
    images = torch.rand(5, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    network = create_model("lenet5", seed=0)
    patches = top_patches(network, images, layer=layer, count=2)
    assert patches.places is None
    assert patches.boxes[0].tolist() == [[0, 0, 32, 32]] * 2
    assert patches.units(3) == [3, 3]
    with torch.no_grad():
        numbers = layer_output(network.eval(), images, layer)
    assert patches.positions[3, 0] == numbers[:, 3].argmax()
    assert [tuple(projection.shape) for projection in patches.project(network, images, 3)] == [(1, 32, 32)] * 2


def test_projections_are_those_of_the_whole_picture_cropped():
    images = torch.rand(6, 3, 48, 40, generator=torch.Generator().manual_seed(0))
    network = create_model("resnet20", seed=0)
    patches = top_patches(network, images, layer="layer2.0", count=4)
    asked = []

    def images_of(positions):
        asked.append(positions)
        return images[positions]

    projections = patches.project(network, images_of, 5)
    assert asked == [patches.positions[5].tolist()]
    for rank, (projection, crop) in enumerate(zip(projections, patches.crops(images, 5), strict=True)):
        assert projection.shape == crop.shape
        position, (row, column) = int(patches.positions[5, rank]), patches.places[5, rank].tolist()
        whole = deconvnet(network, images[[position]], layer="layer2.0", unit=(5, row, column))[0]
        top, left, bottom, right = patches.boxes[5, rank].tolist()
        torch.testing.assert_close(projection, whole[:, top:bottom, left:right])
        # What the unit does not see has no part in it.
        assert float(whole.abs().sum()) == pytest.approx(float(projection.abs().sum()))


def test_projections_of_all_maps_come_one_after_another():
    images = spotted((2, 2, 2.0), (6, 5, 3.0))
    network, done = summing(), []
    patches = top_patches(network, images, layer="head")
    answers = dict(patches.projections(network, images, progress=done.append))
    assert list(answers) == [0, 1]
    assert done == [1, 2]
    assert answers[0][0].tolist() == [[[1.0] * 3] * 3]


def test_the_network_is_left_as_it_was_also_when_it_raises():
    network = create_model("lenet5", seed=0).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}

    def broken():
        yield torch.rand(2, 1, 32, 32)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        top_patches(network, broken(), layer="c3")
    assert all(module.training and not module._forward_hooks for module in network.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_what_makes_no_sense():
    network = create_model("lenet5", seed=0)
    images = torch.zeros(2, 1, 32, 32)
    with pytest.raises(UnknownNameError, match=r"unknown layer 'c33'; did you mean 'c3'\? "):
        top_patches(network, images, layer="c33")
    with pytest.raises(UsageError, match="count must be a whole number of at least 1, got 0"):
        top_patches(network, images, layer="c3", count=0)
    with pytest.raises(UsageError, match="there are no pictures to look at; give at least one batch"):
        top_patches(network, [], layer="c3")
    with pytest.raises(UsageError, match=r"one size, got \(1, 9, 9\) after \(1, 8, 8\); resize or crop them"):
        top_patches(summing(), [torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 9, 9)], layer="head")
    patches = top_patches(network, images, layer="c3")
    with pytest.raises(UsageError, match="the layer 'c3' has 16 maps, 0 to 15; got 16"):
        patches.crops(images, 16)


@pytest.mark.parametrize("rule", [guided_backpropagation, gradient])
def test_projections_by_another_rule(rule):
    network = create_model("resnet20", seed=0)
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    patches = top_patches(network, images, layer="layer1", count=2)
    projected = patches.project(network, images, 5, method=rule.__name__)
    places = patches.positions[5].tolist()
    whole = rule(network, images[places], layer="layer1", unit=patches.units(5))
    for part, signal, (top, left, bottom, right) in zip(projected, whole, patches.boxes[5].tolist(), strict=True):
        torch.testing.assert_close(part, signal[:, top:bottom, left:right])
        assert part.any()
    with pytest.raises(
        UnknownNameError, match="unknown method 'guided'; known: deconvnet, guided_backpropagation, gradient"
    ):
        patches.project(network, images, 5, method="guided")
