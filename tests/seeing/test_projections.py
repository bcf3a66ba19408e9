"""Units sent back to the pixels are shown where they lie, with all that reaches them."""

import numpy as np
import pytest
from torch import nn

import striate
from striate.seeing.methods import METHODS
from striate.seeing.observation import observe, strongest_places
from striate.seeing.projections import has_switches, projected, projection_panel
from striate.seeing.seen_network import seen_network

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)


def test_a_unit_is_shown_where_it_lies():
    observation = observe(seen_network("resnet20", seed=1), PICTURE)
    layer = observation.seen.network.stages[1]
    facts = observation.facts(layer)
    panel = projection_panel(observation, [METHODS["gradient"]], layer, (3, 2, 5))
    (unit,) = panel.facts["units"]
    assert unit["unit"] == [3, 2, 5] and unit["activation"] == pytest.approx(float(observation.maps(layer)[3, 2, 5]))
    rows, columns = observation.crop(layer, (3, 2, 5))
    start, jump, size = facts.field.start, facts.field.jump, facts.field.size
    assert (rows.start, rows.stop) == (max(0, start[0] + 2 * jump[0]), min(32, start[0] + 2 * jump[0] + size[0]))
    assert (panel.rows[0][0].picture == observation.pixels[rows, columns]).all()
    assert panel.rows[0][1].picture.shape == panel.rows[0][0].picture.shape


def test_the_crop_holds_all_of_a_projection():
    observation = observe(seen_network("resnet20", seed=1), PICTURE)
    layer = observation.seen.network.stages[2]
    for place, _ in strongest_places(observation.maps(layer), None, 4):
        rules = [METHODS["deconvnet"]]
        signals, _ = projected(rules, observation.network, observation.images, layer=layer, unit=place)
        signal = signals[rules[0]][0].abs().sum(0)
        rows, columns = observation.crop(layer, place)
        assert signal.any()
        signal[rows, columns] = 0
        assert not signal.any()


def test_a_network_without_max_pooling_is_said_to_have_no_switches():
    assert not has_switches(nn.Sequential(nn.AvgPool2d(2))) and has_switches(nn.Sequential(nn.MaxPool2d(2)))
    shown = striate.visualize("allcnn_c", PICTURE, method="deconvnet", layer="block1")
    assert "has no max pooling, and so no switches" in shown.warnings[1]
