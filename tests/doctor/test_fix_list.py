"""The list of fixes: what is proposed for which picture, and that training goes by it."""

from __future__ import annotations

import csv
import io
import shutil

import striate
from striate.data.exclusion import exclude_pictures


def lines(checked):
    return list(csv.DictReader(io.StringIO(checked.fix_list().decode())))


def test_each_kind_has_its_action(planted, checked):
    actions = {(line["kind"], line["action"]) for line in lines(checked)}
    excluded = {"broken", "contradicting-copies", "leaked-copies", "copies"}
    assert {kind for kind, action in actions if action == "exclude"} == excluded
    assert {kind for kind, action in actions if action == "rename"} == {"wrong-extension"}
    looked_at = {"blank", "dark", "bright", "blurry", "tiny", "huge", "long", "colour-mode", "exif-turned"}
    assert {kind for kind, action in actions if action == "look"} == looked_at


def test_of_copies_one_stays_unless_labels_contradict(planted, checked):
    rows = lines(checked)
    for kind, per_pair in (("copies", 1), ("leaked-copies", 1), ("contradicting-copies", 2)):
        of_kind = [row for row in rows if row["kind"] == kind]
        assert len(of_kind) == per_pair * len(planted.truth[kind])
        assert {frozenset((row["path"], row["other_path"])) for row in of_kind} == planted.truth[kind]
    assert all(row["path"].startswith("train/") for row in rows if row["kind"] == "leaked-copies")


def test_what_it_excludes_is_not_found_again(drawn, tmp_path):
    data = drawn(tmp_path / "data", ("a", "b"), 4)
    (data / "a" / "bad.png").write_bytes(b"no picture")
    shutil.copy(data / "a" / "000.png", data / "b" / "copy.png")
    shutil.copy(data / "b" / "001.png", data / "b" / "again.png")
    found = striate.check(data)
    assert found.at_fault
    (tmp_path / "fixes.csv").write_bytes(found.fix_list())
    left = exclude_pictures(striate.load_data(data), tmp_path / "fixes.csv")
    assert set(left.excluded) == {"a/bad.png", "a/000.png", "b/copy.png", "b/again.png"}
    assert striate.check(left).findings == ()
