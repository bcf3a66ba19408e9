"""`striate search`: what it prints, and how it ends."""

import json
import os
import subprocess
import sys

import pytest
from PIL import Image


def run(*arguments):
    command = [sys.executable, "-m", "striate", "search", *map(str, arguments)]
    wide = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=wide)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def folder(drawn, tmp_path):
    return drawn(tmp_path / "photos", ("across", "bands"), 3)


def test_it_finds_draws_and_ends_with_3_where_a_picture_cannot_be_read(finished_run, folder, tmp_path):
    query = folder / "across" / "000.png"
    sheet = tmp_path / "sheet.png"
    code, out, err = run(finished_run.folder, folder, "--query", query, "--top", "2", "--sheet", sheet)
    assert (code, len(out.splitlines())) == (0, 4)
    assert out.startswith(f"{query}: the most alike of 6 pictures in {folder}\n")
    with Image.open(sheet) as drawn_sheet:
        assert drawn_sheet.width > 600
    (folder / "bad.png").write_bytes(b"")
    code, out, err = run(finished_run.folder, folder, "--query", query, "--query", folder / "bands", "--json", "-q")
    assert code == 3
    assert err == f"{folder / 'bad.png'}: the file is empty\nstriate: 1 of the pictures in {folder} could not be read\n"
    told = json.loads(out)
    assert len(told["queries"]) == 4
    assert told["index"]["unchanged"] == 6


def test_it_needs_no_more_than_prediction(finished_run, folder):
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['torch', 'matplotlib', 'scipy', 'sklearn', 'jinja2'])); "
        "import striate; print(striate.search(sys.argv[1], sys.argv[2], sys.argv[3]).pictures)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, finished_run.folder, folder, folder / "across" / "000.png"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "6\n", "")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["RUN", "FOLDER", "--query", "none.png"], 1, "none.png: there is no such file"),
        (["RUN", "nowhere", "--query", "QUERY"], 2, "there is no folder nowhere; name the folder whose pictures"),
        (["nowhere", "FOLDER", "--query", "QUERY"], 2, "there is no run or bundle at nowhere"),
        (["RUN", "FOLDER"], 2, "Missing option '--query'"),
        (["RUN", "FOLDER", "--query", "QUERY", "--index", "one.db"], 2, "expected a name that ends in .npz"),
        (["RUN", "FOLDER", "--query", "QUERY", "--sheet", "one.gif"], 2, "cannot write one.gif: expected a name"),
    ],
)
def test_a_mistake_is_one_sentence(finished_run, folder, arguments, code, said):
    places = {"RUN": finished_run.folder, "FOLDER": folder, "QUERY": folder / "across" / "000.png"}
    returned, out, err = run(*(places.get(part, part) for part in arguments))
    assert (returned, out) == (code, "")
    assert said in " ".join(err.split())
    assert "Traceback" not in err
