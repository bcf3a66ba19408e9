import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def mixed(tmp_path, striped):
    """A folder with pictures of all kinds, two of which cannot be read."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    whole = Image.open(sorted(striped.rglob("*.png"))[0])
    buffer = io.BytesIO()
    whole.save(buffer, "JPEG")
    (folder / "1-truncated.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    (folder / "2-text.jpg").write_text("this is no picture")
    whole.convert("CMYK").save(folder / "3-cmyk.JPG")
    Image.fromarray(np.linspace(0, 65535, 1600).reshape(40, 40).astype(np.uint16)).save(folder / "4-sixteen-bit.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    whole.save(folder / "5-turned.jpg", exif=exif)
    (folder / "notes.txt").write_text("not a picture, and not called one")
    (folder / ".hidden.jpg").write_text("")
    return folder


def test_a_bad_picture_is_a_row_and_the_exit_code_is_three(striate_command, finished_run, mixed):
    code, out, err = striate_command("predict", finished_run.folder, mixed, "--format", "jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert [row["path"] for row in rows] == [str(path) for path in sorted(mixed.glob("[1-5]*"))]
    assert [row["error"] is None for row in rows] == [False, False, True, True, True]
    assert all(0 <= row["probability"] <= 1 and len(row["top"]) == 2 for row in rows[2:])
    assert err == "striate: 2 of 5 pictures could not be read\n"


def test_csv(striate_command, finished_run, mixed):
    code, out, _ = striate_command("predict", finished_run.folder, mixed, "--format", "csv", "--top", 1)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 3 and len(rows) == 5
    assert list(rows[0]) == ["path", "label", "probability", "error", "label_1", "probability_1"]
    assert rows[0]["error"] and not rows[0]["label"]
    assert rows[4]["label"] == rows[4]["label_1"] in ("across", "bands")


def test_table_files_globs_and_folders(striate_command, finished_run, striped):
    paths = sorted(striped.rglob("*.png"))
    code, out, err = striate_command("predict", finished_run.folder, striped)
    assert (code, err) == (0, "") and [line.split("  ")[0] for line in out.splitlines()] == [
        str(path) for path in paths
    ]
    code, out, _ = striate_command("predict", finished_run.folder, paths[3], striped / "across" / "00[01].png")
    assert [line.split("  ")[0] for line in out.splitlines()] == [str(paths[3]), str(paths[0]), str(paths[1])]


def test_a_list_on_stdin(finished_run, striped):
    paths = "\n".join(str(path) for path in sorted(striped.rglob("*.png"))[:3]) + "\nmissing.png\n"
    command = [sys.executable, "-m", "striate", "predict", str(finished_run.folder), "-", "--json"]
    done = subprocess.run(command, input=paths, capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3 and [row["path"] for row in rows] == paths.split()
    assert rows[3]["error"] == "there is no such file"


def test_nothing_to_predict(striate_command, finished_run, tmp_path):
    code, out, err = striate_command("predict", finished_run.folder, tmp_path)
    assert (code, out, err) == (2, "", f"striate: no pictures found in {tmp_path}\n")
    code, _, err = striate_command("predict", finished_run.folder, tmp_path / "*.jpg")
    assert (code, err) == (2, f"striate: nothing matches {tmp_path}/*.jpg\n")


def test_labels_and_paths_cannot_steer_the_terminal(striate_command, finished_run, striped, tmp_path):
    path = tmp_path / "evil\x1b[2J.png"
    path.write_bytes(sorted(striped.rglob("*.png"))[0].read_bytes())
    code, out, _ = striate_command("predict", finished_run.folder, path)
    assert code == 0 and "\x1b" not in out and "evil\\x1b[2J.png" in out


def test_verbose_names_the_engine(striate_command, finished_run, striped):
    code, _, err = striate_command(
        "predict", finished_run.folder, striped / "across", "--verbose", "--precision", "fp32"
    )
    assert code == 0 and err.startswith("<Classifier resnet20 of 2 classes, openvino fp32>; canaries differ by ")


def test_prediction_loads_no_torch(finished_run, striped):
    code = (
        "import sys\nfrom striate.cli.app import build_app\n"
        f"build_app()(['predict', {str(finished_run.folder)!r}, {str(striped)!r}], standalone_mode=False)\n"
        "print('torch' in sys.modules, 'matplotlib' in sys.modules, 'sklearn' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.split() == ["False", "False", "False"]


@pytest.mark.filterwarnings("default::striate.errors.StriateWarning")
def test_an_older_bundle_says_so_once_on_stderr(striate_command, older_bundle, striped):
    picture = sorted(striped.rglob("*.png"))[0]
    result = striate_command("predict", older_bundle, picture, "--format", "csv")
    assert result.code == 0
    assert result.err.count("note: ") == 1
    assert f"note: {older_bundle} was sealed by an earlier version" in result.err


def test_rows_in_a_file(striate_command, finished_run, mixed, tmp_path):
    path = tmp_path / "rows.jsonl"
    run = ("predict", finished_run.folder, mixed)
    code, out, err = striate_command(*run, "--output", path)
    assert (code, out, err) == (3, f"{path}: 5 rows; 2 could not be read\n", "")
    assert path.read_text() == striate_command(*run, "--json").out
    assert striate_command(*run, "-o", path) == (
        2,
        "",
        f"striate: {path} exists already; add --resume to go on with it, or name another file\n",
    )
    path.write_bytes(path.read_bytes()[:-10])
    code, out, _ = striate_command(*run, "--output", path, "--resume", "--json")
    assert (code, json.loads(out)) == (3, {"path": str(path), "rows": 5, "kept": 4, "unreadable": 2})


def test_options_of_files_that_exclude_one_another(striate_command, finished_run, mixed):
    for options, said in [
        (("--resume",), "--resume goes on with a file; name it by --output FILE"),
        (
            ("--output", "a.jsonl", "--format", "csv"),
            "--format csv excludes --output a.jsonl, whose ending says how rows are written",
        ),
        (("--output", "a.txt"), "cannot write a.txt: expected a name that ends in .csv, .jsonl, got '.txt'"),
    ]:
        assert striate_command("predict", finished_run.folder, mixed, *options) == (2, "", f"striate: {said}\n")
