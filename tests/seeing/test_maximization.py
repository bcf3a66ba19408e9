"""Which unit is maximized, and what comes of it."""

import pytest

import striate
from striate.errors import UsageError


def test_a_class_or_a_map_is_maximized():
    shown = striate.visualize("lenet5_relu", method="maximize", target="class 3", seed=1)
    assert shown.panels[0].rows[0][0].picture.shape == (32, 32, 1) and shown.panels[0].rows[0][0].lines == ("class 3",)
    other = striate.visualize("lenet5_relu", method="maximize", layer="c3", unit=5, seed=1)
    assert other.panels[0].facts["units"] == [{"layer": "c3", "unit": 5, "name": "map 5 of c3"}]
    with pytest.raises(UsageError, match="maximize needs a unit: give --unit N with --layer, or --target CLASS"):
        striate.visualize("lenet5_relu", method="maximize", layer="c3")
    with pytest.raises(UsageError, match="the layer 'c3' has 16 maps, 0 to 15; got 16"):
        striate.visualize("lenet5_relu", method="maximize", layer="c3", unit=16)
