import pytest
import torch
from torch import nn

from striate.errors import UsageError
from striate.models import create_model


def convolutions(network):
    return [module for module in network.modules() if type(module) is nn.Conv2d]


def program(widths, convolutions_of_a_group):
    """The network of airbench94.py and airbench96.py in torch's terms, to compare with."""

    class Group(nn.Module):
        def __init__(self, channels, width):
            super().__init__()
            inputs = [channels] + [width] * (convolutions_of_a_group - 1)
            self.convolutions = nn.ModuleList(nn.Conv2d(c, width, 3, padding="same", bias=False) for c in inputs)
            self.norms = nn.ModuleList(nn.BatchNorm2d(width, eps=1e-12) for _ in inputs)

        def forward(self, x):
            gelu = nn.functional.gelu
            x = gelu(self.norms[0](nn.functional.max_pool2d(self.convolutions[0](x), 2)))
            if convolutions_of_a_group == 2:
                return gelu(self.norms[1](self.convolutions[1](x)))
            inner = gelu(self.norms[1](self.convolutions[1](x)))
            return gelu(x + self.norms[2](self.convolutions[2](inner)))

    groups = [Group(channels, width) for channels, width in zip((24, *widths), widths, strict=False)]
    return nn.Sequential(
        nn.Conv2d(3, 24, 2), nn.GELU(), *groups, nn.MaxPool2d(3), nn.Flatten(), nn.Linear(widths[-1], 10, bias=False)
    ).eval()


@pytest.mark.parametrize(
    ("name", "widths", "depth"), [("airbench94", (64, 256, 256), 2), ("airbench96", (128, 384, 512), 3)]
)
def test_answers_as_the_program_does(name, widths, depth):
    network, other = create_model(name, seed=0).eval(), program(widths, depth)
    with torch.no_grad():
        other[0].weight.copy_(network.whitening.weight)
        other[0].bias.copy_(network.whitening.bias)
        for number in range(3):
            mine = convolutions(network.get_submodule(f"group{number + 1}"))
            for theirs, layer in zip(other[2 + number].convolutions, mine, strict=True):
                theirs.weight.copy_(layer.weight)
        other[-1].weight.copy_(network.linear.weight)
    images = torch.randn(2, 3, 32, 32)
    assert torch.allclose(network(images), other(images) / 9, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "widths", "depth", "momentum"),
    [
        ("airbench94", (64, 256, 256), 2, 0.4),
        ("airbench95", (128, 384, 384), 2, 0.4),
        ("airbench96", (128, 384, 512), 3, 0.1),
    ],
)
def test_the_programs_table(name, widths, depth, momentum):
    network = create_model(name)
    assert [layer.out_channels for layer in convolutions(network)] == [width for width in widths for _ in range(depth)]
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    assert [key for norm in norms for key, _ in norm.named_parameters()] == ["bias"] * 3 * depth
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-12, momentum)}
    assert network.linear.bias is None and network.scale.factor == 1 / 9
    assert dict(network.learning_epochs) == {"whitening.bias": 3}


def test_multiply_adds_of_each_layer(multiply_adds):
    assert multiply_adds("airbench94") == [
        *(31 * 31 * 12 * 24, 31 * 31 * 9 * 24 * 64, 15 * 15 * 9 * 64 * 64),
        *(15 * 15 * 9 * 64 * 256, 7 * 7 * 9 * 256 * 256),
        *(7 * 7 * 9 * 256 * 256, 3 * 3 * 9 * 256 * 256),
        2560,
    ]


def test_convolutions_begin_as_the_identity():
    for layer in convolutions(create_model("airbench94", seed=0)):
        maps = torch.randn(1, layer.in_channels, 5, 5)
        assert torch.equal(layer(maps)[:, : layer.in_channels], maps)
        rest = layer.weight[layer.in_channels :]
        if len(rest):
            bound = (9 * layer.in_channels) ** -0.5
            assert 0.95 * bound < rest.abs().max() <= bound


def test_other_sizes_and_channels():
    network = create_model("airbench94", in_channels=1, num_classes=4).eval()
    assert network.whitening.out_channels == 8
    assert network(torch.randn(2, 1, 9, 28)).shape == (2, 4)
    assert network.features(torch.randn(1, 1, 100, 64)).shape == (1, 256)
    with pytest.raises(UsageError, match="at least 9 x 9 pixels, got 8 x 9 pixels; enlarge them"):
        network(torch.randn(1, 1, 8, 9))
