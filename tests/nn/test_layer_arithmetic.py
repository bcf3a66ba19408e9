import pytest
import torch
from torch import nn

from striate.errors import UsageError
from striate.nn import convolution_arithmetic, dense_arithmetic


@pytest.mark.parametrize(
    ("layer", "shape", "parameters", "parameter_text", "mac_text"),
    [
        (
            convolution_arithmetic((3, 32, 32), 10, 5, padding=2),
            (10, 32, 32),
            760,
            "(5*5*3+1)*10 = 760",
            "32*32*10 * 5*5*3 = 768,000",
        ),
        (
            convolution_arithmetic((3, 32, 32), 6, 5),
            (6, 28, 28),
            456,
            "(5*5*3+1)*6 = 456",
            "28*28*6 * 5*5*3 = 352,800",
        ),
        (
            convolution_arithmetic((256, 32, 32), 64, 1, bias=False),
            (64, 32, 32),
            16384,
            "1*1*256*64 = 16,384",
            "32*32*64 * 1*1*256 = 16,777,216",
        ),
        (
            convolution_arithmetic((32, 7, 9), 32, (3, 5), stride=(2, 1), padding=(1, 2), groups=32),
            (32, 4, 9),
            512,
            "(3*5*(32/32)+1)*32 = 512",
            "4*9*32 * 3*5*(32/32) = 17,280",
        ),
        (dense_arithmetic(120, 84), (84,), 10164, "(120+1)*84 = 10,164", "84 * 120 = 10,080"),
        (
            dense_arithmetic((3, 32, 32), (6, 28, 28)),
            (6, 28, 28),
            14455392,
            "(32*32*3+1)*(28*28*6) = 14,455,392",
            "28*28*6 * 32*32*3 = 14,450,688",
        ),
        (dense_arithmetic((16, 5, 5), 120, bias=False), (120,), 48000, "5*5*16*120 = 48,000", "120 * 5*5*16 = 48,000"),
    ],
)
def test_by_hand(layer, shape, parameters, parameter_text, mac_text):
    assert layer.output_shape == shape
    assert layer.parameters == layer.weights + layer.biases == parameters
    assert layer.parameter_text == parameter_text
    assert layer.mac_text == mac_text
    for text, number in ((parameter_text, layer.parameters), (mac_text, layer.macs)):
        arithmetic, result = text.split(" = ")
        assert eval(arithmetic) == int(result.replace(",", "")) == number


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("bias", [True, False])
def test_equals_torch_s_layer(groups, bias):
    layer = nn.Conv2d(4, 8, (3, 2), stride=2, padding=1, dilation=(2, 1), groups=groups, bias=bias)
    arithmetic = convolution_arithmetic(
        (4, 9, 11), 8, (3, 2), stride=2, padding=1, dilation=(2, 1), groups=groups, bias=bias
    )
    assert arithmetic.output_shape == layer(torch.zeros(1, 4, 9, 11)).shape[1:]
    assert arithmetic.weights == layer.weight.numel()
    assert arithmetic.biases == (layer.bias.numel() if bias else 0)


def test_macs_equal_the_products_that_a_loop_counts():
    channels, size, filters, kernel, stride, padding = 2, 6, 3, 3, 2, 1
    count = 0
    for _ in range(filters):
        for _top in range(-padding, size + padding - kernel + 1, stride):
            for _left in range(-padding, size + padding - kernel + 1, stride):
                for _ in range(channels * kernel * kernel):
                    count += 1
    assert convolution_arithmetic((channels, size, size), filters, kernel, stride=stride, padding=padding).macs == count


def test_a_dense_layer_that_sees_one_window_is_a_convolution():
    """LeNet-5's C5: 16 maps of 5x5 under kernels of 5x5 leave nothing to share."""
    convolution, dense = convolution_arithmetic((16, 5, 5), 120, 5), dense_arithmetic((16, 5, 5), 120)
    assert (convolution.parameters, convolution.macs) == (dense.parameters, dense.macs) == (48120, 48000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((3, 32), 6, 5), "convolution_arithmetic: input_shape must be (channels, height, width), got (3, 32)"),
        (((3, 0, 32), 6, 5), "convolution_arithmetic: input_shape[1] must be a whole number of at least 1, got 0"),
        (((3, 4, 4), 0, 5), "convolution_arithmetic: out_channels must be a whole number of at least 1, got 0"),
        (
            ((3, 4, 4), 6, 5),
            "output_size: a kernel that spans 5 pixels is larger than the padded input, 4 + 2*0 = 4 pixels",
        ),
    ],
)
def test_bad_convolutions(arguments, message):
    with pytest.raises(UsageError) as error:
        convolution_arithmetic(*arguments)
    assert str(error.value) == message


def test_groups_must_divide():
    with pytest.raises(UsageError) as error:
        convolution_arithmetic((3, 8, 8), 6, 3, groups=2)
    assert str(error.value) == "convolution_arithmetic: groups must divide 3 input and 6 output channels, got 2"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (0, "inputs must be a whole number of at least 1, got 0"),
        ((3, 4), "inputs must be a number or (channels, height, width), got (3, 4)"),
        ((3, 4, 0), "inputs[2] must be a whole number of at least 1, got 0"),
    ],
)
def test_bad_dense_layers(inputs, message):
    with pytest.raises(UsageError) as error:
        dense_arithmetic(inputs, 10)
    assert str(error.value) == f"dense_arithmetic: {message}"
