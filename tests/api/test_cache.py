"""The cache is shown as it is, and cleared of what Striate made alone."""

import os
import time

import pytest

import striate
from striate.data.store_files import open_array, write_array
from striate.errors import UnknownNameError

FROZEN = "b" * 64 + ".array.npy"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "striate"


def put(path, size=5, age=0.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - age, time.time() - age))
    return path


def test_an_empty_cache_is_shown_and_cleared(cache):
    contents = striate.cache_contents()
    assert contents.size == 0 and contents.folder == cache and len(contents.kinds) == 9
    assert contents.to_text().endswith(f"\n\n0 bytes in {cache}")
    cleared = striate.clear_cache()
    assert cleared.to_text() == f"0 bytes freed in {cache}" and not cache.exists()


def test_each_kind_is_shown_with_its_size_count_and_age(cache):
    put(cache / "frozen" / FROZEN, size=2_000_000, age=90_000)
    put(cache / "frozen" / ("c" * 64 + ".array.npy"), size=500_000, age=100)
    put(cache / "frozen" / "mine.txt")
    contents = striate.cache_contents("frozen")
    (kind,) = contents.kinds
    assert (kind.name, kind.files, kind.size, kind.folder) == ("frozen", 2, 2_500_000, cache / "frozen")
    lines = contents.to_text().split("\n")
    assert lines[0].split() == ["kind", "what", "files", "size", "oldest", "newest", "bound"]
    assert "  2  2.5 MB     1 d   1 min  up to 8 GB" in lines[1]
    assert contents.to_dict()["kinds"][0] | {"first_used": 0, "last_used": 0} == {
        "kind": "frozen",
        "what": "what frozen layers answer",
        "folder": str(cache / "frozen"),
        "files": 2,
        "bytes": 2_500_000,
        "first_used": 0,
        "last_used": 0,
        "bound": "up to 8 GB; the least recently used make room",
    }
    assert "<td" in contents._repr_html_()


def test_clearing_removes_what_striate_made_and_nothing_else(cache, tmp_path):
    ours = [
        put(cache / "frozen" / FROZEN, size=7),
        put(cache / "compiled" / ("d" * 24 + "-2026.4.1-fp32") / "1.blob", size=3),
        put(cache / "weights" / ".vgg16-397923af.pth.1.partial", age=7200),
    ]
    theirs = [
        put(cache / "frozen" / "mine.txt"),
        put(cache / "weights" / "my-own.pth"),
        put(cache / "notes" / FROZEN),
        put(tmp_path / "elsewhere" / FROZEN),
    ]
    (cache / "pixels").symlink_to(tmp_path / "elsewhere")
    cleared = striate.clear_cache()
    assert not any(path.exists() for path in ours) and all(path.exists() for path in theirs)
    assert not (cache / "compiled" / ("d" * 24 + "-2026.4.1-fp32")).exists()
    assert (cache / "pixels").is_symlink()
    assert cleared.size == 15 and cleared.in_use == cleared.failed == ()
    assert cleared.to_text() == (
        f"frozen  1 file, 7 bytes\ncompiled  1 file, 3 bytes\nweights  1 file, 5 bytes\n15 bytes freed in {cache}"
    )


def test_one_kind_is_cleared_alone(cache):
    kept = put(cache / "checks" / ("c" * 32 + ".npz"))
    gone = put(cache / "frozen" / FROZEN)
    assert [name for name, *_ in striate.clear_cache("frozen").removed] == ["frozen"]
    assert kept.exists() and not gone.exists()


def test_what_a_program_has_open_or_may_be_writing_stays(cache):
    import numpy as np

    (cache / "frozen").mkdir(parents=True)
    path = cache / "frozen" / FROZEN
    write_array(path, [np.zeros((1, 2), np.float32)], (1, 2), np.float32)
    held = open_array(path, (1, 2), np.float32)
    fresh = put(cache / "weights" / ".vgg16-397923af.pth.1.partial")
    cleared = striate.clear_cache()
    assert cleared.in_use == (path, fresh) and path.exists() and fresh.exists() and cleared.size == 0
    assert f"in use, and left: {path}" in cleared.to_text()
    del held
    assert striate.clear_cache("frozen").removed == (("frozen", 1, 136),)


def test_an_unknown_kind_is_refused_with_the_closest(cache):
    for ask in (striate.cache_contents, striate.clear_cache):
        with pytest.raises(UnknownNameError, match="unknown kind of cache 'frosen'; did you mean 'frozen'"):
            ask("frosen")
