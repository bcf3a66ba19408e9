"""Maps of each kept epoch are those of a network with that epoch's weights."""

from __future__ import annotations

import copy

import pytest
import torch
from safetensors.torch import save_file

from striate.errors import TrainingError, UnknownNameError, UsageError
from striate.models import create_model
from striate.visualization import feature_maps, maps_through_training


def kept(network, folder, epoch: int) -> None:
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, folder / f"epoch-{epoch:05d}.safetensors")


def test_each_epoch_is_the_network_with_its_weights(tmp_path):
    images = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    networks = {epoch: create_model("lenet5", seed=epoch) for epoch in (10, 0, 3)}
    for epoch, network in networks.items():
        kept(network, tmp_path, epoch)
    model = create_model("lenet5", seed=5).train()
    before = copy.deepcopy(model.state_dict())
    maps = maps_through_training(model, tmp_path, images, layer="c3")
    assert list(maps) == [0, 3, 10]
    for epoch, network in networks.items():
        assert torch.equal(maps[epoch], feature_maps(network, images, layer="c3"))
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_auxiliary_heads_that_were_kept_are_left_aside(tmp_path):
    trained = create_model("googlenet", num_classes=3, seed=0)
    shipped = create_model("googlenet", num_classes=3, auxiliary=False, seed=1)
    assert len(trained.state_dict()) > len(shipped.state_dict())
    kept(trained, tmp_path, 4)
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    maps = maps_through_training(shipped, tmp_path, images, layer="inception3a")
    assert torch.equal(maps[4], feature_maps(trained, images, layer="inception3a"))


def test_what_makes_no_sense(tmp_path):
    network, images = create_model("lenet5", seed=0), torch.zeros(1, 1, 32, 32)
    with pytest.raises(UsageError, match="has no epochs to look back at; train with --set keep_epochs=6"):
        maps_through_training(network, tmp_path, images, layer="c3")
    kept(network, tmp_path, 0)
    with pytest.raises(UnknownNameError, match="unknown layer 'c33'"):
        maps_through_training(network, tmp_path, images, layer="c33")
    kept(create_model("lenet5", num_classes=10, in_channels=3, seed=0), tmp_path, 0)
    with pytest.raises(TrainingError, match="are not those of this LeNet; give the run's own network"):
        maps_through_training(network, tmp_path, images, layer="c3")
