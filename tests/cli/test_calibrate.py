import csv
import io
import json

import pytest


@pytest.fixture(scope="module")
def ruled(finished_run, striped, tmp_path_factory):
    import striate

    folder = tmp_path_factory.mktemp("ruled") / "bundle"
    return striate.calibrate(
        finished_run, striped, abstain="error=0.4,unfamiliar=0.45", conformal=0.8, output=folder
    ).bundle


def test_the_rule_as_json(striate_command, finished_run, striped, tmp_path):
    code, out, err = striate_command(
        "calibrate", finished_run.folder, striped, "--conformal", 0.8, "-o", tmp_path / "new", "--json", "--quiet"
    )
    result = json.loads(out)
    assert (code, err) == (0, "") and result["rule"]["sets"]["coverage"] == 0.8
    assert result["bundle"] == str(tmp_path / "new")


def test_columns_of_a_rule_come_after_those_that_scripts_read(striate_command, finished_run, ruled, striped):
    (striped_one,) = sorted(striped.rglob("*.png"))[:1]
    _, plain, _ = striate_command("predict", finished_run.folder, striped_one, "-f", "csv")
    code, out, _ = striate_command("predict", ruled, striped_one, "-f", "csv")
    (before,), (row,) = (list(csv.DictReader(io.StringIO(text))) for text in (plain, out))
    assert code == 0 and list(row) == [*before, "abstains", "reason", "set", "unfamiliarity"]
    assert {name: row[name] for name in before} == before
    assert row["abstains"] in "01" and set(json.loads(row["set"])) <= {"across", "bands"}
    assert float(row["unfamiliarity"]) < 100
    _, out, _ = striate_command("predict", ruled, striped_one, "--json")
    told = json.loads(out)
    assert list(told) == ["path", "label", "probability", "top", "error", "abstains", "reason", "set", "unfamiliarity"]
    assert told["abstains"] is (row["abstains"] == "1")


def test_evaluation_says_what_the_rule_came_to(striate_command, finished_run, ruled, striped):
    code, out, _ = striate_command("evaluate", ruled, striped, "--include-seen", "--json", "--quiet")
    rule = json.loads(out)["rule"]
    # The rule was chosen on six of the sixty.
    assert code == 0 and rule["count"] == 54
    assert 0 <= rule["wrong"] <= rule["answered"] <= 54 - rule["unlike"]
    assert rule["in_set"] >= 30 and 0 < rule["set_size"] <= 2
    _, out, _ = striate_command("evaluate", ruled, striped, "--include-seen", "--quiet")
    assert f"{rule['answered']} of 54" in out and "classes on average" in out and "unfamiliar" in out
    _, out, _ = striate_command("evaluate", finished_run.folder, striped, "--include-seen", "--json", "--quiet")
    assert "rule" not in json.loads(out)


def test_a_picture_that_cannot_be_read_has_empty_cells(striate_command, ruled, tmp_path):
    (tmp_path / "no.png").write_bytes(b"none")
    code, out, _ = striate_command("predict", ruled, tmp_path / "no.png", "-f", "csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert (
        code == 3
        and row["error"]
        and [row[name] for name in ("abstains", "reason", "set", "unfamiliarity")] == [""] * 4
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "say what the classifier shall promise"),
        (("--abstain", "0.01"), "--abstain takes terms such as error=0.01"),
        (("--conformal", 95), "conformal must be a share between 0 and 1, such as 0.95; got 95"),
        (("--by-class",), "give --conformal with it"),
        (("--costs", "no.csv"), "the costs cannot be read from no.csv"),
    ],
)
def test_what_makes_no_sense(striate_command, finished_run, striped, options, said):
    code, out, err = striate_command("calibrate", finished_run.folder, striped, *options)
    assert (code, out) == (2, "") and said in " ".join(err.split())
