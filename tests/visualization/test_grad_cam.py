"""Grad-CAM beside the paper's formula by hand, and on heads of other kinds."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.visualization import grad_cam, last_maps_layer, layer_output


def by_the_formula(network, images, target, layer):
    """Eq. 1 and 2: the mean of the gradient over a map's places weighs it."""
    images = images.clone().requires_grad_()
    maps = layer_output(network, images, layer)
    # The rest of the network is met by way of a hook, because maps cannot be put back in the middle.
    kept = []
    handle = network.get_submodule(layer).register_forward_hook(lambda module, inputs, output: kept.append(output))
    logits = network(images)
    handle.remove()
    (gradient,) = torch.autograd.grad(logits[:, target].sum(), kept[0])
    summed = (gradient.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1, keepdim=True).relu()
    return functional.interpolate(summed, images.shape[2:], mode="bilinear")[:, 0].detach()


def two_maps():
    """Two maps, the pixels and twice the pixels; the logit is the mean of the second less that of the first."""
    network = nn.Sequential(
        nn.Conv2d(1, 2, 1, bias=False), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2, bias=False)
    )
    network[0].weight.data = torch.tensor([1.0, 2.0]).view(2, 1, 1, 1)
    network[3].weight.data = torch.tensor([[-1.0, 1.0], [1.0, -1.0]])
    return network


def test_maps_weighed_by_hand():
    images = torch.tensor([[[[4.0, 0.0], [-8.0, 12.0]]]])
    # Each map's gradient is ±1/4 at each of its four places: (2x - x) / 4.
    assert grad_cam(two_maps(), images, target=0, layer="0").tolist() == [[[1.0, 0.0], [0.0, 3.0]]]
    assert grad_cam(two_maps(), images, target=1).tolist() == [[[0.0, 0.0], [2.0, 0.0]]]
    assert grad_cam(two_maps(), images.repeat(2, 1, 1, 1), target=[0, 1])[1].tolist() == [[0.0, 0.0], [2.0, 0.0]]


@pytest.mark.parametrize("row", ["lenet5", "nin_cifar10", "resnet20", "mobilenet_v2_x0_35"])
def test_the_formula_on_a_catalogue_row(row):
    network = create_model(row, num_classes=10, seed=0).eval()
    images = torch.rand(2, network.in_channels, 32, 32, generator=torch.Generator().manual_seed(0))
    layer = network.stages[1]
    for name in (layer, last_maps_layer(network, images)):
        torch.testing.assert_close(
            grad_cam(network, images, target=4, layer=name), by_the_formula(network, images, 4, name)
        )


class InPlace(nn.Module):
    """A layer whose answer is changed in place by what comes after it."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(1, 1, 1, bias=False)
        nn.init.constant_(self.convolution.weight, 1.0)

    def forward(self, images: Tensor) -> Tensor:
        return functional.relu(self.convolution(images), inplace=True).mean(dim=(2, 3))


def test_a_layer_that_is_changed_in_place_after():
    # The gradient is 1/2 at the left place and 0 at the right: the weight is their mean, 1/4.
    heat = grad_cam(InPlace(), torch.tensor([[[[4.0, -8.0]]]]), layer="convolution")
    assert heat.tolist() == [[[1.0, 0.0]]]


def test_a_layer_without_places():
    network = create_model("lenet5", seed=0)
    with pytest.raises(UsageError) as caught:
        grad_cam(network, torch.zeros(1, 1, 32, 32), layer="c5")
    assert str(caught.value) == (
        "the layer 'c5' answers 120 maps of 1 x 1, which have no places in the picture to point at; "
        "the deepest layer that has is 's4'"
    )
    with pytest.raises(UsageError, match="the layer 'head' answers 10 numbers, which have no places"):
        grad_cam(network, torch.zeros(1, 1, 32, 32), layer="head")
    with pytest.raises(UnknownNameError, match="unknown layer 's44'; did you mean 's4'"):
        grad_cam(network, torch.zeros(1, 1, 32, 32), layer="s44")
    assert network.training


class Aside(nn.Module):
    """It runs a layer that has no part in its answer."""

    def __init__(self) -> None:
        super().__init__()
        self.aside = nn.Conv2d(1, 1, 1)

    def forward(self, images: Tensor) -> Tensor:
        self.aside(images)
        return images.flatten(1)


def test_a_layer_without_a_part_in_the_answer():
    network = Aside()
    with pytest.raises(UsageError) as caught:
        grad_cam(network, torch.zeros(1, 1, 4, 4), layer="aside")
    assert str(caught.value) == "the answer of Aside does not depend on its layer 'aside'"
    assert not network.aside._forward_hooks
    assert network.aside.weight.requires_grad
