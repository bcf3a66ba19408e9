"""What arguments that name pictures mean."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import pytest

from striate.data import load_data
from striate.errors import UsageError
from striate.pixels.picture_arguments import expand


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A function that makes empty files below the current folder."""
    monkeypatch.chdir(tmp_path)

    def make(*names: str) -> Path:
        for name in names:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).touch()
        return tmp_path

    return make


def test_files_folders_globs_and_stdin(place, monkeypatch):
    place("a/1.png", "a/2.png", "a/notes.txt", "b/3.jpg")
    monkeypatch.setattr("sys.stdin", io.StringIO("x.png\n\ny z.png\r\n"))
    assert list(expand(["b", "a/notes.txt", "a/*.png", "-", "missing.png"])) == [
        *("b/3.jpg", "a/notes.txt", "a/1.png", "a/2.png", "x.png", "y z.png", "missing.png")
    ]


@pytest.mark.parametrize("folder", ["photos [old]", "what?", "a*b", "[x]/[y]"])
def test_a_glob_below_a_folder_whose_name_looks_like_one(place, folder):
    place(f"{folder}/1.jpg", f"{folder}/[2].jpg", f"{folder}/deep/3.jpg")
    assert list(expand([f"{folder}/*.jpg"])) == [f"{folder}/1.jpg", f"{folder}/[2].jpg"]
    assert list(expand([f"{folder}/**/*.jpg"])) == [f"{folder}/1.jpg", f"{folder}/[2].jpg", f"{folder}/deep/3.jpg"]
    assert list(expand([f"{folder}/[2].jpg", folder])) == [
        *(f"{folder}/[2].jpg", f"{folder}/1.jpg", f"{folder}/[2].jpg", f"{folder}/deep/3.jpg")
    ]


def test_a_glob_finds_each_file_once(place):
    root = place("a/1.png", "a/deep/2.png")
    (root / "a" / "round").symlink_to(root / "a")
    (root / "b").symlink_to(root / "a")
    assert list(expand(["a/**"])) == ["a/1.png", "a/deep/2.png"]
    assert list(expand(["*"])) == ["a/1.png", "a/deep/2.png"]
    assert list(expand(["*/*.png"])) == ["a/1.png"]


def test_a_glob_that_matches_nothing(place):
    place("a/1.png")
    with pytest.raises(UsageError, match=r"^nothing matches a/\*\.jpg$"):
        list(expand(["a/*.jpg"]))
    with pytest.raises(UsageError, match=r"^nothing matches a\\\*\.png; folders are separated by slashes here$"):
        list(expand(["a\\*.png"]))


@pytest.mark.parametrize("argument", ["https://example.org/cat.jpg?size=[1]", "x" * 5000, "a\0b"])
def test_what_is_no_path_is_left_to_who_reads_it(place, argument):
    assert list(expand([argument])) == [argument]


def test_the_same_pictures_as_in_a_data_set(place):
    names = ["cat/1.png", "cat/IMG_2.HEIC", "dog/deep/3.jp2", "dog/4.avif", "dog/5.jpg"]
    root = place(*names, "dog/.6.png", "dog/notes.txt", "@eaDir/cat/7.png")
    other = root.parent / f"{root.name} elsewhere"
    other.mkdir()
    (other / "8.png").touch()
    (root / "dog" / "linked").symlink_to(other)
    data = load_data(root)
    assert list(expand(["."])) == sorted([*names, "dog/linked/8.png"])
    assert sorted(data.pictures.key(row) for row in range(len(data))) == sorted([*names, "dog/linked/8.png"])


def test_paths_in_another_unicode_form_than_on_the_disk(place, monkeypatch):
    composed, decomposed = (unicodedata.normalize(form, "고양이") for form in ("NFC", "NFD"))
    place(f"{decomposed}/1.png", f"{decomposed}/é.png")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"{composed}/1.png\n{composed}/2.png\n".encode())))
    assert list(expand([f"{composed}/1.png", f"./{composed}", "-"])) == [
        f"{decomposed}/1.png",
        f"{decomposed}/1.png",
        f"{decomposed}/é.png",
        f"{decomposed}/1.png",
        f"{composed}/2.png",
    ]


def test_a_list_of_names_that_are_no_text(place, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"bl\xe4tter.png\r\n\n1.png")))
    assert list(expand(["-"])) == ["bl\udce4tter.png", "1.png"]
