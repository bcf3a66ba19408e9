"""DeconvNet against numbers worked out by hand, and against captum where captum has the same rule."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.nn import InceptionModule
from striate.visualization import deconvnet, gradient, guided_backpropagation

PICTURE = torch.tensor(
    [[0.0, 1, 0, 2, 0], [1, 0, 3, 0, 1], [0, 2, 0, 1, 0], [4, 0, 1, 0, 2], [0, 1, 0, 3, 0]],
)[None, None]


@pytest.fixture
def by_hand():
    """A 2x2 filter, ReLU, 2x2 max pooling, a 2x2 filter, ReLU: 5 x 5 pixels become one number.

    First filter:    ReLU of it:     pooled:    second filter:
    1 -1  3  3       1 0 3 3         2 5
    0  2  5  1       0 2 5 1         7 3        2 * 1 - 5 * 2 + 7 * 3 - 3 * 1 = 10
    4  3  1  0       4 3 1 0
    7  1 -1  3       7 1 0 3
    """
    network = nn.Sequential(
        nn.Conv2d(1, 1, 2, bias=False), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(1, 1, 2, bias=False), nn.ReLU()
    )
    with torch.no_grad():
        network[0].weight[0, 0] = torch.tensor([[2.0, 0], [1, -1]])
        network[3].weight[0, 0] = torch.tensor([[1.0, -2], [3, -1]])
    return network


# 1, -2, 3 and -1 go to the switches (1, 1), (1, 2), (3, 0) and (3, 3); 1 and 3 pass the ReLU, and each sets down the filter.
PROJECTION = torch.tensor(
    [[0.0, 0, 0, 0, 0], [0, 2, 0, 0, 0], [0, 1, -1, 0, 0], [6, 0, 0, 0, 0], [3, -3, 0, 0, 0]],
)[None, None]
# The gradient lets -2 and -1 pass too.
GRADIENT = torch.tensor(
    [[0.0, 0, 0, 0, 0], [0, 2, -4, 0, 0], [0, 1, -3, 2, 0], [6, 0, 0, -2, 0], [3, -3, 0, -1, 1]],
)[None, None]


def test_five_by_five_pixels_by_hand(by_hand):
    assert by_hand(PICTURE).item() == 10
    assert torch.equal(deconvnet(by_hand, PICTURE, layer="head"), PROJECTION)
    assert torch.equal(deconvnet(by_hand, PICTURE, layer="3"), PROJECTION)
    assert torch.equal(deconvnet(by_hand, PICTURE, layer="head", unit=0, start="activation"), 10 * PROJECTION)
    assert torch.equal(guided_backpropagation(by_hand, PICTURE, layer="head"), PROJECTION)
    assert torch.equal(gradient(by_hand, PICTURE, layer="head"), GRADIENT)


def test_one_unit_of_the_pooled_map_by_hand(by_hand):
    expected = torch.zeros(1, 1, 5, 5)
    expected[0, 0, 1:3, 2:4] = torch.tensor([[2.0, 0], [1, -1]])  # the switch of row 0, column 1 is (1, 2)
    assert torch.equal(deconvnet(by_hand, PICTURE, layer="2", unit=(0, 0, 1)), expected)
    strongest = torch.zeros(1, 1, 5, 5)
    strongest[0, 0, 3:5, 0:2] = torch.tensor([[2.0, 0], [1, -1]])
    assert torch.equal(deconvnet(by_hand, PICTURE, layer="2", unit=0), strongest)
    assert torch.equal(deconvnet(by_hand, PICTURE, layer="2", strongest=2), expected + strongest)


@pytest.mark.parametrize(
    "pool",
    [
        nn.MaxPool2d(2),
        nn.MaxPool2d(3, stride=2),  # overlapping
        nn.MaxPool2d(3, stride=1, padding=1),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0)),
        nn.MaxPool2d(2, stride=2, dilation=2),
    ],
    ids=str,
)
def test_switches(pool):
    """What was pooled goes back to where it came from; a place that was taken for several windows gets the sum."""
    images = torch.rand(2, 3, 9, 8, generator=torch.Generator().manual_seed(0))
    pool.return_indices = True
    pooled, switches = pool(images)
    pool.return_indices = False
    expected = torch.zeros(2, 3, 72).scatter_add(2, switches.flatten(2), pooled.flatten(2)).view_as(images)
    projection = deconvnet(nn.Sequential(pool), images, layer="0", strongest=None, start="activation")
    assert torch.equal(projection, expected)
    if pool.kernel_size == pool.stride == 2 and not pool.ceil_mode and pool.dilation == 1:
        assert torch.equal(projection, functional.max_unpool2d(pooled, switches, 2, output_size=images.shape))
        assert torch.equal(pool(projection), pooled)


def test_average_pooling_spreads():
    projection = deconvnet(nn.Sequential(nn.AvgPool2d(2)), torch.rand(1, 1, 4, 4), layer="0", unit=(0, 1, 0))
    expected = torch.zeros(1, 1, 4, 4)
    expected[0, 0, 2:, :2] = 0.25
    assert torch.equal(projection, expected)


@pytest.mark.parametrize(("groups", "stride"), [(1, 1), (2, 1), (4, 1), (4, 2), (2, 3)])
def test_filters_are_transposed(groups, stride):
    torch.manual_seed(groups)
    filters = nn.Conv2d(4, 8, 3, stride=stride, padding=1, groups=groups)
    images = torch.rand(2, 4, 7, 7)
    maps = filters(images).detach()
    left = (7 - 1) % stride  # rows that the last step of the kernel does not reach
    expected = functional.conv_transpose2d(maps, filters.weight, None, stride, 1, left, groups)
    projection = deconvnet(nn.Sequential(filters), images, layer="0", strongest=None, start="activation")
    torch.testing.assert_close(projection, expected, atol=1e-5, rtol=1e-5)


def test_batch_norm_is_a_scale_in_evaluation_mode():
    network = nn.Sequential(nn.BatchNorm2d(2, eps=0.0))
    with torch.no_grad():
        network[0].weight[:], network[0].bias[:] = torch.tensor([3.0, -1.0]), torch.tensor([5.0, 7.0])
        network[0].running_mean[:], network[0].running_var[:] = torch.tensor([9.0, 2.0]), torch.tensor([4.0, 0.25])
    projection = deconvnet(network.train(), torch.rand(1, 2, 1, 1), layer="0", strongest=None)
    assert projection.flatten().tolist() == [1.5, -2.0]
    assert network[0].running_mean.tolist() == [9.0, 2.0] and network[0].num_batches_tracked == 0


def test_without_rectifiers_it_is_the_gradient():
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.BatchNorm2d(8),
        nn.MaxPool2d(3, stride=2, ceil_mode=True),
        nn.Conv2d(8, 8, 3, groups=8),
        nn.Tanh(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, 5),
        nn.Sigmoid(),
    )
    images = torch.rand(2, 3, 33, 31)
    expected = gradient(network, images, layer="head", unit=3)
    assert expected.abs().max() > 1e-4
    assert torch.equal(deconvnet(network, images, layer="head", unit=3), expected)
    assert torch.equal(guided_backpropagation(network, images, layer="head", unit=3), expected)


@pytest.fixture
def plain():
    """A network of convolutions, ReLU and max pooling, as captum takes it too."""
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2),
        nn.Conv2d(6, 8, 3, groups=2),
        nn.ReLU(),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(8 * 4 * 4, 10),
    ).eval()


@pytest.mark.parametrize(
    ("layer", "unit"),
    [
        ("head", 4),
        ("head", 0),
        ("6", (3, 1, 2)),
        ("7", (5, 0, 0)),
        ("5", (2, 3, 3)),
        ("3", (1, 4, 0)),
        ("0", (5, 0, 15)),
    ],
)
def test_captum_answers_the_same(plain, layer, unit):
    from captum.attr import Deconvolution, GuidedBackprop, Saliency

    images = torch.rand(3, 3, 20, 20)
    part = plain if layer == "head" else plain[: int(layer) + 1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum says that it sets hooks
        wanted = images.clone().requires_grad_()
        deconvolution = Deconvolution(part).attribute(wanted, target=unit)
        guided = GuidedBackprop(part).attribute(wanted, target=unit)
        saliency = Saliency(part).attribute(wanted, target=unit, abs=False)
    assert torch.equal(deconvnet(plain, images, layer=layer, unit=unit), deconvolution.detach())
    assert torch.equal(guided_backpropagation(plain, images, layer=layer, unit=unit), guided.detach())
    assert torch.equal(gradient(plain, images, layer=layer, unit=unit), saliency.detach())


def test_a_picture_of_a_batch_is_projected_as_if_it_were_alone(plain):
    images = torch.rand(3, 3, 20, 20)
    units = [(0, 1, 1), 5, None]
    together = deconvnet(plain, images, layer="6", unit=units)
    for place, unit in enumerate(units):
        alone = deconvnet(plain, images[place : place + 1], layer="6", unit=unit)
        torch.testing.assert_close(together[place : place + 1], alone, atol=1e-6, rtol=1e-5)


def test_branches_are_added():
    """A unit of a stacked map goes down its own branch only; units of several branches, down all of them."""
    torch.manual_seed(0)
    block = InceptionModule(4, conv1x1=2, reduce3x3=3, conv3x3=3, reduce5x5=2, conv5x5=2, pool_projection=1).eval()
    images = torch.rand(1, 4, 6, 6)
    alone, first = [], 0
    for name, width in (("branch1", 2), ("branch2", 3), ("branch3", 2), ("branch4", 1)):
        branch = block.get_submodule(name)
        own = deconvnet(branch, images, layer="head", unit=0)
        torch.testing.assert_close(deconvnet(block, images, layer="head", unit=first), own)
        alone.append(deconvnet(branch, images, layer="head", strongest=None, start="activation"))
        first += width
    every = deconvnet(block, images, layer="head", strongest=None, start="activation")
    torch.testing.assert_close(every, sum(alone))
    assert all(part.any() for part in alone)


def test_a_skip_adds_what_comes_around_to_what_comes_through():
    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.through = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU(), nn.Conv2d(1, 1, 1, bias=False))
            nn.init.constant_(self.through[0].weight, -3)
            nn.init.constant_(self.through[2].weight, 2)

        def forward(self, images):
            return torch.relu(self.through(images) + images)

    images = torch.full((1, 1, 1, 1), 5.0)
    assert deconvnet(Skip(), images, layer="head").item() == 1 - 6  # though the inner ReLU was shut
    assert guided_backpropagation(Skip(), images, layer="head").item() == 1
    assert gradient(Skip(), images, layer="head").item() == 1


@pytest.mark.parametrize("name", ["alexnet", "googlenet", "resnet50", "efficientnet_b0", "lenet5", "allcnn_c"])
def test_every_stage_reaches_the_pixels(name):
    network = create_model(name, num_classes=10, seed=0)
    size = [max(64, least) if network.input_size[0] > 64 else 32 for least in network.minimum_size]
    images = torch.randn(1, network.in_channels, *size, generator=torch.Generator().manual_seed(0))
    for layer in (*network.stages, "head"):
        projection = deconvnet(network, images, layer=layer)
        assert projection.shape == images.shape
        assert projection.isfinite().all() and projection.any(), f"nothing of {layer} reaches the pixels"


def test_what_a_unit_does_not_see_gets_nothing():
    network = create_model("allcnn_c", num_classes=10, seed=0)
    projection = deconvnet(network, torch.rand(1, 3, 32, 32), layer="block1", unit=(0, 4, 5))
    rows, columns = projection[0].abs().amax(0).nonzero().unbind(1)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (
        5,
        11,
        7,
        13,
    )  # 3x3, 3x3, and 3x3 at stride 2: 7 x 7


def test_without_switches_it_tells_nothing_of_the_picture():
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for name, layer, same in (
        ("mobilenet_v1_x0_25", "block11", True),
        ("allcnn_c", "block3", True),
        ("resnet18", "layer3", False),  # it has one max pooling, the second layer
    ):
        network = create_model(name, num_classes=5, seed=0)
        one, other = deconvnet(network, images, layer=layer, unit=(3, 1, 1))
        assert one.any() and ((one - other).abs().max() < 1e-5 * one.abs().max()) == same


def test_the_wrong_layer_and_the_wrong_unit():
    network = create_model("lenet5", seed=0)
    images = torch.zeros(1, 1, 32, 32)
    with pytest.raises(UnknownNameError, match=r"unknown layer 'c3\.squish'; did you mean 'c3\.squash'"):
        deconvnet(network, images, layer="c3.squish")
    with pytest.raises(UsageError, match=r"^the layer 'c3' has 16 maps, 0 to 15; got 16 \(unit 16\)$"):
        deconvnet(network, images, layer="c3", unit=16)
    with pytest.raises(UsageError, match=r"pictures of 20 x 20 pixels; resize or pad them$"):
        deconvnet(network, images[..., :20, :20], layer="c3")
