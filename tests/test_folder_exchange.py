import errno
import os
import shutil
import subprocess
import sys

import pytest

import striate.folder_exchange as room
from striate.durable_writing import is_left_over
from striate.folder_exchange import exchange, identity_of, put_in_place

READER = """
import sys
from pathlib import Path
place, reads = Path(sys.argv[1]), 0
print("reads", flush=True)
while not (place.parent / "over").exists():
    content = (place / "a").read_text()
    assert content in ("old", "new"), content
    reads += 1
print(reads)
"""


def folder(path, content):
    path.mkdir()
    (path / "a").write_text(content)
    return path


def test_a_copy_takes_the_place_of_what_is_there_and_leaves_nothing_beside_it(tmp_path):
    new, place = folder(tmp_path / "new", "new"), tmp_path / "place"
    put_in_place(new, place)
    first = identity_of(place / "a")
    (new / "a").write_text("newer")
    (place / "gone").touch()
    put_in_place(new, place)
    assert [path.name for path in place.iterdir()] == ["a"]
    assert (place / "a").read_text() == "newer" and not place.is_symlink()
    second = identity_of(place / "a")
    assert second not in (first, None, identity_of(new / "a"))
    put_in_place(new, place)  # whose number may be the first one's
    assert identity_of(place / "a") not in (first, second)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "place"]
    assert identity_of(tmp_path / "nowhere") is None


@pytest.mark.parametrize("able", [True, False])
def test_two_folders_change_places(tmp_path, monkeypatch, able):
    if not able:
        monkeypatch.setattr(room, "_system_call", lambda: lambda one, other: errno.EINVAL)
    one, other = folder(tmp_path / "one", "1"), folder(tmp_path / "other", "2")
    before = identity_of(one / "a"), identity_of(other / "a")
    exchange(one, other)
    assert (identity_of(other / "a"), identity_of(one / "a")) == before
    assert (one / "a").read_text() == "2" and not [path for path in tmp_path.iterdir() if is_left_over(path.name)]


def test_what_cannot_be_exchanged_stays(tmp_path):
    one = folder(tmp_path / "one", "1")
    with pytest.raises(OSError, match="No such file or directory"):
        exchange(one, tmp_path / "nowhere")
    assert (one / "a").read_text() == "1"


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    new, place = folder(tmp_path / "new", "new"), folder(tmp_path / "place", "old")

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(room.shutil, "copy2", full)
    with pytest.raises(OSError, match="No space left") as caught:
        put_in_place(new, place)
    assert caught.value.errno == errno.ENOSPC and not isinstance(caught.value, shutil.Error)  # which is a list of texts
    assert (place / "a").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "place"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux surely has it")
def test_a_reader_never_finds_nothing(tmp_path):
    old, new, place = folder(tmp_path / "old", "old"), folder(tmp_path / "new", "new"), tmp_path / "place"
    put_in_place(old, place)
    reader = subprocess.Popen([sys.executable, "-c", READER, str(place)], stdout=subprocess.PIPE, text=True)
    assert reader.stdout.readline() == "reads\n"
    for _ in range(150):
        put_in_place(new, place)
        put_in_place(old, place)
    (tmp_path / "over").touch()
    said, _ = reader.communicate()
    assert reader.returncode == 0 and int(said) > 150
