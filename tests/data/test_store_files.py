from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from striate.data.store_files import ENDING, PARTIAL_ENDING, make_room, open_array, size_text, write_array

SHAPE = (4, 2, 2, 3)
SIZE = 48


def make(folder: Path, name: str, age: int = 0) -> Path:
    """A store file that was last used `age` seconds ago."""
    folder.mkdir(exist_ok=True)
    path = folder / (name + ENDING)
    write_array(path, np.full(SHAPE, len(name), np.uint8), SHAPE, np.uint8)
    used = time.time() - age
    os.utime(path, (used, used))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix(ENDING) for path in folder.iterdir())


def test_write_and_open(tmp_path: Path) -> None:
    path = make(tmp_path, "abc", age=1000)
    pixels = open_array(path, SHAPE, np.uint8)
    assert pixels is not None
    assert np.array_equal(pixels, np.full(SHAPE, 3))
    assert not pixels.flags.writeable
    assert time.time() - path.stat().st_mtime < 100  # just used


def test_open_what_is_not_there_or_of_another_shape(tmp_path: Path) -> None:
    path = make(tmp_path, "abc")
    assert open_array(tmp_path / "none", SHAPE, np.uint8) is None
    assert open_array(tmp_path, SHAPE, np.uint8) is None
    assert open_array(path, (4, 2, 3, 2), np.uint8) is None
    np.save(path.with_suffix(".npy"), np.zeros(SHAPE, np.int8))
    assert open_array(path, SHAPE, np.uint8) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint8])
def test_any_dtype_and_any_number_of_axes(tmp_path: Path, dtype: type) -> None:
    path = tmp_path / ("x" + ENDING)
    for shape in ((6,), (6, 5), (6, 2, 3, 4)):
        whole = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
        write_array(path, np.split(whole, [1, 4]), shape, dtype)
        found = open_array(path, shape, dtype)
        assert found is not None and found.dtype == dtype and np.array_equal(found, whole)
        assert np.array_equal(np.load(path), whole)  # it is a .npy for everybody
        assert open_array(path, shape, np.float16) is None
        assert open_array(path, (5, *shape[1:]), dtype) is None


def test_a_damaged_header_is_no_array(tmp_path: Path) -> None:
    path = make(tmp_path, "abc")
    whole = path.read_bytes()
    for place in range(127):
        for value in b"\x00('[#Z":
            if value != whole[place]:
                path.write_bytes(whole[:place] + bytes([value]) + whole[place + 1 :])
                assert open_array(path, SHAPE, np.uint8) is None
    for length in (0, 5, 127, 128, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert open_array(path, SHAPE, np.uint8) is None


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def rows() -> object:
        yield np.zeros(SHAPE[1:], np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_array(tmp_path / ("x" + ENDING), rows(), SHAPE, np.uint8)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_the_least_recently_used_make_room(tmp_path: Path) -> None:
    folder = tmp_path / "pixels"
    for name, age in (("old", 30), ("older", 40), ("new", 10)):
        make(folder, name, age)
    size = next(folder.iterdir()).stat().st_size
    coming = folder / ("coming" + ENDING)
    assert make_room(coming, SIZE, 3 * size + SIZE) == ""
    assert names(folder) == ["new", "old", "older"]
    assert make_room(coming, SIZE, 2 * size + SIZE) == ""
    assert names(folder) == ["new", "old"]
    assert make_room(coming, SIZE, SIZE) == ""
    assert names(folder) == []


def test_the_file_to_be_replaced_does_not_count(tmp_path: Path) -> None:
    path = make(tmp_path, "same")
    assert make_room(path, SIZE, SIZE) == ""
    assert names(tmp_path) == ["same"]


def test_one_in_use_is_never_deleted(tmp_path: Path) -> None:
    used, unused = make(tmp_path, "used", 100), make(tmp_path, "unused", 50)
    size = used.stat().st_size
    pixels = open_array(used, SHAPE, np.uint8)
    os.utime(used, (0, 0))
    assert make_room(tmp_path / ("coming" + ENDING), SIZE, size + SIZE) == ""
    assert names(tmp_path) == ["used"]
    reason = make_room(tmp_path / ("coming" + ENDING), SIZE, SIZE)
    assert reason == "other runs use 176 bytes of the 48 bytes that the cache may take"
    assert names(tmp_path) == ["used"]
    del pixels  # the map is closed, and its lock with it
    assert make_room(tmp_path / ("coming" + ENDING), SIZE, SIZE) == ""
    assert not used.exists()
    assert not unused.exists()


def test_one_in_use_by_another_process_is_never_deleted(tmp_path: Path) -> None:
    path = make(tmp_path, "used")
    code = (
        "import sys; from pathlib import Path; from striate.data.store_files import open_array; "
        f"pixels = open_array(Path(sys.argv[1]), {SHAPE}, 'uint8'); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        assert make_room(tmp_path / ("coming" + ENDING), SIZE, SIZE) != ""
        assert path.exists()
        process.communicate("")
    assert make_room(tmp_path / ("coming" + ENDING), SIZE, SIZE) == ""
    assert not path.exists()


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; import numpy as np\n"
        "from striate.data.store_files import write_array\n"
        "def rows():\n"
        "    yield np.zeros((2, 2, 3), np.uint8)\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(60)\n"
        f"write_array(Path(sys.argv[1]), rows(), {SHAPE}, 'uint8')\n"
    )
    path = tmp_path / ("x" + ENDING)
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        assert make_room(path, SIZE, 1000) == ""
        assert [item.name.endswith(PARTIAL_ENDING) for item in tmp_path.iterdir()] == [True]  # it is being written
        process.send_signal(signal.SIGKILL)
    assert make_room(path, SIZE, 1000) == ""
    assert list(tmp_path.iterdir()) == []


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", np.zeros(1000))
    (tmp_path / "notes.txt").write_text("x" * 1000)
    assert make_room(tmp_path / ("coming" + ENDING), SIZE, SIZE) == ""
    assert names(tmp_path) == ["mine.npy", "notes.txt"]


def test_larger_than_the_budget(tmp_path: Path) -> None:
    make(tmp_path, "kept")
    reason = make_room(tmp_path / ("coming" + ENDING), SIZE, SIZE - 1)
    assert reason == "it takes 48 bytes, and the cache may take 47 bytes"
    assert names(tmp_path) == ["kept"]


def test_size_text() -> None:
    assert [size_text(size) for size in (0, 999, 1000, 2_345_678, 10**10)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "2.3 MB",
        "10.0 GB",
    ]
