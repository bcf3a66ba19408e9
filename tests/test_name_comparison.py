from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.name_comparison import NamePlaces, PathFinder, alike, comparable, spelled

COMPOSED, DECOMPOSED = (unicodedata.normalize(form, "고양이 é") for form in ("NFC", "NFD"))


@given(st.text(), st.sampled_from(["NFC", "NFD"]))
def test_the_form_does_not_matter_and_nothing_else_is_lost(name: str, form) -> None:
    assert comparable(unicodedata.normalize(form, name)) == comparable(name)
    assert NamePlaces(["", name + "x", name]).find(unicodedata.normalize(form, name)) in (0, 2)


def test_names_that_differ_stay_different() -> None:
    assert comparable("ﬁ") != comparable("fi")  # compatibility forms are other names
    assert comparable("Cat") != comparable("cat")
    assert comparable("gr\udcfcn") == "gr\udcfcn"


def test_two_that_are_the_same() -> None:
    assert alike(["개", COMPOSED, "cat"]) is None
    assert alike(["cat", "cat"]) is None  # written alike: another fault
    assert alike(["cat", DECOMPOSED, COMPOSED]) == (DECOMPOSED, COMPOSED)
    assert ascii(spelled("é", "e\u0301")) == ascii(
        "'é' and 'e\u0301', which differ by their Unicode form alone ('\\xe9', 'e\\u0301')"
    )


def test_the_name_that_is_written_just_so_comes_first() -> None:
    places = NamePlaces([DECOMPOSED, COMPOSED, "cat"])
    assert (places.find(COMPOSED), places.find(DECOMPOSED)) == (1, 0)
    mixed = unicodedata.normalize("NFD", "고양이") + " é"
    assert places.find(mixed) == 0
    assert places.find("kat") is None


def test_files_are_found_in_either_form(tmp_path: Path) -> None:
    folder = tmp_path / DECOMPOSED
    folder.mkdir()
    (folder / f"{DECOMPOSED}.png").write_bytes(b"long")
    finder = PathFinder()
    found = finder.find(tmp_path / COMPOSED / f"{COMPOSED}.png")
    assert found == folder / f"{DECOMPOSED}.png"
    assert found.read_bytes() == b"long"
    assert finder.find(found) == found
    assert finder.find(tmp_path / COMPOSED / "개.png") == tmp_path / COMPOSED / "개.png"
    (folder / f"{COMPOSED}.png").write_bytes(b"short")  # Linux keeps both
    assert finder.find(folder / f"{COMPOSED}.png").read_bytes() == b"short"


def test_folders_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (tmp_path / f"{DECOMPOSED}{number}.png").touch()
    calls = []
    listing = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: calls.append(path) or listing(path))
    finder = PathFinder()
    for number in range(20):
        assert finder.find(tmp_path / f"{COMPOSED}{number}.png").name == f"{DECOMPOSED}{number}.png"
    assert calls == [tmp_path]


def test_paths_that_no_file_can_have(tmp_path: Path) -> None:
    for name in (f"{COMPOSED}\0", COMPOSED * 100):
        assert PathFinder().find(tmp_path / name) == tmp_path / name
    assert PathFinder().find(Path(COMPOSED)) == Path(COMPOSED)
    (tmp_path / "file").touch()
    assert PathFinder().find(tmp_path / "file" / COMPOSED) == tmp_path / "file" / COMPOSED
