import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.errors import UsageError
from striate.nn import SamePaddingConv2d, padded_conv2d
from striate.openvino_loading import load_openvino, openvino_core


def formula(size, kernel, stride, dilation):
    """TensorFlow's words, one after the other."""
    output = math.ceil(size / stride)
    total = max((output - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("stride", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5, 7])
def test_zeros_are_the_formula_s(kernel, stride, dilation):
    layer = SamePaddingConv2d(1, 1, kernel, stride, dilation=dilation)
    for size in range(1, 30):
        for axis in (0, 1):
            assert layer.zeros(size, axis=axis) == formula(size, kernel, stride, dilation)


@pytest.mark.parametrize("dilation", [1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 8), (13, 6)])
def test_is_the_convolution_of_the_padded_picture(size, kernel, stride, dilation):
    torch.manual_seed(0)
    layer = SamePaddingConv2d(2, 4, kernel, stride, dilation=dilation, groups=2)
    pictures = torch.randn(2, 2, *size)
    (top, bottom), (left, right) = (formula(side, kernel, stride, dilation) for side in size)
    framed = functional.pad(pictures, (left, right, top, bottom))
    expected = functional.conv2d(framed, layer.weight, layer.bias, stride, 0, dilation, 2)
    answers = layer(pictures)
    assert answers.shape[2:] == tuple(math.ceil(side / stride) for side in size)
    torch.testing.assert_close(answers, expected, rtol=0, atol=1e-6)


def test_by_hand():
    layer = SamePaddingConv2d(1, 1, 3, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(1.0, 10.0).view(1, 1, 3, 3))
        layer.bias.fill_(10.0)
        answers = layer(torch.arange(1.0, 17.0).view(1, 1, 4, 4))
    # Pictures' rows: 1 2 3 4, 5 6 7 8, 9 10 11 12, 13 14 15 16; a row and a column of zeros after them.
    whole = 1 * 1 + 2 * 2 + 3 * 3 + 4 * 5 + 5 * 6 + 6 * 7 + 7 * 9 + 8 * 10 + 9 * 11
    right = 1 * 3 + 2 * 4 + 4 * 7 + 5 * 8 + 7 * 11 + 8 * 12
    below = 1 * 9 + 2 * 10 + 3 * 11 + 4 * 13 + 5 * 14 + 6 * 15
    corner = 1 * 11 + 2 * 12 + 4 * 15 + 5 * 16
    assert answers.tolist() == [[[[whole + 10, right + 10], [below + 10, corner + 10]]]]


def test_odd_sizes_and_stride_one_are_symmetric():
    same, symmetric = (padded_conv2d(3, 3, 3, stride=2, padding=padding) for padding in ("same", "symmetric"))
    same.load_state_dict(symmetric.state_dict(), strict=True)
    odd, even = torch.randn(1, 3, 9, 9), torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(same(odd), symmetric(odd), rtol=0, atol=1e-6)
    assert same(even).shape == symmetric(even).shape
    assert not torch.allclose(same(even), symmetric(even), atol=1e-2)
    assert SamePaddingConv2d(3, 3, 5).padding == (2, 2)
    assert SamePaddingConv2d(3, 3, 3, dilation=2).padding == (2, 2)
    assert SamePaddingConv2d(3, 3, 2).padding == (0, 0)


def test_is_a_conv2d_with_its_names_and_repr():
    layer = SamePaddingConv2d(4, 8, 3, 2, groups=4)
    assert isinstance(layer, nn.Conv2d)
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert layer.weight.shape == (8, 1, 3, 3)
    assert repr(layer) == "SamePaddingConv2d(4, 8, kernel_size=(3, 3), stride=(2, 2), groups=4)"


def test_gradient_reaches_the_pixels_under_the_kernels():
    layer = SamePaddingConv2d(1, 1, 3, 2, bias=False)
    nn.init.ones_(layer.weight)
    pictures = torch.zeros(1, 1, 4, 4, requires_grad=True)
    layer(pictures).sum().backward()
    # Pixel 2 lies under both kernels of its axis, the others under one.
    assert pictures.grad[0, 0].tolist() == [[1, 1, 2, 1], [1, 1, 2, 1], [2, 2, 4, 2], [1, 1, 2, 1]]


def test_no_pictures():
    assert SamePaddingConv2d(1, 2, 3, 2)(torch.zeros(0, 1, 5, 5)).shape == (0, 2, 3, 3)


def test_channels_last_and_bfloat16_and_meta():
    layer = SamePaddingConv2d(4, 4, 3, 2, groups=4)
    pictures = torch.randn(2, 4, 6, 8)
    expected = layer(pictures)
    answers = layer.to(memory_format=torch.channels_last)(pictures.to(memory_format=torch.channels_last))
    torch.testing.assert_close(answers, expected, rtol=0, atol=1e-6)
    assert answers.is_contiguous(memory_format=torch.channels_last)
    assert layer.to(torch.bfloat16)(pictures.bfloat16()).dtype == torch.bfloat16
    assert layer.float().to("meta")(torch.empty(1, 4, 7, 9, device="meta")).shape == (1, 4, 4, 5)


@pytest.mark.filterwarnings("ignore:.torch.jit.trace:FutureWarning")
@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (5, 2), (2, 1), (2, 3), (1, 2)])
def test_a_trace_holds_at_every_size(kernel, stride):
    layer = SamePaddingConv2d(1, 2, kernel, stride)
    traced = torch.jit.trace(layer, torch.randn(1, 1, 8, 8), check_trace=False)
    for size in [(8, 8), (7, 9), (1, 1), (2, 5)]:
        pictures = torch.randn(3, 1, *size)
        torch.testing.assert_close(traced(pictures), layer(pictures), rtol=0, atol=1e-6)


def test_other_ways_to_trace():
    layer = SamePaddingConv2d(1, 2, 3, 2).eval()
    pictures, others = torch.randn(2, 1, 8, 8), torch.randn(5, 1, 7, 10)
    assert torch.equal(torch.fx.symbolic_trace(layer)(others), layer(others))
    exported = torch.export.export(layer, (pictures,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    more = torch.randn(5, 1, 8, 8)
    torch.testing.assert_close(exported.module()(more), layer(more), rtol=0, atol=1e-6)


@pytest.mark.filterwarnings("ignore:.torch.jit.trace:FutureWarning")
@pytest.mark.parametrize("size", [(8, 8), (7, 10)])
def test_openvino_pads_within_its_convolution(size):
    layer = SamePaddingConv2d(2, 4, 3, 2).eval()
    pictures = torch.randn(3, 2, *size)
    converted = load_openvino().convert_model(layer, example_input=pictures, input=[-1, 2, *size])
    compiled = openvino_core().compile_model(converted, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    kinds = {step.get_rt_info()["layerType"].astype(str) for step in compiled.get_runtime_model().get_ops()}
    assert "Convolution" in kinds
    assert not {"Pad", "ShapeOf"} & kinds, kinds
    answers = torch.from_numpy(compiled(pictures.numpy())[0])
    torch.testing.assert_close(answers, layer(pictures), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["in_channels", "out_channels", "kernel_size", "stride", "dilation", "groups"])
def test_bad_sizes(name):
    arguments = {"in_channels": 2, "out_channels": 4, "kernel_size": 3, "stride": 1} | {name: 0}
    with pytest.raises(UsageError) as error:
        SamePaddingConv2d(**arguments)
    assert str(error.value) == f"SamePaddingConv2d: {name} must be a whole number of at least 1, got 0"


def test_bad_groups():
    with pytest.raises(UsageError) as error:
        SamePaddingConv2d(4, 6, 3, groups=4)
    assert str(error.value) == "SamePaddingConv2d: groups must divide in_channels and out_channels, got 4 of 4 and 6"


def test_padding_by_name():
    assert type(padded_conv2d(1, 1, 5)) is nn.Conv2d
    assert padded_conv2d(1, 1, 5).padding == (2, 2)
    assert padded_conv2d(1, 1, 1, stride=2).padding == (0, 0)
    with pytest.raises(UsageError) as error:
        padded_conv2d(1, 1, 3, padding="valid")
    assert str(error.value) == "padded_conv2d: padding must be 'symmetric' or 'same', got 'valid'"
    with pytest.raises(UsageError) as error:
        padded_conv2d(1, 1, 4)
    assert str(error.value) == "padded_conv2d: kernel_size must be odd, got 4"
