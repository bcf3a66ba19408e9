import re

import pytest

import striate.weights
from striate.models import create_model, model_row
from striate.weights import KNOWN_FILES, known_file
from striate.weights.keymaps import KEY_MAPS, KeyMap


def test_public_names_are_sorted_and_there():
    assert striate.weights.__all__ == sorted(striate.weights.__all__)
    assert all(hasattr(striate.weights, name) for name in striate.weights.__all__)


@pytest.mark.parametrize("prefix", KNOWN_FILES)
def test_known_file(prefix):
    assert re.fullmatch("[0-9a-f]{8}", prefix)
    known = known_file(prefix + "0" * 56)
    assert known is KNOWN_FILES[prefix] and known.name == f"{known.row}-{prefix}.th"
    assert len(known.inputs.mean) == len(known.inputs.std) == model_row(known.row).in_channels
    assert known_file("0" * 64) is None


def test_the_first_beginning_that_fits_counts():
    key_map = KeyMap("somebody", (("head.fc.", "fc."), ("head.", "neck.")))
    names = ("head.fc.weight", "head.bn.bias", "body.head.fc.weight")
    assert [key_map.ours(name) for name in names] == ["fc.weight", "neck.bn.bias", "body.head.fc.weight"]


def test_akamaster_s_names_cover_resnet20():
    names = [name.replace("fc.", "linear.") for name in create_model("resnet20").state_dict()]
    assert [KEY_MAPS[0].ours(name) for name in names] == list(create_model("resnet20").state_dict())
