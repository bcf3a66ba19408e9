"""Rows that torchvision has too: its random weights, loaded strictly, give its logits."""

import pytest
import torch

from striate.models import create_model

TWINS = {"mobilenet_v2": "mobilenet_v2", "alexnet_owt": "alexnet"}  # our name, and theirs


@pytest.fixture(scope="module", params=TWINS.items(), ids=TWINS)
def twins(request):
    from torchvision import models

    our_name, their_name = request.param
    torch.manual_seed(0)
    theirs = models.get_model(their_name, weights=None)
    # A new network's batch norm changes nothing and its logits are close to 0: draw what training would have moved.
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0.0, 0.2)
            module.running_mean.normal_(0.0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, mode="fan_in")
    ours = create_model(our_name)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    return ours.eval(), theirs.eval()


def test_same_names_and_order(twins):
    ours, theirs = twins
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]


@pytest.mark.parametrize("size", [(224, 224), (97, 130)])
def test_equal_logits(twins, size):
    ours, theirs = twins
    images = torch.randn(2, 3, *size)
    with torch.no_grad():
        expected = theirs(images)
        answers = ours(images)
    largest = expected.abs().max().item()
    assert largest > 0.01
    assert (answers - expected).abs().max().item() < 1e-4 * largest
