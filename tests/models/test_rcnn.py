import dataclasses
import math

import pytest
import torch
from torch import nn

import striate
from striate.models import create_model
from striate.models.rcnn import RCNN, VARIANTS


@pytest.mark.parametrize(
    ("name", "parameters"), [("rcnn_96", 672_202), ("rcnn_128", 1_191_178), ("rcnn_160", 1_857_610)]
)
def test_parameters(name, parameters):
    maps = VARIANTS[name].maps
    by_layer = [75 * maps + maps, *[18 * maps * maps + maps] * 4, 10 * maps + 10]
    assert sum(by_layer) == parameters
    network = create_model(name)
    assert sum(weight.numel() for weight in network.parameters()) == parameters
    assert [
        sum(weight.numel() for weight in child.parameters()) for child in network.children() if [*child.parameters()]
    ] == by_layer


def test_layers_on_the_longest_path():
    convolutions = [layer for layer in striate.inspect("rcnn_96").layers if layer.kind in ("Conv2d", "Linear")]
    assert len(convolutions) == 4 * (3 + 1) + 2


@pytest.mark.parametrize(("iterations", "field"), [(0, 35), (1, 59), (2, 83), (3, 107), (5, 155)])
def test_the_field_grows_with_the_iterations_and_the_weights_do_not(iterations, field):
    row = dataclasses.replace(VARIANTS["rcnn_96"], iterations=iterations)
    inspection = striate.inspect(RCNN(row, num_classes=10, in_channels=3))
    assert inspection.receptive_field == field == 35 + 24 * iterations
    if iterations:
        assert inspection.parameters == 672_202
    assert inspection.macs == 7_372_800 + (1 + iterations) * 2 * (21_233_664 + 5_308_416) + 960


def test_inspect_shows_the_field_at_every_iteration():
    layers = [layer for layer in striate.inspect("rcnn_96").layers if layer.name == "layer2.recurrent"]
    assert [layer.receptive_field.size for layer in layers] == [(15, 15), (19, 19), (23, 23)]
    assert [layer.parameters for layer in layers] == [9 * 96 * 96, 0, 0]


def test_what_it_computes():
    network = create_model("rcnn_96", seed=0).eval()
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    maps = nn.functional.max_pool2d(network.layer1(images).relu(), 3, 2, ceil_mode=True)
    maps = nn.functional.max_pool2d(network.layer3(network.layer2(maps)), 3, 2, ceil_mode=True)
    maps = network.layer5(network.layer4(maps))
    assert maps.shape == (2, 96, 8, 8)
    torch.testing.assert_close(network(images), network.output(maps.amax(dim=(2, 3))))
    torch.testing.assert_close(network.features(images), maps.amax(dim=(2, 3)))


def test_dropout_between_the_layers():
    found = {
        path: module.p for path, module in create_model("rcnn_160").named_modules() if isinstance(module, nn.Dropout)
    }
    assert found == {f"dropout{place}": 0.5 for place in (1, 2, 3, 4)}


def test_normalisation_over_an_eighth_of_the_maps_and_one():
    for name, size in (("rcnn_96", 13), ("rcnn_128", 17), ("rcnn_160", 21)):
        norm = create_model(name).layer4.norms[2]
        assert (norm.size, norm.alpha, norm.beta, norm.k, norm.alpha_divided_by_size) == (size, 0.001, 0.75, 1.0, True)


def test_initialisation():
    network = create_model("rcnn_96", seed=0)
    for layer in (network.layer1, network.layer2.feed_forward, network.layer5.recurrent):
        assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / layer.weight[0].numel()), rel=0.05)
    assert not network.layer3.feed_forward.bias.any() and not network.output.bias.any()


def test_learns_a_few_pictures():
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(4, 3, 12, 12, generator=generator)
    labels = torch.arange(4)
    network = create_model("rcnn_96", num_classes=4, seed=0).eval()  # without dropout
    optimizer = torch.optim.Adam(network.parameters(), lr=0.0003)
    for _ in range(12):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
    assert network(images).argmax(dim=1).tolist() == labels.tolist()
