"""`striate.predict`: the rows that the command writes."""

import io
import itertools
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import striate
from striate.errors import UnknownNameError, UsageError


def test_the_command_writes_its_rows(striate_command, finished_run, striped, tmp_path):
    (tmp_path / "broken.png").write_text("no picture")
    asked = [str(striped / "across"), str(striped / "bands" / "*1.png"), str(tmp_path / "broken.png")]
    rows = list(striate.predict(finished_run, asked, top=2))
    code, out, _ = striate_command("predict", finished_run.folder, *asked, "--top", 2, "--json")
    assert code == 3
    assert [json.loads(line) for line in out.splitlines()] == [row.to_dict() for row in rows]
    assert len(rows) == 34 and [row.error is None for row in rows] == [True] * 33 + [False]
    _, out, _ = striate_command("predict", finished_run.folder, *asked, "--top", 2)
    assert out.splitlines() == [row.to_text() for row in rows]
    assert rows[-1].to_text().startswith(f"{tmp_path / 'broken.png'}  error: ")


def test_folders_paths_and_pictures_mix(finished_run, striped):
    picture = striped / "across" / "000.png"
    image = Image.open(picture)
    sources = [picture, image, np.asarray(image), picture.read_bytes(), striped / "bands"]
    rows = list(striate.predict(finished_run.classifier(), sources))
    assert len(rows) == 4 + 30
    assert {(row.label, round(row.probability, 5)) for row in rows[:4]} == {
        (rows[0].label, round(rows[0].probability, 5))
    }
    assert [row.path for row in striate.predict(finished_run, picture)] == [str(picture)]


def test_rows_come_as_they_are_asked_for(finished_run, striped):
    endless = itertools.repeat(striped / "across" / "000.png")
    assert len(list(itertools.islice(striate.predict(finished_run, endless), 5))) == 5


def test_paths_come_from_stdin(finished_run, striped, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{striped / 'across' / '000.png'}\n\n"))
    assert [row.path for row in striate.predict(finished_run, "-")] == [str(striped / "across" / "000.png")]


def test_mistakes_show_before_a_row_is_asked_for(finished_run, tmp_path):
    with pytest.raises(UsageError, match=r"^nothing matches .*\*\.png$"):
        striate.predict(finished_run.folder, str(tmp_path / "*.png"))
    with pytest.raises(UsageError, match=r"^there is no run or bundle at"):
        striate.predict(tmp_path / "no bundle", [])
    with pytest.raises(UnknownNameError, match=r"^unknown precision 'fp23'; did you mean 'fp32'"):
        striate.predict(finished_run, [], precision="fp23")


def test_it_loads_no_torch(finished_run, striped):
    code = (
        "import sys, striate\n"
        f"rows = list(striate.predict({str(finished_run.folder)!r}, {str(striped / 'across' / '000.png')!r}))\n"
        "assert rows[0].label and 'torch' not in sys.modules, sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_score_is_the_share_of_right_labels(finished_run, striped):
    from sklearn.metrics import accuracy_score

    classifier = finished_run.classifier()
    pictures = sorted(striped.rglob("*.png"))[::7]
    labels = [path.parent.name for path in pictures]
    labels[0] = "bands"
    expected = accuracy_score(labels, classifier.predict(pictures))
    assert 0 < expected < 1
    assert classifier.score(pictures, labels) == classifier.score(iter(pictures), np.array(labels)) == expected
    assert classifier.score(pictures[1], classifier.predict(pictures[1])[0]) == 1.0


def test_labels_that_do_not_fit_are_refused(finished_run, striped):
    classifier = finished_run.classifier()
    picture = striped / "across" / "000.png"
    with pytest.raises(UnknownNameError, match=r"^unknown class 'band'; did you mean 'bands'"):
        classifier.score([picture], ["band"])
    with pytest.raises(UsageError, match=r"^expected a label for each picture, got 1 labels for 2 pictures$"):
        classifier.score([picture, picture], ["bands"])
    with pytest.raises(UsageError):
        classifier.score([], [])
