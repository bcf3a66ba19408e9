import csv
import json

import pytest


def test_json_has_accuracy_at_the_top(striate_command, finished_run, striped):
    code, out, _ = striate_command("evaluate", finished_run.folder, striped, "--json")
    result = json.loads(out)
    assert code == 0
    assert result["split"] == "test" and result["count"] == 6
    assert result["accuracy"] == finished_run.metrics["test"]["accuracy"]
    assert result["log_loss"] == pytest.approx(finished_run.metrics["test"]["log_loss"], abs=1e-5)
    assert result["left_out"] == {"seen_in_training": 0, "unusable": 0}


def test_the_table_and_the_predictions(striate_command, finished_run, striped, tmp_path):
    path = tmp_path / "predictions.csv"
    code, out, _ = striate_command("evaluate", finished_run.folder, striped, "--split", "val", "--predictions", path)
    assert code == 0
    assert "split              val, 6 pictures" in out and "class   precision  recall     F1  pictures" in out
    assert "top-" not in out  # of two classes every answer is among the first two
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert len(rows) == 6
    assert set(rows[0]) == {"path", "label", "prediction", "probability", "correct", "p(across)", "p(bands)"}


def test_pictures_of_the_training_are_left_out_wherever_they_come_from(
    striate_command, finished_run, striped, tmp_path
):
    # The same pictures under other names, as somebody would pass them who does not know of the run.
    for place, path in enumerate(sorted(striped.rglob("*.png"))):
        (tmp_path / "copy" / path.parent.name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "copy" / path.parent.name / f"{place}.png").write_bytes(path.read_bytes())
    bundle = tmp_path / "bundle"
    (finished_run.folder / "bundle").rename(bundle)
    try:
        code, out, _ = striate_command("evaluate", bundle, tmp_path / "copy", "--json")
        result = json.loads(out)
        assert code == 0 and result["split"] == "all"
        assert result["left_out"]["seen_in_training"] == 48 and result["count"] == 12
        code, out, _ = striate_command("evaluate", bundle, tmp_path / "copy", "--json", "--include-seen")
        assert json.loads(out)["count"] == 60
    finally:
        bundle.rename(finished_run.folder / "bundle")
    code, _, err = striate_command("evaluate", finished_run.folder, striped, "--split", "train")
    assert code == 1 and "was trained on all 48 pictures" in err


def test_broken_pictures_are_listed_and_the_exit_code_is_three(striate_command, finished_run, drawn, tmp_path):
    data = drawn(tmp_path / "data", ("across", "bands"), 3, seed=5)
    (data / "bands" / "bad.jpg").write_text("no picture")
    code, out, _ = striate_command("evaluate", finished_run.folder, data)
    assert code == 3
    assert "left out           1 pictures that cannot be used:" in out and "bands/bad.jpg: " in out


def test_a_class_that_the_bundle_does_not_know_is_named(striate_command, finished_run, drawn, tmp_path):
    data = drawn(tmp_path / "data", ("across", "circles"), 2)
    code, _, err = striate_command("evaluate", finished_run.folder, data)
    assert code == 1
    assert err == (
        f"striate: {data} has classes that the classifier does not know: 'circles'; it knows across, bands\n"
    )


def test_a_split_may_lack_a_class(striate_command, finished_run, drawn, tmp_path):
    """The labels are matched by name: with 'across' missing, 'bands' and an order of its own still map right."""
    data = drawn(tmp_path / "data" / "test", ("bands",), 4, seed=3)
    drawn(tmp_path / "data" / "val", ("across", "bands"), 2, seed=4)
    code, out, _ = striate_command("evaluate", finished_run.folder, data.parent, "--json")
    result = json.loads(out)
    assert code == 0 and result["count"] == 4
    assert [row["support"] for row in result["per_class"]] == [0, 4]


def test_unknown_split(striate_command, finished_run, striped):
    code, _, err = striate_command("evaluate", finished_run.folder, striped, "--split", "tset")
    assert (code, err) == (2, "striate: unknown split 'tset'; did you mean 'test'?\n")
