import pytest
import torch
from torch import nn

from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.visualization import grad_cam, last_maps_layer
from striate.visualization.class_heat import class_heat


def test_by_hand():
    """Two maps of 1 x 2 places; class 0 is the sum of the first, class 1 that of the second less twice that of the first."""
    network = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.Flatten(), nn.Linear(4, 2, bias=False))
    with torch.no_grad():
        network[0].weight[:, 0, 0, 0] = torch.tensor([1.0, 10.0])
        network[2].weight[:] = torch.tensor([[1.0, 1, 0, 0], [-2, -2, 1, 1]])
    heat = class_heat(network, torch.tensor([[[[3.0, 5.0]]]]), [0, 1], layer="0")
    assert heat.tolist() == [[[3.0, 5.0]], [[24.0, 40.0]]]  # 1 * 3; -2 * 3 + 1 * 30


@pytest.mark.parametrize(("name", "side"), [("lenet5", 32), ("resnet20", 32), ("googlenet", 64), ("mobilenet_v2", 64)])
def test_it_is_grad_cam(name, side):
    network = create_model(name, num_classes=5, seed=0)
    image = torch.randn(1, network.in_channels, side, side, generator=torch.Generator().manual_seed(0))
    layer = last_maps_layer(network.eval(), image)
    heats = class_heat(network.train(), image, [4, 1, 3, 0, 2], layer=layer)
    assert network.training and all(parameter.requires_grad for parameter in network.parameters())
    for heat, wanted in zip(heats, (4, 1, 3, 0, 2), strict=True):
        torch.testing.assert_close(heat[None], grad_cam(network, image, target=wanted, layer=layer))
    assert heats.any()


def test_what_comes_next_may_work_in_place():
    torch.manual_seed(0)
    head = [nn.Flatten(), nn.Linear(32, 2)]
    first = nn.Conv2d(1, 2, 1)
    image = torch.randn(1, 1, 4, 4)
    network, twin = nn.Sequential(first, nn.ReLU(inplace=True), *head), nn.Sequential(first, nn.ReLU(), *head)
    assert torch.equal(class_heat(network, image, [0, 1], layer="0"), class_heat(twin, image, [0, 1], layer="0"))


def test_what_is_not_there():
    network = create_model("lenet5", seed=0)
    image = torch.zeros(1, 1, 32, 32)
    with pytest.raises(UsageError, match=r"^a target is a class of the network, 0 to 9; got 10$"):
        class_heat(network, image, [10], layer="s4")
    with pytest.raises(UnknownNameError, match="unknown layer 's5'"):
        class_heat(network, image, [1], layer="s5")
    with pytest.raises(UsageError, match=r"^the answer of LeNet does not depend on maps of its layer 'f6'$"):
        class_heat(network, image, [1], layer="f6")
