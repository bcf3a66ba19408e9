"""`striate reproduce`."""

import json


def test_the_list(striate_command):
    ended = striate_command("reproduce", "--list", "--json")
    rows = json.loads(ended.out)["experiments"]
    assert ended.code == 0
    found = next(row for row in rows if row["name"] == "googlenet-against-alexnet")
    assert found["claims"] == [53]
    assert found["quick"]["seeds"] == 1
    shown = striate_command("reproduce", "--list").out
    assert all(row["name"] in shown for row in rows)


def test_an_experiment(striate_command, tmp_path):
    ended = striate_command("reproduce", "googlenet-against-alexnet", "--quick", "-o", tmp_path / "out", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["verdict"] == "does not hold"
    assert "note: googlenet-against-alexnet, quick: 2 arms with 1 seed" in ended.err
    assert json.loads((tmp_path / "out/result.json").read_text())["form"] == "quick"


def test_wrong_usage(striate_command):
    assert striate_command("reproduce").code == 2
    both = striate_command("reproduce", "x", "--list")
    assert both.code == 2
    assert "give the name of an experiment, or --list alone" in " ".join(both.err.split())
    unknown = striate_command("reproduce", "googlenet-against-alexnt")
    assert unknown.code == 2
    assert "unknown experiment 'googlenet-against-alexnt'; did you mean 'googlenet-against-alexnet'?" in " ".join(
        unknown.err.split()
    )
