import pytest
import torch
from torch import nn

from striate.initialization import drafting
from striate.models import GoogLeNet, create_model, list_models
from striate.models.googlenet import TABLE_1, VARIANTS, AuxiliaryHead
from striate.nn import ConvolutionUnit, InceptionModule, LocalResponseNormalization

# Weights without biases of each row of Table 1 and, where the paper prints another number, that.
MODULE_WEIGHTS = {
    "3a": 163_328,
    "3b": 388_096,
    "4a": 375_552,
    "4b": 448_512,
    "4c": 509_440,
    "4d": 604_672,
    "4e": 867_328,
    "5a": 1_042_432,
    "5b": 1_442_816,
}
PRINTED = {"3a": 159, "3b": 380, "4a": 364, "4b": 437, "4c": 463, "4d": 580, "4e": 840, "5a": 1072, "5b": 1388}


def on_meta(name, **arguments):
    with drafting():
        return create_model(name, **arguments).eval()


def weights(module):
    return sum(parameter.numel() for parameter in module.parameters() if parameter.ndim > 1)


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module", params=VARIANTS)
def network(request):
    return create_model(request.param, num_classes=7, seed=0).eval()


def test_the_numbers_of_maps_that_table_1_prints():
    widths = [row.conv1x1 + row.conv3x3 + row.conv5x5 + row.pool_projection for row in TABLE_1]
    assert widths == [256, 480, 512, 512, 512, 528, 832, 832, 1024]


def test_weights_of_each_row_of_table_1():
    network = on_meta("googlenet")
    assert weights(network.conv1) == 9408
    assert weights(network.conv2) + weights(network.conv3) == 114_688 == 112 * 1024
    for name, expected in MODULE_WEIGHTS.items():
        assert weights(network.get_submodule(f"inception{name}")) == expected
    assert weights(network.fc) == 1_024_000


def test_where_table_1_does_not_agree_with_itself():
    off = {name: count / 1024 / PRINTED[name] - 1 for name, count in MODULE_WEIGHTS.items()}
    assert {name for name, share in off.items() if abs(share) > 0.025} == {"4c", "5a"}
    assert 7 * 7 * 3 * 8 + 24 * 64 == 2712  # the printed 2.7K, of a depthwise 7x7 convolution to 8 maps a channel


def test_parameters_by_part():
    network = on_meta("googlenet")
    assert size(network) - size(network.aux1) - size(network.aux2) == 6_998_552
    assert size(network.aux1) == 65_664 + 2_098_176 + 1_025_000
    assert size(network.aux2) == 67_712 + 2_098_176 + 1_025_000


def test_parameters_are_in_the_order_of_the_columns():
    network = on_meta("googlenet", auxiliary=False)
    kernels = [tuple(p.shape) for name, p in network.inception3a.named_parameters() if name.endswith("weight")]
    assert kernels == [
        (64, 192, 1, 1),
        (96, 192, 1, 1),
        (128, 96, 3, 3),
        (16, 192, 1, 1),
        (32, 16, 5, 5),
        (32, 192, 1, 1),
    ]
    modules = [name for name, module in network.named_modules() if isinstance(module, InceptionModule)]
    assert modules == [f"inception{row.name}" for row in TABLE_1]


def test_what_the_rows_differ_in():
    paper, torchvision = on_meta("googlenet"), on_meta("googlenet_bn")

    def kinds(network, kind):
        return [path for path, module in network.named_modules() if isinstance(module, kind)]

    assert kinds(paper, LocalResponseNormalization) == ["norm1", "norm2"]
    assert kinds(torchvision, LocalResponseNormalization) == []
    assert kinds(paper, nn.BatchNorm2d) == []
    assert len(kinds(torchvision, nn.BatchNorm2d)) == len(kinds(torchvision, nn.Conv2d)) == 59
    assert len(kinds(paper, nn.Conv2d)) == 59
    assert all(paper.get_submodule(path).bias is not None for path in kinds(paper, nn.Conv2d))
    assert all(torchvision.get_submodule(path).bias is None for path in kinds(torchvision, nn.Conv2d))
    for network, kernel, window, dropout in ((paper, 5, 3, 0.4), (torchvision, 3, 2, 0.2)):
        assert network.inception3a.branch3[1].conv.kernel_size == (kernel, kernel)
        assert network.maxpool4.kernel_size == window
        assert network.dropout.p == dropout
        assert network.aux1.dropout.p == network.aux2.dropout.p == 0.7


def test_response_normalisation_is_bvlc_s():
    network = on_meta("googlenet")
    for layer in (network.norm1, network.norm2):
        assert (layer.size, layer.alpha, layer.beta, layer.k) == (5, 1e-4, 0.75, 1.0)
        assert layer.alpha_divided_by_size


def test_poolings_round_up():
    network = on_meta("googlenet")
    assert all(network.get_submodule(f"maxpool{place}").ceil_mode for place in (1, 2, 3, 4))
    # 224 -> 112, 56, 28, 14, 7; and 99 -> 50, 25, 12, 6, 3, where rounding down would end with 2.
    assert network.forward_features(torch.empty(1, 3, 99, 224, device="meta")).shape == (1, 1024, 3, 7)


def test_forward_answers_one_tensor_in_training_too(network):
    images = torch.randn(2, 3, 64, 64)
    expected = network(images)
    assert expected.shape == (2, 7)
    vectors = network.features(images)
    assert vectors.shape == (2, 1024)
    assert torch.equal(network.head(vectors), expected)
    logits, auxiliary = network.forward_with_auxiliary(images)
    assert torch.equal(logits, expected)
    assert [answer.shape for answer in auxiliary] == [(2, 7), (2, 7)]
    network.train()
    assert isinstance(network(images), torch.Tensor)
    network.eval()


def test_auxiliary_heads_see_4a_and_4d(network):
    maps = {}
    handles = [
        network.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: maps.update({name: output})
        )
        for name in ("inception4a", "inception4d")
    ]
    with torch.no_grad():
        _, (first, second) = network.forward_with_auxiliary(torch.randn(1, 3, 64, 64))
        assert torch.equal(first, network.aux1(maps["inception4a"]))
        assert torch.equal(second, network.aux2(maps["inception4d"]))
    for handle in handles:
        handle.remove()


def test_the_paper_s_auxiliary_pooling_at_its_own_size():
    head = AuxiliaryHead(VARIANTS["googlenet"], 4, nn.Identity())
    maps = torch.randn(2, 4, 14, 14)
    assert torch.equal(head.pool(maps), nn.functional.avg_pool2d(maps, 5, 3))
    assert head.pool(maps).shape == (2, 4, 4, 4)
    assert head.pool(maps[:, :, :2, :3]).shape == (2, 4, 4, 4)


@pytest.mark.parametrize("name", VARIANTS)
def test_gradient_reaches_every_parameter(name):
    network = create_model(name, num_classes=7, seed=0).train()
    logits, auxiliary = network.forward_with_auxiliary(torch.randn(4, 3, 64, 64))
    sum((answer * torch.randn_like(answer)).sum() for answer in (logits, *auxiliary)).backward()
    assert [path for path, parameter in network.named_parameters() if not parameter.grad.any()] == []


@pytest.mark.parametrize("shape", [(47, 47), (49, 63), (97, 64)])
def test_sizes(network, shape):
    logits, (first, second) = network.forward_with_auxiliary(torch.randn(1, 3, *shape))
    assert logits.shape == first.shape == second.shape == (1, 7)


@pytest.mark.parametrize(("name", "least"), [("googlenet", 47), ("googlenet_bn", 31)])
def test_smallest_size(name, least):
    """Below it a window would be larger than its maps, which engines do not agree on."""
    network = on_meta(name)
    assert network.minimum_size == (least, least)
    network.minimum_size = (1, 1)
    fits = {}
    for pool in ("maxpool1", "maxpool2", "maxpool3", "maxpool4"):
        network.get_submodule(pool).register_forward_hook(
            lambda module, inputs, output: fits.update({module: inputs[0].shape[2] >= module.kernel_size})
        )
    for side, expected in ((least, True), (least - 1, False)):
        network(torch.empty(1, 3, side, 224, device="meta"))
        assert len(fits) == 4
        assert all(fits.values()) == expected


@pytest.mark.parametrize("channels", [1, 4])
def test_channels(channels):
    network = on_meta("googlenet", in_channels=channels)
    assert network(torch.empty(1, channels, 224, 224, device="meta")).shape == (1, 1000)


def test_replace_head_replaces_the_auxiliary_heads_last_layers_too():
    network, twin = (create_model("googlenet", num_classes=3, seed=seed).eval() for seed in (0, 1))
    network.aux1.double()
    images = torch.randn(1, 3, 64, 64)
    before = network.features(images)
    network.replace_head(9, seed=5)
    twin.replace_head(9, seed=5)
    assert torch.equal(network.features(images), before)
    assert network.aux1.fc2.weight.dtype == torch.float64
    assert [tuple(network.get_submodule(path).weight.shape) for path in ("fc", "aux1.fc2", "aux2.fc2")] == [
        (9, 1024)
    ] * 3
    assert torch.equal(network.fc.weight, twin.fc.weight)
    assert torch.equal(network.aux2.fc2.weight, twin.aux2.fc2.weight)
    assert not torch.equal(network.fc.weight, network.aux2.fc2.weight)
    without = create_model("googlenet", auxiliary=False, seed=0)
    without.replace_head(9, seed=5)
    assert torch.equal(without.fc.weight, network.fc.weight)


def test_without_auxiliary_heads():
    network = create_model("googlenet", num_classes=2, auxiliary=False, seed=0).eval()
    assert not [name for name, _ in network.named_modules() if "aux" in name]
    images = torch.randn(1, 3, 48, 48)
    logits, auxiliary = network.forward_with_auxiliary(images)
    assert auxiliary == ()
    assert torch.equal(logits, network(images))


@pytest.mark.slow
def test_the_paper_s_weight_is_the_row_s():
    weights = {name: create_model_weight(name) for name in list_models("picture", sequential=False)}
    assert {name: weight for name, weight in weights.items() if weight} == {"googlenet": 0.3, "googlenet_bn": 0.3}


def create_model_weight(name):
    return on_meta(name).auxiliary_weight


def test_initialisation_is_bvlc_s():
    network = create_model("googlenet", seed=0)
    for path, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            bound = (3 / module.weight[0].numel()) ** 0.5
            assert 0.9 * bound < module.weight.abs().max().item() <= bound
            bias = 0.0 if path in ("fc", "aux1.fc2", "aux2.fc2") else 0.2
            assert (module.bias == bias).all(), path


def test_initialisation_with_batch_norm_is_torchvision_s():
    network = create_model("googlenet_bn", seed=0)
    for module in (network.inception5b.branch2[1].conv, network.fc, network.aux2.fc1):
        assert module.weight.std().item() == pytest.approx(0.01, rel=0.01)
    assert network.conv1.bn.eps == 1e-3


def test_signal_neither_dies_nor_explodes():
    network = create_model("googlenet", seed=0).eval()
    with torch.no_grad():
        logits, auxiliary = network.forward_with_auxiliary(torch.randn(4, 3, 64, 64))
    assert all(0.01 < answer.std().item() < 10 for answer in (logits, *auxiliary))


def test_every_layer_is_its_own_module_and_runs_once(network):
    calls = {path: 0 for path, module in network.named_modules() if not list(module.children())}
    handles = [
        network.get_submodule(path).register_forward_hook(
            lambda module, inputs, output, path=path: calls.update({path: calls[path] + 1})
        )
        for path in calls
    ]
    network.forward_with_auxiliary(torch.randn(1, 3, 64, 64))
    for handle in handles:
        handle.remove()
    assert set(calls.values()) == {1}
    assert not [path for path, module in network.named_modules() if getattr(module, "inplace", False)]
    units = [module for module in network.modules() if isinstance(module, ConvolutionUnit)]
    assert all(isinstance(unit.relu, nn.ReLU) for unit in units)


def test_auxiliary_heads_answer_as_torchvision_s():
    from torchvision import models

    torch.manual_seed(0)
    theirs = models.googlenet(weights=None, init_weights=False).eval()
    ours = create_model("googlenet_bn").eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    images = torch.randn(1, 3, 224, 224)
    theirs.training = True  # itself alone: its layers stay in evaluation mode, and it answers all three
    with torch.no_grad():
        expected = theirs(images)
        logits, (first, second) = ours.forward_with_auxiliary(images)
    for answer, other in zip((logits, first, second), (expected[0], expected[2], expected[1]), strict=True):
        assert (answer - other).abs().max().item() < 1e-4 * other.abs().max().item()


def test_the_class_can_be_used_alone():
    network = GoogLeNet(VARIANTS["googlenet_bn"], num_classes=3, in_channels=2).eval()
    assert network(torch.zeros(2, 2, 31, 32)).shape == (2, 3)
