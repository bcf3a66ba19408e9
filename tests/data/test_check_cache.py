from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from striate.data import check_cache
from striate.data.check_cache import Checks, read_checks, write_checks
from striate.data.names import Names
from striate.data.pictures import FilePictures
from striate.pixels.optional_formats import decoder_versions


def checks_of(stamps: list[int], done: list[bool] | None = None) -> Checks:
    checks = Checks.empty(len(stamps))
    checks.stamps[:] = stamps
    checks.done[:] = True if done is None else done
    checks.digests[:] = np.array(stamps, dtype=np.uint8)[:, np.newaxis]
    checks.widths[:] = stamps
    checks.heights[:] = [stamp + 1 for stamp in stamps]
    checks.colour[:] = [stamp % 2 == 1 for stamp in stamps]
    checks.reasons = {row: f"reason {stamp}" for row, stamp in enumerate(stamps) if stamp > 50}
    return checks


def test_write_and_read(tmp_path: Path) -> None:
    path = tmp_path / "folder/x.npz"
    write_checks(path, checks_of([3, 60, 0, 61, 9], [True, True, True, True, False]), 100)
    back = read_checks(path, 100)
    assert back is not None
    assert back.stamps.tolist() == [3, 60, 61]  # what has no stamp or is not done is not kept
    assert back.widths.tolist() == [3, 60, 61]
    assert back.heights.tolist() == [4, 61, 62]
    assert back.colour.tolist() == [True, False, True]
    assert back.digests[:, 31].tolist() == [3, 60, 61]
    assert back.reasons == {1: "reason 60", 2: "reason 61"}
    assert [item.name for item in path.parent.iterdir()] == ["x.npz"]


def test_other_conditions_are_other_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.npz"
    write_checks(path, checks_of([1]), 100)
    assert read_checks(path, 101) is None
    assert decoder_versions() in check_cache.VERSION  # what could not be read may be, once its package is installed
    monkeypatch.setattr(check_cache, "VERSION", "other")
    assert read_checks(path, 100) is None


def test_what_is_no_cache(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    assert read_checks(path, 100) is None
    assert read_checks(tmp_path, 100) is None
    np.savez(path, stamps=np.zeros(3))
    assert read_checks(path, 100) is None
    np.savez(path, stamps=np.array([{}], dtype=object))  # a pickle, which is never opened
    assert read_checks(path, 100) is None


@pytest.mark.parametrize(
    "change",
    [
        {"stamps": np.zeros((2, 2), dtype=np.uint64)},
        {"widths": np.zeros(3, dtype=np.int32)},
        {"digests": np.zeros((2, 31), dtype=np.uint8)},
        {"colour": np.zeros(2, dtype=np.int8)},
    ],
)
def test_arrays_of_the_wrong_shape_or_type(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "x.npz"
    whole = checks_of([1, 2])
    write_checks(path, whole, 100)
    with np.load(path) as arrays:
        content = dict(arrays)
    np.savez(path, **(content | change))
    assert read_checks(path, 100) is None
    np.savez(path, **content)
    assert read_checks(path, 100) is not None


def test_any_changed_byte_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    write_checks(path, checks_of([1, 60]), 100)
    whole = path.read_bytes()
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        read_checks(path, 100)


def test_fill_from_takes_what_is_the_same() -> None:
    checks = Checks.empty(4)
    checks.stamps[:] = [9, 60, 0, 7]
    checks.fill_from(checks_of([60, 0, 9, 8]))
    assert checks.done.tolist() == [True, True, False, False]
    assert checks.widths.tolist() == [9, 60, 0, 0]
    assert checks.digests[:2, 0].tolist() == [9, 60]
    assert checks.reasons == {1: "reason 60"}


def test_fill_from_nothing() -> None:
    checks = checks_of([1], [False])
    checks.fill_from(None)
    checks.fill_from(Checks.empty(0))
    assert not checks.done.any()


def test_stamps_tell_states_apart(tmp_path: Path) -> None:
    pictures = FilePictures(tmp_path, Names.from_strings(["a", "b", "gone", "x\0y"]))
    (tmp_path / "a").write_bytes(b"1")
    (tmp_path / "b").write_bytes(b"1")
    os.utime(tmp_path / "a", ns=(0, 5))
    os.utime(tmp_path / "b", ns=(0, 5))
    first = pictures.stamps()
    assert len(set(first.tolist())) == 3
    assert first[2] == first[3] == 0
    assert np.array_equal(pictures.stamps(), first)
    os.utime(tmp_path / "a", ns=(0, 6))
    (tmp_path / "b").write_bytes(b"22")
    os.utime(tmp_path / "b", ns=(0, 5))
    second = pictures.stamps()
    assert second[0] != first[0]
    assert second[1] != first[1]
    moved = replace(pictures, names=Names.from_strings(["b", "a"])).stamps()
    assert moved[::-1].tolist() == second[:2].tolist()


def test_a_full_disk_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(check_cache.np, "savez", fail)
    write_checks(tmp_path / "x.npz", checks_of([1]), 100)
    assert list(tmp_path.iterdir()) == []
