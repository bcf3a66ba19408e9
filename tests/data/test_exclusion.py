"""Pictures left out on request: which lines count, what is refused, and what a run keeps of it."""

from __future__ import annotations

import unicodedata

import pytest

from striate.data import load_data
from striate.data.exclusion import IGNORED, apply_excluded, exclude_pictures, read_exclusions, write_excluded
from striate.errors import DataError, UsageError


@pytest.fixture
def data(drawn, tmp_path):
    return load_data(drawn(tmp_path / "data", ("a", "b"), 3))


def keys(dataset):
    return [dataset.pictures.key(row) for row in range(len(dataset))]


@pytest.fixture
def listed(tmp_path):
    def write(text: str):
        path = tmp_path / "fixes.csv"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return path

    return write


def test_only_lines_that_say_exclude_count(data, listed):
    path = listed("path,kind,action,other_path\na/000.png,dark,look,\nb/001.png,copies,exclude,b/000.png\n")
    left = exclude_pictures(data, path)
    assert keys(left) == ["a/000.png", "a/001.png", "a/002.png", "b/000.png", "b/002.png"]
    assert (left.excluded, left.ignored[IGNORED]) == (("b/001.png",), 1)
    assert left.notes == (f"1 picture left out, as {path} asks",)


def test_without_a_column_of_actions_every_line_counts_once(data, listed):
    left = exclude_pictures(data, listed("\ufeffPath\na/000.png\na/000.png\n\nb/001.png\ngone.png\n"))
    assert left.excluded == ("a/000.png", "b/001.png")
    assert left.notes[-1].endswith("asks; 1 other in it, such as gone.png, not in the data")


def test_names_are_found_in_any_unicode_form_and_guarded_ones_too(drawn, tmp_path, listed):
    folder = drawn(tmp_path / "data", ("a", "b"), 3)
    (folder / "a" / "000.png").rename(folder / "a" / unicodedata.normalize("NFD", "é.png"))
    (folder / "a" / "001.png").rename(folder / "a" / "gr\udcfcn.png")
    left = exclude_pictures(load_data(folder), listed("path\na/é.png\n./a/002.png\na/gr\udcfcn.png\n"))
    assert len(left.excluded) == 2 and len(left) == 4


def test_a_list_may_ask_for_none(data, listed):
    path = listed("path,kind,action,other_path\na/000.png,dark,look,\n")
    left = exclude_pictures(data, path)
    assert (len(left), left.excluded, left.notes) == (6, (), (f"no picture left out: {path} asks for none",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no column 'path' (its first line is empty)"),
        ("file,action\na/000.png,exclude\n", "has no column 'path' (its first line is file, action)"),
        ('path\n"a/000.png\n', "is not CSV"),
        ("path\nx/1.png\n", "none of its 1 picture, such as x/1.png, is in"),
    ],
)
def test_what_is_no_such_list_is_refused(data, listed, text, said):
    with pytest.raises(UsageError) as caught:
        exclude_pictures(data, listed(text))
    assert said in str(caught.value) and str(caught.value).startswith("--exclude ")


def test_a_list_that_is_not_there_is_refused(data, tmp_path):
    with pytest.raises(UsageError, match=r"none.csv cannot be read \(No such file or directory\)"):
        exclude_pictures(data, tmp_path / "none.csv")


def test_a_class_must_keep_a_picture_to_train_on(data, listed):
    with pytest.raises(DataError, match="leaves no picture of class 'a' to train on; keep some, or remove the class"):
        exclude_pictures(data, listed("path\n" + "".join(f"a/00{number}.png\n" for number in range(3))))


def test_what_is_kept_leaves_the_same_out_again(data, listed, tmp_path):
    left = exclude_pictures(data, listed("path\na/000.png\nb/001.png\n"))
    kept = tmp_path / "excluded.csv"
    write_excluded(left, kept)
    assert read_exclusions(kept) == ["a/000.png", "b/001.png"]
    again = apply_excluded(data, kept)
    assert (keys(again), again.excluded, again.ignored) == (keys(left), left.excluded, left.ignored)
    write_excluded(data, kept)
    assert not kept.exists() and apply_excluded(data, kept) is data
