"""The table of kinds: whole, and as the docs have it."""

from __future__ import annotations

from pathlib import Path

import striate
from striate.doctor import KINDS, audit, diagnose
from striate.doctor.classes import bare

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_has_a_row_for_each_kind():
    page = (DOCS / "doctor.md").read_text(encoding="utf-8")
    rows = [
        f"| `{kind.name}` | {kind.title} | {'fault' if kind.fault else 'note'} | {kind.measures} |" for kind in KINDS
    ]
    assert "\n".join(rows) in page


def test_kinds_are_named_once():
    for names in ([kind.name for kind in KINDS], [kind.title for kind in KINDS]):
        assert len(set(names)) == len(names)


def test_letters_that_differ_by_case_are_two_classes():
    names = ("a", "A", "1-2", "12", "ß", "x 1", "x1")
    assert len({bare(name) for name in names}) == len(names) - 1
    assert bare("x 1") == bare("X_1") == bare("x1")
    assert bare("Cafe\u0301") == bare("caf\u00e9") and bare("\uff43\uff41\uff54") == bare("cat")


def test_small_arrays_have_nothing_to_be_found():
    digits = striate.load_data("digits")
    assert diagnose(audit(digits)) == ()


def test_every_picture_is_decoded_once(drawn, tmp_path, monkeypatch):
    from striate.data import checking

    decoded = []
    decode = checking.decode_to_picture

    def count(picture, **options):
        decoded.append(options["name"])
        return decode(picture, **options)

    monkeypatch.setattr(checking, "decode_to_picture", count)
    data = drawn(tmp_path / "data", ("a", "b"), 5)
    found = audit(striate.load_data(data))
    assert sorted(decoded) == [found.dataset.pictures.key(row) for row in range(10)]
    assert len(found.readable) == 10
    # Looked at by training before, they are still measured.
    decoded.clear()
    again = audit(striate.load_data(data))
    assert len(decoded) == 10
    assert again.records.tobytes() == found.records.tobytes()


def test_data_to_measure_on_alone_lacks_no_training_pictures(drawn, tmp_path):
    drawn(tmp_path / "data" / "test", ("a", "b"), 3)
    assert striate.check(tmp_path / "data").findings == ()


def test_a_file_without_an_ending_has_no_wrong_one(drawn, tmp_path):
    data = drawn(tmp_path / "data", ("a", "b"), 2)
    (data / "a" / "000.png").rename(data / "a" / "000")
    (data / "b" / "000.png").rename(data / "b" / "000.JPG")
    lines = ["path,label", "a/000,a", "a/001.png,a", "b/000.JPG,b", "b/001.png,b"]
    (data / "list.csv").write_text("\n".join(lines))
    (finding,) = striate.check(data / "list.csv").findings
    assert (finding.kind, finding.files, finding.words) == (
        "wrong-extension",
        ("b/000.JPG",),
        "a PNG file with the ending '.JPG'",
    )
