"""Training without what a list leaves out: said, kept with the run, and the same after a resume."""

import json
import shutil
import signal

import pytest

import striate
from striate.errors import Interrupted


class Interrupting(striate.Watcher):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)

    def epoch(self, result):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    "named",
    [pytest.param(True, id="one network"), pytest.param(False, id="a tournament", marks=pytest.mark.slow)],
)
def test_what_is_left_out_stays_out(striate_command, drawn, tmp_path, named):
    data = drawn(tmp_path / "data", ("a", "b"), 10)
    shutil.copy(data / "a" / "000.png", data / "b" / "copy.png")
    (data / "a" / "bad.png").write_bytes(b"")
    fixes, folder = tmp_path / "fixes.csv", tmp_path / "run"
    striate_command("check", data, "--fix-list", fixes)
    fixes.write_text(
        fixes.read_text().replace("a/000.png,contradicting-copies,exclude", "a/000.png,contradicting-copies,keep")
    )
    options = {"model": "lenet5_relu", "epochs": 2} if named else {"quick": True}
    watcher = Interrupting()
    with pytest.raises(Interrupted):
        striate.train(data, **options, exclude=fixes, output=folder, watcher=watcher)
    said = f"2 pictures left out, as {fixes} asks"
    assert said in watcher.notes
    assert (folder / "excluded.csv").read_text() == "path\na/bad.png\nb/copy.png\n"
    # The copy of the picture that is left is out of the way: nobody contradicts it any more.
    assert "a/000.png" in (folder / "split.csv").read_text()
    before = (folder / "report.html").read_text()
    striate.resume(folder)
    after = (folder / "report.html").read_text()
    for page in (before, after):
        assert "pictures left out on request: 2" in page and "bad.png" not in page and said in page
    _, out, _ = striate_command("evaluate", folder, data, "--include-seen", "--json")
    assert json.loads(out)["count"] == 2


def test_what_a_run_left_out_it_is_not_measured_on(striate_command, drawn, tmp_path):
    data = tmp_path / "data"
    for split, count in (("train", 6), ("val", 3)):
        drawn(data / split, ("a", "b"), count, seed=len(split))
    list_of_one, folder = tmp_path / "list.csv", tmp_path / "run"
    list_of_one.write_text("path\nval/a/000.png\n")
    striate.train(data, model="lenet5_relu", epochs=1, exclude=list_of_one, output=folder)
    code, out, err = striate_command("evaluate", folder, data, "--json")
    assert code == 0 and json.loads(out)["count"] == 5
    assert "1 picture left out, as in training (excluded.csv of the run names them)" in " ".join(err.split())
    shutil.copytree(data, tmp_path / "others")
    _, out, err = striate_command("evaluate", folder, tmp_path / "others", "--json")
    assert json.loads(out)["count"] == 6 and "left out" not in err


def test_a_wrong_list_is_refused_before_anything_is_written(striate_command, drawn, tmp_path):
    data = drawn(tmp_path / "data", ("a", "b"), 4)
    (tmp_path / "list.csv").write_text("file\na/000.png\n")
    code, out, err = striate_command("train", data, "--exclude", tmp_path / "list.csv", "--output", tmp_path / "run")
    assert (code, out, (tmp_path / "run").exists()) == (2, "", False)
    assert "has no column 'path' (its first line is file); expected a list as" in " ".join(err.split())
