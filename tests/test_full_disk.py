"""Wherever a disk is full, a command ends with one sentence, the file of before is as it was, and nothing half written is left.

Every file that a command opens to write is refused in turn, as a full disk does. (Real small disks, which fail in the middle of a file too:
`benchmarks/trust/full_disk.py`.)
"""

import errno
import os
import sys
import tempfile

import pytest

OLD = b"what stood there before"
WRITING = os.O_WRONLY | os.O_RDWR


class Disk:
    """Counts the files that are opened to be written below some folders, and refuses one of them, or all from one on."""

    def __init__(self):
        self.folders, self.opened, self.refused, self.for_good = (), 0, None, False
        sys.addaudithook(self._hear)  # which cannot be taken away again

    def _hear(self, event, arguments):
        if event != "open" or not self.folders:
            return
        path, mode, flags = arguments
        if not isinstance(path, str | bytes | os.PathLike):
            return
        writes = flags & WRITING if isinstance(flags, int) and flags else set(mode or "") & set("wax+")
        if not writes or not os.fsdecode(path).startswith(self.folders):
            return
        self.opened += 1
        if self.refused is not None and (self.opened == self.refused or (self.for_good and self.opened > self.refused)):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fsdecode(path))


@pytest.fixture(scope="module")
def the_disk():
    return Disk()


@pytest.fixture
def disk(the_disk, tmp_path, monkeypatch):
    """The disk that everything is written to: what a command makes, its scratch files and its cache."""
    for name in ("out", "scratch", "cache"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    the_disk.folders = (str(tmp_path),)
    yield the_disk
    the_disk.folders = ()


def swept(disk, striate_command, arguments, out, *, replaces="", keeps=False, most=None):
    """Runs a command once undisturbed, then with each file that it writes refused in turn, alone and with all that follow."""

    def run(refused, for_good):
        for left in sorted(out.rglob("*"), reverse=True):
            left.rmdir() if left.is_dir() and not left.is_symlink() else left.unlink()
        disk.refused = None
        if replaces:
            (out / replaces).write_bytes(OLD)
        disk.opened, disk.refused, disk.for_good = 0, refused, for_good
        ended = striate_command(*arguments)
        disk.refused = None
        return ended

    whole = run(None, False)
    assert whole.code in (0, 3), whole
    count = disk.opened
    assert count >= 1
    expected = (out / replaces).read_bytes() if replaces else None
    assert expected != OLD
    failed = 0
    chosen = (
        range(1, count + 1)
        if most is None
        else sorted({1 + place * (count - 1) // (most - 1) for place in range(most)})
    )
    for refused in chosen:
        for for_good in (False, True):
            code, _, err = run(refused, for_good)
            said = [line for line in err.splitlines() if line.startswith("striate: ")]
            assert "Traceback" not in err
            scratch = [path for path in out.parent.rglob("*") if ".partial" in path.name]
            scratch += list((out.parent / "scratch").glob("*striate*"))
            assert scratch == [], (refused, err)
            if code in (0, 3):  # what was refused is not needed, such as a cache
                assert replaces == "" or (out / replaces).is_file()
                continue
            failed += 1
            assert code == 1, err
            assert len(said) == 1 and "No space left on device" in said[0], err
            if replaces:
                assert (out / replaces).read_bytes() == OLD
            if not keeps:
                assert [path.name for path in out.iterdir()] == [replaces] * bool(replaces)
            assert all(path.stat().st_size for path in out.rglob("*") if path.is_file())
    assert failed >= 1


def test_rows(disk, striate_command, finished_run, striped, tmp_path):
    out = tmp_path / "out"
    swept(disk, striate_command, ["predict", finished_run.folder, striped, "--output", out / "a.csv"], out, keeps=True)


def test_a_table(disk, striate_command, finished_run, striped, tmp_path):
    out = tmp_path / "out"
    arguments = ["evaluate", finished_run.folder, striped, "--include-seen", "--predictions", out / "a.csv"]
    swept(disk, striate_command, arguments, out, replaces="a.csv")


def test_a_picture(disk, striate_command, striped, tmp_path):
    picture, out = sorted(striped.rglob("*.png"))[0], tmp_path / "out"
    arguments = ["filter", picture, "--kernel", "sobel_x", "--output", out / "a.png"]
    swept(disk, striate_command, arguments, out, replaces="a.png")


def test_a_page(disk, striate_command, tmp_path):
    out = tmp_path / "out"
    swept(disk, striate_command, ["inspect", "lenet5", "--html", out / "a.html"], out, replaces="a.html")


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["onnx", "xml", "pt2"])
def test_an_export(disk, striate_command, finished_run, tmp_path, ending):
    out = tmp_path / "out"
    arguments = ["export", finished_run.folder, "--output", out / f"a.{ending}"]
    swept(disk, striate_command, arguments, out, replaces=f"a.{ending}")


@pytest.mark.slow
def test_a_montage_and_a_card(disk, striate_command, finished_run, striped, tmp_path):
    picture, out = sorted(striped.rglob("*.png"))[0], tmp_path / "out"
    arguments = ["visualize", finished_run.folder, picture, "--method", "grad-cam", "--output", out / "a.png"]
    swept(disk, striate_command, arguments, out, replaces="a.png")
    arguments = ["stress", finished_run.folder, striped, "--pictures", 8, "--only", "brightness", "--include-seen"]
    swept(disk, striate_command, [*arguments, "--html", out / "a.html"], out, replaces="a.html")


@pytest.mark.slow
def test_a_bundle(disk, striate_command, finished_run, striped, tmp_path):
    pytest.importorskip("nncf")
    out = tmp_path / "out"
    arguments = ["quantize", finished_run.folder, striped, "--output", out / "int8", "--max-drop", 100]
    swept(disk, striate_command, arguments, out, most=12)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run(disk, striate_command, striped, tmp_path):
    out = tmp_path / "out"
    arguments = ["train", striped, "--model", "lenet5", "--epochs", 1, "--output", out / "run", "--quiet"]
    swept(disk, striate_command, arguments, out, keeps=True, most=25)
