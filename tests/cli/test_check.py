import json


def test_what_is_there_and_what_is_wrong(striate_command, drawn, tmp_path):
    data = drawn(tmp_path / "data", ("a", "b"), 10)
    code, out, _ = striate_command("check", data)
    assert code == 0
    assert f"20 pictures of 2 classes in {data}" in out and "a           8       1       1" in out
    (data / "a" / "bad.jpg").write_text("no picture")
    (data / "stray.txt").write_text("")
    code, out, _ = striate_command("check", data, "--json")
    result = json.loads(out)
    assert code == 3
    assert [problem["key"] for problem in result["problems"]] == ["a/bad.jpg"]
    assert sum(result["ignored"].values()) == 1
    assert result["counts"]["b"] == {"train": 8, "val": 1, "test": 1}
