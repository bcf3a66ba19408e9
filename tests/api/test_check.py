"""`striate.check`: what the command shows, as an object."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

import striate


def test_what_is_there_and_what_cannot_be_used(striate_command, drawn, tmp_path):
    data = drawn(tmp_path / "data", ("a", "b"), 10)
    (data / "a" / "bad.jpg").write_text("no picture")
    (data / "stray.txt").write_text("")
    found = striate.check(data)
    assert isinstance(found, striate.DataCheck)
    assert len(found.dataset) == 20 and [problem.key for problem in found.dataset.problems] == ["a/bad.jpg"]
    lines = found.to_text().splitlines()
    assert lines[0] == f"20 pictures of 2 classes in {data}"
    assert lines[-5:] == [
        "found          times",
        "Broken  fault      1",
        "",
        "Broken (fault): the file cannot be decoded to its last pixel",
        f"  a/bad.jpg: {found.dataset.problems[0].reason}",
    ]
    assert "class  train  val  test" in lines and "a          8    1     1" in lines
    assert "a/bad.jpg" in found._repr_html_() and "stray" not in found._repr_html_()
    code, out, _ = striate_command("check", data)
    assert (code, out) == (3, found.to_text() + "\n")
    code, out, _ = striate_command("check", data, "--json")
    assert (code, json.loads(out)) == (3, found.to_dict())


def test_a_loaded_data_set_is_checked_too(striped):
    assert striate.check(striate.load_data(striped)).to_dict() == striate.check(striped).to_dict()


def test_sound_data_is_called_so(striped):
    found = striate.check(striped)
    assert found.findings == () and not found.at_fault
    assert found.to_text().endswith("\n\nNothing is wrong with it as far as can be seen.")


def test_a_class_of_which_nothing_can_be_read_does_not_end_the_check(striate_command, drawn, tmp_path):
    data = drawn(tmp_path / "data", ("a", "b"), 4)
    for path in (data / "b").iterdir():
        path.write_bytes(b"")
    found = striate.check(data)
    kinds = [(finding.kind, finding.files or finding.classes) for finding in found.findings]
    assert kinds == [*(("broken", (f"b/00{number}.png",)) for number in range(4)), ("unusable-class", ("b",))]
    for path in (data / "a").iterdir():
        path.write_bytes(b"")
    nothing = striate.check(data)
    assert len(nothing.dataset) == 0 and len(nothing.findings) == 10
    assert nothing.to_dict()["width"] is None and "pixels" not in nothing.to_text().splitlines()[1]
    code, out, err = striate_command("check", data)
    assert (code, out, err.count("Traceback")) == (3, nothing.to_text() + "\n", 0)


def test_only_the_first_of_many_are_listed_and_json_names_all(striate_command, drawn, tmp_path):
    data = drawn(tmp_path / "data", ("a", "b"), 4)
    for number in range(13):
        (data / "a" / f"bad{number:02}.jpg").write_bytes(b"")
    code, out, _ = striate_command("check", data)
    assert code == 3 and "  a/bad09.jpg: the file is empty\n  and 3 more, which --json names\n" in out
    assert "a/bad10.jpg" not in out
    code, out, _ = striate_command("check", data, "--json")
    assert len([row for row in json.loads(out)["findings"] if row["kind"] == "broken"]) == 13


def test_a_finding_s_names_are_made_harmless(drawn, tmp_path):
    data = drawn(tmp_path / "data", ("a", "b"), 4)
    (data / "a" / "\x1b[31m<b>{reason}.jpg").write_bytes(b"")
    found = striate.check(data)
    assert "\x1b" not in found.to_text()
    page = found.to_html()
    assert "\x1b" not in page and "&lt;b&gt;{reason}.jpg" in page and "<b>{" not in page


def test_the_page_shows_pictures_side_by_side_and_needs_nothing_else(striate_command, drawn, tmp_path):
    data = drawn(tmp_path / "data", ("a", "b"), 4)
    shutil.copy(data / "a" / "000.png", data / "b" / "copy.png")
    code, _, _ = striate_command("check", data, "--html", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert code == 3 and page == striate.check(data).to_html()
    section = page.partition('<section id="contradicting-copies"')[2].partition("</section>")[0]
    assert section.count('<img src="data:image/') == 2
    assert "a/000.png" in section and "b/copy.png" in section
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")


@pytest.fixture
def mislabelled(tmp_path):
    """Reddish and bluish patches, of which two are in the other's folder; and weights of a network that was never trained."""
    generator = np.random.default_rng(0)
    for number in range(60):
        pixels = generator.integers(60, 160, (32, 32, 3)).astype(np.uint8)
        pixels[:, :, 0 if number % 2 else 2] += 60
        label = ("blue", "red")[number % 2 if number not in (7, 20) else 1 - number % 2]
        (tmp_path / "data" / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "data" / label / f"{number:02}.png")
    save_file(striate.create_model("resnet20", seed=0).state_dict(), tmp_path / "weights.safetensors")
    return tmp_path / "data", tmp_path / "weights.safetensors"


def test_labels_are_judged_by_weights_where_there_are_any(striate_command, mislabelled):
    data, weights = mislabelled
    found = striate.check(data, weights=weights)
    assert {one.files for one in found.findings} == {("blue/07.png",), ("red/20.png",)}
    assert all("it looks like" in one.words and one.figure < 0.5 for one in found.findings)
    assert found.labels_judged_by == "resnet20 with the weights weights.safetensors"
    assert "labels judged by resnet20 with the weights weights.safetensors" in found.to_text()
    unjudged = striate.check(data)
    assert unjudged.findings == () and unjudged.labels_judged_by is None
    assert (
        "labels not judged: --weights imagenet, or other trained weights (a file, or a run of yours), finds likely errors"
        in unjudged.to_text()
    )
    code, out, _ = striate_command("check", data, "--weights", weights, "--json")
    assert (code, json.loads(out)["findings"]) == (3 if found.at_fault else 0, found.to_dict()["findings"])


def test_labels_are_judged_by_a_run_of_ones_own(striate_command, mislabelled, finished_run):
    data, _ = mislabelled
    found = striate.check(data, weights=finished_run.folder)
    assert found.labels_judged_by.startswith(f"{finished_run.folder.name} (") and found.seen == 0
    assert "learnt from" not in found.to_text() and found.to_dict()["seen_by_the_judge"] == 0
    assert {one.files for one in found.findings if one.fault} <= {("blue/07.png",), ("red/20.png",)}
    code, _, err = striate_command("check", data, "--weights", finished_run.folder, "--model", "resnet18")
    assert code == 2 and f"model is 'resnet18', and {finished_run.folder} says itself whose weights it has" in err
    table = data / "labels.csv"
    table.write_text("path,labels\nred/01.png,a|b\nred/03.png,a\n", encoding="utf-8")
    code, _, err = striate_command("check", table, "--weights", finished_run.folder)
    assert code == 2 and "may have several; leave out weights" in err
    table.unlink()
    code, _, err = striate_command("check", data, "--weights", data)
    assert code == 2 and "checking pictures" not in err


def test_a_run_says_how_many_labels_it_learnt(striped, finished_run):
    found = striate.check(striped, weights=finished_run.folder / "bundle")
    learnt = len(found.dataset.indices("train"))
    assert found.seen == learnt > 0
    assert (
        f"of these pictures it learnt from {learnt}, as they are labelled, and may miss errors among them"
        in found.to_text()
    )


def test_weights_that_cannot_judge_are_refused_before_the_pictures(striate_command, striped, tmp_path):
    code, out, err = striate_command("check", striped, "--weights", tmp_path / "none.safetensors")
    assert (code, out) == (1, "") and "none.safetensors" in err and "checking pictures" not in err
    code, _, err = striate_command("check", striped, "--model", "resnet18")
    assert code == 2 and "model is 'resnet18' without weights: only trained ones judge labels; give weights too" in err
