from collections import OrderedDict

import pytest
import torch
from torch import nn

from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.visualization.layers import (
    find_layer,
    last_maps_layer,
    layer_output,
    list_layers,
    low_middle_high,
    prepare,
)


@pytest.fixture
def lenet():
    return create_model("lenet5", seed=0).eval()


def test_layers_of_a_row_are_its_stages(lenet):
    assert list_layers(lenet) == (*lenet.stages, "head")


def test_layers_of_any_module_are_its_parts():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = nn.Conv2d(1, 2, 1), nn.Linear(2, 2)

    assert list_layers(Own()) == ("body", "head")
    assert list_layers(nn.Sequential(nn.ReLU(), nn.ReLU())) == ("0", "1", "head")


def test_head_is_the_network_itself(lenet):
    assert find_layer(lenet, "head") is lenet
    assert find_layer(lenet, "c3") is lenet.c3


def test_a_wrong_name_gets_the_close_one(lenet):
    with pytest.raises(UnknownNameError) as error:
        find_layer(lenet, "c3.convolutions")
    assert str(error.value).startswith("unknown layer 'c3.convolutions'; did you mean 'c3.convolution'")
    for name in ("c4", ""):
        with pytest.raises(UnknownNameError) as error:
            find_layer(lenet, name)
        assert str(error.value) == f"unknown layer {name!r} (stages: c1, s2, c3, s4, c5, f6, head)"


def test_output_is_what_the_module_answers(lenet):
    images = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    seen = []
    handle = lenet.s4.register_forward_hook(lambda module, inputs, output: seen.append(output))
    logits = lenet(images)
    handle.remove()
    assert torch.equal(layer_output(lenet, images, "s4"), seen[0])
    assert torch.equal(layer_output(lenet, images, "head"), logits)


def test_what_comes_after_the_layer_does_not_run():
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Linear(99, 99))  # the second would refuse
    assert layer_output(network, torch.zeros(1, 1, 3, 3), "0").shape == (1, 2, 3, 3)


def test_of_a_layer_that_is_used_twice_the_first_answer_counts():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.twofold = nn.Conv2d(1, 1, 1, bias=False)
            nn.init.constant_(self.twofold.weight, 2)

        def forward(self, images):
            return self.twofold(self.twofold(images)).flatten(1)

    assert layer_output(Twice(), torch.ones(1, 1, 1, 1), "twofold").item() == 2
    assert layer_output(Twice(), torch.ones(1, 1, 1, 1), "head").item() == 4


def test_pictures_too_small(lenet):
    with pytest.raises(UsageError, match=r"LeNet takes a float tensor of shape .*, got pictures of 8 x 8 pixels"):
        layer_output(lenet, torch.zeros(1, 1, 8, 8), "c1")
    network = nn.Sequential(nn.Conv2d(1, 2, 5))
    with pytest.raises(UsageError) as error:
        layer_output(network, torch.zeros(1, 1, 3, 3), "0")
    assert str(error.value).startswith("the network does not run on pictures of shape (1, 1, 3, 3): ")
    assert "\n" not in str(error.value)


def test_a_layer_that_does_not_run():
    network = create_model("googlenet", num_classes=3, seed=0).eval()
    name = network.auxiliary_head_names[0]
    with pytest.raises(UsageError) as error:
        layer_output(network, torch.zeros(1, 3, 64, 64), name)
    assert str(error.value).startswith(f"the layer {name!r} is not run when GoogLeNet answers; its stages are conv1, ")


class Answers(nn.Module):
    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def forward(self, images):
        return self.answer(images)


@pytest.mark.parametrize(
    ("answer", "got"),
    [
        (lambda images: (images, images), "tuple"),
        (lambda images: images[0], "(1, 4, 4)"),
        (lambda images: images[:1], "(1, 1, 4, 4)"),
    ],
)
def test_an_answer_that_is_neither_maps_nor_numbers(answer, got):
    with pytest.raises(UsageError) as error:
        layer_output(Answers(answer), torch.zeros(2, 1, 4, 4), "head")
    assert str(error.value) == (
        f"the layer 'head' answers {got}; only layers of maps (N, C, H, W) or of numbers (N, C) can be looked at"
    )


@pytest.mark.parametrize(
    ("images", "got"),
    [
        (torch.zeros(1, 2, 2), "torch.float32 of shape (1, 2, 2)"),
        (torch.zeros(1, 1, 2, 2, dtype=torch.uint8), "torch.uint8 of shape (1, 1, 2, 2)"),
        (torch.zeros(0, 1, 2, 2), "torch.float32 of shape (0, 1, 2, 2)"),
        ([[1.0]], "list"),
    ],
)
def test_what_is_no_batch_of_pictures(images, got):
    with pytest.raises(UsageError) as error:
        prepare(nn.Linear(1, 1), images)
    assert str(error.value) == (
        f"pictures must be a float tensor (N, channels, height, width), normalised, with N of at least 1; got {got}"
    )


def test_prepared_pictures_are_a_copy_in_the_network_s_precision():
    images = torch.ones(1, 1, 2, 2)
    prepared = prepare(nn.Linear(1, 1).double(), images)
    assert prepared.dtype == torch.float64 and prepared.requires_grad
    same = prepare(nn.Linear(1, 1), images)
    same.detach().zero_()
    assert images.min() == 1 and not images.requires_grad


@pytest.mark.parametrize(
    ("name", "side", "layer"),
    [
        ("lenet5", 32, "s4"),
        ("resnet20", 32, "layer3"),
        ("resnet18", 64, "layer4"),
        ("resnet18", 32, "layer3"),  # layer4's maps are 1 x 1
        ("mobilenet_v2", 64, "features.18"),
        ("googlenet", 64, "inception5b"),
    ],
)
def test_last_layer_with_places(name, side, layer):
    network = create_model(name, num_classes=3, seed=0).eval()
    assert last_maps_layer(network, torch.zeros(2, network.in_channels, side, side)) == layer


def test_last_layer_with_places_of_any_module():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 2))
    assert last_maps_layer(network, torch.zeros(1, 1, 8, 8)) == "1"


def test_no_layer_with_places():
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    with pytest.raises(UsageError) as error:
        last_maps_layer(network, torch.zeros(1, 1, 2, 2))
    assert str(error.value) == (
        "no layer of Sequential has maps larger than 1 x 1 on pictures of 2 x 2 pixels, so that none tells where it looks; "
        "give larger pictures"
    )


def test_finding_the_last_maps_leaves_statistics_as_they_were():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert last_maps_layer(network, torch.ones(2, 1, 8, 8)) == "1"
    assert network.training and all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_low_middle_and_high_have_places():
    """Of the stages; of a module's parts, none of which is chosen that has no places; of its modules; or the head."""
    assert low_middle_high(create_model("resnet20"), torch.zeros(1, 3, 32, 32)) == ("relu1", "layer1", "layer3")
    maps = [("first", nn.Conv2d(1, 2, 3)), ("second", nn.Conv2d(2, 2, 3)), ("third", nn.Conv2d(2, 2, 3))]
    rest = [("pool", nn.AdaptiveAvgPool2d(1)), ("flat", nn.Flatten()), ("last", nn.Linear(2, 2))]
    parts = nn.Sequential(OrderedDict([*maps, *rest]))
    assert low_middle_high(parts, torch.zeros(1, 1, 9, 9)) == ("first", "second", "third")
    assert low_middle_high(nn.Sequential(OrderedDict(maps[:1] + rest)), torch.zeros(1, 1, 9, 9)) == ("first",)
    within = nn.Sequential(OrderedDict(whole=parts))
    assert low_middle_high(within, torch.zeros(1, 1, 9, 9)) == ("whole.first", "whole.second", "whole.third")
    numbers = nn.Sequential(nn.Flatten(), nn.Linear(81, 2))
    assert low_middle_high(numbers, torch.zeros(1, 1, 9, 9)) == ("head",)
