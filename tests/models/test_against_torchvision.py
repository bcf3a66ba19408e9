"""Rows that torchvision has too: its random weights, loaded strictly, give its logits."""

import pytest
import torch

from striate.models import create_model

slow = pytest.mark.slow
TWINS = [
    # Our row, and torchvision's name.
    pytest.param(("vgg11", "vgg11"), marks=slow),
    pytest.param(("vgg13", "vgg13"), marks=slow),
    pytest.param(("vgg16", "vgg16"), marks=slow),
    pytest.param(("vgg19", "vgg19"), marks=slow),
    pytest.param(("vgg11_bn", "vgg11_bn"), marks=slow),
    pytest.param(("vgg13_bn", "vgg13_bn"), marks=slow),
    pytest.param(("vgg16_bn", "vgg16_bn"), marks=slow),
    pytest.param(("vgg19_bn", "vgg19_bn"), marks=slow),
    ("googlenet_bn", "googlenet"),
    ("mobilenet_v2", "mobilenet_v2"),
    ("alexnet_owt", "alexnet"),
    ("efficientnet_b0", "efficientnet_b0"),
    # The first with TensorFlow's batch norm.
    pytest.param(("efficientnet_b5", "efficientnet_b5"), marks=slow),
    *(pytest.param((name, name), marks=slow) for name in (f"efficientnet_b{number}" for number in (1, 2, 3, 4, 6, 7))),
    ("resnet18", "resnet18"),
    pytest.param(("resnet34", "resnet34"), marks=slow),
    ("resnet50_v1_5", "resnet50"),
    pytest.param(("resnet101_v1_5", "resnet101"), marks=slow),
    pytest.param(("resnet152_v1_5", "resnet152"), marks=slow),
]


@pytest.fixture(scope="module", params=TWINS, ids=lambda names: names[0])
def twins(request):
    from torchvision import models

    torch.manual_seed(0)
    row, name = request.param
    more = {"init_weights": False} if name == "googlenet" else {}  # or it warns
    theirs = models.get_model(name, weights=None, **more)
    # A new network's batch norm changes nothing and its logits are close to 0: draw what training would have moved.
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0.0, 0.2)
            module.running_mean.normal_(0.0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
        elif isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, mode="fan_in")
    ours = create_model(row)
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
