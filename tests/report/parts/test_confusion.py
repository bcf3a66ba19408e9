"""The matrix as it is drawn, and the pairs that are told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from striate.report.parts.confusion import MOST_CLASSES, Pair, confused_pairs, describe, draw

MATRIX = np.array([[90, 10, 0], [0, 0, 0], [4, 4, 8]])
CLASSES = ["cat", "dog", "owl"]


def test_a_small_matrix_by_hand():
    drawing = draw(MATRIX, CLASSES)
    assert [(cell.x, cell.y, cell.kind, cell.count) for cell in drawing.cells] == [
        (1, 1, "right", "90"),
        (43, 1, "wrong", "10"),
        (1, 85, "wrong", "4"),
        (43, 85, "wrong", "4"),
        (85, 85, "right", "8"),
    ]
    assert [cell.strength for cell in drawing.cells] == [0.95, 0.38, 0.55, 0.55, 0.74]
    assert [cell.dark for cell in drawing.cells] == [True, False, False, False, False]
    assert drawing.cells[1].title == "cat called dog: 10 of 100 (10.0\u202f%)"
    assert [(name.at, name.text) for name in drawing.names] == [(21, "cat"), (63, "dog"), (105, "owl")]
    assert (drawing.side, drawing.box, drawing.round) == (126, 40, 2)
    assert describe(MATRIX, CLASSES) == "Confusion matrix of 3 classes: 98 of 116 pictures on the diagonal, 18 off it."


def test_pairs_by_hand():
    assert confused_pairs(MATRIX, CLASSES, 10) == [
        Pair("cat", "dog", 10, 100),
        Pair("owl", "cat", 4, 16),
        Pair("owl", "dog", 4, 16),
    ]
    assert confused_pairs(MATRIX, CLASSES, 1) == [Pair("cat", "dog", 10, 100)]
    assert confused_pairs(np.diag([3, 4]), CLASSES[:2], 10) == []


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(0, 20))
def test_pairs_are_the_largest(seed, classes, most):
    matrix = np.random.default_rng(seed).integers(0, 5, (classes, classes))
    names = [f"{i}" for i in range(classes)]
    expected = sorted(
        (-matrix[i, j], -matrix[i, j] / matrix[i].sum(), i, j)
        for i in range(classes)
        for j in range(classes)
        if i != j and matrix[i, j]
    )[:most]
    got = confused_pairs(matrix, names, most)
    assert got == [Pair(f"{i}", f"{j}", -count, matrix[i].sum()) for count, _, i, j in expected]


@pytest.mark.parametrize(
    ("classes", "names", "numbers"),
    [(2, 2, True), (20, 20, True), (21, 21, False), (50, 50, False), (51, 6, False), (100, 10, False)],
)
def test_larger_matrices_say_less(classes, names, numbers):
    drawing = draw(np.eye(classes, dtype=np.int64), [f"a rather long class name {i}" for i in range(classes)])
    assert len(drawing.names) == names
    assert drawing.every_name == (names == classes)
    assert bool(drawing.cells[0].count) == numbers
    assert drawing.width <= 864  # the width of the page's column


def test_a_full_matrix_has_no_titles_and_a_huge_one_no_drawing():
    names = [f"{i}" for i in range(MOST_CLASSES)]
    drawing = draw(np.ones((MOST_CLASSES, MOST_CLASSES), dtype=np.int64), names)
    assert len(drawing.cells) == MOST_CLASSES**2
    assert {cell.title for cell in drawing.cells} == {""}
    assert draw(np.eye(MOST_CLASSES + 1, dtype=np.int64), [*names, "x"]) is None


def test_long_names_are_cut_beside_the_matrix_and_whole_in_the_title():
    long = "x" * 300
    drawing = draw(np.array([[1]]), [long])
    assert drawing.names[0].text == "xxxxxxxx…xxxxxxxx" and drawing.cut_names == (("xxxxxxxx…xxxxxxxx", long),)
    assert long in drawing.cells[0].title
    assert draw(MATRIX, CLASSES).cut_names == ()


@pytest.mark.parametrize("name", ["pneumonia", "WWWWWWMMMM", "고양이 사진", "ﬀ_Ünïcode~#", "مرحبا", "iiii", "x" * 300])
def test_a_name_has_all_the_room_that_it_takes(name):
    """Measured in DejaVu Sans, which is wider than what browsers draw interfaces in; each other sign is as wide as it is high."""
    from matplotlib import get_data_path
    from PIL import ImageFont

    drawing = draw(np.array([[1]]), [name])
    font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", 12)
    shown = drawing.names[0].text
    taken = sum(12.0 if ord(sign) > 0x2FFF else font.getlength(sign) for sign in shown)
    assert taken <= drawing.left - 8 and drawing.left == drawing.top


def test_every_letter_has_the_room_that_it_takes():
    import string

    from matplotlib import get_data_path
    from PIL import ImageFont

    from striate.report.parts.confusion import width_of

    font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", 12)
    assert {sign: width_of(sign) for sign in string.printable[:95] if font.getlength(sign) > width_of(sign)} == {}
