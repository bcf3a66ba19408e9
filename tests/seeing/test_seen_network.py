"""A network that is looked into: the class that is asked for by name or number, and its layers with what their units see."""

import dataclasses
import unicodedata

import pytest

import striate
from striate.errors import UnknownNameError, UsageError
from striate.inspection import inspect_network
from striate.seeing.seen_network import layers_of_model, seen_network


def test_a_class_is_found_in_either_unicode_form():
    composed, decomposed = (unicodedata.normalize(form, "고양이") for form in ("NFC", "NFD"))
    seen = dataclasses.replace(seen_network("lenet5"), classes=(decomposed, "개", *"23456789"))
    assert [seen.class_index(target) for target in (composed, decomposed, "개", "2", 3, None)] == [0, 0, 1, 2, 3, None]
    with pytest.raises(UnknownNameError, match="unknown class '게'"):
        seen.class_index("게")
    with pytest.raises(UsageError, match=r"has 10 classes, 0 to 9; got 10"):
        seen.class_index(10)


def test_layers_are_listed_with_what_a_unit_sees():
    layers = {layer.name: layer for layer in layers_of_model("lenet5")}
    assert layers["s2"].shape == (6, 14, 14) and layers["s2"].field.size == (6, 6)
    assert layers["f6"].to_dict()["receptive_field"] is None and layers["head"].shape == (10,)
    inspection = inspect_network(striate.create_model("efficientnet_b0"), (3, 224, 224))
    last = next(layer for layer in reversed(inspection.layers) if layer.stage == "features.3")
    gated = {layer.name: layer for layer in layers_of_model("efficientnet_b0")}["features.3"]
    assert gated.field == last.receptive_field and gated.whole
    assert gated.text.endswith("its neighbour 8 further on (and through gates the whole picture)")
