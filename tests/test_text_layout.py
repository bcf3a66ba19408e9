"""Tables and sentences on narrow screens: nothing is cut within a word, nothing is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.text_layout import cell_width, table, wrapped

HEADS = ("layer", "kind", "parameters", "why")
ROWS = [
    ("C1/convolution name", "convolution of maps with a scale", "456", "because it was asked for"),
    ("고양이 사진", "풀링", "12", ""),
]
LEFT = ("kind", "why")


def test_a_table_that_fits_is_aligned_by_what_a_terminal_shows():
    assert table(HEADS, ROWS, left=LEFT) == [
        "layer                kind                              parameters  why",
        "C1/convolution name  convolution of maps with a scale         456  because it was asked for",
        "고양이 사진          풀링                                      12",
    ]


def test_a_narrower_table_breaks_its_texts_between_words():
    assert table(HEADS, ROWS, left=LEFT, width=60) == [
        "layer           kind             parameters  why",
        "C1/convolution  convolution of          456  because it was",
        "name            maps with a                  asked for",
        "                scale",
        "고양이 사진     풀링                     12",
    ]


def test_where_no_table_fits_each_row_becomes_a_block():
    assert table(HEADS, ROWS, left=LEFT, width=30) == [
        "C1/convolution name",
        "  kind        convolution of",
        "              maps with a",
        "              scale",
        "  parameters  456",
        "  why         because it was",
        "              asked for",
        "고양이 사진",
        "  kind        풀링",
        "  parameters  12",
    ]


def test_columns_without_a_word_are_left_out():
    assert table(("a", "b", "c"), [("1", "", "3")]) == ["a  c", "1  3"]
    assert table(("a", "b"), []) == ["a  b"]


@pytest.mark.parametrize("width", [200, 60, 40, 20])
def test_nothing_is_lost_and_no_word_cut_at_any_width(width):
    lines = table(HEADS, ROWS, left=LEFT, width=width)
    assert all(cell_width(line) <= width for line in lines)
    words = " ".join(lines).split()
    for row in ROWS:
        for word in " ".join(row).split():
            assert word in words


@given(st.text(alphabet="ab 한글-/", max_size=60), st.integers(4, 40))
def test_breaking_keeps_every_word_in_order(text, width):
    lines = wrapped(text, width)
    assert " ".join(lines).split() == text.split()
    assert all(cell_width(line) <= width or len(line.split()) <= 1 for line in lines if line != text)


def test_a_command_stays_one_command_for_a_shell():
    import shlex

    said = "predict   striate predict 'runs/내 사진들 1' --format csv --top 3 PICTURE.jpg"
    lines = wrapped(said, 40)
    assert lines == [
        "predict   striate predict \\",
        "          'runs/내 사진들 1' --format \\",
        "          csv --top 3 PICTURE.jpg",
    ]
    command = "\n".join(lines).removeprefix("predict").strip()
    assert shlex.split(command.replace("\\\n", "")) == shlex.split(said.removeprefix("predict"))
    assert all(cell_width(line) <= 40 for line in lines)
    # What is told of a command is no command.
    assert wrapped("it's what `striate train x` does with data here", 20)[0] == "it's what `striate"


def test_what_fits_and_what_has_no_screen_stays_as_it_is():
    text = "a  b\n\n   c " + "x" * 300
    assert wrapped(text, None) == text.split("\n")
    assert wrapped("a  b", 4) == ["a  b"]


def test_a_number_stays_with_its_unit():
    assert wrapped("it takes 7\u202fmin at most", 12) == ["it takes", "  7\u202fmin at", "  most"]
