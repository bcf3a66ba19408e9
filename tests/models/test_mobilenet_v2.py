from functools import cache

import pytest
import torch
from torch import nn

from striate.initialization import drafting
from striate.models import create_model, model_row
from striate.models.mobilenet_v2 import (
    TABLE_2,
    VARIANTS,
    InvertedResidual,
    TensorFlowMobileNetV2Config,
    rounded_width,
)
from striate.nn import SamePaddingConv2d

# Row: width multiplier, and maps after the first convolution, each line of Table 2, and the last convolution.
WIDTHS = {
    "mobilenet_v2": (1.0, [32, 16, 24, 32, 64, 96, 160, 320, 1280]),
    "mobilenet_v2_x1_4": (1.4, [48, 24, 32, 48, 88, 136, 224, 448, 1792]),
    "mobilenet_v2_x0_75": (0.75, [24, 16, 24, 24, 48, 72, 120, 240, 1280]),
    "mobilenet_v2_x0_5": (0.5, [16, 8, 16, 16, 32, 48, 80, 160, 1280]),
    "mobilenet_v2_x0_35": (0.35, [16, 8, 8, 16, 24, 32, 56, 112, 1280]),
}


@cache
def described(name):
    """A row's network on the meta device: shapes alone. Leave it as it is."""
    with drafting():
        return create_model(name).eval()


def test_every_row_is_named_here():
    assert set(VARIANTS) == {*WIDTHS, *(f"{name}_tf" for name in WIDTHS)}


@pytest.mark.parametrize("name", VARIANTS)
def test_row(name):
    width, maps = WIDTHS[name.removesuffix("_tf")]
    network, config = described(name), VARIANTS[name]
    assert config.width == width
    assert [rounded_width(32, width)] + [rounded_width(row.c, width) for row in TABLE_2] == maps[:-1]
    assert network.feature_width == maps[-1]
    tensorflow = name.endswith("_tf")
    assert isinstance(config, TensorFlowMobileNetV2Config) == tensorflow
    strided = [module for module in network.modules() if isinstance(module, nn.Conv2d) and module.stride == (2, 2)]
    assert len(strided) == 5
    assert {type(module) for module in strided} == {SamePaddingConv2d if tensorflow else nn.Conv2d}
    epsilons = {module.eps for module in network.modules() if isinstance(module, nn.BatchNorm2d)}
    assert epsilons == {1e-3 if tensorflow else 1e-5}
    assert model_row(name).mean == ((0.5, 0.5, 0.5) if tensorflow else (0.485, 0.456, 0.406))


@pytest.mark.parametrize("name", VARIANTS)
def test_multiply_adds(name, golden):
    network, counts = described(name), []
    handles = [
        module.register_forward_hook(
            lambda module, inputs, output: counts.append(module.weight[0].numel() * output.numel())
        )
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    network(torch.empty(1, 3, *network.input_size, device="meta"))
    for handle in handles:
        handle.remove()
    assert sum(counts) == golden[name]["macs"]


@pytest.mark.parametrize("name", VARIANTS)
def test_receptive_field(name, golden):
    size, step = 1, 1
    for module in described(name).modules():
        if isinstance(module, nn.Conv2d):
            size, step = size + (module.kernel_size[0] - 1) * step, step * module.stride[0]
    assert size == golden[name]["receptive_field"]


def stirred(theirs):
    """The network with what training would have moved: a new one's batch norm changes nothing."""
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.2)
            module.running_mean.normal_(0.0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_in")
    return theirs.eval()


def assert_equal_logits(ours, theirs):
    for size in ((64, 64), (65, 46)):
        images = torch.randn(2, 3, *size)
        with torch.no_grad():
            expected, answers = theirs(images), ours(images)
        largest = expected.abs().max().item()
        assert largest > 0.01
        assert (answers - expected).abs().max().item() < 1e-4 * largest


@pytest.mark.parametrize("name", WIDTHS)
def test_torchvision_s_weights_give_torchvision_s_logits(name):
    from torchvision import models

    torch.manual_seed(0)
    theirs = stirred(models.mobilenet_v2(width_mult=WIDTHS[name][0]))
    ours = create_model(name).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    assert_equal_logits(ours, theirs)


@pytest.mark.parametrize(
    ("name", "timm_name"),
    [
        ("mobilenet_v2_tf", "mobilenetv2_100"),
        ("mobilenet_v2_x1_4_tf", "mobilenetv2_140"),
        ("mobilenet_v2_x0_35_tf", "mobilenetv2_035"),
    ],
)
def test_timm_s_weights_give_timm_s_logits_with_same_padding(name, timm_name):
    import timm

    torch.manual_seed(0)
    theirs = stirred(timm.create_model(timm_name, pretrained=False, pad_type="same", bn_eps=1e-3))
    ours = create_model(name).eval()
    names, tensors = list(ours.state_dict()), list(theirs.state_dict().values())
    ours.load_state_dict(dict(zip(names, tensors, strict=True)), strict=True)  # other names, the same order
    assert_equal_logits(ours, theirs)


@pytest.mark.parametrize(
    ("maps", "width", "expected"),
    [(32, 1.0, 32), (16, 0.1, 8), (24, 0.5, 16), (20, 1.0, 24), (19, 1.0, 24), (100, 1.0, 104), (8, 0.01, 8)],
)
def test_rounded_width(maps, width, expected):
    assert rounded_width(maps, width) == expected


def test_never_more_than_a_tenth_less():
    for maps in range(1, 2000):
        assert rounded_width(maps, 1.0) >= 0.9 * maps
        assert rounded_width(maps, 1.0) % 8 == 0


def test_seventeen_bottlenecks():
    blocks = [module for module in create_model("mobilenet_v2").modules() if isinstance(module, InvertedResidual)]
    assert len(blocks) == 17
    assert sum(block.has_shortcut for block in blocks) == 10


def test_the_bottleneck_is_linear():
    block = InvertedResidual(8, 16, stride=1, expansion=6).eval()
    kinds = [type(module).__name__ for module in block.modules() if not list(module.children())]
    assert kinds == ["Conv2d", "BatchNorm2d", "ReLU6", "Conv2d", "BatchNorm2d", "ReLU6", "Conv2d", "BatchNorm2d"]
    assert (block(torch.randn(1, 8, 5, 5)) < 0).any()


def test_the_first_block_does_not_widen():
    first = create_model("mobilenet_v2").features[1]
    assert [tuple(module.weight.shape) for module in (first.conv[0][0], first.conv[1])] == [
        (32, 1, 3, 3),
        (16, 32, 1, 1),
    ]


def test_a_block_without_its_convolutions_is_its_shortcut():
    block = InvertedResidual(4, 4, stride=1, expansion=2).eval()
    torch.nn.init.zeros_(block.conv[-1].weight)
    inputs = torch.randn(1, 4, 3, 3)
    assert torch.equal(block(inputs), inputs)


def test_dropout_stands_between_the_vector_and_the_head():
    network = create_model("mobilenet_v2", num_classes=2, seed=0)
    maps = torch.rand(1, 1280, 1, 1)
    vector = network.forward_head(maps, vector_only=True)
    assert torch.equal(vector, maps.flatten(1))
    assert not torch.equal(network.forward_head(maps), network.head(vector))
    assert torch.equal(network.eval().forward_head(maps), network.head(vector))


def test_features_is_a_sequence_of_layers_and_a_call():
    network = create_model("mobilenet_v2", num_classes=2, seed=0).eval()
    assert len(network.features) == 19
    assert network.get_submodule("features.18.2") is network.features[18][2]
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(network.features.maps(images), network.forward_features(images))
    assert network.features(images).shape == (2, 1280)
