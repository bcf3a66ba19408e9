"""Pictures made for a unit excite it far more than others do, stay real, and obey their regularisers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.visualization import layer_output, maximize


def answered(network: nn.Module, images: torch.Tensor, layer: str, unit: int) -> torch.Tensor:
    """The mean of a map, or the number, of each picture."""
    with torch.no_grad():
        maps = layer_output(network.eval(), images, layer)
    return maps[:, unit].flatten(1).mean(dim=1) if maps.ndim == 4 else maps[:, unit]


def random_pictures(network, count: int) -> torch.Tensor:
    mean, std = network.config.benchmark.normalization(network.in_channels)
    shape = (count, network.in_channels, *network.input_size)
    pixels = torch.rand(shape, generator=torch.Generator().manual_seed(1))
    return (pixels - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]


ROWS = [
    ("lenet5", "c3", 4),  # one channel, one size
    ("lenet5", "f6", 10),  # numbers
    ("lenet5", "head", 3),  # distances to prototypes
    ("resnet20", "layer2", 5),
    ("resnet20", "head", 7),
]


@pytest.mark.parametrize(("name", "layer", "unit"), ROWS)
def test_it_excites_the_unit_more_than_any_of_30_random_pictures(name, layer, unit):
    network = create_model(name, seed=0)
    layer = layer if layer in dict(network.named_modules()) or layer == "head" else network.stages[1]
    picture = maximize(network, layer=layer, unit=unit, jitter=0, blur=0, total_variation=0)
    others = answered(network, random_pictures(network, 30), layer, unit)
    made = answered(network, picture, layer, unit)
    assert made > others.max() + 2 * others.std()


def test_every_pixel_is_that_of_a_real_picture():
    network = create_model("resnet20", seed=0)
    picture = maximize(network, layer="layer1", unit=0, steps=40, blur=0, total_variation=0)
    assert picture.shape == (1, 3, 32, 32)
    assert picture.dtype == torch.float32
    mean, std = (torch.tensor(values)[:, None, None] for values in network.config.benchmark.normalization(3))
    pixels = picture[0] * std + mean
    assert 0 <= pixels.min() < 0.2
    assert 0.8 < pixels.max() <= 1


def test_the_same_seed_gives_the_same_picture_and_the_global_generator_is_left_alone():
    network = create_model("lenet5", seed=0)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = maximize(network, layer="c3", unit=2, steps=5, seed=1)
    assert torch.equal(torch.rand(3), expected)
    assert torch.equal(maximize(network, layer="c3", unit=2, steps=5, seed=1), first)
    assert not torch.allclose(maximize(network, layer="c3", unit=2, steps=5, seed=2), first, atol=1e-3)


def test_several_units_are_what_each_is_alone():
    network, done = create_model("lenet5", seed=0), []
    both = maximize(network, layer="c3", unit=[2, (4, 3, 5)], steps=5, progress=done.append)
    assert done == [1, 2, 3, 4, 5]
    for picture, unit in zip(both, [2, (4, 3, 5)], strict=True):
        alone = maximize(network, layer="c3", unit=unit, steps=5)[0]
        torch.testing.assert_close(picture, alone, atol=1e-3, rtol=1e-3)


def test_a_place_changes_only_what_it_sees():
    network = nn.Sequential(nn.Conv2d(1, 1, 5, bias=False))
    nn.init.ones_(network[0].weight)
    picture = maximize(
        network, layer="0", unit=(0, 3, 4), size=16, jitter=0, blur=0, total_variation=0, mean=[0.0], std=[1.0]
    )
    seen = picture[0, 0, 3:8, 4:9]
    assert seen.min() > 0.9
    assert picture[0, 0, :, 12:].mean() < 0.7


def roughness(pictures: torch.Tensor) -> float:
    return float(pictures.diff(dim=2).abs().mean() + pictures.diff(dim=3).abs().mean())


def detail(pictures: torch.Tensor) -> float:
    """The share of power in waves shorter than four pixels."""
    power = torch.fft.fft2(pictures - pictures.mean()).abs().square()
    frequency = torch.fft.fftfreq(pictures.shape[-1])
    fine = (frequency[:, None] ** 2 + frequency[None, :] ** 2).sqrt() > 0.25
    return float(power[..., fine].sum() / power.sum())


def test_total_variation_makes_smoother():
    network = create_model("resnet20", seed=0)
    rough, smooth = (
        maximize(network, layer="layer1", unit=[0, 3], steps=24, blur=0, total_variation=weight)
        for weight in (0.0, 2.0)
    )
    assert roughness(smooth) < 0.7 * roughness(rough)


def test_blur_leaves_out_detail():
    network = create_model("resnet20", seed=0)
    sharp, blurred = (
        maximize(network, layer="layer1", unit=[0, 3], steps=24, blur=sigma, total_variation=0) for sigma in (0.0, 4.0)
    )
    assert detail(blurred) < 0.1 * detail(sharp)


def test_jitter_makes_it_count_less_where_the_picture_lies():
    network = nn.Sequential(nn.Conv2d(1, 1, 7, bias=False))
    nn.init.normal_(network[0].weight, generator=torch.Generator().manual_seed(0))

    def kept(jitter: int) -> float:
        """What is left of the activation when the picture is moved by a pixel, as a share."""
        picture = maximize(
            network,
            layer="0",
            unit=(0, 8, 8),
            size=24,
            blur=0,
            total_variation=0,
            jitter=jitter,
            mean=[0.5],
            std=[0.5],
        )
        moved = torch.cat([torch.roll(picture, (rows, columns), (2, 3)) for rows in (-1, 1) for columns in (-1, 1)])
        with torch.no_grad():
            here, there = (network(images)[:, 0, 8, 8] for images in (picture, moved))
        return float(there.mean() / here)

    assert kept(0) < 0.2
    assert kept(2) > 0.4


def test_a_silent_unit_is_woken():
    network = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU())
    nn.init.ones_(network[0].weight)
    nn.init.constant_(network[0].bias, -6.0)  # grey gives 4.5
    picture = maximize(network, layer="1", unit=0, size=8, steps=32, mean=[0.0], std=[1.0])
    assert answered(network, picture, "1", 0) > 0.3
    with torch.no_grad():
        assert not network(torch.full((1, 1, 8, 8), 0.5)).any()


def test_the_network_is_left_as_it_was_also_when_it_raises():
    network = create_model("resnet20", seed=0).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    maximize(network, layer="layer1", unit=0, steps=2)
    with pytest.raises(UsageError, match="has 16 maps, 0 to 15; got 16"):
        maximize(network, layer="layer1", unit=16, steps=2)
    assert all(module.training and not module._forward_hooks for module in network.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_what_makes_no_sense():
    network = create_model("lenet5", seed=0)
    with pytest.raises(UnknownNameError, match="unknown layer 'conv9'"):
        maximize(network, layer="conv9", unit=0)
    for arguments, message in [
        ({"steps": 0}, "steps must be a whole number of at least 1, got 0"),
        ({"jitter": -1}, "jitter must be a whole number of at least 0, got -1"),
        ({"blur": -0.5}, "blur must be a number of at least 0, got -0.5"),
        ({"total_variation": float("nan")}, "total_variation must be a number of at least 0, got nan"),
        ({"size": 40}, r"LeNet takes a float tensor of shape \(N, 1, 32, 32\), got pictures of 40 x 40 pixels"),
        ({"size": (32, 0)}, "size must be a whole number of at least 2, got 0"),
        ({"mean": [0.0], "std": [0.0]}, "std above 0"),
        ({"unit": []}, "name at least one unit"),
    ]:
        with pytest.raises(UsageError, match=message):
            maximize(network, layer="c3", **{"unit": 0, **arguments})
    with pytest.raises(UsageError, match="what Conv2d takes as normalised is not known; give mean and std"):
        maximize(nn.Conv2d(1, 1, 3), layer="head", unit=0, size=9)
    with pytest.raises(UsageError, match="the size of the pictures that Conv2d takes is not known; give size"):
        maximize(nn.Conv2d(1, 1, 3), layer="head", unit=0, mean=[0.5], std=[0.5])
