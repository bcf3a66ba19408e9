import math
from functools import cache

import pytest
import torch
from torch import nn

from striate.initialization import drafting
from striate.models import MobileNetV1, MobileNetV1Config, create_model, model_row
from striate.models.mobilenet_v1 import TABLE_1, VARIANTS, TensorFlowMobileNetV1Config
from striate.nn import DepthwiseSeparableConv2d, SamePaddingConv2d

# The row, and of its network: width multiplier, input, blocks.
ROWS = {
    "mobilenet_v1": (1.0, 224, 13),
    "mobilenet_v1_x0_75": (0.75, 224, 13),
    "mobilenet_v1_x0_5": (0.5, 224, 13),
    "mobilenet_v1_x0_25": (0.25, 224, 13),
    "mobilenet_v1_192": (1.0, 192, 13),
    "mobilenet_v1_160": (1.0, 160, 13),
    "mobilenet_v1_128": (1.0, 128, 13),
    "mobilenet_v1_x0_5_160": (0.5, 160, 13),
    "mobilenet_v1_full": (1.0, 224, 13),
    "mobilenet_v1_shallow": (1.0, 224, 8),
    "mobilenet_v1_relu6": (1.0, 224, 13),
    "mobilenet_v1_tf": (1.0, 224, 13),
    "mobilenet_v1_x0_75_tf": (0.75, 224, 13),
    "mobilenet_v1_x0_5_tf": (0.5, 224, 13),
    "mobilenet_v1_x0_25_tf": (0.25, 224, 13),
}


@cache
def described(name):
    """A row's network on the meta device: shapes alone. Leave it as it is."""
    with drafting():
        return create_model(name).eval()


def multiply_adds(name):
    """Those of each convolution and dense layer for one picture, with the layer."""
    network, counts = described(name), []
    handles = [
        module.register_forward_hook(
            lambda module, inputs, output: counts.append((module, module.weight[0].numel() * output.numel()))
        )
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    network(torch.empty(1, 3, *network.input_size, device="meta"))
    for handle in handles:
        handle.remove()
    return counts


def test_every_row_is_named_here():
    assert list(ROWS) == list(VARIANTS)


@pytest.mark.parametrize("name", VARIANTS)
def test_row(name):
    width, side, blocks = ROWS[name]
    network, config = described(name), VARIANTS[name]
    assert config.width == width
    assert network.input_size == (side, side)
    assert network.stages == ("relu1", *(f"block{number}" for number in range(1, blocks + 1)))
    assert network.feature_width == 1024 * width
    tensorflow = name.endswith("_tf")
    assert isinstance(config, TensorFlowMobileNetV1Config) == tensorflow
    kinds = {type(module) for module in network.modules()}
    stops = tensorflow or name.endswith("_relu6")
    assert (SamePaddingConv2d in kinds, nn.ReLU6 in kinds, nn.ReLU in kinds) == (tensorflow, stops, not stops)
    epsilons = {module.eps for module in network.modules() if isinstance(module, nn.BatchNorm2d)}
    assert epsilons == {1e-3 if tensorflow else 1e-5}
    assert model_row(name).mean == ((0.5, 0.5, 0.5) if tensorflow else (0.485, 0.456, 0.406))


@pytest.mark.parametrize("name", VARIANTS)
def test_multiply_adds(name, golden):
    assert sum(count for _, count in multiply_adds(name)) == golden[name]["macs"]


@pytest.mark.parametrize("name", VARIANTS)
def test_receptive_field(name, golden):
    size, step = 1, 1
    for module in described(name).modules():
        if isinstance(module, nn.Conv2d):
            size, step = size + (module.kernel_size[0] - 1) * step, step * module.stride[0]
    assert size == golden[name]["receptive_field"]


def test_receptive_field_is_where_the_gradient_is():
    network = create_model("mobilenet_v1_shallow", num_classes=2).eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
    images = torch.ones(1, 3, 225, 225, requires_grad=True)
    network.forward_features(images)[0, :8, 4, 4].sum().backward()
    rows, columns = images.grad[0].sum(0).nonzero(as_tuple=True)
    assert {int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1} == {155}


def test_table_2():
    shares = dict.fromkeys(("pointwise", "depthwise", "first", "dense"), 0.0)
    network = described("mobilenet_v1")
    for module, count in multiply_adds("mobilenet_v1"):
        if isinstance(module, nn.Linear):
            shares["dense"] += count
        elif module.groups > 1:
            shares["depthwise"] += count
        else:
            shares["first" if module is network.conv1 else "pointwise"] += count
    total = sum(shares.values())
    # The paper prints 1.19 for the first convolution, with which the four would not make 100.
    assert {name: round(100 * count / total, 2) for name, count in shares.items()} == {
        "pointwise": 94.86,
        "depthwise": 3.06,
        "first": 1.91,
        "dense": 0.18,
    }


def test_28_layers():
    convolutions = [module for module in described("mobilenet_v1").modules() if isinstance(module, nn.Conv2d)]
    assert len(convolutions) + 1 == 28
    blocks = [module for module in described("mobilenet_v1").modules() if isinstance(module, DepthwiseSeparableConv2d)]
    assert len(blocks) == 13
    assert [block.depthwise.stride[0] for block in blocks] == [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1]
    assert sum(5 if line.repeated else 1 for line in TABLE_1) == 13


def test_full_convolutions_are_what_the_blocks_replace():
    network = described("mobilenet_v1_full")
    assert not [module for module in network.modules() if isinstance(module, nn.Conv2d) and module.groups > 1]
    assert {module.kernel_size for module in network.modules() if isinstance(module, nn.Conv2d)} == {(3, 3)}
    # Without the dense layer, as the paper counts: 4866 million.
    assert sum(count for module, count in multiply_adds("mobilenet_v1_full") if isinstance(module, nn.Conv2d)) == (
        4_866_269_184
    )


def timm_twin(**options):
    """timm's network with weights that training would have moved, and its tensors in order."""
    import timm

    torch.manual_seed(0)
    theirs = timm.create_model("mobilenetv1_100", pretrained=False, **options)
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.2)
            module.running_mean.normal_(0.0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    return theirs.eval()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mobilenet_v1", {"act_layer": "relu"}),
        ("mobilenet_v1_tf", {"act_layer": "relu6", "pad_type": "same", "bn_eps": 1e-3}),
    ],
)
def test_timm_s_weights_give_timm_s_logits(name, options):
    theirs = timm_twin(**options)
    ours = create_model(name).eval()
    names, tensors = list(ours.state_dict()), list(theirs.state_dict().values())
    ours.load_state_dict(dict(zip(names, tensors, strict=True)), strict=True)  # other names, the same order
    for size in ((64, 64), (65, 46)):
        images = 3 * torch.randn(2, 3, *size)
        with torch.no_grad():
            expected, answers = theirs(images), ours(images)
        largest = expected.abs().max().item()
        assert largest > 0.01
        assert (answers - expected).abs().max().item() < 1e-4 * largest


def test_symmetric_and_same_padding_fit_one_another_and_differ():
    ours, theirs = (
        create_model(name, num_classes=4).eval() for name in ("mobilenet_v1_x0_25", "mobilenet_v1_x0_25_tf")
    )
    theirs.load_state_dict(ours.state_dict(), strict=True)
    images = torch.randn(1, 3, 64, 64)
    assert ours.forward_features(images).shape == theirs.forward_features(images).shape
    assert not torch.allclose(ours(images), theirs(images), rtol=0.05)


@pytest.mark.parametrize("convolution", ["separable", "full"])
@pytest.mark.parametrize("padding", ["symmetric", "same"])
@pytest.mark.parametrize("size", [(32, 32), (45, 33), (1, 1)])
def test_narrow_networks_of_every_kind(convolution, padding, size):
    config = MobileNetV1Config(width=0.125, convolution=convolution, padding=padding, repeats=1)
    network = MobileNetV1(config, num_classes=3, in_channels=4).eval()
    images = torch.randn(6, 4, *size)
    assert torch.equal(network.head(network.features(images)), network(images))
    if size != (1, 1):
        network.train()
        (network(images) * torch.randn(6, 3)).sum().backward()
        assert [path for path, parameter in network.named_parameters() if not parameter.grad.any()] == []
    network.replace_head(7)
    assert network.eval()(images).shape == (6, 7)
    assert network.features(images).shape == (6, 128)


def test_initialisation():
    network = create_model("mobilenet_v1", seed=0)
    assert network.block13.pointwise.weight.std().item() == pytest.approx(math.sqrt(2 / 1024), rel=0.01)
    # A map's own kernel feeds nine of its pixels.
    assert network.block13.depthwise.weight.std().item() == pytest.approx(math.sqrt(2 / 9), rel=0.03)
    assert network.fc.weight.std().item() == pytest.approx(0.01, rel=0.01)
    assert not network.fc.bias.any()


def test_signal_neither_dies_nor_explodes():
    network = create_model("mobilenet_v1_x0_25", seed=0)
    assert 0.02 < network(torch.randn(16, 3, 64, 64)).std().item() < 10
