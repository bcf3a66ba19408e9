"""`striate.check`: what the command shows, as an object."""

import json

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
    assert lines[-2:] == ["1 pictures cannot be used:", f"  a/bad.jpg: {found.dataset.problems[0].reason}"]
    assert "class  train  val  test" in lines and "a          8    1     1" in lines
    assert "a/bad.jpg" in found._repr_html_() and "stray" not in found._repr_html_()
    code, out, _ = striate_command("check", data)
    assert (code, out) == (3, found.to_text() + "\n")
    code, out, _ = striate_command("check", data, "--json")
    assert (code, json.loads(out)) == (3, found.to_dict())


def test_a_loaded_data_set_is_checked_too(striped):
    assert striate.check(striate.load_data(striped)).to_dict() == striate.check(striped).to_dict()
