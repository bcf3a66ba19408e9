"""Saliency beside gradients that are known by hand, and beside autograd."""

import pytest
import torch
from torch import nn

from striate.errors import UsageError
from striate.models import create_model
from striate.visualization import saliency


def two_channels():
    network = nn.Sequential(nn.Conv2d(2, 1, 1, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2, bias=False))
    network[0].weight.data = torch.tensor([[[[1.0]], [[-2.0]]]])
    network[3].weight.data = torch.tensor([[1.0, 2.0, 3.0, 4.0], [-1.0, 0.0, 0.0, 5.0]])
    return network


def test_the_largest_of_the_channels_without_its_sign():
    # The convolution answers 1, 1, -1, 1; the ReLU lets three pass. The second channel weighs twice the first.
    images = torch.tensor([[[[1.0, 3.0], [1.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]])
    assert saliency(two_channels(), images, target=0).tolist() == [[[2.0, 4.0], [0.0, 8.0]]]
    assert saliency(two_channels(), images, target=1).tolist() == [[[2.0, 0.0], [0.0, 10.0]]]


def test_each_picture_has_its_own_target():
    images = torch.tensor([[[[1.0, 3.0], [1.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]]).repeat(2, 1, 1, 1)
    assert saliency(two_channels(), images, target=[1, 0])[:, 1, 1].tolist() == [10.0, 8.0]
    assert saliency(two_channels(), images)[:, 1, 1].tolist() == [8.0, 8.0]  # the answers are 0: 7 of 4


def test_more_pictures_than_a_batch():
    network = create_model("lenet5", seed=0).eval()
    images = torch.rand(19, 1, 32, 32, generator=torch.Generator().manual_seed(0)).requires_grad_()
    logits = network(images)
    (gradient,) = torch.autograd.grad(logits.amax(dim=1).sum(), images)
    heat = saliency(network, images.detach())
    assert heat.shape == (19, 32, 32)
    torch.testing.assert_close(heat, gradient.abs().amax(dim=1))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (2, "a target is a class of the network, 0 to 1; got 2"),
        (-1, "a target is a class of the network, 0 to 1; got -1"),
        (True, "a target is a class of the network, 0 to 1; got True"),
        ("1", "a target is a class of the network, 0 to 1; got '1'"),
        ([0, 1], "a list of targets must have one for each of the 1 pictures, got 2"),
    ],
)
def test_a_target_that_is_none(target, message):
    with pytest.raises(UsageError) as caught:
        saliency(two_channels(), torch.zeros(1, 2, 2, 2), target=target)
    assert str(caught.value) == message


def test_a_network_that_answers_maps():
    with pytest.raises(UsageError) as caught:
        saliency(nn.Conv2d(1, 3, 1), torch.zeros(1, 1, 4, 4))
    assert str(caught.value) == (
        "Conv2d answers (1, 3, 4, 4), not a number for each class (N, classes); explain a network that ends in logits"
    )


def test_the_answer_has_the_pictures_precision():
    assert saliency(two_channels().half(), torch.ones(1, 2, 2, 2)).dtype == torch.float32
