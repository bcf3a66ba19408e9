"""The linear classifier of LeCun et al. 1998, section III.C.1."""

import pytest
import torch

from striate.deciding.transfer_choice import is_head_alone
from striate.models import create_model


def test_a_weighted_sum_of_the_pixels_for_each_class():
    network = create_model("linear", seed=0).eval()
    images = torch.randn(3, 1, 28, 28)
    wanted = torch.einsum("nchw,kchw->nk", images, network.output.weight.view(10, 1, 28, 28)) + network.output.bias
    assert torch.allclose(network(images), wanted, atol=1e-5)
    assert torch.equal(network.features(images), images.flatten(1))


def test_parameters_and_multiply_adds(multiply_adds):
    assert sum(parameter.numel() for parameter in create_model("linear").parameters()) == 7850  # as the paper says
    assert multiply_adds("linear") == [7840]


def test_other_channels_and_classes():
    network = create_model("linear", in_channels=3, num_classes=2)
    assert network(torch.zeros(1, 3, 28, 28)).shape == (1, 2) and network.feature_width == 2352


@pytest.mark.parametrize(("name", "alone"), [("linear", True), ("lenet5_dense", False), ("lenet5", False)])
def test_which_networks_are_a_head_alone(name, alone):
    assert is_head_alone(create_model(name)) is alone
