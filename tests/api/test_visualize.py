"""What a network sees in a picture: the right units, places and classes, said with their scale; nothing left behind."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import striate
from striate.api.visualize import METHODS, ON_DATA, ON_NOTHING, check_method
from striate.errors import DataError, PictureError, UnknownNameError, UsageError
from striate.inspection import inspect_network
from striate.seeing.classes import CLASS_PANELS, _label_pixels
from striate.seeing.layers import RULES, has_switches, projection_panel
from striate.seeing.looking import look_at, strongest_places
from striate.seeing.seen_network import layers_of_model, seen_network

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def everything():
    """Every method on a small network."""
    return striate.visualize("lenet5_relu", PICTURE, seed=1)


def test_all_has_every_method_of_every_stage(everything):
    assert [stage.layer for stage in everything.report.stages] == [*striate.create_model("lenet5_relu").stages, "head"]
    assert [panel.method for panel in everything.report.where] == list(CLASS_PANELS)
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


def test_a_unit_is_shown_where_it_lies():
    look = look_at(seen_network("resnet20", seed=1), PICTURE)
    layer = look.seen.network.stages[1]
    facts = look.facts(layer)
    panel = projection_panel(look, ["gradient"], layer, (3, 2, 5))
    (unit,) = panel.facts["units"]
    assert unit["unit"] == [3, 2, 5] and unit["activation"] == pytest.approx(float(look.maps(layer)[3, 2, 5]))
    rows, columns = look.crop(layer, (3, 2, 5))
    start, jump, size = facts.field.start, facts.field.jump, facts.field.size
    assert (rows.start, rows.stop) == (max(0, start[0] + 2 * jump[0]), min(32, start[0] + 2 * jump[0] + size[0]))
    assert (panel.rows[0][0].picture == look.pixels[rows, columns]).all()
    assert panel.rows[0][1].picture.shape == panel.rows[0][0].picture.shape


def test_the_crop_holds_all_of_a_projection():
    look = look_at(seen_network("resnet20", seed=1), PICTURE)
    layer = look.seen.network.stages[2]
    for place, _ in strongest_places(look.maps(layer), None, 4):
        signal = RULES["deconvnet"][1](look.seen.network, look.images, layer=layer, unit=place)[0].abs().sum(0)
        rows, columns = look.crop(layer, place)
        assert signal.any()
        signal[rows, columns] = 0
        assert not signal.any()


def test_strongest_places():
    maps = torch.tensor([[[1.0, 3.0]], [[2.0, 0.0]], [[-1.0, -2.0]]])
    assert strongest_places(maps, None, 2) == [((0, 0, 1), 3.0), ((1, 0, 0), 2.0)]
    assert strongest_places(maps, 2, 9) == [((2, 0, 0), -1.0)]
    assert strongest_places(maps, (1, 0, 1), 9) == [((1, 0, 1), 0.0)]
    assert strongest_places(torch.tensor([1.0, 5.0]), None, 1) == [((1,), 5.0)]


def test_a_class_is_asked_for_by_name_or_number():
    seen = seen_network("lenet5", seed=0)
    digit = PICTURE[:28, :28]
    assert look_at(seen, digit, target="class 3").target == look_at(seen, digit, target="3").target == 3
    with pytest.raises(UnknownNameError, match="unknown class 'clas 3'; did you mean 'class 3'"):
        look_at(seen, digit, target="clas 3")
    with pytest.raises(UsageError, match="the network has 10 classes, 0 to 9; got 10"):
        look_at(seen, digit, target=10)


def test_layers_are_listed_with_what_a_unit_sees():
    layers = {layer.name: layer for layer in layers_of_model("lenet5")}
    assert layers["s2"].shape == (6, 14, 14) and layers["s2"].field.size == (6, 6)
    assert layers["f6"].to_dict()["receptive_field"] is None and layers["head"].shape == (10,)
    inspection = inspect_network(striate.create_model("efficientnet_b0"), (3, 224, 224))
    last = next(layer for layer in reversed(inspection.layers) if layer.stage == "features.3")
    gated = {layer.name: layer for layer in layers_of_model("efficientnet_b0")}["features.3"]
    assert gated.field == last.receptive_field and gated.whole
    assert gated.text.endswith("its neighbour 8 further on (and through gates the whole picture)")


def test_a_network_without_max_pooling_is_said_to_have_no_switches():
    assert not has_switches(nn.Sequential(nn.AvgPool2d(2))) and has_switches(nn.Sequential(nn.MaxPool2d(2)))
    shown = striate.visualize("allcnn_c", PICTURE, method="deconvnet", layer="block1")
    assert "has no max pooling, and so no switches" in shown.warnings[1]


def test_labels_have_colours_in_the_order_of_their_places():
    pixels = _label_pixels(np.array([[7, 7], [7, 2]]))
    assert pixels[0, 0].tolist() == [0, 114, 178] and pixels[1, 1].tolist() == [230, 159, 0]


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


@pytest.mark.parametrize(
    "method", [method for method in METHODS if method not in ("all", "through-training", *ON_DATA, *ON_NOTHING)]
)
def test_every_method_makes_a_picture(method):
    shown = striate.visualize("lenet5_relu", PICTURE[:28, :28], method=method, seed=3)
    assert len(shown.panels) == 1 and shown.panels[0].method == method
    assert shown.pixels.dtype == np.uint8 and shown.pixels.ndim == 3


@pytest.fixture(scope="module")
def squares(tmp_path_factory):
    """A folder of pictures with one bright square each, in the place that its name says, and a file that is none."""
    folder = tmp_path_factory.mktemp("squares")
    (folder / "one").mkdir()
    for place in range(12):
        pixels = np.zeros((28, 28), np.uint8)
        pixels[4 + place : 10 + place, 8:14] = 20 * place + 30
        Image.fromarray(pixels).save(folder / "one" / f"{place:02}.png")
    (folder / "one" / "torn.png").write_bytes(b"no picture")
    return folder


def test_top_pictures_are_those_with_the_largest_answers(squares):
    shown = striate.visualize("lenet5_relu", data=squares, method="top", layer="c1", unit=2, seed=0)
    (panel,) = shown.panels
    (found,) = panel.facts["maps"]
    assert panel.facts["pictures"] == 12 and found["map"] == 2 and len(found["pictures"]) == 9
    assert found["activations"] == sorted(found["activations"], reverse=True)
    look = look_at(shown.seen, squares / found["pictures"][0])
    assert float(look.maps("c1")[2].max()) == pytest.approx(found["activations"][0], rel=1e-5)
    assert all(bottom - top <= 5 and right - left <= 5 for top, left, bottom, right in found["boxes"])
    assert any(
        warning.startswith("1 picture could not be read and took no part, such as one/torn.png: the file is no JPEG")
        for warning in shown.warnings
    )
    assert shown.report.picture is None and "Inside lenet5_relu" in shown.to_html()


def test_low_middle_and_high(squares):
    shown = striate.visualize("lenet5_relu", data=squares, method="hierarchy", seed=0)
    assert [(panel.method, panel.layer) for panel in shown.panels] == [
        ("filters", ""),
        ("top", "c1"),
        ("top", "s2"),
        ("top", "s4"),
    ]
    assert all(len(panel.rows) == 3 and len(panel.rows[0]) == 2 for panel in shown.panels[1:])
    assert all(
        f"<h4>Strongest pictures of each map of <bdi>{layer}</bdi></h4>" in shown.to_html()
        for layer in ("c1", "s2", "s4")
    )
    assert [panel.warnings for panel in shown.panels[2:]] == [[], []]  # said once, of the first
    alone = striate.visualize("lenet5_relu", data=squares, method="top", layer="s2", seed=0)
    assert alone.panels[0].facts["maps"][0] == shown.panels[2].facts["maps"][0]


def test_pictures_without_any_that_can_be_read(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "torn.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"the only picture in one cannot be read: torn\.png: the file is no JPEG"):
        striate.visualize("lenet5_relu", data=tmp_path / "one", method="top")
    (tmp_path / "one" / "empty.png").write_bytes(b"")
    with pytest.raises(
        DataError, match=r"none of the 2 pictures in one can be read, such as empty\.png: the file is empty"
    ):
        striate.visualize("lenet5_relu", data=tmp_path / "one", method="top")
    with pytest.raises(DataError, match=r"torn\.png is a single picture; give a folder of many"):
        striate.visualize("lenet5_relu", data=tmp_path / "one" / "torn.png", method="top")


def test_pictures_that_a_map_does_not_tell_apart(squares):
    network = nn.Sequential(nn.Conv2d(3, 2, 1, bias=False), nn.ReLU6(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(32, 2))
    nn.init.constant_(network[0].weight, 1000.0)
    shown = striate.visualize(network, data=squares, method="top", layer="1", unit=1, size=8)
    (warning,) = (warning for warning in shown.panels[0].warnings if "the same" in warning)
    assert warning.startswith("map 1 of 1: the answer is the same to all that are shown")


def test_a_built_in_set_and_an_empty_folder(tmp_path):
    shown = striate.visualize("lenet5_relu", data="digits", method="top", layer="f6", unit=3, seed=0)
    assert shown.panels[0].facts["pictures"] == 1797
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="there are no pictures to look at in empty"):
        striate.visualize("lenet5_relu", data=tmp_path / "empty", method="top")


def test_a_class_or_a_map_is_maximized():
    shown = striate.visualize("lenet5_relu", method="maximize", target="class 3", seed=1)
    assert shown.panels[0].rows[0][0].picture.shape == (32, 32, 1) and shown.panels[0].rows[0][0].lines == ("class 3",)
    other = striate.visualize("lenet5_relu", method="maximize", layer="c3", unit=5, seed=1)
    assert other.panels[0].facts["units"] == [{"layer": "c3", "unit": 5, "name": "map 5 of c3"}]
    with pytest.raises(UsageError, match="maximize needs a unit: give --unit N with --layer, or --target CLASS"):
        striate.visualize("lenet5_relu", method="maximize", layer="c3")
    with pytest.raises(UsageError, match="the layer 'c3' has 16 maps, 0 to 15; got 16"):
        striate.visualize("lenet5_relu", method="maximize", layer="c3", unit=16)


def test_filters_are_drawn_on_their_own_scale():
    shown = striate.visualize("lenet5_relu", method="filters", seed=1)
    assert shown.panels[0].facts == {"kernels": 6, "size": [5, 5]}
    assert {0, 255} & set(np.unique(shown.panels[0].rows[0][0].picture))
    assert striate.visualize("resnet20", method="filters", layer="conv1", seed=1).panels[0].layer == "conv1"


def test_only_a_run_can_be_looked_back_at():
    message = (
        "through-training looks back at a run, and lenet5 is of none; train one with --set keep_epochs=6, and name its"
    )
    with pytest.raises(UsageError, match=message):
        striate.visualize("lenet5", PICTURE, method="through-training")


@pytest.mark.parametrize(("method", "what"), [("top", "top needs data"), ("gradient", "gradient needs a picture")])
def test_what_a_method_needs(method, what):
    with pytest.raises(UsageError, match=what):
        striate.visualize("lenet5", method=method)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "grad_cam"}, "unknown method 'grad_cam'; did you mean 'grad-cam'"),
        ({"method": "saliency", "layer": "c1"}, "saliency is of the network as a whole and takes no --layer"),
        (
            {"method": "occlusion", "unit": 1},
            "--unit goes with deconvnet, guided, gradient, feature-maps, through-training, top",
        ),
    ],
)
def test_what_a_method_does_not_take(options, message):
    with pytest.raises(UsageError, match=message):
        check_method(**options)


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
