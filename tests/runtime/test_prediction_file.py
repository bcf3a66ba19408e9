"""A file of predictions, wherever it was cut off, goes on to the bytes that it would have been; nothing else is gone on with."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

import striate
from striate.errors import UsageError
from striate.runtime import PredictionFile
from striate.runtime.prediction_file import made_of_path
from striate.runtime.prediction_rows import row_format

NAMES = [
    "plain.png",
    'comma, and "quote".png',
    "two\nlines.png",
    "=formula.png",
    "carriage\rreturn.png",
    "ümlaut.png",
    "bad.png",
]


@pytest.fixture(scope="module")
def classifier(finished_run):
    return striate.load(finished_run.folder)


@pytest.fixture
def pictures(striped, tmp_path):
    """A folder of pictures, older than all that is written here, with names that need care; one cannot be read."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, source in zip(NAMES, sorted(striped.rglob("*.png"))[::7], strict=False):
        shutil.copyfile(source, folder / name)
    (folder / "bad.png").write_bytes(b"no picture")
    for path in folder.iterdir():
        os.utime(path, (1e9, 1e9))
    return folder


def refusal(classifier, pictures, path, **options):
    with pytest.raises(UsageError) as refused:
        striate.predict_to_file(classifier, pictures, path, resume=True, **options)
    text = str(refused.value)
    assert text.startswith(f"cannot go on with {path}: ") and text.endswith(
        "; write to another file, or delete this one"
    )
    return text.removeprefix(f"cannot go on with {path}: ").removesuffix("; write to another file, or delete this one")


@pytest.mark.parametrize("ending", ["csv", pytest.param("jsonl", marks=pytest.mark.slow)])
def test_cut_off_behind_any_byte_it_goes_on_to_the_same_bytes(classifier, pictures, tmp_path, monkeypatch, ending):
    # Batches of two, so that the network is run anew on pictures whose rows stand there already.
    monkeypatch.setattr(classifier.engine, "batch", 2)
    monkeypatch.chdir(pictures)  # short paths, and so fewer bytes
    pictures, path = sorted(NAMES), tmp_path / f"rows.{ending}"
    done = striate.predict_to_file(classifier, pictures, path, top=1)
    assert done.to_dict() == {"path": str(path), "rows": 7, "kept": 0, "unreadable": 1}
    whole = path.read_bytes()
    rows = row_format(ending, 1)
    with path.open("rb") as file:
        ends = [len(row) for row in rows.rows(file)]
    step = 1 if ending == "jsonl" else 3
    for length in (*range(0, len(whole), step), len(whole)):
        path.write_bytes(whole[:length])
        again = striate.predict_to_file(classifier, pictures, path, resume=True, top=1)
        assert path.read_bytes() == whole, length
        complete = sum(sum(ends[: count + 1]) <= length for count in range(len(ends)))
        assert again.kept == max(0, complete - (ending == "csv")) and again.rows == 7 and again.unreadable == 1
    assert again.to_text() == f"{path}: 7 rows, 7 of them from before; 1 could not be read"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["pictures", path.name, f"{path.name}.resume.json"]


def test_rows_are_those_of_the_stream(classifier, pictures, tmp_path):
    path = tmp_path / "rows.jsonl"
    striate.predict_to_file(classifier, pictures, path, top=1)
    expected = [json.loads(json.dumps(row.to_dict())) for row in striate.predict(classifier, pictures, top=1)]
    assert [json.loads(line) for line in path.read_text().splitlines()] == expected


def test_a_file_that_stands_there_is_not_overwritten(classifier, pictures, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("mine\n")
    with pytest.raises(UsageError) as refused:
        striate.predict_to_file(classifier, pictures, path)
    assert str(refused.value) == f"{path} exists already; add --resume to go on with it, or name another file"
    assert refusal(classifier, pictures, path) == (
        "rows.csv.resume.json, which says of what its rows are made, is not beside it"
    )
    assert path.read_text() == "mine\n"
    for name, reason in [
        ("rows.txt", "expected a name that ends in .csv, .jsonl, got '.txt'"),
        ("none/rows.csv", "no folder"),
    ]:
        with pytest.raises(UsageError, match=reason):
            striate.predict_to_file(classifier, pictures, tmp_path / name)


def test_what_is_not_the_same_is_refused(classifier, finished_run, pictures, tmp_path, reseal):
    path = tmp_path / "rows.csv"
    striate.predict_to_file(classifier, pictures, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    first, second = sorted(pictures.iterdir())[:2]

    other = shutil.copytree(finished_run.folder / "bundle", tmp_path / "other")
    contract = json.loads((other / "contract.json").read_text())
    contract["data"]["name"] = "another"
    assert refusal(striate.load(reseal(other, contract)), pictures, path) == "its rows were made by another bundle"
    assert refusal(classifier, pictures, path, top=1) == "its rows were made by another --top"
    assert refusal(classifier, [str(second)], path) == f"row 1 is of {first}, and the pictures have {second} there"
    assert refusal(classifier, [str(first)], path) == f"row 2 is of {second}, and there are fewer pictures now"

    os.utime(first, (4e9, 4e9))
    assert refusal(classifier, pictures, path) == f"{first} was changed after the file was begun"
    os.utime(first, (1e9, 1e9))
    kept = first.rename(tmp_path / "kept")
    assert refusal(classifier, [str(first), str(second)], path) == (
        f"{first}, of which it has a row, cannot be read any more"
    )
    kept.rename(first)

    renamed = tmp_path / "rows.jsonl"
    renamed.write_bytes(path.read_bytes())
    shutil.copy(made_of_path(path), made_of_path(renamed))
    assert refusal(classifier, pictures, renamed) == "its rows were made by another format"
    assert path.read_bytes() == whole[: len(whole) // 2]  # refused, it is as it was

    path.write_bytes(b"x" + whole[1:])
    assert refusal(classifier, pictures, path) == "it does not begin with the columns that it would have"
    path.write_bytes(whole.splitlines(keepends=True)[0] + b"x\n")
    assert refusal(classifier, pictures, path) == "row 1 was not written by striate predict"
    made_of_path(path).write_text("{}")
    assert refusal(classifier, pictures, path) == "its rows were made by another bundle"
    made_of_path(path).write_text("[")
    assert refusal(classifier, pictures, path).startswith("rows.csv.resume.json cannot be read: ")


def test_a_row_that_comes_out_otherwise_is_refused(classifier, pictures, tmp_path):
    path = tmp_path / "rows.csv"
    striate.predict_to_file(classifier, pictures, path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b".", b"!", 1) if b"0." not in lines[1] else lines[1].replace(b"0.", b"9.", 1)
    path.write_bytes(b"".join(lines[:2]))
    assert refusal(classifier, pictures, path) == "row 1 comes out otherwise than it stands there"


def test_no_pictures_make_no_file(classifier, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"^no pictures found, so .*rows\.csv was not written$"):
        striate.predict_to_file(classifier, tmp_path / "empty", tmp_path / "rows.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_where_there_is_no_room_for_a_row_no_file_stays(classifier, pictures, tmp_path, monkeypatch, ending):
    import errno

    from striate.durable_writing import GrowingFile

    def full(self, piece):
        if piece:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))

    with monkeypatch.context() as patched:
        patched.setattr(GrowingFile, "add", full)
        with pytest.raises(OSError, match="No space"):
            striate.predict_to_file(classifier, pictures, tmp_path / f"rows.{ending}")
        assert [path.name for path in tmp_path.iterdir()] == ["pictures"]
        (tmp_path / f"rows.{ending}").touch()  # of somebody else
        with pytest.raises(OSError, match="No space"):
            striate.predict_to_file(classifier, pictures, tmp_path / f"rows.{ending}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pictures", f"rows.{ending}"]


def test_two_at_once_are_refused_and_links_too(classifier, pictures, tmp_path):
    path = tmp_path / "rows.csv"
    one = iter(PredictionFile(path, classifier, sorted(pictures.iterdir())))
    next(one)
    with pytest.raises(UsageError, match=r"another process is writing it$"):
        striate.predict_to_file(classifier, pictures, path, resume=True)
    one.close()
    striate.predict_to_file(classifier, pictures, path, resume=True)
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=r"it is no ordinary file$"):
        striate.predict_to_file(classifier, pictures, link)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_killed_twenty_times_it_is_the_uninterrupted_file(finished_run, striped, tmp_path, ending):
    paths = "".join(f"{path}\n" for path in sorted(striped.rglob("*.png"))) * 60

    def start(path):
        command = [sys.executable, "-m", "striate", "predict", finished_run.folder, "-", "--output", path, "--resume"]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True
        )
        process.stdin.write(paths)
        process.stdin.close()
        return process

    whole = start(tmp_path / f"whole.{ending}")
    begun = time.monotonic()
    assert whole.wait() == 0
    seconds = time.monotonic() - begun
    path, luck, kills = tmp_path / f"killed.{ending}", random.Random(ending), 0
    while kills < 20:
        process = start(path)
        if kills % 4:  # a while after it began to write, the others at any time from the start on
            size = path.stat().st_size if path.exists() else 0
            while process.poll() is None and (not path.exists() or path.stat().st_size == size):
                time.sleep(0.001)
        time.sleep(luck.random() * seconds / 40)
        process.kill()
        process.wait()
        kills += process.returncode == -signal.SIGKILL
        if process.returncode == 0:
            path.unlink()  # it had ended: begin anew, there are kills left
    assert start(path).wait() == 0
    assert path.read_bytes() == (tmp_path / f"whole.{ending}").read_bytes()
