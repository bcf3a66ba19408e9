import os
import shutil

import pytest

from striate.runtime import compiled_cache
from striate.runtime.compiled_cache import compiled_folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "striate" / "compiled"


def test_folders_are_told_apart_and_the_oldest_forgotten(cache, monkeypatch):
    monkeypatch.setattr(compiled_cache, "KEPT", 2)
    for age, digest in enumerate(("a" * 64, "b" * 64, "c" * 64)):
        folder = compiled_folder(digest, version="2026.4.1-1-abc", precision="fp32")
        assert folder == cache / f"{digest[:24]}-2026.4.1-fp32"
        os.utime(folder, (age, age))
    compiled_folder("d" * 64, version="2026.4.1", precision="fp32")
    assert sorted(path.name[0] for path in cache.iterdir()) == ["c", "d"]


def test_compilations_have_a_bound_in_bytes_and_what_others_put_there_stays(cache, monkeypatch):
    monkeypatch.setattr(compiled_cache, "KEPT_BYTES", 10)
    for age, digest in enumerate(("a" * 64, "b" * 64, "c" * 64)):
        folder = compiled_folder(digest, version="1", precision="fp32")
        (folder / "1.blob").write_bytes(bytes(6))
        os.utime(folder, (age, age))
    (cache / "mine").mkdir()
    (cache / f"{'b' * 24}-1-fp32" / "mine.txt").write_text("not to be removed")
    os.utime(cache / f"{'b' * 24}-1-fp32", (1, 1))
    (cache / ".x.partial").write_bytes(b"")
    compiled_folder("d" * 64, version="1", precision="fp32")
    assert sorted(path.name[0] for path in cache.iterdir()) == [".", "b", "c", "d", "m"]
    assert [path.name for path in (cache / f"{'b' * 24}-1-fp32").iterdir()] == ["mine.txt"]


def test_a_cache_that_cannot_be_written_is_done_without(cache):
    cache.parent.mkdir()
    cache.write_text("a file where the folder should be")
    assert compiled_folder("a" * 64, version="1", precision="fp32") is None


def test_nobody_else_can_write_where_compilations_are(cache, tmp_path):
    folder = compiled_folder("a" * 64, version="1", precision="fp32")
    folder.chmod(0o777)
    assert compiled_folder("a" * 64, version="1", precision="fp32") == folder
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_compilations_that_is_a_link_or_anothers_is_done_without(cache, tmp_path, monkeypatch):
    folder = compiled_folder("a" * 64, version="1", precision="fp32")
    with monkeypatch.context() as patch:
        patch.setattr("os.geteuid", lambda: folder.stat().st_uid + 1)
        assert compiled_folder("a" * 64, version="1", precision="fp32") is None
    (tmp_path / "elsewhere").mkdir()
    folder.rmdir()
    folder.symlink_to(tmp_path / "elsewhere")
    assert compiled_folder("a" * 64, version="1", precision="fp32") is None


def test_a_second_start_takes_what_the_first_compiled(finished_run, cache, tmp_path):
    copy = shutil.copytree(finished_run.folder / "bundle", tmp_path / "bundle")
    from striate import load

    load(copy)
    blobs = list(cache.rglob("*.blob"))
    assert len(blobs) == 1
    before = blobs[0].stat().st_mtime_ns
    assert load(copy).canary_difference < 1e-5
    assert list(cache.rglob("*.blob")) == blobs and blobs[0].stat().st_mtime_ns == before


def test_a_damaged_compilation_does_no_harm(finished_run, cache, tmp_path):
    copy = shutil.copytree(finished_run.folder / "bundle", tmp_path / "bundle")
    from striate import load

    load(copy)
    for blob in cache.rglob("*.blob"):
        blob.chmod(0o600)
        content = blob.read_bytes()
        blob.write_bytes(content[: len(content) // 2])
    assert load(copy).canary_difference < 1e-5
