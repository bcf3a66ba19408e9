import pytest
import torch
from torch import nn

from striate.models import create_model, model_row

ROWS = ["nin_cifar10", "nin_imagenet"]


def convolutions(network):
    return [module for module in network.modules() if isinstance(module, nn.Conv2d)]


def trainable(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_parameters_of_each_layer():
    assert [trainable(module) for module in convolutions(create_model("nin_cifar10"))] == [
        *(14_592, 30_880, 15_456),
        *(460_992, 37_056, 37_056),
        *(331_968, 37_056, 1_930),
    ]
    assert [trainable(module) for module in convolutions(create_model("nin_imagenet"))] == [
        *(34_944, 9_312, 9_312),
        *(614_656, 65_792, 65_792),
        *(885_120, 147_840, 147_840),
        *(3_539_968, 1_049_600, 1_025_000),
    ]


def test_multiply_adds_of_each_layer(multiply_adds):
    assert multiply_adds("nin_cifar10") == [
        *(14_745_600, 31_457_280, 15_728_640),
        *(117_964_800, 9_437_184, 9_437_184),
        *(21_233_664, 2_359_296, 122_880),
    ]


def test_maps_of_the_classes():
    network = create_model("nin_cifar10").eval()
    shapes = []
    network.output.relu.register_forward_hook(lambda module, inputs, output: shapes.append(tuple(output.shape)))
    network(torch.zeros(1, 3, 32, 32))
    assert shapes == [(1, 10, 8, 8)]


@pytest.mark.parametrize("name", ROWS)
def test_relu_follows_every_convolution(name):
    kinds = [type(module) for module in create_model(name).modules() if isinstance(module, nn.Conv2d | nn.ReLU)]
    assert kinds == [nn.Conv2d, nn.ReLU] * (len(kinds) // 2)


@pytest.mark.parametrize("name", ROWS)
def test_no_dense_layer(name):
    assert not [module for module in create_model(name).modules() if isinstance(module, nn.Linear)]


@pytest.mark.parametrize(("name", "count"), [("nin_cifar10", 2), ("nin_imagenet", 3)])
def test_pooling_is_the_maximum_rounded_up(name, count):
    pools = [module for module in create_model(name).modules() if isinstance(module, nn.MaxPool2d)]
    assert [(pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode) for pool in pools] == [
        (3, 2, 0, True)
    ] * count


@pytest.mark.parametrize(
    ("name", "expected"), [("nin_cifar10", ["mlpconv1", "mlpconv2"]), ("nin_imagenet", ["mlpconv3"])]
)
def test_dropout(name, expected):
    network = create_model(name)
    found = [path for path, module in network.named_modules() if isinstance(module, nn.Dropout)]
    assert found == [f"{stage}.dropout" for stage in expected]
    assert {network.get_submodule(path).p for path in found} == {0.5}
    assert all(list(network.get_submodule(stage))[-1] is network.get_submodule(stage).dropout for stage in expected)


def test_initialisation():
    deviations = {"nin_cifar10": [0.05] * 9, "nin_imagenet": [0.01, *[0.05] * 5, 0.01, *[0.05] * 4, 0.01]}
    for name, expected in deviations.items():
        layers = convolutions(create_model(name, seed=0))
        assert [layer.weight.std().item() for layer in layers] == pytest.approx(expected, rel=0.05)
        assert not any(layer.bias.any() for layer in layers)


def test_logits_are_averages_of_the_classes_maps():
    network = create_model("nin_cifar10", seed=0).eval()
    images = torch.randn(2, 3, 32, 32)
    maps = network.output.convolution(network.forward_features(images)).relu()
    assert torch.equal(network(images), maps.mean(dim=(2, 3)))
    assert (network(images) >= 0).all()


def test_a_vector_holds_all_maps():
    network = create_model("nin_cifar10", seed=0).eval()
    images = torch.randn(2, 3, 32, 32)
    vectors = network.features(images)
    assert vectors.shape == (2, network.feature_width) == (2, 192 * 8 * 8)
    assert torch.equal(vectors.view(2, 192, 8, 8), network.forward_features(images))
    assert network.features(torch.randn(1, 3, 40, 33)).shape == (1, 192 * 10 * 8)
    assert create_model("nin_imagenet").feature_width == 1024 * 6 * 6


def test_pictures_of_imagenet_s_size():
    network = create_model("nin_imagenet", num_classes=7, seed=0).eval()
    images = 50 * torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        logits, vectors = network(images), network.features(images)
        assert logits.shape == (1, 7) and vectors.shape == (1, network.feature_width)
        assert torch.equal(network.head(vectors), logits)


def test_inputs():
    row = model_row("nin_imagenet")
    assert row.input_size == (224, 224)
    assert row.std == (1 / 255,) * 3
    assert model_row("nin_cifar10").benchmark.name == "CIFAR-10"


def test_a_new_head_is_drawn_as_the_old_one():
    network = create_model("nin_imagenet")
    network.replace_head(50, seed=0)
    assert network.head.convolution.weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert not network.head.convolution.bias.any()


@pytest.mark.parametrize(("name", "least"), [("nin_cifar10", 6), ("nin_imagenet", 55)])
def test_the_smallest_pictures_leave_a_whole_window_for_every_pooling(name, least):
    """Where windows are larger than the maps PyTorch cuts them off, and OpenVINO refuses."""
    network = create_model(name).eval()
    assert network.minimum_size == (least, least)
    network.check_images = lambda images: None
    sizes = []
    for module in network.modules():
        if isinstance(module, nn.MaxPool2d):
            module.register_forward_hook(lambda module, inputs, output: sizes.append(inputs[0].shape[-1]))
    for size in (least, least - 1):
        sizes.clear()
        network(torch.zeros(1, 3, size, size))
        assert (min(sizes) == 3) == (size == least)
