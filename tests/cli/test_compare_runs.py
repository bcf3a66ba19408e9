import json

import pytest
from PIL import Image

import striate


@pytest.fixture(scope="module")
def blinder(drawn, tmp_path_factory):
    """A run that learnt the two classes the wrong way round, of pictures of its own."""
    folder = drawn(tmp_path_factory.mktemp("data") / "swapped", ("across", "bands"), 6, seed=5)
    (folder / "across").rename(folder / "other")
    (folder / "bands").rename(folder / "across")
    (folder / "other").rename(folder / "bands")
    return striate.train(folder, output=tmp_path_factory.mktemp("runs") / "눈먼", model="linear")


def test_a_comparison_as_table_json_and_sheet(striate_command, finished_run, blinder, tmp_path):
    sheet = tmp_path / "sheet.png"
    code, out, _ = striate_command(
        "compare-runs", finished_run.folder, blinder.folder, "--split", "val", "--sheet", sheet
    )
    assert code == 0 and "눈먼" in out and "right alone" in out
    with Image.open(sheet) as picture:
        assert picture.mode == "RGB"
    code, out, _ = striate_command("compare-runs", finished_run.folder, blinder.folder, "--split", "val", "--json")
    assert code == 0 and json.loads(out)["compared"]["pictures"] == 6


def test_the_same_twice_has_no_sheet(striate_command, finished_run, tmp_path):
    sheet = tmp_path / "sheet.png"
    code, out, err = striate_command("compare-runs", finished_run.folder, finished_run.folder, "--sheet", sheet)
    assert code == 0 and "not distinguishable" in out and "nothing to show on a sheet" in err and not sheet.exists()


def test_a_release_gate_that_stays_shut_ends_with_four(striate_command, finished_run, blinder, striped, monkeypatch):
    from striate.evaluation import PairedComparison

    code, out, _ = striate_command("evaluate", blinder.folder, striped, "--against", finished_run.folder)
    assert code == 4 and "눈먼 is worse than striped: 0.0 % right against" in " ".join(out.split())
    code, _, _ = striate_command(
        "evaluate", finished_run.folder, striped, "--split", "val", "--against", blinder.folder
    )
    assert code == 0
    monkeypatch.setattr("striate.api.evaluate.compare_answered", lambda *_: PairedComparison(3, 0, 2, 1))
    code, out, _ = striate_command("evaluate", blinder.folder, striped, "--against", finished_run.folder, "--json")
    assert code == 0 and json.loads(out)["against"]["verdict"] == "not distinguishable"  # two coins
