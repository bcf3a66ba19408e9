"""What a network sees in a picture: the right units, places and classes, said with their scale; nothing left behind."""

import json

import numpy as np
import pytest
from torch import nn

import striate
from striate.errors import PictureError, UsageError
from striate.seeing.methods import needing

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def everything():
    """Every method on a small network."""
    return striate.visualize("lenet5_relu", PICTURE, seed=1)


def test_all_has_every_method_of_every_stage(everything):
    assert [stage.layer for stage in everything.report.stages] == [*striate.create_model("lenet5_relu").stages, "head"]
    assert [panel.method for panel in everything.report.where] == [
        "grad-cam",
        "occlusion",
        "integrated-gradients",
        "saliency",
    ]
    kinds = [[panel.method for panel in stage.panels] for stage in everything.report.stages]
    assert kinds[0] == ["feature-maps", "deconvnet", "deconvnet"] and kinds[-1] == ["deconvnet", "deconvnet"]
    assert len(everything.report.predictions) == 5
    assert everything.report.predictions[0][0] == everything.report.target


def test_random_weights_are_said_aloud(everything):
    sentence = "the weights are random: what is shown is what lenet5_relu is before it has learnt anything"
    assert everything.warnings[0] == sentence
    assert sentence in everything.to_html()
    assert everything.to_dict()["notes"] == [sentence]


def test_the_same_seed_gives_the_same_bytes():
    again = striate.visualize("resnet20", PICTURE, seed=1, method="gradient", layer="conv1")
    other = striate.visualize("resnet20", PICTURE, seed=2, method="gradient", layer="conv1")
    first = striate.visualize("resnet20", PICTURE, seed=1, method="gradient", layer="conv1")
    assert np.array_equal(again.pixels, first.pixels) and not np.array_equal(other.pixels, first.pixels)


def test_the_dictionary_is_json(everything):
    text = json.loads(json.dumps(everything.to_dict()))
    assert text["network"] == "lenet5_relu" and text["picture"] == "the picture"
    first = next(panel for panel in text["panels"] if panel["method"] == "feature-maps")
    assert first["layer"] == everything.report.stages[0].layer


def test_a_module_is_left_as_it_was():
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.ReLU(),
        nn.BatchNorm2d(4),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 3),
    )
    network[0].weight.requires_grad_(False)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    network.input_size = (16, 16)
    shown = striate.visualize(network, PICTURE, method="guided", layer="1", unit=2)
    assert shown.seen.classes == ("class 0", "class 1", "class 2") and shown.panels[0].layer == "1"
    striate.visualize(network, PICTURE)
    assert network.training and not network[0].weight.requires_grad and network[5].weight.requires_grad
    assert all((before[name] == value).all() for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())


@pytest.mark.parametrize("method", [method.name for method in needing("picture") if method.on_page])
def test_every_method_makes_a_picture(method):
    shown = striate.visualize("lenet5_relu", PICTURE[:28, :28], method=method, seed=3)
    assert len(shown.panels) == 1 and shown.panels[0].method == method
    assert shown.pixels.dtype == np.uint8 and shown.pixels.ndim == 3


@pytest.mark.parametrize(("method", "what"), [("top", "top needs data"), ("gradient", "gradient needs a picture")])
def test_what_a_method_needs(method, what):
    with pytest.raises(UsageError, match=what):
        striate.visualize("lenet5", method=method)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "c11"}, r"unknown layer 'c11'; did you mean 'c1'\? \(stages"),
        ({"layer": "c1", "unit": 6}, "the layer 'c1' has 6 maps, 0 to 5; got 6"),
        ({"layer": "c1", "unit": (0, 0, 28)}, "the layer 'c1' has 28 columns, 0 to 27; got 28"),
        ({"layer": "f6", "unit": (0, 0, 0)}, "a unit of f6 is a number; got 0,0,0"),
        ({"size": 28}, "takes pictures of 32 x 32 pixels only, got 28"),
        ({"mean": (0.5,)}, "--mean and --std belong together"),
    ],
)
def test_what_a_network_does_not_have(options, message):
    with pytest.raises(UsageError, match=message):
        striate.visualize("lenet5", PICTURE, method="deconvnet", **options)


def test_a_picture_too_small_for_the_network():
    with pytest.raises(UsageError, match="pictures of 8 x 8 pixels are too small for the network: it needs at least"):
        striate.visualize("googlenet", PICTURE, method="gradient", size=8)


def test_a_bad_picture_is_named(tmp_path):
    (tmp_path / "bad.jpg").write_text("no picture")
    with pytest.raises(PictureError, match=r"bad\.jpg: the file is no JPEG"):
        striate.visualize("lenet5", tmp_path / "bad.jpg", method="gradient")


def test_every_label_over_its_threshold_is_named(label_run, labelled):
    """As `predict` names them; number 15 of the pictures shows both, number 0 neither."""
    for place in (15, 0):
        picture = labelled.parent / f"pictures/{place:02}.png"
        named = set(label_run.classifier().predict(picture)[0].split("|")) - {""}
        shown = striate.visualize(label_run.folder, picture, method="saliency")
        assert set(shown.report.named) == named == set(shown.to_dict()["named"])
        said, page = shown.to_text(), shown.to_html()
        assert ("no label reaches its threshold" in said) == (not named) == ("names no label" in page)
        assert all(f"{picture.name}  {name}" in said for name in named) and "labels, each told by itself" in page


def test_one_class_is_answered_as_before(everything):
    assert everything.report.named is None and "named" not in everything.to_dict()
    assert "The most probable classes" in everything.to_html()
