"""Levels hold what the single methods answer, from one pass over the pictures."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from striate.errors import UsageError
from striate.models import create_model
from striate.visualization import filters, hierarchy, top_patches, top_patches_of_layers


def pictures(count: int, channels: int = 3, side: int = 32) -> torch.Tensor:
    return torch.rand(count, channels, side, side, generator=torch.Generator().manual_seed(0))


def test_levels_are_what_the_single_methods_answer():
    network, images, told = create_model("resnet20", seed=0), pictures(10), []
    levels = hierarchy(network, images, maps=2, count=4, progress=lambda *what: told.append(what))
    assert [level.layer for level in levels] == [network.stages[0], network.stages[1], network.stages[-1]]
    assert told == [
        ("looking at pictures", 10, None),
        ("projecting", 1, 3),
        ("projecting", 2, 3),
        ("projecting", 3, 3),
    ]
    for level in levels:
        alone = top_patches(network, images, layer=level.layer, count=4)
        assert torch.equal(level.patches.positions, alone.positions)
        torch.testing.assert_close(level.patches.activations, alone.activations)
        assert torch.equal(level.patches.boxes, alone.boxes)
        assert torch.equal(level.filters, filters(network, level.layer))
        assert [shown.map for shown in level.maps] == alone.strongest(2)
        for shown in level.maps:
            assert shown.activations == tuple(level.patches.activations[shown.map].tolist())
            for crop, expected in zip(shown.crops, alone.crops(images, shown.map), strict=True):
                assert torch.equal(crop, expected)
            for projection, expected in zip(shown.projections, alone.project(network, images, shown.map), strict=True):
                torch.testing.assert_close(projection, expected)


def test_batches_that_can_be_read_once_need_a_way_back():
    network, images = create_model("lenet5", seed=0), pictures(5, channels=1)
    levels = hierarchy(network, iter(images.split(2)), images.__getitem__, layers=["s2", "f6"], maps=1, count=2)
    assert levels[0].filters is None
    assert levels[1].patches.places is None
    with pytest.raises(UsageError, match="batches can be read only once; give images_of too"):
        hierarchy(network, iter(images.split(2)))


def test_several_layers_in_one_pass_are_each_alone_also_where_an_operation_changes_them_in_place():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(4 * 30 * 30, 2)).eval()
    images = pictures(6)
    found = top_patches_of_layers(network, images, layers=["0", "1", "head"], count=3)
    for layer, patches in found.items():
        alone = top_patches(network, images, layer=layer, count=3)
        assert torch.equal(patches.positions, alone.positions)
        torch.testing.assert_close(patches.activations, alone.activations)
    assert found["0"].activations.min() != found["1"].activations.min() or found["0"].activations.min() >= 0


def test_what_makes_no_sense():
    network = create_model("lenet5", seed=0)
    with pytest.raises(UsageError, match="maps must be a whole number of at least 1, got 0"):
        hierarchy(network, pictures(2, channels=1), maps=0)
    unused = nn.ModuleDict({"used": nn.Conv2d(1, 1, 1), "idle": nn.Conv2d(1, 1, 1)})

    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = unused

        def forward(self, images):
            return self.parts["used"](images)

    with pytest.raises(UsageError, match=r"the layer 'parts.idle' is not run when Half answers"):
        top_patches_of_layers(Half(), pictures(2, channels=1), layers=["parts.used", "parts.idle"])
