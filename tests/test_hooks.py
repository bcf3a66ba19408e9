import pytest
import torch
from torch import nn

from striate.hooks import watch_calls, watch_gradients, watch_outputs


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


def test_calls_are_watched_from_the_outside_in_and_hooks_leave_with_the_context():
    network = nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.ReLU())
    seen = []
    with (
        pytest.raises(ValueError, match="stop"),
        watch_calls(
            network,
            lambda name, module: seen.append(f"> {name}"),
            lambda name, module, output: seen.append(f"< {name} {tuple(output.shape)}"),
        ),
    ):
        network(torch.zeros(1, 2))
        raise ValueError("stop")
    assert seen == ["> ", "> 0", "> 0.0", "< 0.0 (1, 2)", "< 0 (1, 2)", "> 1", "< 1 (1, 2)", "<  (1, 2)"]
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_gradients_are_watched_until_the_context_ends():
    inputs, seen = torch.tensor([1.0, 2.0], requires_grad=True), []
    with watch_gradients() as watch:
        squares = inputs**2
        watch(squares, lambda gradient: seen.append(gradient.tolist()))
        watch(torch.ones(2), seen.append)  # needs no gradient
        squares.mul_(3).sum().backward(retain_graph=True)
    assert seen == [[3.0, 3.0]]
    squares.sum().backward()
    assert seen == [[3.0, 3.0]]
    assert inputs.grad.tolist() == [12.0, 24.0]


def test_gradients_are_no_longer_watched_after_an_error():
    inputs, seen = torch.ones(2, requires_grad=True), []
    doubled = inputs * 2
    with pytest.raises(RuntimeError), watch_gradients() as watch:
        watch(doubled, seen.append)
        raise RuntimeError
    doubled.sum().backward()
    assert seen == []
