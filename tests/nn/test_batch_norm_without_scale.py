import copy

import torch

from striate.nn import batch_norm_without_scale


def test_is_torch_s_with_a_scale_of_one():
    images = torch.randn(4, 3, 5, 5) * 2 + 1
    own, other = batch_norm_without_scale(3, eps=1e-12, momentum=0.4), torch.nn.BatchNorm2d(3, eps=1e-12, momentum=0.4)
    assert torch.equal(own(images), other(images))
    assert torch.equal(own.running_var, other.running_var)
    assert torch.equal(own.eval()(images), other.eval()(images))
    assert set(own.state_dict()) == set(other.state_dict())


def test_the_shift_alone_learns():
    layer = copy.deepcopy(batch_norm_without_scale(3))
    assert [name for name, _ in layer.named_parameters()] == ["bias"]
    layer(torch.randn(2, 3, 4, 4)).square().sum().backward()
    assert layer.bias.grad is not None and layer.weight.grad is None
    layer.weight.fill_(7)
    layer.reset_parameters()
    assert layer.weight.tolist() == [1, 1, 1]
