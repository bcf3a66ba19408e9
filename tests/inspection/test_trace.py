"""Shapes and counts: against torch, against loops that count, and with nothing skipped."""

import copy
import itertools

import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.errors import UsageError
from striate.initialization import drafting
from striate.inspection import inspect_network
from striate.models import create_model


def counted_convolution(layer, height, width):
    """Multiply-adds of a convolution, one at a time, those on padding too."""
    (kernel_height, kernel_width), (stride, _), (padding, _), (dilation, _) = (
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.dilation,
    )
    count = 0
    rows = range(-padding, height + padding - dilation * (kernel_height - 1), stride)
    columns = range(-padding, width + padding - dilation * (kernel_width - 1), stride)
    for _ in itertools.product(range(layer.out_channels), rows, columns):
        for _ in itertools.product(range(layer.in_channels // layer.groups), range(kernel_height), range(kernel_width)):
            count += 1
    return count


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(3, 4, 3),
        nn.Conv2d(4, 6, (2, 3), stride=2, padding=1, groups=2),
        nn.Conv2d(4, 4, 3, groups=4, bias=False),
        nn.Conv2d(2, 3, 3, dilation=2, padding=2),
    ],
)
def test_macs_against_a_loop(layer):
    inspection = inspect_network(layer, (layer.in_channels, 9, 10))
    assert inspection.macs == counted_convolution(layer, 9, 10)
    assert inspection.layers[0].parameters == sum(parameter.numel() for parameter in layer.parameters())
    assert eval(inspection.layers[0].arithmetic) == inspection.parameters


LAYERS = [
    nn.Conv2d(4, 6, 3, stride=2, padding=1),
    nn.Conv2d(4, 6, 5, dilation=2, padding="same"),
    nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"),
    nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1),
    nn.MaxPool2d(3, 2, 1, ceil_mode=True),
    nn.MaxPool2d(2, 2, ceil_mode=True),
    nn.AvgPool2d(3, 2, 1, ceil_mode=True),
    nn.AvgPool2d((2, 3)),
    nn.AdaptiveAvgPool2d((3, None)),
    nn.AdaptiveMaxPool2d(2),
    nn.BatchNorm2d(4),
    nn.GroupNorm(2, 4),
    nn.InstanceNorm2d(4, affine=True),
    nn.LayerNorm((4, 11, 13)),
    nn.LocalResponseNorm(3),
    nn.Hardswish(),
    nn.PReLU(4),
    nn.Softmax(1),
    nn.ZeroPad2d((1, -1, 0, 2)),
    nn.Flatten(),
    nn.Flatten(2),
    nn.Dropout2d(),
    nn.Upsample(scale_factor=2),
    nn.PixelShuffle(2),
    nn.Unfold(3),
    nn.Linear(13, 7),
    nn.GLU(1),
]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_shapes_are_torch_s(layer):
    layer.eval()
    assert inspect_network(layer, (4, 11, 13)).output_shape == tuple(layer(torch.zeros(1, 4, 11, 13)).shape[1:])


class Functional(nn.Module):
    """Weights that no module applies."""

    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.zeros(6, 3, 3, 3))
        self.dense = nn.Parameter(torch.zeros(10, 6))
        self.bias = nn.Parameter(torch.zeros(10))
        self.mix = nn.Parameter(torch.zeros(10, 5))
        self.table = nn.Parameter(torch.zeros(5, 4))
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, images):
        maps = functional.relu(functional.conv2d(images, self.kernel, padding=1))
        vector = functional.linear(maps.mean((2, 3)), self.dense, self.bias)
        return torch.einsum("ni,ij->nj", vector @ self.mix, self.table) * self.scale


def test_functions_that_carry_weights_are_counted():
    inspection = inspect_network(Functional(), (3, 8, 8))
    macs = {layer.name: layer.macs for layer in inspection.layers if layer.macs}
    assert macs == {"conv2d": 64 * 6 * 27, "linear": 60, "matmul": 50, "einsum": 20}
    assert inspection.parameters == sum(layer.parameters for layer in inspection.layers) == 162 + 60 + 10 + 50 + 20 + 1
    assert inspection.unused_parameters == () and inspection.uncounted == ()
    assert all(eval(layer.arithmetic) == layer.parameters for layer in inspection.layers if layer.parameters)


def test_attention_is_counted():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, inputs):
            return self.attention(inputs, inputs, inputs, need_weights=False)[0]

    inspection = inspect_network(Attention(), (5, 8))
    projections, products = 4 * 5 * 8 * 8, 2 * 5 * 5 * 8
    assert inspection.macs == projections + products
    assert inspection.parameters == sum(layer.parameters for layer in inspection.layers)


def test_what_cannot_be_counted_is_listed():
    class Sorting(nn.Module):
        def forward(self, inputs):
            return torch.sort(inputs, dim=1).values

    inspection = inspect_network(Sorting(), (3, 4, 4))
    assert inspection.uncounted == (("sort", "aten.sort", 1),)
    assert inspection.notes[0] == "sort: aten.sort (1 times) is not counted"


def test_unused_parameters_are_listed():
    network = nn.Sequential(nn.Conv2d(1, 1, 1))
    network.register_parameter("spare", nn.Parameter(torch.zeros(3)))
    inspection = inspect_network(network, (1, 2, 2))
    assert inspection.unused_parameters == ("spare",)
    assert inspection.parameters == 5
    assert inspection.notes == ("1 parameter tensors are not used by a forward pass: spare",)


def test_tied_weights_count_once():
    layer = nn.Conv2d(2, 2, 1)
    inspection = inspect_network(nn.Sequential(layer, nn.ReLU(), layer), (2, 4, 4))
    assert [row.parameters for row in inspection.layers] == [6, 0, 0]
    assert inspection.macs == 2 * 64


def test_frozen_parameters_stand_apart():
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Conv2d(2, 1, 1))
    network[0].requires_grad_(False)
    inspection = inspect_network(network, (1, 2, 2))
    assert (inspection.parameters, inspection.frozen_parameters) == (3, 4)
    assert inspection.layers[0].arithmetic == "(1*1*1+1)*2"


def test_lenet_s_own_account():
    with drafting():
        network = create_model("lenet5")
    layers = {layer.name: layer for layer in inspect_network(network, (1, 32, 32)).layers}
    c3, rbf, s2 = layers["c3.convolution"], layers["output.rbf"], layers["s2.subsampling"]
    assert (c3.macs, c3.parameters, c3.arithmetic, c3.kernel) == (150_000, 1_516, "60*5*5+16", (5, 5))
    assert (rbf.macs, rbf.parameters, rbf.fixed) == (840, 0, 840)
    assert (s2.macs, s2.parameters, s2.element_operations) == (0, 12, 6 * 14 * 14 * 6)


def test_the_network_is_left_as_it_was():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.ReLU(inplace=True))
    network[1].eval()
    before = copy.deepcopy(network.state_dict())
    modes = [module.training for module in network.modules()]
    inspect_network(network, (3, 8, 8))
    assert [module.training for module in network.modules()] == modes
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    assert network(torch.zeros(2, 3, 8, 8)).device.type == "cpu"


def test_it_is_left_as_it_was_by_an_error_too():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Linear(7, 2)).train()
    with pytest.raises(UsageError, match=r"does not run on a picture of shape \(1, 8, 8\): in 0: "):
        inspect_network(network, (1, 8, 8))
    assert network.training and not network[0]._forward_hooks


def test_values_cannot_be_asked_for():
    class Curious(nn.Module):
        def forward(self, inputs):
            return inputs if inputs.sum() > 0 else -inputs

    with pytest.raises(UsageError, match="does not run on a picture of shape"):
        inspect_network(Curious(), (1, 2, 2))


def test_memory_by_hand():
    network = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.ReLU(), nn.Conv2d(2, 4, 1, bias=False))
    inspection = inspect_network(network, (1, 10, 10))
    memory = inspection.memory(3)
    assert memory.weights == 10 * 4
    # The second convolution's input and output are the most at one time: 200 and 400 numbers.
    assert memory.inference == 10 * 4 + 3 * 600 * 4
    assert memory.training == 3 * 10 * 4 + 3 * (100 + 200 + 200 + 400) * 4


def test_a_skip_is_kept_until_it_is_used():
    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)

        def forward(self, inputs):
            return inputs + self.b(self.a(inputs))

    inspection = inspect_network(Skip(), (1, 5, 5))
    assert inspection.layers[-1].inputs == ("input", "b")
    assert inspection.memory().inference - inspection.memory().weights == 3 * 25 * 4
