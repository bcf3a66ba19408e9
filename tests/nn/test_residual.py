import pytest
import torch
from torch import nn

from striate.errors import UsageError
from striate.nn import BasicBlock, BottleneckBlock, ZeroPaddedIdentity

BLOCKS = [
    pytest.param(lambda n, m, stride=1, **options: BasicBlock(n, m, stride, **options), id="basic"),
    pytest.param(lambda n, m, stride=1, **options: BottleneckBlock(n, 3, m, stride, **options), id="bottleneck"),
]


def silent(block):
    """The block with convolutions that answer 0, so that its shortcut is left."""
    nn.init.zeros_((block.bn3 if isinstance(block, BottleneckBlock) else block.bn2).weight)
    return block.eval()


def project(inputs, stride, weight):
    """A 1x1 convolution without a bias, by hand."""
    return torch.einsum("nchw,oc->nohw", inputs[:, :, ::stride, ::stride], weight.flatten(1))


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("option", ["A", "B"])
def test_the_shortcut_is_the_input_where_nothing_changes(block, option):
    block = silent(block(4, 4, shortcut=option))
    assert isinstance(block.downsample, nn.Identity)
    inputs = torch.arange(-8.0, 8.0).view(1, 4, 2, 2)
    assert torch.equal(block(inputs), inputs.relu())


@pytest.mark.parametrize("block", BLOCKS)
def test_option_a_adds_maps_of_zeros(block):
    block = silent(block(2, 4, 2, shortcut="A"))
    assert isinstance(block.downsample, ZeroPaddedIdentity)
    inputs = torch.arange(-8.0, 24.0).view(1, 2, 4, 4)
    expected = torch.zeros(1, 4, 2, 2)
    expected[:, 1:3] = inputs[:, :, ::2, ::2].relu()
    assert torch.equal(block(inputs), expected)
    assert not [name for name in block.state_dict() if name.startswith("downsample")]


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(
    ("option", "out_channels", "stride"), [("B", 4, 1), ("B", 2, 2), ("B", 4, 2), ("C", 2, 1), ("C", 4, 2)]
)
def test_options_b_and_c_project(block, option, out_channels, stride):
    block = silent(block(2, out_channels, stride, shortcut=option))
    weight = torch.arange(1.0, 2 * out_channels + 1).view(out_channels, 2, 1, 1)
    nn.init.constant_(block.downsample[1].running_var, 1 - block.downsample[1].eps)
    with torch.no_grad():
        block.downsample[0].weight.copy_(weight)
        inputs = torch.arange(-12.0, 18.0).view(1, 2, 5, 3)
        answers = block(inputs)
    torch.testing.assert_close(answers, project(inputs, stride, weight).relu(), rtol=1e-6, atol=0)
    names = {name for name in block.state_dict() if name.startswith("downsample")}
    assert {"downsample.0.weight", "downsample.1.weight", "downsample.1.running_mean"} <= names


@pytest.mark.parametrize("block", BLOCKS)
def test_a_plain_block_has_no_shortcut(block):
    plain = block(4, 4, shortcut="none")
    assert plain.downsample is None
    residual = block(4, 4, shortcut="A")
    residual.load_state_dict(plain.state_dict(), strict=True)
    inputs = torch.rand(2, 4, 5, 5)
    assert not silent(plain)(inputs).any()
    assert torch.equal(silent(residual)(inputs), inputs)


def test_basic_block_by_hand():
    block = BasicBlock(1, 1).eval()
    with torch.no_grad():
        for convolution in (block.conv1, block.conv2):
            convolution.weight.fill_(1.0)
        for norm in (block.bn1, block.bn2):
            norm.running_var.fill_(1 - norm.eps)
        block.bn1.bias.fill_(-3.0)
        answers = block(torch.tensor([[[[1.0, 2.0], [-3.0, 4.0]]]]))
    # Each window holds all four pixels, 4 in sum; less 3 is 1; four ones are 4; and what came in is added.
    assert answers.tolist() == [[[[5.0, 6.0], [1.0, 8.0]]]]


def test_bottleneck_by_hand():
    block = BottleneckBlock(2, 1, 2).eval()
    with torch.no_grad():
        for convolution in (block.conv1, block.conv2):
            convolution.weight.fill_(1.0)
        block.conv3.weight.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
        for norm in (block.bn1, block.bn2, block.bn3):
            norm.running_var.fill_(1 - norm.eps)
        answers = block(torch.tensor([[[[1.0, 2.0]], [[3.0, -9.0]]]]))
    # 1 + 3 = 4 and 2 - 9, rectified 0; either window's sum is 4; widened to 4 and -4; and what came in is added.
    assert answers.tolist() == [[[[5.0, 6.0]], [[0.0, 0.0]]]]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("option", ["A", "B", "C", "none"])
@pytest.mark.parametrize("size", [(1, 1), (7, 4), (8, 9)])
@pytest.mark.parametrize("block", BLOCKS)
def test_shapes(block, size, option, stride):
    expected = (2, 6, -(-size[0] // stride), -(-size[1] // stride))
    assert block(4, 6, stride, shortcut=option).eval()(torch.randn(2, 4, *size)).shape == expected


@pytest.mark.parametrize(("stride_at", "strides"), [("first", [2, 1, 1]), ("middle", [1, 2, 1])])
def test_where_a_bottleneck_strides(stride_at, strides):
    block = BottleneckBlock(4, 2, 8, 2, stride_at=stride_at)
    assert [block.get_submodule(f"conv{number}").stride[0] for number in (1, 2, 3)] == strides
    assert block.downsample[0].stride == (2, 2)


def test_both_places_of_the_stride_have_the_same_parameters_and_other_answers():
    first, middle = (BottleneckBlock(4, 2, 8, 2, stride_at=place).eval() for place in ("first", "middle"))
    middle.load_state_dict(first.state_dict(), strict=True)
    inputs = torch.randn(1, 4, 6, 6)
    assert first(inputs).shape == middle(inputs).shape
    assert not torch.allclose(first(inputs), middle(inputs), atol=1e-3)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_nonlinearity_is_its_own_and_gradient_reaches_every_parameter(block):
    block = block(2, 4, 2)
    calls = []
    for name, module in block.named_modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(lambda module, inputs, output, name=name: calls.append(name))
            assert not module.inplace
    (block(torch.randn(3, 2, 6, 6)) * torch.randn(3, 4, 3, 3)).sum().backward()
    assert calls == [f"relu{number + 1}" for number in range(len(calls))]
    assert len(calls) == (3 if isinstance(block, BottleneckBlock) else 2)
    assert all(parameter.grad.any() for parameter in block.parameters())


def test_parameters_in_torchvision_s_order():
    from torchvision.models import resnet

    def projection():
        return nn.Sequential(resnet.conv1x1(4, 8, 2), nn.BatchNorm2d(8))

    assert list(BasicBlock(4, 8, 2).state_dict()) == list(resnet.BasicBlock(4, 8, 2, projection()).state_dict())
    theirs = resnet.Bottleneck(4, 2, 2, projection())
    assert list(BottleneckBlock(4, 2, 8, 2).state_dict()) == list(theirs.state_dict())


@pytest.mark.parametrize("option", ["a", None, ""])
def test_bad_option(option):
    with pytest.raises(UsageError) as error:
        BasicBlock(2, 2, shortcut=option)
    assert str(error.value) == f"BasicBlock: shortcut must be 'A', 'B', 'C' or 'none', got {option!r}"
    with pytest.raises(UsageError) as error:
        BottleneckBlock(2, 2, 2, stride_at=option)
    assert str(error.value) == f"BottleneckBlock: stride_at must be 'first' or 'middle', got {option!r}"


@pytest.mark.parametrize("name", ["in_channels", "middle_channels", "out_channels", "stride"])
def test_bad_sizes(name):
    arguments = {"in_channels": 2, "middle_channels": 2, "out_channels": 4, "stride": 1} | {name: 0}
    with pytest.raises(UsageError) as error:
        BottleneckBlock(**arguments)
    assert str(error.value) == f"BottleneckBlock: {name} must be a whole number of at least 1, got 0"


def test_option_a_cannot_narrow():
    with pytest.raises(UsageError) as error:
        BasicBlock(4, 2, shortcut="A")
    assert str(error.value) == "ZeroPaddedIdentity: out_channels must be at least in_channels, got 2 after 4"
