"""Receptive fields against the footprint of the gradient."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.inspection import inspect_network
from striate.inspection.receptive_field import Axis, Extent, Uneven, joined


class Residual(nn.Module):
    """Two convolutions beside a shortcut; with a stride a 1x1 in the shortcut, or its strided pixels."""

    def __init__(self, stride=1, sliced=False):
        super().__init__()
        self.first = nn.Conv2d(2, 2, 3, stride, 1)
        self.second = nn.Conv2d(2, 2, 3, padding=1)
        self.shortcut = nn.Conv2d(2, 2, 1, stride) if stride > 1 and not sliced else nn.Identity()
        self.step = stride if sliced else 1

    def forward(self, inputs):
        return self.second(self.first(inputs)) + self.shortcut(inputs)[:, :, :: self.step, :: self.step]


class Branches(nn.Module):
    """Branches of different reach, one of them not centred, joined along the maps."""

    def __init__(self):
        super().__init__()
        self.small = nn.Conv2d(2, 1, 1)
        self.large = nn.Conv2d(2, 1, 5, padding=2)
        self.pool = nn.MaxPool2d(3, 1, 1)
        self.even = nn.Conv2d(2, 1, 4)

    def forward(self, inputs):
        shifted = self.even(functional.pad(inputs, (0, 3, 3, 0)))
        return torch.cat([self.small(inputs), self.large(inputs), self.pool(inputs), shifted], 1)


class ChannelsLast(nn.Module):
    """A dense layer over the maps, with the maps moved to the end and back."""

    def __init__(self):
        super().__init__()
        self.spread = nn.Conv2d(2, 2, 3, padding=1)
        self.mix = nn.Linear(2, 3)

    def forward(self, inputs):
        return self.mix(self.spread(inputs).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class OverMaps(nn.Module):
    """A mean over neighbouring maps through a fifth dimension, as response normalisation does it."""

    def forward(self, inputs):
        pooled = functional.avg_pool3d(inputs.unsqueeze(1), (2, 1, 1), stride=1)
        return pooled.squeeze(1) * inputs[:, :1]


torch.manual_seed(0)  # which pixels a maximum lets through depends on the weights
NETWORKS = {
    "convolution": nn.Conv2d(2, 3, (3, 5), padding=(1, 0)),
    "stack": nn.Sequential(nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3, stride=2), nn.Conv2d(2, 2, 5, padding=2)),
    "dilation": nn.Sequential(nn.Conv2d(2, 2, 3, dilation=2), nn.Conv2d(2, 2, 3, dilation=3, stride=2, padding=1)),
    "pools": nn.Sequential(nn.MaxPool2d(3, 2), nn.Conv2d(2, 2, 3), nn.AvgPool2d(2)),
    "ceil": nn.Sequential(nn.MaxPool2d(3, 2, ceil_mode=True), nn.Conv2d(2, 2, 3, padding=1), nn.MaxPool2d(2, 2, 0)),
    "same": nn.Sequential(nn.Conv2d(2, 2, (3, 5), dilation=2, padding="same"), nn.Conv2d(2, 2, 3)),
    "skip": nn.Sequential(Residual(), Residual()),
    "strided skip": nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), Residual(2), Residual()),
    "sliced skip": nn.Sequential(Residual(2, sliced=True), Residual()),
    "branches": nn.Sequential(Branches(), nn.Conv2d(5, 2, 3, stride=2, padding=1)),
    "zero padding": nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(2, 2, 3, stride=2), nn.Conv2d(2, 2, 3)),
    "channels last": nn.Sequential(ChannelsLast(), nn.Conv2d(3, 2, 3, stride=2)),
    "fifth dimension": nn.Sequential(OverMaps(), nn.Conv2d(1, 2, 3)),
    "groups and norm": nn.Sequential(nn.Conv2d(2, 4, 3, groups=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 3)),
    "adaptive": nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.AdaptiveAvgPool2d(16), nn.Conv2d(2, 2, 3)),
}


def footprint(network, shape, unit):
    """First and last pixel along each axis that have a gradient from a unit of any map."""
    torch.manual_seed(0)
    found = torch.zeros(shape[1:], dtype=torch.bool)
    for _ in range(12):  # a maximum is one pixel of the window at a time
        picture = torch.randn((1, *shape), dtype=torch.float64, requires_grad=True)
        maps = network(picture)
        (gradient,) = torch.autograd.grad((maps[0, :, unit[0], unit[1]] * torch.rand(maps.shape[1])).sum(), picture)
        found |= (gradient[0] != 0).any(dim=0)
    rows, columns = found.any(dim=1).nonzero(), found.any(dim=0).nonzero()
    return (int(rows[0]), int(rows[-1])), (int(columns[0]), int(columns[-1]))


@pytest.mark.parametrize("name", NETWORKS)
def test_against_the_gradient(name):
    network = NETWORKS[name].double().eval()
    shape = (2, 48, 48)
    inspection = inspect_network(network, shape)
    field = inspection.layers[-1].receptive_field
    assert field is not None and field.exact and not inspection.notes
    _, height, width = inspection.output_shape
    for unit in ((height // 2, width // 2), (height // 2 + 1, width // 2 - 1)):
        expected = tuple(
            (start + place * jump, start + place * jump + size - 1)
            for start, jump, size, place in zip(field.start, field.jump, field.size, unit, strict=True)
        )
        assert footprint(network, shape, unit) == expected


def test_by_hand():
    layers = nn.Sequential(nn.Conv2d(3, 8, 7, 2, 3), nn.MaxPool2d(3, 2, 1), nn.Conv2d(8, 8, 3, padding=1))
    fields = [layer.receptive_field for layer in inspect_network(layers, (3, 224, 224)).layers]
    assert [field.size for field in fields] == [(7, 7), (11, 11), (19, 19)]
    assert [field.jump for field in fields] == [(2, 2), (4, 4), (4, 4)]
    assert [field.start for field in fields] == [(-3, -3), (-5, -5), (-9, -9)]
    assert [field.centre for field in fields] == [(0, 0), (0, 0), (0, 0)]


@pytest.mark.parametrize(
    "pool",
    [nn.AdaptiveAvgPool2d(1), nn.AvgPool2d(6), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Sequential(nn.Flatten(2))],
)
def test_what_looks_at_everything_ends_it(pool):
    inspection = inspect_network(nn.Sequential(nn.Conv2d(1, 2, 3), pool), (1, 8, 8))
    assert inspection.layers[-1].receptive_field is None
    assert inspection.layers[-1].sees_everything
    assert inspection.receptive_field == 3


def test_a_side_branch_that_pools_is_told():
    class Squeeze(nn.Module):
        def __init__(self):
            super().__init__()
            self.convolution = nn.Conv2d(2, 2, 3)
            self.pool = nn.AdaptiveAvgPool2d(1)
            self.gate = nn.Conv2d(2, 2, 1)

        def forward(self, inputs):
            maps = self.convolution(inputs)
            return maps * torch.sigmoid(self.gate(self.pool(maps)))

    inspection = inspect_network(Squeeze(), (2, 9, 9))
    assert inspection.receptive_field == 3
    assert inspection.layers[-1].sees_everything
    assert inspection.notes == ("side branches pool the whole picture; the receptive field is that of the main path",)


def test_jumps_that_disagree_are_told():
    joint = joined([Extent((Axis(0, 2, 1),)), Extent((Axis(-1, 2, 2),))], [(5,), (5,)])
    assert joint == Extent((Axis(-1, 2, 2),), loss="a sum") and not joint.exact


def test_axes_that_disagree_are_told():
    rows, columns = Axis(0, 2), Axis(0, 2, along=1)
    joint = joined([Extent((rows, columns)), Extent((columns, rows))], [(5, 5), (5, 5)], "add")
    assert joint.loss == "add"


def test_one_unit_for_all_counts_as_everything_if_it_sees_everything():
    one, all_of_it = Axis(0, 2, 1, pixels=10), Axis(0, 9, 1, pixels=10)
    joint = joined([Extent((one,)), Extent((all_of_it,))], [(5,), (1,)])
    assert joint == Extent((one,), whole=frozenset({0}))
    joint = joined([Extent((one,)), Extent((one,))], [(5,), (1,)], "add")
    assert joint == Extent((one,), loss="add")


def test_part_of_the_maps_has_what_is_said_of_all_only_where_that_holds_for_it():
    maps = Extent((Uneven((False, True, True)), Axis(0, 4)))
    assert maps.part(0, "chunk", range(1, 3), 3) == Extent((None, Axis(0, 4)))
    assert maps.part(0, "chunk", range(2), 3) == Extent((Uneven((False, True)), Axis(0, 4)))
    assert maps.part(0, "chunk", range(1), 3) == Extent((None, Axis(0, 4)), loss="chunk")


def test_a_transposed_convolution_is_told():
    inspection = inspect_network(nn.Sequential(nn.Conv2d(1, 1, 3), nn.ConvTranspose2d(1, 1, 2, 2)), (1, 8, 8))
    assert inspection.notes == ("1: the receptive field is not followed through a transposed convolution",)
    assert inspection.receptive_field == 3
    assert (inspection.layers[1].receptive_field, inspection.layers[1].sees_everything) == (None, False)
    rows = inspection.to_text().split("\n")[3:5]
    assert rows[0].split()[-3:] == ["3", "1", "0"] and rows[1].split()[-1] == "?"
