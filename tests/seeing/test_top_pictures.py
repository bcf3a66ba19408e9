"""Of many pictures those with a map's largest answers, and what could not be read."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from torch import nn

import striate
from striate.errors import DataError
from striate.seeing.many_pictures import many_pictures
from striate.seeing.methods import METHODS
from striate.seeing.observation import observe
from striate.seeing.question import Question
from striate.seeing.seen_network import seen_network
from striate.seeing.top_pictures import hierarchy_panels


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
    observation = observe(shown.seen, squares / found["pictures"][0])
    assert float(observation.maps("c1")[2].max()) == pytest.approx(found["activations"][0], rel=1e-5)
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


def test_of_a_network_without_switches_guided_backpropagation_is_shown_too(squares):
    shown = striate.visualize("resnet20", data=squares, method="top", layer="layer1", unit=3, seed=0)
    (panel,) = shown.panels
    assert panel.columns == ["in the pictures", "DeconvNet", "Guided backpropagation"]
    _, deconvnet, guided = (cell.picture for cell in panel.rows[0])
    assert deconvnet.shape == guided.shape and (deconvnet != guided).any()
    assert panel.warnings[0].startswith("this network has no max pooling, and so no switches")


def test_each_picture_is_read_twice_at_most(squares):
    """Once to find the strongest, once to show them: also where several maps and rules show the same."""
    seen, read = seen_network("resnet20", seed=0), Counter()
    many = many_pictures(seen, squares)

    def counting(row):
        read[row] += 1
        return many.read(row)

    counted = dataclasses.replace(many, read=counting)
    question = Question(seen, "hierarchy", many=counted)
    panels = hierarchy_panels(METHODS["hierarchy"], question)
    assert len(panels) == 4 and sum(len(panel.rows) for panel in panels[1:]) == 9
    assert max(read.values()) == 2 and len(read) == 13


def test_of_a_network_without_maps_the_head_is_shown(squares):
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 2))
    network.in_channels = 3
    shown = striate.visualize(network, data=squares, method="hierarchy", size=8)
    assert [(panel.method, panel.layer) for panel in shown.panels] == [("top", "head")]


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
        striate.visualize("no network", data=tmp_path / "one" / "torn.png", method="top")  # before that is looked for


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
