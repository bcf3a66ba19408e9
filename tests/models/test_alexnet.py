import dataclasses

import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.initialization import drafting
from striate.models import AlexNet, create_model, model_row
from striate.models.alexnet import ONE_TOWER, TWO_GROUPS, Convolution
from striate.nn import LocalResponseNormalization

ROWS = ["alexnet", "alexnet_caffe", "caffenet", "alexnet_owt"]


@pytest.fixture(scope="module")
def alexnet():
    """The network of the paper, for ten classes; do not change it."""
    return create_model("alexnet", num_classes=10, seed=0).eval()


def tiny(name):
    """A network of the row's structure with an eighth of its maps."""
    config = model_row(name).config
    lines = tuple(line._replace(maps=line.maps // 8) for line in config.convolutions)
    small = dataclasses.replace(config, convolutions=lines)
    torch.manual_seed(0)
    return AlexNet(small, num_classes=5, in_channels=3)


def kinds(modules):
    return [type(module).__name__ for module in modules]


def test_parameters_of_each_layer():
    with drafting():
        network = create_model("alexnet")
    weighted = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert [sum(parameter.numel() for parameter in module.parameters()) for module in weighted] == [
        34_944,
        307_456,
        885_120,
        663_936,
        442_624,
        37_752_832,
        16_781_312,
        4_097_000,
    ]


def test_multiply_adds_of_each_layer(multiply_adds):
    assert multiply_adds("alexnet") == [
        105_415_200,
        223_948_800,
        149_520_384,
        112_140_288,
        74_760_192,
        37_748_736,
        16_777_216,
        4_096_000,
    ]


def test_neurons_of_each_layer():
    """Fig. 2, but for the first layer, where it prints 253,440 and 55 * 55 * 96 is 290,400."""
    with drafting():
        network = create_model("alexnet")
    neurons = []
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda module, inputs, output: neurons.append(output.numel()))
    network(torch.empty(1, 3, 227, 227, device="meta"))
    assert neurons == [290_400, 186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000]


def test_the_order_of_layers(alexnet):
    assert kinds(alexnet.features) == [
        *["Conv2d", "ReLU", "LocalResponseNormalization", "MaxPool2d"] * 2,
        *["Conv2d", "ReLU"] * 3,
        "MaxPool2d",
    ]
    assert kinds(alexnet.classifier) == ["Linear", "ReLU", "Dropout"] * 2 + ["Linear"]


def test_the_order_of_layers_in_one_tower():
    with drafting():
        network = create_model("alexnet_owt")
    assert kinds(network.features) == [*["Conv2d", "ReLU", "MaxPool2d"] * 2, *["Conv2d", "ReLU"] * 3, "MaxPool2d"]
    assert kinds(network.classifier) == ["Dropout", "Linear", "ReLU"] * 2 + ["Linear"]


def test_groups():
    assert [line.groups for line in TWO_GROUPS] == [1, 2, 1, 2, 2]
    assert [line.maps for line in ONE_TOWER] == [64, 192, 384, 256, 256]
    with drafting():
        convolutions = [module for module in create_model("alexnet").features if isinstance(module, nn.Conv2d)]
    assert [module.weight.shape[1] for module in convolutions] == [3, 48, 256, 192, 192]


def test_a_group_does_not_see_the_other():
    network = tiny("alexnet").eval()
    conv2 = network.features[4]
    maps = torch.randn(1, 12, 9, 9)
    changed = maps.clone()
    changed[:, 6:] = 0
    assert torch.equal(conv2(maps)[:, :16], conv2(changed)[:, :16])
    assert not torch.equal(conv2(maps)[:, 16:], conv2(changed)[:, 16:])


def test_response_normalization_has_the_paper_s_constants(alexnet):
    layers = [module for module in alexnet.modules() if isinstance(module, LocalResponseNormalization)]
    constants = [(layer.size, layer.alpha, layer.beta, layer.k, layer.alpha_divided_by_size) for layer in layers]
    assert constants == [(5, 1e-4, 0.75, 2.0, False)] * 2


def test_pooling_overlaps(alexnet):
    pools = [module for module in alexnet.modules() if isinstance(module, nn.MaxPool2d)]
    assert [(pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode) for pool in pools] == [(3, 2, 0, False)] * 3


@pytest.mark.parametrize("name", ["alexnet_caffe", "caffenet"])
def test_caffes_networks_by_torch_s_own_functions(name):
    """Caffe's LRN is torch's: alpha is divided by n, and k is 1; caffenet pools first. The hand-made order is the prototxt's."""
    network = tiny(name).eval()
    images = 50 * torch.randn(2, 3, 227, 227)
    weights = dict(network.named_parameters())
    maps = images
    for place, stride, padding, groups in ((0, 4, 0, 1), (4, 1, 2, 2), (8, 1, 1, 1), (10, 1, 1, 2), (12, 1, 1, 2)):
        weight, bias = weights[f"features.{place}.weight"], weights[f"features.{place}.bias"]
        maps = functional.conv2d(maps, weight, bias, stride, padding, groups=groups).relu()
        if place in (0, 4):
            pooled = functional.max_pool2d(maps, 3, 2) if name == "caffenet" else maps
            maps = functional.local_response_norm(pooled, 5, alpha=1e-4, beta=0.75, k=1.0)
        if place == 12 or (place in (0, 4) and name == "alexnet_caffe"):
            maps = functional.max_pool2d(maps, 3, 2)
    vector = maps.flatten(1)
    for place in (0, 3, 6):
        vector = functional.linear(vector, weights[f"classifier.{place}.weight"], weights[f"classifier.{place}.bias"])
        vector = vector if place == 6 else vector.relu()
    torch.testing.assert_close(network(images), vector, rtol=1e-4, atol=1e-5 * vector.abs().max().item())


def test_caffes_initialisation():
    network = tiny("alexnet_caffe")
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert [round(layer.bias.unique().item(), 6) for layer in layers] == [0, 0.1, 0, 0.1, 0.1, 0.1, 0.1, 0]
    assert layers[5].weight.std().item() == pytest.approx(0.005, rel=0.02)
    assert layers[7].weight.std().item() == pytest.approx(0.01, rel=0.02)


def test_initialisation(alexnet):
    layers = [module for module in alexnet.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert [layer.bias.unique().tolist() for layer in layers] == [
        [0.0],
        [1.0],
        [0.0],
        [1.0],
        [1.0],
        [1.0],
        [1.0],
        [0.0],
    ]
    for layer in layers:
        assert layer.weight.mean().item() == pytest.approx(0.0, abs=2e-4)
        assert layer.weight.std().item() == pytest.approx(0.01, rel=0.02)


def test_a_new_head_is_drawn_as_the_old_one():
    network = tiny("alexnet")
    network.replace_head(100, seed=0)
    assert network.head.weight.std().item() == pytest.approx(0.01, rel=0.01)
    assert not network.head.bias.any()


def test_one_tower_is_drawn_as_pytorch_does():
    network = tiny("alexnet_owt")
    bound = (32 * 36) ** -0.5
    for tensor in (network.classifier[1].weight, network.classifier[1].bias):
        assert 0.9 * bound < tensor.abs().max().item() <= bound


def test_inputs_are_pixels_less_their_mean():
    row = model_row("alexnet")
    assert row.input_size == (227, 227)
    values = [(pixel / 255 - row.mean[0]) / row.std[0] for pixel in (0, 255)]
    assert values == pytest.approx([-255 * 0.485, 255 * 0.515], rel=1e-9)
    assert model_row("alexnet_owt").std == (0.229, 0.224, 0.225)


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("in_channels", [1, 4])
def test_gradient_reaches_every_parameter(name, in_channels):
    network = tiny(name)
    network.features[0] = nn.Conv2d(in_channels, network.features[0].out_channels, 11, 4)
    network.in_channels = in_channels
    images = 50 * torch.randn(2, in_channels, 227, 227)
    logits = network(images)
    (logits * torch.randn_like(logits)).sum().backward()
    assert [path for path, parameter in network.named_parameters() if not parameter.grad.any()] == []


def test_the_full_network_learns_from_every_parameter():
    network = create_model("alexnet", num_classes=3, seed=0)
    logits = network(50 * torch.randn(1, 3, 227, 227))
    assert logits.shape == (1, 3)
    logits.square().sum().backward()
    assert [path for path, parameter in network.named_parameters() if not parameter.grad.any()] == []


@pytest.mark.parametrize("name", ROWS)
def test_forward_is_its_parts(name):
    network = tiny(name).eval()
    images = 50 * torch.randn(2, 3, 227, 227)
    vectors, logits = network.features(images), network(images)
    assert vectors.shape == (2, 4096)
    assert torch.equal(network.head(vectors), logits)
    assert torch.equal(network.forward_head(network.forward_features(images)), logits)


def test_logits_by_torch_s_own_functions():
    """Its response normalisation divides alpha by n = 5, so that the paper's 1e-4 is its 5e-4."""
    network = tiny("alexnet").eval()
    images = 50 * torch.randn(2, 3, 227, 227)
    weights = dict(network.named_parameters())
    maps = images
    for place, stride, padding, groups in ((0, 4, 0, 1), (4, 1, 2, 2), (8, 1, 1, 1), (10, 1, 1, 2), (12, 1, 1, 2)):
        weight, bias = weights[f"features.{place}.weight"], weights[f"features.{place}.bias"]
        maps = functional.conv2d(maps, weight, bias, stride, padding, groups=groups).relu()
        if place in (0, 4):
            maps = functional.local_response_norm(maps, 5, alpha=5e-4, beta=0.75, k=2.0)
        if place in (0, 4, 12):
            maps = functional.max_pool2d(maps, 3, 2)
    vector = maps.flatten(1)
    for place in (0, 3, 6):
        vector = functional.linear(vector, weights[f"classifier.{place}.weight"], weights[f"classifier.{place}.bias"])
        vector = vector if place == 6 else vector.relu()
    torch.testing.assert_close(network(images), vector, rtol=1e-4, atol=1e-5 * vector.abs().max().item())


@pytest.mark.parametrize(("height", "width"), [(63, 63), (64, 101), (224, 224), (255, 97)])
def test_one_tower_takes_any_size(height, width):
    network = tiny("alexnet_owt").eval()
    images = torch.randn(1, 3, height, width)
    assert network.features(images).shape == (1, 4096)
    assert network(images).shape == (1, 5)


@pytest.mark.parametrize("name", ROWS)
def test_every_layer_is_its_own_module_and_runs_once(name):
    network = tiny(name).eval()
    calls = []
    for path, module in network.named_modules():
        if not list(module.children()):
            module.register_forward_hook(lambda module, inputs, output, path=path: calls.append(path))
            assert not getattr(module, "inplace", False)
    network(torch.zeros(1, 3, 227, 227))
    assert sorted(calls) == sorted(path for path, module in network.named_modules() if not list(module.children()))


@pytest.mark.parametrize("name", ROWS)
def test_symbolic_trace(name):
    network = tiny(name).eval()
    images = torch.randn(1, 3, 227, 227)
    assert torch.equal(torch.fx.symbolic_trace(network)(images), network(images))


def test_dropout_is_where_each_network_has_it():
    """Half of what fc7 answers is dropped in the paper's network, half of what goes into fc7 in one tower's."""
    maps = {"alexnet": torch.rand(1, 32, 6, 6), "alexnet_owt": torch.rand(1, 32, 6, 6)}
    shares = {}
    for name, values in maps.items():
        network = tiny(name)
        nn.init.constant_(network.classifier[3 if name == "alexnet" else 4].weight, 0.001)
        nn.init.constant_(network.classifier[3 if name == "alexnet" else 4].bias, 0.1)
        shares[name] = (network.forward_head(values, vector_only=True) == 0).float().mean().item()
    assert shares["alexnet"] == pytest.approx(0.5, abs=0.05)
    assert shares["alexnet_owt"] == 0


def test_a_line_s_defaults():
    assert Convolution(8, 3) == (8, 3, 1, 0, 1, False, False, 0.0)
