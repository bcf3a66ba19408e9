"""What is seen inside a network that takes blue, green, red is shown in the colours of the picture."""

import dataclasses

import numpy as np
import pytest
import torch

from striate.api.visualize import visualize
from striate.models import create_model
from striate.pixels import Preprocessing
from striate.seeing.seen_network import SeenNetwork

RULE = Preprocessing(colour="rgb", resize="exact", resize_size=(32, 32), mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4))


@pytest.fixture(scope="module")
def both():
    """One network twice: as it is, and with its first filters and its inputs in the opposite order of channels."""
    network = create_model("resnet20", num_classes=2, seed=0).eval()
    other = create_model("resnet20", num_classes=2, seed=0).eval()
    with torch.no_grad():
        other.conv1.weight.copy_(network.conv1.weight.flip(1))
    turned = dataclasses.replace(RULE, mean=RULE.mean[::-1], std=RULE.std[::-1], channel_order="bgr")
    return (
        SeenNetwork(network, "one", RULE, ("a", "b")),
        SeenNetwork(other, "one", turned, ("a", "b")),
    )


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("filters", {}),
        ("deconvnet", {"layer": "layer1", "unit": 3}),
    ],
)
def test_the_same_pictures_come_of_both(both, method, options):
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    one, other = (
        visualize(seen, None if method == "filters" else picture, method=method, **options).pixels for seen in both
    )
    assert one.shape == other.shape and one.std() > 10
    assert np.abs(one.astype(int) - other.astype(int)).mean() < 0.05
