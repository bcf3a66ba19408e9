import errno

import pytest

from striate.durable_writing import check_writable, write_durably, write_whole
from striate.errors import UsageError


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_durably(path, b"old")

    def fail(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space left on device"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_an_error_names_the_file_that_was_asked_for(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        write_durably(tmp_path / "none" / "file", b"new")
    assert error.value.filename == str(tmp_path / "none" / "file")


def test_a_file_is_whole_without_a_wait_for_the_disk(tmp_path, monkeypatch):
    def fail(descriptor):
        raise AssertionError("waited for the disk")

    monkeypatch.setattr("os.fsync", fail)
    write_whole(tmp_path / "file", b"old")
    write_whole(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_keeps_a_file_from_being_written_shows_before_the_work(tmp_path, monkeypatch):
    (tmp_path / "folder.png").mkdir()
    for name, reason in [
        ("a.gif", "expected a name that ends in .png, .svg, got '.gif'"),
        ("a", "expected a name that ends in .png, .svg, got no ending"),
        ("none/a.png", f"there is no folder {tmp_path / 'none'}"),
        ("folder.png", "it is a folder"),
    ]:
        with pytest.raises(UsageError) as error:
            check_writable(tmp_path / name, endings=(".svg", ".png"))
        assert str(error.value) == f"cannot write {tmp_path / name}: {reason}"
    check_writable(tmp_path / "a.PNG", endings=(".png",))
    check_writable(tmp_path / "anything")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(UsageError, match="there is no permission to write in"):
        check_writable(tmp_path / "a.png")
