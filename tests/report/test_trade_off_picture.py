"""The picture of what is paid for what is reached."""

import io

import numpy as np
import pytest
from PIL import Image

from striate.report.reproduction_picture import Panel
from striate.report.trade_off_picture import draw_trade_off

ERRORS = Panel("test error", {"narrow": (0.3, 0.32), "wide_network": (0.2, 0.18)}, "share")
PARAMETERS = Panel("parameters", {"narrow": (1e5, 1e5), "wide_network": (3e6, 3e6)}, "count")


def drawn(paid):
    picture = Image.open(io.BytesIO(draw_trade_off("More is better.", "holds", ERRORS, paid)))
    return np.asarray(picture.convert("RGB")).astype(int)


def bluish(pixels):
    return (np.abs(pixels - [0x0A, 0x64, 0xA4]).sum(axis=2) < 40).sum()


def test_an_arm_is_a_point_in_each_panel():
    one, two = drawn([PARAMETERS]), drawn([PARAMETERS, PARAMETERS])
    assert abs(two.shape[1] - 2 * one.shape[1]) <= 2 and two.shape[0] == one.shape[0]
    assert bluish(two) == pytest.approx(2 * bluish(one), rel=0.2) and bluish(one) > 100


def test_names_are_told_and_so_are_the_axes():
    text = draw_trade_off("More is better.", "holds", ERRORS, [PARAMETERS], file_format="svg").decode()
    for word in ("test error", "parameters", "wide_network", "narrow", "More is better.", "holds"):
        assert f"<!-- {word}" in text, word


def test_what_is_not_finite_is_left_out():
    endless = Panel("processor time", {"narrow": (float("nan"), float("inf")), "wide_network": (2.0, 3.0)}, "seconds")
    text = draw_trade_off("More is better.", "holds", ERRORS, [endless], file_format="svg").decode()
    assert "<!-- wide_network" in text and "<!-- narrow" not in text


def test_times_have_their_unit():
    times = Panel("processor time", {"narrow": (1.0, 2.0), "wide_network": (2.0, 3.0)}, "seconds")
    text = draw_trade_off("More is better.", "holds", ERRORS, [times], file_format="svg").decode()
    assert "<!-- processor time, in seconds" in text
