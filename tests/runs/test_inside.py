import numpy as np
import pytest
import torch
from torch import nn

from striate.models import create_model
from striate.pixels import Preprocessing
from striate.report import Mistake
from striate.runs import inside as report_seeing
from striate.runs.inside import first_filters, see_inside

CLASSES = ("ant", "bee", "cat")


def mistakes(count, *, side=32, channels=3):
    generator = np.random.default_rng(0)
    return [
        Mistake(generator.integers(0, 256, (side, side, channels), np.uint8), f"{number}.png", "ant", "bee", 0.9)
        for number in range(count)
    ]


def preprocessing(side=32, channels=3):
    colour = "grey" if channels == 1 else "rgb"
    return Preprocessing(
        colour=colour, resize="exact", resize_size=(side, side), mean=(0.5,) * channels, std=(0.25,) * channels
    )


def test_filters_on_their_own_scale():
    network = nn.Sequential(nn.Identity(), nn.Conv2d(1, 3, (1, 2)), nn.Conv2d(3, 3, 1))
    with torch.no_grad():
        network[1].weight[:, 0, 0] = torch.tensor([[-2.0, 1.0], [0.0, 0.01], [0.0, 0.0]])
    name, filters, notes = first_filters(network)
    assert name == "1"
    assert [one.squeeze(2).tolist() for one in filters] == [[[0, 191]], [[128, 255]], [[128, 128]]]
    assert notes == ["1 of the first layer's 3 filters have died: all of their weights are 0."]


def test_filters_that_are_no_pictures():
    assert first_filters(nn.Conv2d(4, 2, 3)) == (
        "",
        [],
        [
            "The first layer's filters are not shown: they have 4 channels, and only filters of 1 or of 3 channels are pictures."
        ],
    )
    assert first_filters(nn.Linear(2, 2)) == (
        "",
        [],
        ["The first layer's filters are not shown: this network has no convolution."],
    )


def test_six_mistakes_are_looked_into():
    network = create_model("resnet20", num_classes=3, seed=0).eval()
    seeing = see_inside(network, preprocessing(), CLASSES, mistakes(9))
    assert (seeing.filters_of, len(seeing.filters), seeing.filters[0].shape) == ("conv1", 16, (3, 3, 3))
    assert seeing.heat_of == "layer3"
    assert [one.mistake.key for one in seeing.spoken] == [f"{number}.png" for number in range(6)]
    assert all(one.for_predicted.shape == one.for_true.shape == (32, 32, 3) for one in seeing.spoken)
    assert any((one.for_predicted != one.for_true).any() for one in seeing.spoken)
    assert seeing.notes == []


def test_grey_pictures():
    network = create_model("lenet5", num_classes=3, seed=0).eval()
    seeing = see_inside(network, preprocessing(channels=1), CLASSES, mistakes(1, channels=1))
    assert seeing.heat_of == "s4" and seeing.filters[0].shape == (5, 5, 1)
    assert seeing.spoken[0].for_true.shape == (32, 32, 3)


def test_without_mistakes_only_the_filters():
    seeing = see_inside(create_model("resnet20", num_classes=3, seed=0).eval(), preprocessing(), CLASSES, [])
    assert len(seeing.filters) == 16 and not seeing.spoken and not seeing.notes


def test_a_network_without_places():
    network = nn.Sequential(nn.Conv2d(3, 3, 2), nn.Flatten())
    seeing = see_inside(network, preprocessing(2), CLASSES, mistakes(2, side=2))
    assert not seeing.spoken
    assert seeing.notes == [
        "Grad-CAM is left out: no layer of Sequential has maps larger than 1 x 1 on pictures of 2 x 2 pixels, "
        "so that none tells where it looks; give larger pictures."
    ]


@pytest.mark.parametrize(("seconds", "said"), [(0.0, "no mistake"), (2.5, "only 1 mistake")])
def test_it_does_not_keep_a_run_waiting(monkeypatch, seconds, said):
    clock = iter(range(0, 1000, 2))  # every look at the clock takes two seconds
    monkeypatch.setattr(report_seeing, "SECONDS", seconds * 2)
    monkeypatch.setattr(report_seeing.time, "monotonic", lambda: float(next(clock)))
    seeing = see_inside(create_model("resnet20", num_classes=3, seed=0).eval(), preprocessing(), CLASSES, mistakes(3))
    assert seeing.notes == [
        f"For the sake of time, Grad-CAM looks into {said}; `striate visualize` looks into any picture."
    ]
