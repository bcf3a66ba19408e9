import pytest
import torch

from striate.models import create_model
from striate.models.mobilenet_v2 import TABLE_2, InvertedResidual, MobileNetV2, MobileNetV2Config, rounded_width

# Width multiplier: parameters, and maps after the first convolution, each line of Table 2, and the last convolution. By
# arithmetic; parameters of 1.4 also as torchvision counts them.
WIDTHS = {
    1.4: (6_108_776, [48, 24, 32, 48, 88, 136, 224, 448, 1792]),
    1.0: (3_504_872, [32, 16, 24, 32, 64, 96, 160, 320, 1280]),
    0.75: (2_636_424, [24, 16, 24, 24, 48, 72, 120, 240, 1280]),
    0.5: (1_968_680, [16, 8, 16, 16, 32, 48, 80, 160, 1280]),
    0.35: (1_677_128, [16, 8, 8, 16, 24, 32, 56, 112, 1280]),
}


@pytest.mark.parametrize("width", WIDTHS)
def test_width_multiplier(width):
    parameters, maps = WIDTHS[width]
    with torch.device("meta"):
        network = MobileNetV2(MobileNetV2Config(width=width), num_classes=1000, in_channels=3)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    assert [rounded_width(32, width)] + [rounded_width(row.c, width) for row in TABLE_2] == maps[:-1]
    assert network.feature_width == maps[-1]


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
