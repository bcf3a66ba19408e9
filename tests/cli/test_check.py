import json

import numpy as np
from PIL import Image

from striate.pixels import optional_formats


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


def test_every_verb_names_pictures_of_formats_that_cannot_be_read(
    striate_command, finished_run, drawn, tmp_path, monkeypatch
):
    data = drawn(tmp_path / "data", ("across", "bands"), 4)
    (data / "bands" / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60))
    elsewhere = drawn(tmp_path / "elsewhere", ("more",), 1)
    (data / "across" / "linked").symlink_to(elsewhere / "more")
    monkeypatch.setattr(optional_formats, "_reads_heic", lambda: False)
    why = "the file is a HEIC picture, and what reads those is not installed: pip install pillow-heif"
    code, out, err = striate_command("check", data)
    assert (code, f"  bands/IMG_1.HEIC: {why}" in out) == (3, True)
    assert "9 pictures of 2 classes" in out
    code, out, err = striate_command("predict", finished_run.folder, data, "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, len(rows)) == (3, 10)
    assert {row["path"]: row["error"] for row in rows if row["error"]} == {str(data / "bands" / "IMG_1.HEIC"): why}
    assert str(data / "across" / "linked" / "000.png") in [row["path"] for row in rows]
    code, out, err = striate_command("evaluate", finished_run.folder, data, "--include-seen", "--json")
    assert (code, json.loads(out)["problems"]) == (3, [{"key": "bands/IMG_1.HEIC", "reason": why}])
    code, out, err = striate_command("augment", data, "--output", tmp_path / "sheet.png", "--pictures", 1, "--draws", 1)
    assert f"1 pictures are set aside because they cannot be used, such as bands/IMG_1.HEIC: {why}" in err
    code, out, err = striate_command(
        "visualize",
        "lenet5_relu",
        data,
        "--method",
        "top",
        "--layer",
        "f6",
        "--unit",
        3,
        "--output",
        tmp_path / "top.png",
    )
    assert f"1 picture could not be read and took no part, such as bands/IMG_1.HEIC: {why}" in err


def test_pictures_of_few_bits_in_many_are_hinted_at(striate_command, tmp_path):
    random = np.random.default_rng(0)
    for label in "ab":
        (tmp_path / label).mkdir()
        for number in range(5):
            values = random.integers(0, 4096, (16, 16)).astype(np.uint16)
            Image.fromarray(values).save(tmp_path / label / f"{number}.png")
    code, out, _ = striate_command("check", tmp_path)
    assert code == 0
    assert (
        "10 of 10 pictures use a sixteenth of their range or less, and are nearly of one tone, such as a/0.png" in out
    )


def test_one_thing_is_told_as_one_and_page_and_list_need_two_files(striate_command, drawn, tmp_path):
    root = drawn(tmp_path / "data", classes=("cat", "dog"), count=4)
    for name in (".hidden", "one"):
        (root / name).mkdir()
        Image.new("L", (20, 20), 9).save(root / name / "1.png")
    code, out, _ = striate_command("check", root)
    assert code == 0
    assert (
        "uses a sixteenth of its range or less, and is nearly of one tone: one/1.png; if it is dark because it has 10"
        in out
    )
    assert "\nignored: hidden folders: 1\n" in out and "  .hidden: 1 picture in it\n" in out
    page = tmp_path / "page.html"
    code, out, err = striate_command(
        "check", root, "--html", page, "--fix-list", tmp_path / "data" / ".." / "page.html"
    )
    assert (code, out) == (2, "")
    assert err == f"striate: --html and --fix-list both name {page}; give each a file of its own\n"
    assert not page.exists()
