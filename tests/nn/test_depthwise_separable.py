import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.errors import UsageError
from striate.nn import DepthwiseSeparableConv2d, SamePaddingConv2d


def test_by_hand():
    layer = DepthwiseSeparableConv2d(2, 2).eval()
    with torch.no_grad():
        layer.depthwise.weight[0] = 1.0  # the sum of a window
        layer.depthwise.weight[1] = 0.0
        layer.depthwise.weight[1, 0, 1, 1] = -1.0  # the pixel's negative
        layer.pointwise.weight.copy_(torch.tensor([[1.0, 2.0], [1.0, -1.0]]).view(2, 2, 1, 1))
        for norm in (layer.bn1, layer.bn2):
            norm.running_var.fill_(1 - norm.eps)
        answers = layer(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[5.0, -6.0], [7.0, -8.0]]]]))
    # First step: 10 in all four places; 0, 6, 0, 8 after rectifying. Second: 10 + 2 times those, and 10 less those.
    assert answers.tolist() == [[[[10.0, 22.0], [10.0, 26.0]], [[10.0, 4.0], [10.0, 2.0]]]]


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(1, 1), (6, 9)])
def test_is_the_full_convolution_of_its_kernels_product(size, stride, kernel):
    torch.manual_seed(0)
    layer = DepthwiseSeparableConv2d(3, 5, kernel, stride).eval()
    # Without what stands between, the two steps are one convolution whose kernels are products.
    layer.bn1, layer.relu1, layer.bn2, layer.relu2 = (nn.Identity() for _ in range(4))
    product = layer.pointwise.weight * layer.depthwise.weight.transpose(0, 1)
    assert product.shape == (5, 3, kernel, kernel)
    images = torch.randn(2, 3, *size)
    expected = functional.conv2d(images, product, stride=stride, padding=kernel // 2)
    torch.testing.assert_close(layer(images), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("kernel", "in_channels", "out_channels"), [(3, 512, 512), (5, 16, 64), (3, 7, 1)])
def test_cost_ratio(kernel, in_channels, out_channels):
    layer = DepthwiseSeparableConv2d(in_channels, out_channels, kernel)
    weights = layer.depthwise.weight.numel() + layer.pointwise.weight.numel()
    full = nn.Conv2d(in_channels, out_channels, kernel, bias=False).weight.numel()
    assert weights / full == pytest.approx(1 / out_channels + 1 / kernel**2, rel=1e-12)


@pytest.mark.parametrize(
    ("share", "side", "macs", "parameters"),
    [(1.0, 14, 52.3, 0.27), (0.75, 14, 29.6, 0.15), (0.75, 10, 15.1, 0.15)],
)
def test_table_3(share, side, macs, parameters):
    layer = DepthwiseSeparableConv2d(int(512 * share), int(512 * share))
    weights = layer.depthwise.weight.numel() + layer.pointwise.weight.numel()
    assert round(weights * side**2 / 1e6, 1) == macs
    assert round(weights / 1e6, 2) == parameters


@pytest.mark.parametrize(("activation", "kind", "top"), [("relu", nn.ReLU, 50.0), ("relu6", nn.ReLU6, 6.0)])
def test_activation(activation, kind, top):
    layer = DepthwiseSeparableConv2d(1, 1, 1, activation=activation).eval()
    assert type(layer.relu1) is type(layer.relu2) is kind
    assert layer.relu1 is not layer.relu2
    for module in (layer.depthwise, layer.pointwise):
        nn.init.ones_(module.weight)
    answers = layer(torch.tensor([[[[50.0, -1.0]]]]))
    assert answers.flatten().tolist() == [pytest.approx(top, rel=1e-4), 0.0]


def test_padding_and_norm():
    layer = DepthwiseSeparableConv2d(2, 4, 3, 2, padding="same", norm_epsilon=1e-3)
    assert type(layer.depthwise) is SamePaddingConv2d
    assert layer.bn1.eps == layer.bn2.eps == 1e-3
    assert type(DepthwiseSeparableConv2d(2, 4).depthwise) is nn.Conv2d
    symmetric = DepthwiseSeparableConv2d(2, 4, 3, 2, norm_epsilon=1e-3)
    symmetric.load_state_dict(layer.state_dict(), strict=True)
    images = torch.randn(1, 2, 6, 6)
    assert layer.eval()(images).shape == symmetric.eval()(images).shape == (1, 4, 3, 3)
    assert not torch.allclose(layer(images), symmetric(images), atol=1e-3)


def test_gradient_reaches_every_parameter():
    layer = DepthwiseSeparableConv2d(3, 4)
    (layer(torch.randn(2, 3, 5, 5)) * torch.randn(2, 4, 5, 5)).sum().backward()
    assert all(parameter.grad.any() for parameter in layer.parameters())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"in_channels": 0}, "in_channels must be a whole number of at least 1, got 0"),
        ({"out_channels": 1.5}, "out_channels must be a whole number of at least 1, got 1.5"),
        ({"stride": 0}, "stride must be a whole number of at least 1, got 0"),
        ({"norm_epsilon": 0}, "norm_epsilon must be a finite number above 0, got 0"),
        ({"activation": "tanh"}, "activation must be 'relu' or 'relu6', got 'tanh'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(UsageError) as error:
        DepthwiseSeparableConv2d(**({"in_channels": 2, "out_channels": 2} | arguments))
    assert str(error.value) == f"DepthwiseSeparableConv2d: {message}"


def test_even_kernel():
    with pytest.raises(UsageError) as error:
        DepthwiseSeparableConv2d(2, 2, 2)
    assert str(error.value) == "padded_conv2d: kernel_size must be odd, got 2"
