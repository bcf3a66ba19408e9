"""`striate.search`: the folder's index is kept, and what was found shows itself."""

import json

import numpy as np
import pytest
from PIL import Image

import striate
from striate.errors import DataError, PictureError, UsageError
from striate.user_cache import cached_files


@pytest.fixture(scope="module")
def classifier(finished_run):
    return finished_run.classifier()


@pytest.fixture
def folder(drawn, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return drawn(tmp_path / "photos", ("across", "bands"), 3)


def test_the_index_is_kept_in_the_cache(classifier, folder):
    query = folder / "across" / "000.png"
    first = striate.search(classifier, folder, query, top=2)
    assert (first.changes.computed, first.pictures) == (6, 6)
    assert len(list(cached_files("features"))) == 1
    again = striate.search(classifier, folder, [query, str(folder / "bands" / "*.png")], top=2)
    assert (again.changes.computed, again.changes.unchanged) == (0, 6)
    assert [name for name, _ in again.queries] == [
        str(query),
        *(str(folder / "bands" / f"00{n}.png") for n in range(3)),
    ]
    for one, other in zip(again.queries[0][1], first.queries[0][1], strict=True):
        assert (one.path, one.similarity) == (other.path, pytest.approx(other.similarity, abs=1e-6))
    assert len(list(cached_files("features"))) == 1


def test_a_damaged_index_in_the_cache_is_made_anew_and_a_named_one_refused(classifier, folder, tmp_path):
    query = folder / "across" / "000.png"
    striate.search(classifier, folder, query)
    kept = next(cached_files("features")).path
    kept.write_bytes(b"damaged")
    assert striate.search(classifier, folder, query).changes.computed == 6
    assert striate.search(classifier, folder, query).changes.computed == 0
    named = tmp_path / "named.npz"
    assert striate.search(classifier, folder, query, index=named).changes.computed == 6
    assert striate.search(classifier, folder, query, index=named).changes.computed == 0
    named.write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"named\.npz is no index of pictures, or it is damaged"):
        striate.search(classifier, folder, query, index=named)


def test_it_shows_itself(classifier, folder):
    (folder / "bad\x1b.png").write_bytes(b"")
    (folder / "copy <b>.png").write_bytes((folder / "across" / "000.png").read_bytes())
    found = striate.search(classifier, folder, folder / "across" / "000.png", top=3)
    told = found.to_dict()
    assert json.loads(json.dumps(told)) == told
    assert told["queries"][0]["matches"][0] == {
        "path": str(folder / "copy <b>.png"),
        "similarity": found.queries[0][1][0].similarity,
        "copy": "the same bytes",
    }
    assert told["errors"] == [{"path": str(folder / "bad\x1b.png"), "reason": "the file is empty"}]
    text = found.to_text()
    assert text.splitlines()[0].endswith(f"000.png: the most alike of 7 pictures in {folder}")
    assert "1       1.000  the same bytes  " in text
    assert "<b>" not in found._repr_html_()
    assert found._repr_html_().startswith("<div")


def test_the_sheet_has_each_picture_in_its_place(classifier, folder):
    for number in range(3):
        Image.new("RGB", (64, 64), (255, 0, 0)).save(folder / f"red{number}.png")
    found = striate.search(classifier, folder, [np.full((64, 64, 3), (255, 0, 0), np.uint8)], top=3)
    assert [match.similarity for match in found.queries[0][1]] == pytest.approx([1, 1, 1], abs=1e-5)
    sheet = found.sheet()
    red = (sheet == (255, 0, 0)).all(axis=-1)
    begins = np.flatnonzero(np.diff(red.any(axis=0).astype(int)) == 1)
    assert len(begins) == 4  # what was asked for, and the three found


def test_a_sheet_says_where_it_ends_and_what_has_gone(classifier, folder, monkeypatch):
    found = striate.search(classifier, folder, [folder / "across" / "000.png", folder / "bands" / "000.png"])
    (folder / "across" / "001.png").unlink()
    drawn = []
    monkeypatch.setattr(
        "striate.report.contact_sheet.draw_contact_sheet", lambda title, rows, notes: drawn.append((rows, notes))
    )
    found.sheet()
    rows, notes = drawn[0]
    assert notes == []
    lines = {line for row in rows for tile in row for line in tile.lines}
    assert {"asked for", "there is no such file", "bands/001.png"} <= lines
    monkeypatch.setattr("striate.api.search.MOST_ON_SHEET", 8)
    found.sheet()
    rows, notes = drawn[1]
    assert sum(map(len, rows)) == 8
    assert notes == ["8 of 12 pictures are drawn"]


def test_wrong_use_is_refused_before_any_work(classifier, folder, tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"nothing matches .*none\*\.png"):
        striate.search("nowhere", folder, str(folder / "none*.png"))
    with pytest.raises(UsageError, match="top must be at least 1, got 0"):
        striate.search("nowhere", folder, "x.png", top=0)
    with pytest.raises(UsageError, match="there is no picture to search by"):
        striate.search("nowhere", folder, [])
    monkeypatch.setattr("striate.retrieval.PictureIndex.update", lambda *_, **__: pytest.fail("the folder was read"))
    with pytest.raises(PictureError, match=r"x\.png: there is no such file"):
        striate.search(classifier, folder, "x.png")


def test_a_folder_without_pictures_is_told(classifier, folder, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match=r"no picture that can be read is in .*empty$"):
        striate.search(classifier, empty, folder / "across" / "000.png")
    (empty / "one.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"no picture that can be read is in .*empty: .*one\.png: the file is empty"):
        striate.search(classifier, empty, folder / "across" / "000.png")
