import pytest
import torch
from torch import nn

from striate.hooks import watch_outputs


def network():
    return nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU()))


def test_leaf_modules_are_seen_in_order():
    seen = []
    net = network()
    with watch_outputs(net, lambda name, module, output: seen.append((name, type(module).__name__, output.shape))):
        net(torch.zeros(1, 2))
    assert seen == [("0", "Linear", (1, 3)), ("1.0", "ReLU", (1, 3))]


def test_hooks_are_gone_afterwards_even_when_it_raises():
    net = network()
    with pytest.raises(RuntimeError), watch_outputs(net, lambda *_: None):
        raise RuntimeError
    assert all(not module._forward_hooks for module in net.modules())
