"""Names that are not text, steer terminals or look like formulas, through the whole command: nothing ends in a traceback."""

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import striate
from striate.models import create_model

NAMES = (
    b"bl\xe4tter.png",
    b"a\rb.png",
    b"new\nline.png",
    b"=1+1.png",
    b"-m.png",
    b"'=q.png",
    "\u202egnp.png".encode(),
    "\x85c1.png".encode(),
    "\u2028ls.png".encode(),
    b"x\x1b[2J.png",
)


@pytest.fixture(scope="module")
def odd(tmp_path_factory, drawn):
    """A data set whose folder and files have such names, and whose classes look like formulas."""
    root = tmp_path_factory.mktemp("odd")
    data = Path(os.fsdecode(os.fsencode(root) + b"/f\xf6to"))
    drawn(data, ("=across", "-bands"), 10)
    for number, name in enumerate(NAMES):
        (data / "=across" / f"{number:03}.png").rename(data / "=across" / os.fsdecode(name))
    return data


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A sealed network that knows those classes; what it answers does not matter."""
    folder = tmp_path_factory.mktemp("bundles")
    torch.save(create_model("resnet20", num_classes=2, seed=0).state_dict(), folder / "weights.pth")
    striate.import_weights(folder / "weights.pth", "resnet20", output=folder / "b", classes=["=across", "-bands"])
    return folder / "b"


def read_csv(content: bytes) -> list[dict[str, str]]:
    """As anybody reads it, who knows that paths are bytes."""
    return list(csv.DictReader(io.TextIOWrapper(io.BytesIO(content), "utf-8", "surrogateescape", newline="")))


def predicted(*arguments: object, listed: bytes = b"", folder: Path) -> bytes:
    """What the command writes as CSV, in bytes."""
    command = [sys.executable, "-m", "striate", "predict", *map(str, arguments[:1]), "--format", "csv", *arguments[1:]]
    return subprocess.run(command, input=listed, capture_output=True, check=True, cwd=folder).stdout


def test_rows_of_csv_lead_back_to_the_files(bundle, odd):
    rows = read_csv(predicted(bundle, odd, folder=odd))
    assert {os.path.realpath(row["path"]) for row in rows} == {str(path) for path in odd.rglob("*.png")}
    assert len(rows) == 20
    assert {row["label"] for row in rows} <= {"'=across", "'-bands"}


def test_rows_of_json_and_the_table_steer_nothing(striate_command, bundle, odd):
    code, out, _ = striate_command("predict", bundle, odd, "--format", "jsonl")
    assert code == 0 and not set(out) & set("\u202e\u2028\x85\x1b\r")
    rows = [json.loads(line) for line in out.splitlines()]
    assert {os.path.realpath(row["path"]) for row in rows} == {str(path) for path in odd.rglob("*.png")}
    assert {row["label"] for row in rows} <= {"=across", "-bands"}
    code, out, _ = striate_command("predict", bundle, odd)
    assert code == 0 and not set(out) & set("\u202e\u2028\x85\x1b\r")
    assert len(out.splitlines()) == 20
    assert "f\\udcf6to/=across/bl\\udce4tter.png" in out


def test_formulas_in_paths_that_are_given(bundle, odd):
    rows = read_csv(predicted(bundle, "--", *NAMES, folder=odd / "=across"))
    assert len(rows) == len(NAMES)
    for row, name in zip(rows, NAMES, strict=True):
        assert os.path.normpath(os.fsencode(row["path"])) == name
        assert row["path"][0] not in "=+-@\t\r\n"
    listed = b"\n".join(name for name in NAMES if b"\n" not in name)
    rows = read_csv(predicted(bundle, "-", listed=listed, folder=odd / "=across"))
    assert [os.path.normpath(os.fsencode(row["path"])) for row in rows] == listed.split(b"\n")


def test_evaluations_predictions_are_a_table_of_the_data(striate_command, bundle, odd):
    path = odd / "predictions.csv"
    assert striate_command("evaluate", bundle, odd, "--predictions", path, "--json").code == 0
    rows = read_csv(path.read_bytes())
    assert sorted(rows[0]) == sorted(
        ["path", "label", "prediction", "probability", "correct", "p(=across)", "p(-bands)"]
    )
    assert {(odd / row["path"]).resolve() for row in rows} == set(odd.rglob("*.png"))
    assert [entry.name for entry in odd.iterdir() if "partial" in entry.name] == []
    # What was written can be read as data: the same pictures with the same labels.
    table, folders = striate.load_data(path), striate.load_data(odd)
    assert table.classes == folders.classes == ("-bands", "=across")
    assert list(table.pictures.names) == list(folders.pictures.names)
    assert table.labels.tolist() == folders.labels.tolist()
    path.unlink()


def test_check_in_json(striate_command, odd):
    code, out, _ = striate_command("check", odd, "--json")
    result = json.loads(out)
    assert (code, result["data"], result["pictures"]) == (0, str(odd), 20)
    assert os.fsencode(result["data"]).endswith(b"f\xf6to")
    code, out, _ = striate_command("check", odd)
    assert code == 0 and "20 pictures of 2 classes in" in out and "f\\udcf6to\n" in out


def test_a_class_whose_name_is_not_text_is_refused_early(striate_command, drawn, tmp_path):
    data = drawn(tmp_path / "data", ("rot", os.fsdecode(b"gr\xfcn")), 6)
    said = (
        f"striate: the class folder 'gr\\udcfcn' in {str(data)!r} has a name that is not UTF-8, so that no file can hold the "
        "class's name; rename it (in Latin-1 it reads 'grün'; convmv renames whole trees)\n"
    )
    for verb in (["check"], ["train", "--model", "resnet20", "-o", tmp_path / "run"], ["learning-rate"]):
        code, out, err = striate_command(verb[0], data, *verb[1:])
        assert (verb[0], code, out, err) == (verb[0], 1, "", said)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_run_with_such_names_from_beginning_to_end(striate_command, odd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = striate_command("train", odd, "--model", "resnet20", "--epochs", "1")
    assert code == 0 and "\x1b" not in out + err
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name == "f_to-resnet20"
    page = (folder / "report.html").read_text()
    assert "f\\udcf6to" in page and not set(page) & set("\u202e\u2028\x85\x1b")
    assert (
        'data = "file://' in (folder / "recipe.toml").read_text() and "f%F6to" in (folder / "recipe.toml").read_text()
    )
    assert json.loads((folder / "bundle" / "contract.json").read_text())["data"]["name"] == "f\\udcf6to"
    for line in (folder / "metrics.jsonl").read_text().splitlines():
        json.loads(line)
    # The run moves to a folder whose own name is no text, loses its end, and goes on.
    moved = folder.rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    before = (moved / "bundle" / "model.safetensors").read_bytes()
    (moved / "report.html").unlink()
    assert striate_command("train", "--resume", moved).code == 0
    assert (moved / "bundle" / "model.safetensors").read_bytes() == before
    assert striate.load(moved).network() is not None
    assert striate_command("export", moved, "-o", tmp_path / os.fsdecode(b"\xff.onnx"), "--data", odd).code == 0
