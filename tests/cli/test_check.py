import json


def test_what_is_there_and_what_is_wrong(striate_command, drawn, tmp_path):
    data = drawn(tmp_path / "data", ("a", "b"), 10)
    code, out, _ = striate_command("check", data)
    assert code == 0
    assert f"20 pictures of 2 classes in {data}" in out and "class  train  val  test\na          8    1     1\n" in out
    (data / "a" / "bad.jpg").write_text("no picture")
    (data / "stray.txt").write_text("")
    code, out, _ = striate_command("check", data, "--json")
    result = json.loads(out)
    assert code == 3
    assert [problem["key"] for problem in result["problems"]] == ["a/bad.jpg"]
    assert sum(result["ignored"].values()) == 1
    assert result["counts"]["b"] == {"train": 8, "val": 1, "test": 1}


def test_verbs_agree_on_what_the_splits_are(striate_command, finished_run, drawn, tmp_path):
    for split in ("Training", "dev"):
        drawn(tmp_path / "data" / split, ("across", "bands"), 3, seed=len(split))
    said = f"in {tmp_path / 'data'}, 'Training' is taken for the split train; 'dev' is taken for the split val"
    code, out, _ = striate_command("check", tmp_path / "data", "--json")
    result = json.loads(out)
    assert (code, result["classes"], result["notes"][0]) == (0, ["across", "bands"], said)
    assert result["counts"]["across"] == {"train": 3, "val": 3}
    code, out, err = striate_command("evaluate", finished_run.folder, tmp_path / "data", "--json")
    result = json.loads(out)
    assert (code, result["split"], result["count"]) == (0, "val", 6)
    assert said in err


def test_folders_that_may_be_splits_or_classes_are_refused_by_every_verb(
    striate_command, finished_run, drawn, tmp_path
):
    for name in ("one", "two"):
        drawn(tmp_path / "data" / name, ("across", "bands"), 2, seed=len(name))
    before = sorted(tmp_path.rglob("*"))
    for arguments in (
        ["check"],
        ["train", "--output", tmp_path / "run"],
        ["evaluate", finished_run.folder],
        ["augment", "--output", tmp_path / "sheet.png"],
        ["learning-rate"],
        ["deepen", "--output", tmp_path / "deep"],
    ):
        place = 2 if arguments[0] == "evaluate" else 1
        code, out, err = striate_command(*arguments[:place], tmp_path / "data", *arguments[place:])
        assert (arguments[0], code, out) == (arguments[0], 1, "")
        assert "'one' and 'two' both hold folders 'across', 'bands'; if they are splits, call them train" in err
    assert sorted(tmp_path.rglob("*")) == before
