import pytest
import torch
from torch import nn

from striate.models import create_model


def program(weights, images):
    """dawn.py's network as functions of its weights, by layer, in evaluation mode with new statistics."""

    def unit(x, weight):
        x = nn.functional.conv2d(x, weight, padding=1)
        return nn.functional.batch_norm(x, torch.zeros(len(weight)), torch.ones(len(weight))).relu()

    def pool(x):
        return nn.functional.max_pool2d(x, 2)

    prep, layer1, one, two, layer2, layer3, three, four, linear = weights
    x = pool(unit(unit(images, prep), layer1))
    x = x + unit(unit(x, one), two)
    x = pool(unit(pool(unit(x, layer2)), layer3))
    x = x + unit(unit(x, three), four)
    return nn.functional.max_pool2d(x, 4).flatten(1) @ linear.T * 0.125


@pytest.mark.parametrize("name", ["resnet9", "resnet9_x0_25"])
def test_answers_as_the_program_does(name):
    network = create_model(name, seed=0).eval()
    weights = [module.weight for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    images = torch.randn(2, 3, 32, 32)
    assert torch.allclose(network(images), program(weights, images), atol=1e-5)


@pytest.mark.parametrize(("name", "width"), [("resnet9", 64), ("resnet9_x0_5", 32), ("resnet9_x0_25", 16)])
def test_widths(name, width):
    widths = [layer.out_channels for layer in create_model(name).modules() if isinstance(layer, nn.Conv2d)]
    assert widths == [width * times for times in (1, 2, 2, 2, 4, 8, 8, 8)]


def test_multiply_adds_of_each_layer(multiply_adds):
    assert multiply_adds("resnet9") == [
        *(32 * 32 * 9 * 3 * 64, 32 * 32 * 9 * 64 * 128, *[16 * 16 * 9 * 128 * 128] * 2),
        *(16 * 16 * 9 * 128 * 256, 8 * 8 * 9 * 256 * 512, *[4 * 4 * 9 * 512 * 512] * 2),
        5120,
    ]


def test_initialisation_is_torch_s():
    network = create_model("resnet9_x0_5", seed=0)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            bound = layer.weight[0].numel() ** -0.5
            assert 0.95 * bound < layer.weight.abs().max() <= bound and layer.bias is None


def test_other_sizes_and_channels():
    network = create_model("resnet9_x0_25", in_channels=1, num_classes=3).eval()
    assert network(torch.randn(2, 1, 8, 100)).shape == (2, 3)
    assert network.features(torch.randn(1, 1, 64, 64)).shape == (1, 128)
