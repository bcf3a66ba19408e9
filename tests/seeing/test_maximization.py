"""Which unit is maximized, and what comes of it."""

import numpy as np
import pytest
from torch import nn

import striate
from striate.errors import UnknownNameError, UsageError
from striate.seeing.maximization import _size_and_steps, favourite_pictures
from striate.seeing.seen_network import seen_network
from striate.watching import Watcher


def test_a_class_or_a_map_is_maximized():
    shown = striate.visualize("lenet5_relu", method="maximize", target="class 3", seed=1)
    assert shown.panels[0].rows[0][0].picture.shape == (32, 32, 1) and shown.panels[0].rows[0][0].lines == ("class 3",)
    other = striate.visualize("lenet5_relu", method="maximize", layer="c3", unit=5, seed=1)
    assert other.panels[0].facts["units"] == [{"layer": "c3", "unit": 5, "name": "map 5 of c3"}]
    with pytest.raises(UsageError, match="maximize needs a unit: give --unit N with --layer, or --target CLASS"):
        striate.visualize("lenet5_relu", method="maximize", layer="c3")
    with pytest.raises(UsageError, match="the layer 'c3' has 16 maps, 0 to 15; got 16"):
        striate.visualize("lenet5_relu", method="maximize", layer="c3", unit=16)


class Steps(Watcher):
    """Keeps what it hears, and ends the work when it has heard of so many steps."""

    def __init__(self, most: int | None = None) -> None:
        self.heard: list[tuple[str, int, int]] = []
        self.most = most

    def task(self, name: str, done: int, total: int) -> None:
        self.heard.append((name, done, total))
        if done == self.most:
            raise KeyboardInterrupt


def test_favourite_pictures_of_several_units_are_bytes_and_the_same_from_the_same_seed():
    seen, steps = seen_network("resnet20"), Steps()
    pictures = favourite_pictures(seen, "layer1", [3, (4, 2, 5)], seed=2, watcher=steps)
    assert pictures.shape == (2, 32, 32, 3) and pictures.dtype == np.uint8
    assert pictures.std() > 10 and not np.array_equal(pictures[0], pictures[1])
    assert {name for name, _, _ in steps.heard} == {"maximizing"} and steps.heard[-1] == ("maximizing", 128, 128)
    assert np.array_equal(favourite_pictures(seen, "layer1", [3, (4, 2, 5)], seed=2), pictures)


def test_favourite_pictures_end_where_the_watcher_says_so_and_refuse_what_is_not_there():
    seen, steps = seen_network("lenet5"), Steps(most=3)
    with pytest.raises(KeyboardInterrupt):
        favourite_pictures(seen, "c3", [0], watcher=steps)
    assert [done for _, done, _ in steps.heard] == [1, 2, 3]
    with pytest.raises(UsageError, match="the layer 'c3' has 16 maps, 0 to 15; got 16"):
        favourite_pictures(seen, "c3", [0, 16])
    with pytest.raises(UsageError, match="name at least one unit to maximize, got an empty list"):
        favourite_pictures(seen, "c3", [])
    with pytest.raises(UnknownNameError, match="unknown layer 'c9'"):
        favourite_pictures(seen, "c9", [0])


def test_dear_networks_take_fewer_steps_or_smaller_pictures():
    mobile, vgg = seen_network("mobilenet_v2"), seen_network("vgg11")
    assert _size_and_steps(mobile, "head") == ((224, 224), 128)
    first, last = (_size_and_steps(vgg, layer) for layer in (vgg.network.stages[0], "head"))
    assert first == ((224, 224), 128)  # early layers are cheap
    assert last == ((128, 128), int(320e9 // round(vgg.inspection().macs * 128**2 / 224**2)))


def test_a_module_of_a_users_own_is_drawn():
    module = nn.Sequential(nn.Conv2d(3, 5, 3), nn.Softplus(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 2))
    shown = striate.visualize(module, method="maximize", layer="1", unit=4, size=20)
    assert shown.panels[0].rows[0][0].picture.shape == (20, 20, 3)


# `tests/visualization/test_every_row.py` maximizes a class of every row.
@pytest.mark.parametrize("name", ["linear", "lenet5", "nin_cifar10", "mobilenet_v1_x0_25"])
def test_first_stages_and_classes_of_networks_of_all_sizes_are_drawn(name, monkeypatch):
    monkeypatch.setattr("striate.seeing.maximization.LEAST_STEPS", 2)
    monkeypatch.setattr(
        "striate.seeing.maximization.MULTIPLY_ADDS", 1.0
    )  # so that two steps of small pictures are taken
    seen = seen_network(name)
    for layer in (seen.network.stages[0], "head"):
        units = [0, 1][
            : seen.layer_facts(layer).shape[0]
        ]  # what the linear classifier begins with is the picture itself
        pictures = favourite_pictures(seen, layer, units)
        assert pictures.shape == (len(units), *(_size_and_steps(seen, layer)[0]), seen.preprocessing.channels)
        assert all(picture.std() > 0 for picture in pictures)
        assert len(units) == 1 or not np.array_equal(pictures[0], pictures[1])
