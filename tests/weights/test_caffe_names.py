"""Weights that are named as Caffe's classic networks name them, made of networks here: there are no Caffe weights among the test data."""

import re

import numpy as np
import pytest
import torch

import striate
from striate.errors import WeightsError
from striate.initialization import drafting
from striate.models import create_model
from striate.weights import load_weights
from striate.weights.caffe_names import CAFFE
from striate.weights.naming import best_named

ROWS = ["googlenet", "alexnet_caffe", "vgg16", "vgg19"]
MAPS = dict(zip(ROWS, CAFFE, strict=False))


SLASHES = re.compile(r"^(conv[12]|loss[123]|inception_..)_")


def as_caffe(row, tensors, *, separator="/"):
    """The tensors under Caffe's names, in which GoogLeNet has a slash after the first part."""
    theirs = {ours: name for name, ours in MAPS[row].layers.items()}
    named = {}
    for name, tensor in tensors.items():
        layer, _, kind = name.rpartition(".")
        written = SLASHES.sub(rf"\1{separator}", theirs[layer]) if row == "googlenet" else theirs[layer]
        named[f"{written}.{kind}"] = tensor
    return named


@pytest.mark.parametrize("separator", ["/", "_"])
@pytest.mark.parametrize("row", ROWS)
def test_every_tensor_has_its_place(row, separator):
    with drafting():
        ours = create_model(row).state_dict()
    theirs = as_caffe(row, ours, separator=separator)
    assert not set(theirs) & set(ours)
    named = best_named(ours.keys(), theirs, row)
    assert named.publisher == MAPS[row].publisher
    assert {name: tensor.shape for name, tensor in named.tensors.items()} == {
        name: tensor.shape for name, tensor in ours.items()
    }


def test_names_of_the_prototxt():
    """Written out as BVLC's and Oxford's files have them."""
    ours = {
        "googlenet": {
            "conv1/7x7_s2.weight": "conv1.conv.weight",
            "conv2/3x3_reduce.bias": "conv2.conv.bias",
            "conv2/3x3.weight": "conv3.conv.weight",
            "inception_4e/5x5_reduce.weight": "inception4e.branch3.0.conv.weight",
            "inception_5b/pool_proj.bias": "inception5b.branch4.1.conv.bias",
            "loss1/fc.weight": "aux1.fc1.weight",
            "loss2/classifier.bias": "aux2.fc2.bias",
            "loss3/classifier.weight": "fc.weight",
        },
        "alexnet_caffe": {
            "conv1.weight": "features.0.weight",
            "conv5.bias": "features.12.bias",
            "fc8.bias": "classifier.6.bias",
        },
        "vgg16": {
            "conv1_1.weight": "features.0.weight",
            "conv5_3.weight": "features.28.weight",
            "fc6.bias": "classifier.0.bias",
        },
        "vgg19": {"conv3_4.weight": "features.16.weight", "conv5_4.weight": "features.34.weight"},
    }
    for row, names in ours.items():
        assert {name: MAPS[row].ours(name) for name in names} == names


def test_a_googlenet_of_caffe_is_imported_with_its_inputs(tmp_path):
    """Blue less 104, green less 117, red less 123, of pictures brought to 256 x 256: by hand, and through the bundle's engine."""
    network = create_model("googlenet", num_classes=3, seed=0).eval()
    torch.save({"state_dict": as_caffe("googlenet", network.state_dict())}, tmp_path / "bvlc_googlenet.pth")
    imported = striate.import_weights(
        tmp_path / "bvlc_googlenet.pth", "googlenet", output=tmp_path / "b", classes=["a", "b", "c"]
    )
    rule = imported.contract.preprocessing
    assert (rule.resize, rule.resize_size, rule.size) == ("exact", (256, 256), (224, 224))
    assert (rule.mean, rule.std, rule.range, rule.channel_order) == ((104, 117, 123), (1, 1, 1), "0..255", "bgr")
    said = {made.what: made for made in imported.decisions}
    assert said["resize"].value == "256 x 256, whatever the proportions"
    assert said["normalisation"].value == (
        "mean 104, 117, 123, deviation 1, of pixels of 0 to 255, channels blue, green, red"
    )
    assert said["normalisation"].why.startswith("tensors named as by Caffe's bvlc_googlenet (its train_val.prototxt")
    pixels = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    centre = torch.from_numpy(pixels[16:240, 16:240].astype(np.float32))
    images = torch.stack([centre[..., 2] - 104, centre[..., 1] - 117, centre[..., 0] - 123])[None]
    with torch.no_grad():
        expected = network(images).numpy()
    answer = imported.classifier().decision_function([pixels])
    assert np.abs(answer - expected).max() <= 1e-4 * np.abs(expected).max()


def test_weights_of_caffes_alexnet_are_not_put_where_they_would_be_wrong():
    with drafting():
        network = create_model("alexnet")
    with pytest.raises(
        WeightsError, match=r"do not fit alexnet: .*; they look like weights of alexnet_caffe: create that"
    ):
        load_weights(network, as_caffe("alexnet_caffe", network.state_dict()), row="alexnet")


def test_dense_layers_as_caffe_and_timm_keep_them():
    """Caffe's first format had four sides for everything; timm has a convolution over all places."""
    network = create_model("lenet5_relu", num_classes=10, seed=0)
    own = network.state_dict()
    others = {
        name: tensor.reshape((1,) * (4 - tensor.ndim) + tuple(tensor.shape)) if tensor.ndim < 4 else tensor
        for name, tensor in own.items()
    }
    others["f6.dense.weight"] = own["f6.dense.weight"].reshape(84, 120, 1, 1)
    other = create_model("lenet5_relu", num_classes=10, seed=1)
    report = load_weights(other, others, row="lenet5_relu")
    assert not report.reshaped and not report.missing
    assert all(torch.equal(tensor, own[name]) for name, tensor in other.state_dict().items())
