"""How pictures become a network's input: one answer for every verb."""

import dataclasses

import numpy as np
import pytest
import torch

import striate
from striate.errors import UsageError
from striate.initialization import drafting
from striate.models import create_model, model_row
from striate.pixels import Preprocessing
from striate.seeing.seen_network import seen_network
from striate.training import DataFacts
from striate.weights import (
    KNOWN_FILES,
    PublishedWeights,
    StartingWeights,
    WeightsFile,
    published_weights,
    recognised,
)
from striate.weights.caffe_names import CAFFE
from striate.weights.input_rule import AskedInput, input_rule, resized_in_proportion

DIGITS = DataFacts(1439, 10, 8, False)
THUMBNAILS = DataFacts(40_000, 10, 32, True)
PHOTOS = DataFacts(500, 3, 375, True)


def sized(name, facts, size):
    network = create_model(name, num_classes=2)
    return input_rule(model_row(name), network, asked=AskedInput(size=size), facts=facts).preprocessing.size


def starting(**metadata):
    return StartingWeights(WeightsFile("weights.safetensors", {}, metadata, "0" * 64))


@pytest.mark.parametrize(
    ("facts", "name", "resize", "resize_size", "size"),
    [
        (DIGITS, "lenet5", "exact", (28, 28), (32, 32)),
        (PHOTOS, "alexnet", "shorter_side", (227, 227), (227, 227)),
        (PHOTOS, "mobilenet_v2", "shorter_side", (224, 224), (224, 224)),
        (DataFacts(500, 3, 170, True), "mobilenet_v2", "shorter_side", (160, 160), (160, 160)),
        (THUMBNAILS, "alexnet_owt", "shorter_side", (63, 63), (63, 63)),
        (DIGITS, "mobilenet_v2", "shorter_side", (32, 32), (32, 32)),
    ],
)
def test_the_input_size_is_one_that_the_network_takes(facts, name, resize, resize_size, size):
    row = model_row(name)
    network = create_model(name, num_classes=2)
    preprocessing = input_rule(row, network, facts=facts).preprocessing
    assert (preprocessing.resize, preprocessing.resize_size, preprocessing.size) == (resize, resize_size, size)
    assert min(preprocessing.size) >= min(network.minimum_size)


def test_a_size_that_was_asked_for_is_kept_or_refused():
    assert sized("mobilenet_v2", PHOTOS, 96) == (96, 96)
    assert sized("lenet5", DIGITS, 32) == (32, 32)
    with pytest.raises(UsageError) as error:
        sized("lenet5", DIGITS, 96)
    assert str(error.value) == (
        "lenet5 takes pictures of 32 x 32 pixels only, got 96; leave the size out, or take another network"
    )


@pytest.mark.parametrize("name", ["mobilenet_v2", "lenet5"])
@pytest.mark.parametrize("size", [-1, 0, 4097])
def test_a_size_that_makes_no_picture_is_refused(name, size):
    with pytest.raises(UsageError) as error:
        sized(name, PHOTOS, size)
    assert str(error.value) == f"size must lie in 1..4096 pixels, got {size}"


@pytest.mark.parametrize(
    ("name", "resize", "resize_size", "size"),
    [
        ("lenet5", "exact", (28, 28), (32, 32)),
        ("resnet20", "shorter_side", (32, 32), (32, 32)),
        ("resnet18", "shorter_side", (256, 256), (224, 224)),
        ("alexnet", "shorter_side", (259, 259), (227, 227)),
    ],
)
def test_without_pictures_they_are_made_as_the_rows_are_evaluated(name, resize, resize_size, size):
    rule = input_rule(model_row(name), create_model(name, num_classes=2)).preprocessing
    assert (rule.resize, rule.resize_size, rule.size) == (resize, resize_size, size)


def test_a_network_of_one_size_takes_no_other_where_there_are_no_pictures():
    row, network = model_row("lenet5"), create_model("lenet5")
    with pytest.raises(UsageError, match="lenet5 takes pictures of 32 x 32 pixels only, got 28"):
        input_rule(row, network, asked=AskedInput(size=28))
    row, network = model_row("googlenet"), create_model("googlenet", num_classes=2)
    for facts in (None, PHOTOS):
        with pytest.raises(
            UsageError, match="of 40 x 40 pixels are too small for the network: it needs at least 47 x 47"
        ):
            input_rule(row, network, asked=AskedInput(size=40), facts=facts)


def test_the_normalisation_is_the_first_that_is_known():
    row, network = model_row("resnet20"), create_model("resnet20", num_classes=2)
    said = {"mean": "0.1, 0.2, 0.3", "std": "[0.4, 0.5, 0.6]"}
    asked = input_rule(row, network, starting(**said), AskedInput(mean=[0.5], std=[0.25]))
    assert (asked.preprocessing.mean, asked.why, asked.presumed) == ((0.5,) * 3, "asked for", False)
    told = input_rule(row, network, starting(**said))
    assert (told.preprocessing.std, told.why) == ((0.4, 0.5, 0.6), "from the weights file's metadata")
    bare = input_rule(row, network, starting())
    assert (bare.preprocessing.mean, bare.why) == (row.mean, "what resnet20 was published with") and bare.presumed
    with pytest.raises(UsageError, match="--mean and --std belong together; give both or neither"):
        input_rule(row, network, asked=AskedInput(mean=[0.5]))
    with pytest.raises(UsageError, match="--std needs 1 or 3 numbers, got 2"):
        input_rule(row, network, asked=AskedInput(mean=[0.5], std=[0.5, 0.5]))


PUBLISHED = Preprocessing(
    colour="rgb",
    resize="shorter_side",
    resize_size=(232, 232),
    crop=(224, 224),
    filter="bicubic",
    mean=(0.1, 0.2, 0.3),
    std=(0.4, 0.5, 0.6),
)


@pytest.mark.parametrize("facts", [None, PHOTOS], ids=["no pictures", "pictures"])
def test_published_weights_have_their_publishers_rule(facts):
    published = PublishedWeights("resnet18", "somebody's", "", "", PUBLISHED, None, ())
    weights = dataclasses.replace(starting(), published=published)
    row, network = model_row("resnet18"), create_model("resnet18", num_classes=2)
    found = input_rule(row, network, weights, facts=facts)
    assert found.preprocessing == PUBLISHED
    assert [(made.what, made.value) for made in found.decisions] == [
        ("input size", "224 x 224"),
        *([] if facts else [("resize", "the shorter side to 232")]),
        ("normalisation", "mean 0.1, 0.2, 0.3, deviation 0.4, 0.5, 0.6"),
    ]
    smaller = input_rule(row, network, weights, AskedInput(size=112), facts=facts).preprocessing
    assert (smaller.resize_size, smaller.crop) == ((116, 116), (112, 112))


@pytest.mark.parametrize(
    ("resize", "crop", "side", "expected"),
    [(256, 224, 224, 256), (256, 224, 112, 128), (232, 224, 128, 133), (32, 32, 96, 96)],
)
def test_in_proportion(resize, crop, side, expected):
    rule = dataclasses.replace(PUBLISHED, resize_size=(resize, resize), crop=(crop, crop))
    assert resized_in_proportion(rule, side) == dataclasses.replace(
        rule, resize_size=(expected, expected), crop=(side, side)
    )


@pytest.mark.parametrize("name", ["resnet20", "resnet32", "resnet44", "resnet56", "resnet110"])
def test_akamasters_networks_were_trained_with_imagenets_mean(name):
    """By the SHA-256 of the published file, or by the names of its tensors."""
    with drafting():
        network = create_model(name)
    row, prefix = model_row(name), next(prefix for prefix, known in KNOWN_FILES.items() if known.row == name)
    published = StartingWeights(WeightsFile("weights.th", {}, {}, prefix + "0" * 56))
    tensors = {tensor.replace("fc.", "linear."): values for tensor, values in network.state_dict().items()}
    resaved = StartingWeights(WeightsFile("weights.pth", tensors, {}, "0" * 64))
    for weights, why in (
        (published, f"what {name}-{prefix}.th is known to expect (akamaster/pytorch_resnet_cifar10: trainer.py)"),
        (
            resaved,
            "tensors named as by akamaster/pytorch_resnet_cifar10 (akamaster/pytorch_resnet_cifar10: trainer.py); "
            "--mean and --std say it otherwise",
        ),
    ):
        found = input_rule(row, network, weights)
        assert (found.preprocessing.mean, found.preprocessing.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
        assert found.why == why and not found.presumed
    own = dataclasses.replace(resaved, file=WeightsFile("own.pth", network.state_dict(), {}, "0" * 64))
    assert input_rule(row, network, own).preprocessing.mean == (0.4914, 0.4822, 0.4465)


def test_the_resizing_and_the_order_of_channels_that_were_asked_for():
    row, network = model_row("resnet18"), create_model("resnet18", num_classes=2)
    asked = input_rule(row, network, asked=AskedInput(resize="exact", channel_order="bgr"))
    rule = asked.preprocessing
    assert (rule.resize, rule.resize_size, rule.crop) == ("exact", (256, 256), (224, 224))
    assert (rule.mean, rule.std) == ((0.406, 0.456, 0.485), (0.225, 0.224, 0.229))  # the row's are of red, green, blue
    assert [(made.what, made.value, made.why) for made in asked.decisions[1:]] == [
        ("resize", "256 x 256, whatever the proportions", "asked for"),
        (
            "normalisation",
            "mean 0.406, 0.456, 0.485, deviation 0.225, 0.224, 0.229, channels blue, green, red as asked for",
            "what resnet18 was published with",
        ),
    ]
    caffe = AskedInput(mean=[104, 117, 123], std=[1], channel_order="bgr")
    rule = input_rule(row, network, asked=caffe).preprocessing
    assert (rule.mean, rule.std, rule.range) == ((104, 117, 123), (1, 1, 1), "0..255")  # as they were given
    assert rule.normalise(np.array([10, 20, 30], np.uint8).reshape(1, 1, 1, 3)).flatten().tolist() == [-74, -97, -113]
    grey = create_model("lenet5")
    with pytest.raises(UsageError, match="channel_order 'bgr' is for three channels; grey pictures have one"):
        input_rule(model_row("lenet5"), grey, asked=AskedInput(channel_order="bgr"))


@pytest.mark.parametrize("facts", [None, PHOTOS], ids=["no pictures", "pictures"])
def test_caffes_weights_have_caffes_inputs_wherever_they_are_asked_for(facts):
    with drafting():
        network = create_model("vgg16")
    theirs = {ours: name for name, ours in CAFFE[2].layers.items()}
    parts = [(name.rpartition("."), values) for name, values in network.state_dict().items()]
    tensors = {f"{theirs[layer]}.{kind}": values for (layer, _, kind), values in parts}
    weights = StartingWeights(WeightsFile("VGG_ILSVRC_16_layers.pth", tensors, {}, "0" * 64))
    rule = input_rule(model_row("vgg16"), network, weights, facts=facts).preprocessing
    assert (rule.mean, rule.std) == ((103.939, 116.779, 123.68), (1, 1, 1))
    assert (rule.range, rule.channel_order, rule.resize, rule.size) == ("0..255", "bgr", "shorter_side", (224, 224))
    assert rule.resize_size == ((224, 224) if facts else (256, 256))


def test_a_file_that_is_the_published_one_has_its_publishers_rule():
    """torchvision's resnet18-f37072fd.pth, under any name."""
    file = StartingWeights(WeightsFile("mine.pth", {}, {}, "f37072fd" + "0" * 56))
    known = recognised(file, "resnet18")
    assert known.name == "torchvision resnet18 IMAGENET1K_V1" and recognised(file, "resnet34") is file
    row, network = model_row("resnet18"), create_model("resnet18", num_classes=2)
    found = input_rule(row, network, known)
    assert found.preprocessing == published_weights("resnet18").preprocessing
    assert found.why == "what torchvision resnet18 IMAGENET1K_V1 expects"


@pytest.mark.parametrize("name", ["resnet20", "mobilenet_v1_x0_25"])
def test_one_file_of_weights_is_seen_as_it_is_imported(name, tmp_path):
    network = create_model(name, num_classes=2, seed=0)
    torch.save(network.state_dict(), tmp_path / "w.pth")
    imported = striate.import_weights(tmp_path / "w.pth", name, output=tmp_path / "b", classes=["a", "b"])
    rule = imported.contract.preprocessing
    assert seen_network(name, weights=tmp_path / "w.pth").preprocessing == rule
    assert seen_network(tmp_path / "b").preprocessing == rule
    assert seen_network(network).preprocessing == rule
