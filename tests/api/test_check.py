"""`striate.check`: what the command shows, as an object."""

import json
import shutil

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
