import os
from pathlib import Path

import pytest

from striate.utf8_paths import utf8_path


def test_text_is_taken_as_it_is(tmp_path):
    with utf8_path(tmp_path / "é.pth") as path:
        assert path == tmp_path / "é.pth"


def test_bytes_are_reached_by_a_link(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    (folder / "é.pth").write_bytes(b"content")
    with utf8_path(folder / "é.pth") as path:
        str(path).encode()
        assert (path.suffix, path.read_bytes()) == (".pth", b"content")
        file = path.open("rb")
    with file:
        assert file.read() == b"content"
    assert not path.parent.exists()
    with utf8_path(folder / "none\udcff") as path, pytest.raises(FileNotFoundError):
        path.read_bytes()
