import pytest
import torch
from torch import nn

from striate.errors import UsageError
from striate.nn import ConvolutionUnit, InceptionModule

WIDTHS = {"conv1x1": 2, "reduce3x3": 3, "conv3x3": 4, "reduce5x5": 5, "conv5x5": 6, "pool_projection": 7}
NAIVE = {"conv1x1": 2, "conv3x3": 4, "conv5x5": 6}


def size(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_bottlenecks():
    module = InceptionModule(8, **WIDTHS)
    assert module.out_channels == 2 + 4 + 6 + 7
    assert module(torch.randn(2, 8, 5, 7)).shape == (2, 19, 5, 7)
    assert [tuple(p.shape) for name, p in module.named_parameters() if name.endswith("weight")] == [
        (2, 8, 1, 1),
        (3, 8, 1, 1),
        (4, 3, 3, 3),
        (5, 8, 1, 1),
        (6, 5, 5, 5),
        (7, 8, 1, 1),
    ]


def test_naive():
    module = InceptionModule(8, **NAIVE)
    assert module.out_channels == 2 + 4 + 6 + 8
    inputs = torch.randn(2, 8, 5, 7)
    outputs = module(inputs)
    assert outputs.shape == (2, 20, 5, 7)
    assert torch.equal(outputs[:, 12:], nn.functional.max_pool2d(inputs, 3, 1, 1))
    kernels = [unit.kernel_size for unit in module.modules() if isinstance(unit, nn.Conv2d)]
    assert kernels == [(1, 1), (3, 3), (5, 5)]


def test_naive_modules_grow_as_they_are_stacked():
    first = InceptionModule(8, **NAIVE)
    second = InceptionModule(first.out_channels, **NAIVE)
    assert second.out_channels == 32
    assert second(first(torch.randn(1, 8, 4, 4))).shape == (1, 32, 4, 4)


def test_one_bottleneck_alone():
    module = InceptionModule(8, **NAIVE, reduce5x5=3)
    assert [len(branch) for branch in (module.branch2, module.branch3, module.branch4)] == [1, 2, 1]
    assert module.out_channels == 20


def test_parameters_by_hand():
    # 3a: (1*192+1)*64 + (1*192+1)*96 + (9*96+1)*128 + (1*192+1)*16 + (25*16+1)*32 + (1*192+1)*32
    module = InceptionModule(192, conv1x1=64, reduce3x3=96, conv3x3=128, reduce5x5=16, conv5x5=32, pool_projection=32)
    assert size(module) == 12_352 + 18_528 + 110_720 + 3_088 + 12_832 + 6_176 == 163_696
    naive = InceptionModule(192, conv1x1=64, conv3x3=128, conv5x5=32)
    assert size(naive) == 12_352 + (9 * 192 + 1) * 128 + (25 * 192 + 1) * 32


def test_by_hand():
    """One map of ones, kernels of ones: each branch counts the pixels its window sees, and the pooling answers 1."""
    module = InceptionModule(1, conv1x1=1, conv3x3=1, conv5x5=1)
    for parameter in module.parameters():
        nn.init.constant_(parameter, 1.0 if parameter.ndim > 1 else 0.0)
    answers = module(torch.ones(1, 1, 3, 3))[0]
    assert answers[0].tolist() == [[1.0] * 3] * 3
    assert answers[1].tolist() == [[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]]
    assert answers[2].tolist() == [[9.0] * 3] * 3
    assert answers[3].tolist() == [[1.0] * 3] * 3


def test_every_convolution_has_its_own_relu():
    module = InceptionModule(8, **WIDTHS)
    assert sum(isinstance(layer, nn.ReLU) for layer in module.modules()) == 6
    assert (module(torch.randn(1, 8, 4, 4))[:, :12] >= 0).all()


def test_batch_norm_and_a_smaller_kernel():
    module = InceptionModule(8, **WIDTHS, batch_norm=True, largest_kernel=3)
    units = [unit for unit in module.modules() if isinstance(unit, ConvolutionUnit)]
    assert len(units) == 6
    assert all(unit.conv.bias is None and isinstance(unit.bn, nn.BatchNorm2d) for unit in units)
    assert module.branch3[1].conv.kernel_size == (3, 3)
    assert module(torch.randn(2, 8, 4, 4)).shape == (2, 19, 4, 4)


def test_repr():
    assert repr(InceptionModule(8, **NAIVE)).startswith("InceptionModule(\n  8, 20\n")


@pytest.mark.parametrize("name", WIDTHS)
def test_bad_widths(name):
    with pytest.raises(UsageError) as error:
        InceptionModule(8, **(WIDTHS | {name: 0}))
    assert str(error.value) == f"InceptionModule: {name} must be a whole number of at least 1, got 0"


def test_bad_channels():
    with pytest.raises(UsageError) as error:
        InceptionModule(2.0, **WIDTHS)
    assert str(error.value) == "InceptionModule: in_channels must be a whole number of at least 1, got 2.0"


def test_even_kernels():
    with pytest.raises(UsageError) as error:
        InceptionModule(8, **WIDTHS, largest_kernel=4)
    assert str(error.value) == (
        "InceptionModule: largest_kernel must be odd, so that the branches' maps are of one size, got 4"
    )
    with pytest.raises(UsageError) as error:
        ConvolutionUnit(1, 1, 2)
    assert str(error.value) == (
        "ConvolutionUnit: kernel_size must be odd, so that padding can be the same on all sides, got 2"
    )


@pytest.mark.parametrize(("stride", "expected"), [(1, (7, 8)), (2, (4, 4)), (3, (3, 3))])
def test_unit_sizes(stride, expected):
    unit = ConvolutionUnit(2, 3, 5, stride=stride)
    assert unit(torch.randn(1, 2, 7, 8)).shape == (1, 3, *expected)
    assert list(dict(unit.named_children())) == ["conv", "relu"]
    assert list(dict(ConvolutionUnit(2, 3, 5, batch_norm=True).named_children())) == ["conv", "bn", "relu"]
