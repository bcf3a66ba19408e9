"""What a walk over folders finds: the same for every command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from striate.errors import DataError
from striate.pixels import PictureWalk
from striate.pixels.walking import is_picture_name


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def found(root: Path, folder: str = "", *, broken_too: bool = False) -> list[str]:
    return list(PictureWalk(root, broken_too).pictures_below(folder))


def test_pictures_come_in_the_order_of_their_whole_paths(tmp_path):
    names = ["a/2.png", "a/b/1.jpg", "a-b/1.png", "a.png", "B/1.png", "a/10.png", "a/c.PNG", "é.png"]
    touch(tmp_path, *names, "a/notes.txt", ".git/1.png", "a/.x.png", "__MACOSX/1.png", "Thumbs.db")
    walk = PictureWalk(tmp_path)
    assert list(walk.pictures_below()) == sorted(names)
    assert walk.ignored == {
        "files that are not pictures": 1,
        "hidden files": 1,
        "hidden folders": 1,
        "system files": 1,
        "system folders": 1,
    }
    assert found(tmp_path, "a") == ["a/10.png", "a/2.png", "a/b/1.jpg", "a/c.PNG"]


def test_links_are_followed_and_no_folder_is_read_twice(tmp_path):
    root, elsewhere = touch(tmp_path / "root", "a/1.png"), touch(tmp_path / "elsewhere", "deep/2.png", "3.png")
    (root / "b").symlink_to(elsewhere)
    (root / "c").symlink_to(elsewhere)
    (root / "a" / "ring").symlink_to(root / "a")
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "top").symlink_to("/")
    (elsewhere / "deep" / "round").symlink_to(elsewhere)
    (root / "one.png").symlink_to(elsewhere / "3.png")
    walk = PictureWalk(root)
    assert list(walk.pictures_below()) == ["a/1.png", "b/3.png", "b/deep/2.png", "one.png"]
    assert walk.ignored == {"links to folders read already": 5}
    (tmp_path / "by link").symlink_to(root)
    assert found(tmp_path / "by link") == ["a/1.png", "b/3.png", "b/deep/2.png", "one.png"]


def test_the_root_may_be_relative(tmp_path, monkeypatch):
    touch(tmp_path, "a/1.png", "2.png")
    (tmp_path / "a" / "up").symlink_to("..")
    monkeypatch.chdir(tmp_path)
    assert found(Path()) == found(Path("a/..")) == ["2.png", "a/1.png"]
    assert found(Path("a")) == ["1.png"]


def test_what_is_broken_is_found_where_each_is_named(tmp_path):
    touch(tmp_path, "1.png")
    for name in ("gone.png", "gone.txt"):
        (tmp_path / name).symlink_to(tmp_path / "nowhere")
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    os.mkfifo(tmp_path / "pipe.png")
    walk = PictureWalk(tmp_path)
    assert list(walk.pictures_below()) == ["1.png"]
    assert walk.ignored == {"broken links": 3, "pipes and devices": 1}
    assert found(tmp_path, broken_too=True) == ["1.png", "gone.png", "pipe.png", "self.jpg"]


def test_a_folder_that_cannot_be_read_ends_the_walk_or_is_found(tmp_path, monkeypatch):
    touch(tmp_path, "a/1.png", "b/1.png", "c/1.png")
    scandir = os.scandir

    def refuse(folder):
        if Path(folder).name == "b":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError) as caught:
        found(tmp_path)
    assert str(caught.value) == f"cannot read the folder {str(tmp_path / 'b')!r}: Permission denied"
    assert found(tmp_path, broken_too=True) == ["a/1.png", "b", "c/1.png"]
    with pytest.raises(DataError):
        found(tmp_path / "b", broken_too=True)


def test_the_walk_is_not_run_ahead(tmp_path, monkeypatch):
    touch(tmp_path, "a/1.png", "b/1.png")
    read = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: read.append(Path(folder).name) or scandir(folder))
    assert next(PictureWalk(tmp_path).pictures_below()) == "a/1.png"
    assert read == [tmp_path.name, "a"]


def test_pictures_are_known_by_their_endings():
    names = ("a.jpg", "b.TIFF", "jpg", "c.jpg.txt", "d.", "", "e.HEIC", "f.jp2", "g.avif", "h.jxl", "i.CR2", "j.mp4")
    assert [name for name in names if is_picture_name(name)] == [
        *("a.jpg", "b.TIFF", "e.HEIC", "f.jp2", "g.avif", "h.jxl", "i.CR2")
    ]
