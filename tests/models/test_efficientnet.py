import copy

import pytest
import torch
from torch import nn

from striate.initialization import drafting
from striate.models import create_model, list_models, model_row
from striate.models.efficientnet import SCALINGS, TABLE_1, MBConv
from striate.nn import SamePaddingConv2d, SqueezeExcitation, StochasticDepth

NAMES = [name for name in list_models() if name.startswith("efficientnet_")]
BLOCKS = {"b0": 16, "b1": 23, "b2": 23, "b3": 26, "b4": 32, "b5": 39, "b6": 45, "b7": 55}


@pytest.fixture(scope="module")
def undrawn():
    """A function from a row's name to its network without values."""

    def make(name):
        with drafting():
            return create_model(name).eval()

    return make


def blocks_of(network):
    return [module for module in network.modules() if isinstance(module, MBConv)]


def test_rows():
    assert list(NAMES) == [f"efficientnet_b{number}{kind}" for kind in ("", "_tf") for number in range(8)]


# From here on tests are of one row each and cheap; the parameter is not called `name`, which would mark big rows slow.
@pytest.mark.parametrize("row", NAMES)
def test_macs_and_receptive_field(row, undrawn, golden):
    network = undrawn(row)
    macs, side, step = 0, 1, 1

    def count(module, inputs, output):
        nonlocal macs, side, step
        if isinstance(module, nn.Linear):
            macs += module.weight.numel()
            return
        macs += module.weight.numel() * output.shape[2] * output.shape[3]
        if inputs[0].shape[2] > 1:  # squeeze and excitation has a single pixel, and is no part of the path
            side += (module.kernel_size[0] - 1) * step
            step *= module.stride[0]

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count)
    network(torch.empty(1, 3, *network.input_size, device="meta"))
    assert macs == golden[row]["macs"]
    assert side == golden[row]["receptive_field"]


@pytest.mark.parametrize("row", NAMES)
def test_what_the_rows_say(row, undrawn):
    network, letter = undrawn(row), row.split("_")[1]
    width, _, resolution, dropout = SCALINGS[letter]
    assert network.input_size == model_row(row).input_size == (resolution, resolution)
    assert network.classifier[0].p == dropout
    assert len(blocks_of(network)) == BLOCKS[letter]
    assert network.feature_width == round(1280 * width / 8) * 8
    from_tensorflow = row.endswith("_tf") or letter in ("b5", "b6", "b7")
    norms = {(module.eps, module.momentum) for module in network.modules() if isinstance(module, nn.BatchNorm2d)}
    assert norms == {(1e-3, 0.01) if from_tensorflow else (1e-5, 0.1)}
    same = {type(module) for module in network.modules() if isinstance(module, nn.Conv2d)}
    assert (SamePaddingConv2d in same) == row.endswith("_tf")


@pytest.mark.parametrize("row", ["efficientnet_b0", "efficientnet_b3", "efficientnet_b7_tf"])
def test_drop_rates_grow_along_the_blocks(row, undrawn):
    blocks = blocks_of(undrawn(row))
    rates = [block.stochastic_depth.probability if block.has_shortcut else None for block in blocks]
    for place, rate in enumerate(rates):
        assert rate is None or rate == pytest.approx(0.2 * place / len(blocks))
    assert rates[-1] is None or rates[-1] < 0.2
    assert sum(rate is not None for rate in rates) == len(blocks) - (7 if rates[0] is None else 6)


def test_squeeze_counts_from_a_block_s_input(undrawn):
    network = undrawn("efficientnet_b0")
    squeezes = [module for module in network.modules() if isinstance(module, SqueezeExcitation)]
    assert [module.squeeze_channels for module in squeezes][:6] == [8, 4, 6, 6, 10, 10]
    assert [module.channels for module in squeezes][:6] == [32, 96, 144, 144, 240, 240]


def test_table_1():
    assert sum(stage.n for stage in TABLE_1) == 16
    assert [stage.c for stage in TABLE_1] == [16, 24, 40, 80, 112, 192, 320]


def test_the_bottleneck_is_linear():
    block = create_model("efficientnet_b0", num_classes=2).features[2][0].eval()
    kinds = [type(module).__name__ for module in block.modules() if not list(module.children())]
    assert kinds == [
        *("Conv2d", "BatchNorm2d", "SiLU"),
        *("Conv2d", "BatchNorm2d", "SiLU"),
        *("AdaptiveAvgPool2d", "Conv2d", "SiLU", "Conv2d", "Sigmoid"),
        *("Conv2d", "BatchNorm2d"),
    ]


def test_stochastic_depth_follows_from_torch_s_generator():
    network = create_model("efficientnet_b0", num_classes=3, seed=0).train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.0  # running averages stay, so that a second pass finds the same network
    images = torch.randn(4, 3, 64, 64)
    torch.manual_seed(5)
    first = network(images)
    second = network(images)
    torch.manual_seed(5)
    assert torch.equal(network(images), first)
    assert not torch.equal(second, first)


def test_a_dropped_block_is_its_shortcut():
    block = create_model("efficientnet_b0", num_classes=2, seed=0).features[3][1].train()
    block.stochastic_depth = StochasticDepth(0.999999)
    inputs = torch.randn(3, 40, 7, 7)
    assert torch.equal(block(inputs), inputs)


def test_initialisation():
    network = create_model("efficientnet_b0", seed=0)
    widen, depthwise = network.features[5][1].block[0][0], network.features[5][1].block[1][0]
    assert widen.weight.std().item() == pytest.approx((2 / widen.out_channels) ** 0.5, rel=0.02)
    assert depthwise.weight.std().item() == pytest.approx((2 / 25) ** 0.5, rel=0.02)
    assert network.head.weight.abs().max().item() == pytest.approx(1000**-0.5, rel=1e-3)
    biases = [module.bias for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert all(not bias.any() for bias in biases if bias is not None)


def timm_names(network):
    """Our name of each tensor, by timm's."""
    pairs = {"features.0.0": "conv_stem", "features.0.1": "bn1", "features.8.0": "conv_head", "features.8.1": "bn2"}
    pairs["classifier.1"] = "classifier"
    for stage in range(1, 8):
        for place, block in enumerate(network.features[stage]):
            ours, theirs = f"features.{stage}.{place}.block", f"blocks.{stage - 1}.{place}"
            widens = len(block.block) == 4
            parts = ["conv_pw", "conv_dw", "se", "conv_pwl"] if widens else ["conv_dw", "se", "conv_pw"]
            norm = 0
            for number, part in enumerate(parts):
                if part == "se":
                    pairs[f"{ours}.{number}.fc1"] = f"{theirs}.se.conv_reduce"
                    pairs[f"{ours}.{number}.fc2"] = f"{theirs}.se.conv_expand"
                    continue
                norm += 1
                pairs[f"{ours}.{number}.0"] = f"{theirs}.{part}"
                pairs[f"{ours}.{number}.1"] = f"{theirs}.bn{norm}"
    return {
        f"{theirs}.{tensor}": f"{ours}.{tensor}"
        for ours, theirs in pairs.items()
        for tensor, _ in [*network.get_submodule(ours).named_parameters(), *network.get_submodule(ours).named_buffers()]
    }


@pytest.mark.parametrize("letter", ["b0", pytest.param("b2", marks=pytest.mark.slow)])
def test_timm_s_random_weights_give_timm_s_logits(letter):
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    theirs = timm.create_model(f"tf_efficientnet_{letter}").eval()
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):  # a new network's changes nothing: draw what training would have moved
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.2)
            module.running_mean.normal_(0.0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    ours = create_model(f"efficientnet_{letter}_tf").eval()
    names = timm_names(ours)
    ours.load_state_dict({names[name]: tensor for name, tensor in theirs.state_dict().items()}, strict=True)
    for size in ((224, 224), (97, 130)):
        images = torch.randn(2, 3, *size)
        with torch.no_grad():
            expected, answers = theirs(images), ours(images)
        largest = expected.abs().max().item()
        assert largest > 0.01
        assert (answers - expected).abs().max().item() < 1e-4 * largest


def test_the_two_paddings_differ_in_values_alone():
    same = create_model("efficientnet_b0_tf", num_classes=5, seed=0).eval()
    symmetric = create_model("efficientnet_b0", num_classes=5).eval()
    symmetric.load_state_dict(same.state_dict(), strict=True)
    images = torch.randn(1, 3, 64, 64)
    assert symmetric.forward_features(images).shape == same.forward_features(images).shape
    assert not torch.allclose(symmetric(images), same(images), rtol=1e-3)


def test_a_copy_keeps_its_drop_rates():
    network = create_model("efficientnet_b0", num_classes=2)
    twin = copy.deepcopy(network)
    assert [block.stochastic_depth.probability for block in blocks_of(twin) if block.has_shortcut] == [
        block.stochastic_depth.probability for block in blocks_of(network) if block.has_shortcut
    ]
