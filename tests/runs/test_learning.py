"""What is kept on the disk while a run learns."""

import errno

import pytest

import striate.runs.learning as room


def test_a_checkpoint_takes_the_room_of_the_oldest(tmp_path, monkeypatch):
    for step in (1, 2):
        (tmp_path / f"step-{step:08}.safetensors").write_bytes(b"")

    def save(state, folder):
        if len(list(folder.iterdir())) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        (folder / "step-00000003.safetensors").write_bytes(b"")

    monkeypatch.setattr(room, "save_checkpoint", save)
    room.save_in_any_room(None, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step-00000002.safetensors",
        "step-00000003.safetensors",
    ]
    (tmp_path / "step-00000004.safetensors").write_bytes(b"")
    (tmp_path / "another").write_bytes(b"")  # so that there is no room even then
    with pytest.raises(OSError, match="No space left"):
        room.save_in_any_room(None, tmp_path)
    assert (tmp_path / "step-00000004.safetensors").exists()  # the newest is as it was
