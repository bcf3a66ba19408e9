"""Shapes and counts: against torch, against loops that count, and with nothing skipped."""

import copy
import itertools
import warnings

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
    assert inspection.notes == (
        "sort: the receptive field is not followed through sort",
        "sort: aten.sort (1 times) is not counted",
    )


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


class Curious(nn.Module):
    """Asks for what a picture's pixels decide, in one of several ways."""

    def __init__(self, ask):
        super().__init__()
        self.convolution, self.ask = nn.Conv2d(1, 2, 1), ask

    def forward(self, images):
        maps = self.convolution(images)
        return maps + 1 if self.ask(maps) else maps


ASKED = {
    "branch": lambda maps: maps.sum() > 0,
    "number": lambda maps: float(maps.sum()),
    "list": lambda maps: maps.tolist(),
    "array": lambda maps: maps.numpy(),
    "mask": lambda maps: maps[maps > 0].sum(),
    "places": lambda maps: maps.nonzero().shape[0],
    "membership": lambda maps: 3 in maps,
    "count": lambda maps: torch.unique(maps),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_question_for_values_is_named_by_its_line(name):
    network = nn.Sequential(nn.ReLU(), Curious(ASKED[name]))
    with pytest.raises(UsageError) as caught:
        inspect_network(network, (1, 4, 4))
    said = str(caught.value)
    assert said.startswith(
        "the network cannot be inspected without running it: in 1: what it does depends on the values"
    )
    assert "at line " in said and " of test_trace.py, in " in said and "picture of shape" not in said
    assert ("if self.ask(maps)" if name == "branch" else f'"{name}": lambda') in said


class Making(nn.Module):
    """A layer is applied to what the network makes of nothing but its own numbers."""

    def __init__(self, made):
        super().__init__()
        self.own = nn.Parameter(torch.ones(1, 3, 8, 8))
        self.register_buffer("kept", torch.ones(1, 3, 8, 8))
        self.project, self.bend = nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()
        self.stem, self.made = nn.Conv2d(1, 4, 1), made

    def forward(self, images):
        return self.stem(images) + self.bend(self.project(self.made(self)))


MADE = {
    "a parameter": lambda network: network.own,
    "a buffer": lambda network: network.kept * 2,
    "zeros": lambda network: torch.zeros(1, 3, 8, 8),
    "a grid": lambda network: torch.stack(
        [grid.float() for grid in torch.meshgrid(*[torch.arange(8)] * 3, indexing="ij")][:3]
    )[:, 0][None],
}


@pytest.mark.parametrize("draft", [False, True])
@pytest.mark.parametrize("name", MADE)
def test_layers_on_what_the_network_makes_itself_are_counted(name, draft):
    network = Making(MADE[name])
    network = network.to("meta") if draft else network
    inspection = inspect_network(network, (1, 8, 8))
    macs = {layer.name: layer.macs for layer in inspection.layers}
    assert macs == {"stem": 4 * 64, "project": 4 * 27 * 64, "bend": 0, "add": 0}
    layers = {layer.name: layer for layer in inspection.layers}
    assert (layers["project"].parameters, layers["bend"].element_operations) == (112, 256)
    assert layers["add"].inputs == ("stem", "bend")
    assert layers["add"].receptive_field.size == (1, 1) and layers["add"].receptive_field.exact
    assert inspection.unused_parameters == (() if name == "a parameter" else ("own",))


def test_weights_made_by_a_product_are_counted():
    class LowRank(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right = nn.Parameter(torch.ones(6, 2)), nn.Parameter(torch.ones(2, 5))

        def forward(self, inputs):
            return functional.linear(inputs, self.left @ self.right)

    inspection = inspect_network(LowRank(), (5,))
    assert {layer.name: layer.macs for layer in inspection.layers} == {"matmul": 60, "linear": 30}
    assert inspection.parameters == sum(layer.parameters for layer in inspection.layers) == 22


def test_a_published_network_with_positions_of_its_own():
    timm = pytest.importorskip("timm")
    from torch.utils.flop_counter import FlopCounterMode

    network = timm.create_model("edgenext_xx_small").eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, 64, 64))
    assert inspect_network(network, (3, 64, 64)).macs == counter.get_total_flops() // 2


class Typed(nn.Module):
    """Numbers of another type than the picture's on the way to a dense layer."""

    def __init__(self, turn):
        super().__init__()
        self.dense, self.turn = nn.Linear(16, 3), turn

    def forward(self, images):
        return self.dense(self.turn(images))


TYPES = {
    "magnitude of a spectrum": lambda images: torch.fft.fft2(images).abs(),
    "complex and back": lambda images: (images * 1j).abs(),
    "mask times maps": lambda images: (images > 0) * images,
    "whole numbers halved": lambda images: (images > 0).long() / 2,
    "count of a mask": lambda images: (images > 0).sum(1, keepdim=True).float(),
    "double and back": lambda images: (images.double() + 1).float(),
    "double by a double": lambda images: (images * torch.ones(16, dtype=torch.float64)).float(),
}


@pytest.mark.parametrize("name", TYPES)
def test_a_network_with_numbers_of_another_type_is_inspected_as_it_runs(name):
    network = Typed(TYPES[name]).eval()
    assert inspect_network(network, (2, 4, 16)).output_shape == tuple(network(torch.zeros(1, 2, 4, 16)).shape[1:])


class Applied(nn.Module):
    """A function between two convolutions."""

    def __init__(self, function):
        super().__init__()
        self.first, self.function, self.last = nn.Conv2d(1, 2, 3), function, nn.Conv2d(2, 2, 3)

    def forward(self, images):
        return self.last(self.function(self.first(images)))


class Swish(torch.autograd.Function):
    """A function with a gradient of its own."""

    @staticmethod
    def forward(ctx, inputs):
        return inputs * torch.sigmoid(inputs)


@pytest.fixture(scope="module")
def scripted():
    """Functions as TorchScript has them."""

    def swish(inputs: torch.Tensor) -> torch.Tensor:
        return inputs * torch.sigmoid(inputs)

    def mirror(inputs: torch.Tensor) -> torch.Tensor:
        return inputs.flip([3])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return {
            "swish": torch.jit.script(swish),
            "mirror": torch.jit.script(mirror),
            "module": torch.jit.script(nn.Sequential(nn.ReLU())),
            "network": torch.jit.script(nn.Sequential(nn.Conv2d(1, 1, 1))),
        }


def test_scripted_functions_are_followed(scripted):
    for function in (
        scripted["swish"],
        scripted["module"],
        Swish.apply,
        torch.ops.aten.relu,
        torch.compile(torch.relu),
    ):
        inspection = inspect_network(Applied(function), (1, 9, 9))
        assert inspection.layers[-1].receptive_field.size == (5, 5) and inspection.notes == ()
        assert [layer.name for layer in inspection.layers][:1] == ["first"] and len(inspection.layers) > 2


def test_scripted_functions_that_move_are_not_exact(scripted):
    for function in (scripted["mirror"], lambda maps: torch.ops.aten.flip.default(maps, [3])):
        inspection = inspect_network(Applied(function), (1, 9, 9))
        assert inspection.notes == ("flip: the receptive field is not followed through flip",)
        assert inspection.layers[-1].receptive_field is None and not inspection.layers[-1].sees_everything


def test_what_is_called_past_torch_s_functions_is_not_exact():
    inspection = inspect_network(Applied(torch.vmap(torch.relu)), (1, 9, 9))
    assert inspection.layers[-1].inputs and not inspection.layers[-1].sees_everything
    assert "is not followed through" in inspection.notes[0]


def test_a_script_is_refused_by_its_name(scripted):
    with pytest.raises(
        UsageError, match=r"^Sequential is a TorchScript module, whose layers cannot be seen; take the torch"
    ):
        inspect_network(scripted["network"], (1, 4, 4))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frozen = torch.jit.freeze(scripted["network"].eval())
    with pytest.raises(UsageError, match="is a TorchScript module"):
        inspect_network(frozen, (1, 4, 4))


def test_compiled_and_exported_networks_are_inspected():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU()).eval()
    compiled = inspect_network(torch.compile(network), (1, 8, 8))
    assert compiled.to_dict() == inspect_network(network, (1, 8, 8)).to_dict()
    exported = inspect_network(torch.export.export(network, (torch.zeros(1, 1, 8, 8),)).module(), (1, 8, 8))
    assert (exported.macs, exported.parameters, exported.receptive_field) == (compiled.macs, compiled.parameters, 3)


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
