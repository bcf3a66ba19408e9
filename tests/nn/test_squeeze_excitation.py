import pytest
import torch
from torch import nn

from striate.errors import UsageError
from striate.nn import SqueezeExcitation


def test_by_hand():
    block = SqueezeExcitation(2, 1)
    with torch.no_grad():
        block.fc1.weight.copy_(torch.tensor([1.0, 2.0]).view(1, 2, 1, 1))
        block.fc1.bias.copy_(torch.tensor([-3.0]))
        block.fc2.weight.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1))
        block.fc2.bias.copy_(torch.tensor([0.0, 1.0]))
    # Means 2 and 3: 1 * 2 + 2 * 3 - 3 = 5, ReLU 5; back 5 and -5 + 1 = -4.
    maps = torch.tensor([[[[1.0, 3.0]], [[2.0, 4.0]]]])
    gates = torch.tensor([5.0, -4.0]).sigmoid().view(1, 2, 1, 1)
    torch.testing.assert_close(block(maps), maps * gates, rtol=0, atol=1e-6)


def test_the_nonlinearity_can_be_chosen():
    assert isinstance(SqueezeExcitation(4, 2).activation, nn.ReLU)
    assert isinstance(SqueezeExcitation(4, 2, activation=nn.SiLU).activation, nn.SiLU)


def test_equals_torchvision_s():
    from torchvision.ops import SqueezeExcitation as Theirs

    ours, theirs = SqueezeExcitation(12, 3, activation=nn.SiLU), Theirs(12, 3, activation=nn.SiLU)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    maps = torch.randn(2, 12, 5, 7)
    torch.testing.assert_close(ours(maps), theirs(maps), rtol=0, atol=0)


def test_parameters():
    assert sum(parameter.numel() for parameter in SqueezeExcitation(32, 8).parameters()) == (32 + 1) * 8 + (8 + 1) * 32


@pytest.mark.parametrize(("arguments", "name", "value"), [((0, 1), "channels", 0), ((4, 2.0), "squeeze_channels", 2.0)])
def test_bad_sizes(arguments, name, value):
    with pytest.raises(UsageError) as error:
        SqueezeExcitation(*arguments)
    assert str(error.value) == f"SqueezeExcitation: {name} must be a whole number of at least 1, got {value!r}"
