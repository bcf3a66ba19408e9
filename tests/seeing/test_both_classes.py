"""One logit made two: the softmax of both is its sigmoid, whatever the last layer is."""

import pytest
import torch

from striate.models import create_model
from striate.seeing.both_classes import answer_for_both


@pytest.mark.parametrize(
    "name",
    [
        "lenet5_relu",
        "linear",
        "resnet20",
        "resnet9",
        "rcnn_96",
        "airbench94",
        "mobilenet_v2",
    ],
)
def test_the_softmax_is_the_sigmoid_of_the_one_logit(name):
    network = create_model(name, num_classes=1, seed=0).eval()
    images = torch.rand(2, network.in_channels, *network.input_size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        one = network(images)
        answer_for_both(network)
        two = network(images)
    assert torch.allclose(two.softmax(dim=1)[:, 1:], one.sigmoid(), atol=1e-6)
    assert torch.allclose(two, torch.cat([-one / 2, one / 2], dim=1), atol=1e-5)
