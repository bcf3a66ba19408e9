import math
from functools import cache

import pytest
import torch
from torch import nn

from striate.initialization import drafting
from striate.models import ResNet, ResNetConfig, create_model, model_row
from striate.models.resnet import VARIANTS, CifarResNetConfig
from striate.nn import BasicBlock, BottleneckBlock, ZeroPaddedIdentity

NARROW = (4, 6, 8, 10)  # maps of networks that show what holds at any width


@cache
def described(name):
    """A row's network on the meta device: shapes alone. Leave it as it is."""
    with drafting():
        return create_model(name).eval()


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


def weighted(network):
    """Convolutions and dense layers but for those of shortcuts, in the order they run."""
    return [
        module
        for path, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear) and "downsample" not in path
    ]


@pytest.mark.parametrize("name", VARIANTS)
def test_depth_is_in_the_name(name):
    depth = name.removeprefix("resnet").removeprefix("plain").split("_")[0]
    assert len(weighted(described(name))) == int(depth)


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
    for path, module in described(name).named_modules():
        if isinstance(module, nn.Conv2d | nn.MaxPool2d) and "downsample" not in path:
            kernel, stride = (
                value[0] if isinstance(value, tuple) else value for value in (module.kernel_size, module.stride)
            )
            size, step = size + (kernel - 1) * step, step * stride
    assert size == golden[name]["receptive_field"]


def test_receptive_field_is_where_the_gradient_is():
    network = create_model("resnet20").eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
    images = torch.ones(1, 3, 129, 129, requires_grad=True)
    network.forward_features(images)[0, :, 16, 16].sum().backward()
    rows, columns = images.grad[0].sum(0).nonzero(as_tuple=True)
    assert {int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1} == {81}


def test_parameters_by_hand():
    # Convolutions without biases, and two parameters of batch norm a map.
    first = 9 * 3 * 16 + 2 * 16
    layer1 = 6 * (9 * 16 * 16 + 2 * 16)
    layer2 = 9 * 16 * 32 + 5 * 9 * 32 * 32 + 6 * 2 * 32
    layer3 = 9 * 32 * 64 + 5 * 9 * 64 * 64 + 6 * 2 * 64
    counted = {name: parameters(module) for name, module in described("resnet20").named_children()}
    assert counted["conv1"] + counted["bn1"] == first
    assert (counted["layer1"], counted["layer2"], counted["layer3"]) == (layer1, layer2, layer3)
    assert counted["fc"] == 65 * 10
    assert first + layer1 + layer2 + layer3 + 650 == 269_722


def test_what_the_options_add(golden):
    counted = {name: golden[name]["parameters"] for name in VARIANTS}
    projections = sum(n * m + 2 * m for n, m in ((64, 128), (128, 256), (256, 512)))
    everywhere = {18: (1, 1, 1, 1), 34: (2, 3, 5, 2)}  # blocks that change nothing and yet project, option C
    for depth, blocks in everywhere.items():
        plain, a, b, c = (counted[name.format(depth)] for name in ("plain{}", "resnet{}_a", "resnet{}", "resnet{}_c"))
        more = sum(
            count * (m * m + 2 * m) for count, m in zip((blocks[0] + 1, *blocks[1:]), (64, 128, 256, 512), strict=True)
        )
        assert (a - plain, b - a, c - b) == (0, projections, more)
    assert all(counted[f"plain{depth}"] == counted[f"resnet{depth}"] for depth in (20, 56))
    assert all(counted[f"resnet{depth}"] == counted[f"resnet{depth}_v1_5"] for depth in (50, 101, 152))


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("resnet18_a", {nn.Identity: 5, ZeroPaddedIdentity: 3}),
        ("resnet18", {nn.Identity: 5, nn.Sequential: 3}),
        ("resnet18_c", {nn.Sequential: 8}),
        ("plain18", {type(None): 8}),
        ("resnet50", {nn.Identity: 12, nn.Sequential: 4}),
        ("resnet20", {nn.Identity: 7, ZeroPaddedIdentity: 2}),
        ("plain20", {type(None): 9}),
    ],
)
def test_shortcuts(name, kinds):
    blocks = [module for module in described(name).modules() if isinstance(module, BasicBlock | BottleneckBlock)]
    shortcuts = [type(block.downsample) for block in blocks]
    assert {kind: shortcuts.count(kind) for kind in shortcuts} == kinds


@pytest.mark.parametrize(("name", "strides"), [("resnet50", (2, 1)), ("resnet50_v1_5", (1, 2))])
def test_where_bottlenecks_stride(name, strides):
    network = described(name)
    for stage in (network.layer2, network.layer3, network.layer4):
        assert (stage[0].conv1.stride[0], stage[0].conv2.stride[0]) == strides
    assert (network.layer1[0].conv1.stride[0], network.layer1[0].conv2.stride[0]) == (1, 1)


def test_first_layers_for_imagenet():
    network = described("resnet18")
    maps = network.relu1(network.bn1(network.conv1(torch.empty(1, 3, 224, 224, device="meta"))))
    assert maps.shape == (1, 64, 112, 112)
    assert network.maxpool(maps).shape == (1, 64, 56, 56)


def test_names_are_torchvision_s():
    keys = set(described("resnet20").state_dict())
    assert {"conv1.weight", "bn1.running_mean", "layer1.0.conv1.weight", "layer3.2.bn2.bias", "fc.weight"} <= keys
    assert not [key for key in keys if "downsample" in key]  # option A has no parameters


def stirred(theirs):
    """The network with what training would have moved: a new one's batch norm changes nothing."""
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.0)
            nn.init.normal_(module.bias, 0.0, 0.2)
            module.running_mean.normal_(0.0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    return theirs.eval()


def like_torchvision(kind, blocks, **options):
    """torchvision's network of that block and these counts, and ours with its weights."""
    from torchvision.models import resnet

    torch.manual_seed(0)
    theirs = stirred(resnet.ResNet({"basic": resnet.BasicBlock, "bottleneck": resnet.Bottleneck}[kind], list(blocks)))
    ours = ResNet(ResNetConfig(blocks=blocks, block=kind, **options), num_classes=1000, in_channels=3).eval()
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return ours, theirs


def assert_equal_logits(ours, theirs, size):
    images = torch.randn(2, 3, *size)
    with torch.no_grad():
        expected, answers = theirs(images), ours(images)
    largest = expected.abs().max().item()
    assert largest > 0.01
    assert (answers - expected).abs().max().item() < 1e-4 * largest
    return answers


@pytest.mark.parametrize(
    "name",
    [
        "resnet18",
        pytest.param("resnet34", marks=pytest.mark.slow),
        "resnet50_v1_5",
        pytest.param("resnet101_v1_5", marks=pytest.mark.slow),
        pytest.param("resnet152_v1_5", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("library", ["torchvision", "timm"])
def test_rows_that_others_have_too(name, library):
    torch.manual_seed(0)
    if library == "torchvision":
        from torchvision import models

        theirs = models.get_model(name.removesuffix("_v1_5"), weights=None)
    else:
        import timm

        theirs = timm.create_model(name.removesuffix("_v1_5"), pretrained=False)
    ours = create_model(name)
    ours.load_state_dict(stirred(theirs).state_dict(), strict=True)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert_equal_logits(ours.eval(), theirs, (65, 48))


def test_the_paper_s_stride_is_torchvision_s_moved():
    ours, theirs = like_torchvision("bottleneck", (1, 2, 1, 1))
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert not torch.allclose(ours(images), theirs(images), rtol=0.01)  # weights fit, answers differ
    for module in theirs.modules():
        if getattr(module, "downsample", None) is not None:
            module.conv1.stride, module.conv2.stride = module.conv2.stride, module.conv1.stride
    assert_equal_logits(ours, theirs, (65, 48))


@pytest.mark.parametrize("row", ["resnet18", "resnet18_a", "resnet18_c", "plain18", "resnet50", "resnet50_v1_5"])
@pytest.mark.parametrize("size", [(32, 32), (47, 33), (1, 1)])
def test_narrow_networks_of_every_kind(row, size):
    config = model_row(row).config
    network = ResNet(
        ResNetConfig(
            blocks=(1, 2, 1, 1),
            block=config.block,
            shortcut=config.shortcut,
            stride_at=config.stride_at,
            widths=NARROW,
        ),
        num_classes=3,
        in_channels=4,
    )
    images = torch.randn(6, 4, *size)
    vector = NARROW[-1] * (4 if config.block == "bottleneck" else 1)
    assert network.feature_width == vector
    network.eval()
    assert torch.equal(network.head(network.features(images)), network(images))
    if size != (1, 1):
        network.train()
        (network(images) * torch.randn(6, 3)).sum().backward()
        assert [path for path, parameter in network.named_parameters() if not parameter.grad.any()] == []
    network.replace_head(7)
    assert network.eval()(images).shape == (6, 7)
    assert network.features(images).shape == (6, vector)


def test_a_plain_network_is_the_residual_one_without_its_shortcuts():
    plain, residual = create_model("plain20", seed=0).eval(), create_model("resnet20", seed=1).eval()
    residual.load_state_dict(plain.state_dict(), strict=True)
    images = torch.randn(2, 3, 32, 32)
    assert not torch.allclose(plain(images), residual(images), rtol=0.1)
    for module in residual.modules():
        if isinstance(module, BasicBlock):
            module.downsample = None
    assert torch.equal(plain(images), residual(images))


def test_configs():
    assert model_row("resnet18").config == ResNetConfig(blocks=(2, 2, 2, 2))
    cifar = CifarResNetConfig(blocks=(1, 1, 1))
    assert (cifar.shortcut, cifar.stem, cifar.benchmark.name) == ("A", "3x3", "CIFAR-10")


def test_initialisation():
    network = create_model("resnet20", seed=0)
    assert network.layer3[2].conv2.weight.std().item() == pytest.approx(math.sqrt(2 / (9 * 64)), rel=0.02)
    assert network.fc.weight.std().item() == pytest.approx(math.sqrt(2 / 64), rel=0.1)
    assert not network.fc.bias.any()
    assert all((module.weight == 1).all() for module in network.modules() if isinstance(module, nn.BatchNorm2d))
    deep = create_model("resnet18_c", seed=0)
    assert deep.layer4[1].downsample[0].weight.std().item() == pytest.approx(math.sqrt(2 / 512), rel=0.02)


@pytest.mark.parametrize("name", ["resnet20", "plain20", "resnet18"])
def test_signal_neither_dies_nor_explodes(name):
    network = create_model(name, seed=0)
    assert 0.1 < network(torch.randn(16, 3, 64, 64)).std().item() < 10
