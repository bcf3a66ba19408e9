"""Pictures made for a unit excite it far more than others do, stay real, and are each what it would be alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import striate
from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.visualization import layer_output, maximize
from striate.visualization.random_views import random_view


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
    picture = maximize(network, layer=layer, unit=unit, movement=0)
    others = answered(network, random_pictures(network, 30), layer, unit)
    made = answered(network, picture, layer, unit)
    assert made > others.max() + 2 * others.std()


def test_a_trained_network_takes_the_picture_of_a_class_for_that_class_however_it_is_moved(real_data):
    file = real_data("weights/cifar_resnet20_akamaster.th")
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    network = striate.create_model("resnet20", weights=file).eval()
    pictures = maximize(network, layer="head", unit=[0, 3, 7], mean=mean, std=std, steps=64)
    generator = torch.Generator().manual_seed(1)
    for _ in range(4):
        with torch.no_grad():
            shares = network(random_view(pictures, (32, 32), generator)).softmax(dim=1)
        assert shares.argmax(dim=1).tolist() == [0, 3, 7]
        assert shares.amax(dim=1).min() > 0.99


def test_every_pixel_is_that_of_a_real_picture():
    network = create_model("resnet20", seed=0)
    picture = maximize(network, layer="layer1", unit=0, steps=40)
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


@pytest.mark.parametrize(
    ("name", "layer", "units"), [("lenet5", "c3", [2, (4, 3, 5)]), ("resnet20", "head", [3, 8, 1])]
)
def test_several_units_are_what_each_is_alone(name, layer, units):
    # In double precision: steps magnify what single precision rounds otherwise in a batch of another size.
    network, done = create_model(name, seed=0).double(), []
    both = maximize(network, layer=layer, unit=units, steps=20, progress=done.append)
    assert done == list(range(1, 21))
    for picture, unit in zip(both, units, strict=True):
        alone = maximize(network, layer=layer, unit=unit, steps=20)[0]
        torch.testing.assert_close(picture, alone, atol=1e-5, rtol=0)


def test_all_units_take_one_run_of_the_network_a_step_and_only_as_far_as_their_layer():
    network, sizes, further = create_model("lenet5", seed=0), [], []
    network.c3.register_forward_hook(lambda module, inputs, output: sizes.append(len(output)))
    network.s4.register_forward_hook(lambda module, inputs, output: further.append(len(output)))
    maximize(network, layer="c3", unit=[0, 1, 2], steps=4)
    assert sizes == [3, 3, 3, 3] and not further


def test_a_unit_that_has_converged_is_finished_and_leaves_the_others_as_they_are():
    network = nn.Sequential(nn.Conv2d(1, 2, 3))
    nn.init.ones_(network[0].weight)
    network[0].weight.data[1] = 0  # it answers 0 to all, and cannot gain
    given = {"layer": "0", "size": 8, "mean": [0.0], "std": [1.0]}
    sizes, done = [], []
    network[0].register_forward_hook(lambda module, inputs, output: sizes.append(len(output)))
    both = maximize(network, unit=[0, 1], steps=64, progress=done.append, **given)
    # The unit that has no gradient is asked again what a signal through its rectifiers would say.
    assert sizes == [2, 1] * 48 + [1] * 16 and done[-1] == 64
    alone = maximize(network, unit=0, steps=64, **given)
    torch.testing.assert_close(both[0], alone[0], atol=1e-4, rtol=1e-4)
    done.clear()
    maximize(network, unit=1, steps=64, progress=done.append, **given)
    assert done == [*range(1, 48), 64]


def test_what_the_progress_raises_ends_it_between_two_steps():
    network = create_model("lenet5", seed=0).train()

    def stop(step: int) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        maximize(network, layer="c3", unit=0, progress=stop)
    assert all(module.training and not module._forward_hooks for module in network.modules())
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_a_place_changes_only_what_it_sees():
    network = nn.Sequential(nn.Conv2d(1, 1, 5, bias=False))
    nn.init.ones_(network[0].weight)
    picture = maximize(network, layer="0", unit=(0, 3, 4), size=16, movement=0, mean=[0.0], std=[1.0])
    seen = picture[0, 0, 3:8, 4:9]
    assert seen.min() > 0.9
    assert picture[0, 0, :, 12:].mean() < 0.7


def test_movement_makes_it_count_less_where_the_picture_lies():
    network = nn.Sequential(nn.Conv2d(1, 1, 7, bias=False))
    nn.init.normal_(network[0].weight, generator=torch.Generator().manual_seed(0))

    def kept(movement: float) -> float:
        """What is left of the activation when the picture is moved by a pixel, as a share."""
        picture = maximize(
            network,
            layer="0",
            unit=(0, 8, 8),
            size=24,
            movement=movement,
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
        ({"movement": -1}, "movement must be a number of at least 0, got -1"),
        ({"movement": float("nan")}, "movement must be a number of at least 0, got nan"),
        ({"movement": True}, "movement must be a number of at least 0, got True"),
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
