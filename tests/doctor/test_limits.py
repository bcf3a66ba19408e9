"""Where each limit lies: at which figure a picture is found, and what the rest of the data has to do with it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from striate.doctor import light, sizes
from striate.doctor.files import colour_surprises
from striate.doctor.measuring import MEASURED


def audit_of(count=9, **columns):
    """Pictures with nothing wrong, but for the columns that are given: one value for all, or a list of the first ones."""
    records = np.zeros(count, MEASURED)
    records["seen"], records["mode"], records["format"], records["orientation"] = True, b"RGB", b"JPEG", 1
    records["width"] = records["height"] = 224
    records["tones"], records["tone_range"], records["edge_width"] = (5, 20, 120, 220, 240), 200, 0.002
    records["colour_seen"] = True
    for name, values in columns.items():
        records[name][: len(values)] = values
    return SimpleNamespace(records=records, readable=np.arange(count))


def rows(found):
    return [row for seen in found for row in seen.rows]


def tones(lightest=240, darkest=5):
    return (darkest, darkest, lightest, lightest, lightest)


def test_dark_is_what_uses_less_than_a_quarter_and_half_of_what_is_usual():
    assert rows(light.dark(audit_of(tones=[tones(63), tones(64)]))) == [0]
    assert rows(light.dark(audit_of(tones=[tones(40)] + 8 * [tones(100)]))) == [0]
    assert rows(light.dark(audit_of(tones=[tones(51)] + 8 * [tones(100)]))) == []
    assert rows(light.dark(audit_of(tones=9 * [tones(40)]))) == []


def test_bright_is_its_mirror_image():
    assert rows(light.bright(audit_of(tones=[tones(255, 192), tones(255, 191)]))) == [0]
    assert rows(light.bright(audit_of(tones=9 * [tones(255, 230)]))) == []


def test_what_is_blank_is_neither_dark_nor_bright():
    blank = audit_of(tones=[tones(3, 0), tones(255, 253)], tone_range=[8, 8, 9])
    assert rows(light.blank(blank)) == [0, 1]
    assert rows(light.dark(blank)) == rows(light.bright(blank)) == []


def test_blurry_is_what_is_soft_by_itself_and_beside_the_rest():
    nan = float("nan")
    assert rows(light.blurry(audit_of(edge_width=[0.0091, 0.0089, nan]))) == [0]
    assert rows(light.blurry(audit_of(edge_width=[0.0126, 0.0124, *7 * [0.005]]))) == [0]
    assert rows(light.blurry(audit_of(edge_width=9 * [nan]))) == []
    (seen,) = light.blurry(audit_of(edge_width=[0.02]))
    assert seen.figure == pytest.approx(2.0)  # percent of the shorter side


def test_tiny_huge_and_long():
    def sized(*of_first, usual=(224, 224)):
        both = [*of_first, *(9 - len(of_first)) * [usual]]
        return audit_of(width=[width for width, _ in both], height=[height for _, height in both])

    assert rows(sizes.tiny(sized((63, 20), (64, 20)))) == [0]
    assert rows(sizes.tiny(sized((39, 20), (40, 40), usual=(80, 80)))) == [0]
    assert rows(sizes.tiny(sized(usual=(8, 8)))) == []
    assert rows(sizes.huge(sized((4000, 2500), (3999, 2500)))) == [0]
    assert rows(sizes.huge(sized((4000, 4000), (3999, 4000), usual=(1000, 1000)))) == [0]
    assert rows(sizes.long(sized((400, 100), (100, 400), (399, 100)))) == [0, 1]
    assert rows(sizes.long(sized((500, 100), (499, 100), usual=(250, 100)))) == [0]


def test_a_way_of_storing_is_a_surprise_where_most_are_stored_otherwise():
    assert rows(colour_surprises(audit_of(10, mode=5 * [b"RGBA"]))) == [0, 1, 2, 3, 4]
    assert rows(colour_surprises(audit_of(10, mode=6 * [b"RGBA"]))) == []
    (seen,) = colour_surprises(audit_of(10, mode=[b"I;16"]))
    assert (seen.named["way"], seen.figure) == ("stored in 16 bits, of which 8 are kept", 0.1)


def test_want_of_colour_is_a_surprise_up_to_one_in_twenty():
    assert rows(colour_surprises(audit_of(20, colour_seen=[False]))) == [0]
    assert rows(colour_surprises(audit_of(19, colour_seen=[False]))) == []
    assert rows(colour_surprises(audit_of(20, colour_seen=[True, *19 * [False]]))) == [0]
    # Hardly a tone, so nothing to tell by.
    assert rows(colour_surprises(audit_of(20, colour_seen=[False], tones=[tones(68, 5)]))) == []
