"""A contact sheet shows every picture and every word, and is hurt by no name."""

import numpy as np
import pytest

from striate.errors import UsageError
from striate.report.contact_sheet import (
    GAP,
    LINE,
    MARGIN,
    SIDE,
    Lettering,
    Tile,
    _shortened,
    _wrapped,
    draw_contact_sheet,
)

RED = np.full((8, 8, 3), [255, 0, 0], np.uint8)
GREY = np.full((300, 100, 1), 90, np.uint8)


def test_pictures_lie_in_rows_and_columns():
    sheet = draw_contact_sheet("title", [[Tile(RED, ["red"]), Tile(GREY, ["grey"])], [Tile(GREY, []), Tile(RED, [])]])
    assert sheet.shape[1] == 2 * MARGIN + 2 * SIDE + GAP and sheet.dtype == np.uint8
    red = (sheet == [255, 0, 0]).all(axis=2)
    assert red.sum() == 2 * SIDE * SIDE  # 8 pixels, each drawn as 25 x 25
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    assert columns.min() == MARGIN and columns.max() == MARGIN + 2 * SIDE + GAP - 1
    assert rows.max() - rows.min() == 2 * SIDE - 1 + 8 + LINE + GAP
    assert ((sheet == 90).all(axis=2)).sum() >= 2 * 200 * 67 - 400


def test_more_lines_make_a_higher_sheet():
    short, long = (draw_contact_sheet("t", [[Tile(RED, ["word"] * count)]]) for count in (1, 6))
    assert len(long) - len(short) == 5 * LINE
    assert len(draw_contact_sheet("t", [[Tile(RED, ["a"])]], notes=["be careful"])) == len(short) + LINE
    assert len(draw_contact_sheet("t", [[Tile(RED, ["a"])]], columns=["one"])) == len(short) + LINE + 6


def test_long_text_is_broken_between_words_and_long_words_in_their_middle():
    font = Lettering(12)
    lines = _wrapped("one two three " * 10, font, SIDE)
    assert len(lines) > 2 and all(font.getlength(line) <= SIDE for line in lines)
    assert " ".join(lines).split() == ["one", "two", "three"] * 10
    cut = _shortened("a" * 30 + "b" * 30, font, 100)
    assert cut.startswith("aaaa") and cut.endswith("bbbb") and "…" in cut and font.getlength(cut) <= 100


def test_a_long_name_is_whole_on_several_lines():
    name = "a_rather_long_class_name/of-a-folder/with.a.picture_0001.png"
    lines = _wrapped(name, Lettering(12), SIDE)
    assert len(lines) > 1 and "".join(lines) == name
    assert all(Lettering(12).getlength(line) <= SIDE for line in lines)


@pytest.mark.filterwarnings("ignore::striate.fonts.MissingFontWarning")
def test_signs_of_other_fonts_have_their_width():
    """Where a font has them they are wider than letters; drawn they stay within what was measured."""
    plain = Lettering(12)
    assert plain.getlength("ab") == pytest.approx(plain.getlength("a") + plain.getlength("b"), abs=1)
    mixed = plain.getlength("a고양이b")
    assert mixed == pytest.approx(plain.getlength("a") + plain.getlength("고양이") + plain.getlength("b"), abs=1)
    sheet = draw_contact_sheet("t", [[Tile(RED, ["고양이 " * 20])]])
    assert (sheet[:, -MARGIN + 2 :] == 255).all()


@pytest.mark.filterwarnings("ignore::striate.fonts.MissingFontWarning")
def test_names_that_would_steer_or_break_are_shown_harmlessly():
    name = "cat\x1b[2J\x00\udcff\n$\\frac{1}{2}$ 猫"
    assert draw_contact_sheet(name, [[Tile(RED, [name, ""])]], columns=[name], notes=[name]).any()


def test_nothing_cannot_be_drawn():
    with pytest.raises(UsageError, match="a contact sheet needs at least one picture"):
        draw_contact_sheet("t", [])
