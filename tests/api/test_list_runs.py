"""`striate.list_runs` and `striate runs`: a row a run, whatever state it is in."""

import dataclasses
import json
import shutil
import subprocess
import sys
import time

import pytest

import striate
from striate.errors import UsageError
from striate.runs.tournament_record import write_tournament


@pytest.fixture
def runs(finished_run, tmp_path):
    """A folder with one run in each state, beside what is none."""
    folder = tmp_path / "runs"

    def copied(name, *without):
        return shutil.copytree(finished_run.folder, folder / name, ignore=shutil.ignore_patterns(*without))

    copied("finished")
    copied("stopped", "bundle", "report.html")
    copied("without-report", "report.html")
    copied("no-weights", "model.safetensors")
    contract = copied("changed") / "bundle" / "contract.json"
    contract.write_text(contract.read_text().replace('"resnet20"', '"resnet32"'))
    (copied("no-recipe") / "recipe.toml").write_text("[")
    (copied("other-recipe") / "recipe.toml").write_text("model = 'lenet5'")
    shutil.copytree(finished_run.folder / "bundle", folder / "only-a-bundle")
    (folder / "photos").mkdir()
    (folder / "depth").mkdir()
    (folder / "depth" / "recipe.toml").touch()
    (folder / ".hidden").mkdir()
    (folder / "notes.txt").touch()
    return folder


def test_every_folder_is_a_row(runs, finished_run):
    found = {run.folder.name: run for run in striate.list_runs(runs).runs}
    assert list(found) == sorted(found)
    states = {
        "changed": ("damaged", "contract.json was changed after it was sealed: its digest is not that of its content"),
        "depth": ("other", "no run: it has no split.csv"),
        "finished": ("finished", ""),
        "no-recipe": ("damaged", "recipe.toml is not the recipe of a run: "),
        "no-weights": ("damaged", "model.safetensors is missing"),
        "only-a-bundle": ("bundle", ""),
        "other-recipe": ("damaged", "recipe.toml is not the recipe of a run: 'run'"),
        "photos": ("other", "no run: it has no recipe.toml"),
        "stopped": ("unfinished", "epoch 3 of 3"),
        "without-report": ("unfinished", "its report is not written"),
    }
    assert {name: run.state for name, run in found.items()} == {name: state for name, (state, _) in states.items()}
    for name, (_, reason) in states.items():
        assert found[name].reason.startswith(reason) and bool(found[name].reason) == bool(reason)
    assert [name for name, run in found.items() if run.resumable] == ["stopped", "without-report"]
    run, figures = found["finished"], finished_run.metrics["val"]
    split = "test" if "test" in finished_run.metrics else "val"
    figures = finished_run.metrics[split]
    assert (run.data, run.model, run.epochs, run.split) == ("striped", "resnet20", 3, split)
    assert (run.accuracy, run.pictures) == (figures["accuracy"], figures["count"])
    assert run.accuracy_interval == tuple(figures["accuracy_interval"])
    assert run.seconds == pytest.approx(sum(row["seconds"] for row in finished_run.history()))
    stopped = found["stopped"]
    assert (stopped.data, stopped.model, stopped.accuracy) == ("striped", "resnet20", None)
    assert found["only-a-bundle"].accuracy == run.accuracy


def test_a_tournament_is_a_row(finished_run, tournament_story, tmp_path):
    """Before its first classifier, while others are tried, when all have been tried, and when it has ended."""
    figures = finished_run.metrics["test" if "test" in finished_run.metrics else "val"]

    def placed(name, record, **changes):
        folder = shutil.copytree(finished_run.folder, tmp_path / name)
        write_tournament(folder, dataclasses.replace(record, **changes))
        return folder

    first = placed("first", tournament_story[1])
    (first / "recipe.toml").unlink()
    shutil.rmtree(first / "bundle")
    placed("going-on", tournament_story[6], worked_seconds=55.0)
    placed("last", tournament_story[7])
    placed("over", tournament_story[8])
    found = {run.folder.name: run for run in striate.list_runs(tmp_path).runs}
    assert {name: (run.state, run.reason) for name, run in found.items()} == {
        "first": ("unfinished", "candidate 1 of 4, head on mobilenet_v2"),
        "going-on": ("unfinished", "candidate 4 of 4, mobilenet_v2, all of it"),
        "last": ("unfinished", "all 4 candidates were tried"),
        "over": ("finished", ""),
    }
    assert all(run.resumable for name, run in found.items() if name != "over")
    assert [found[name].accuracy for name in ("first", "going-on", "over")] == [None, *[figures["accuracy"]] * 2]
    assert (found["going-on"].seconds, found["over"].seconds) == (55.0, 255.0)
    assert striate.list_runs(first).runs == (found["first"],)


def test_the_command_shows_them(runs, striate_command, monkeypatch):
    listed = striate.list_runs(runs)
    code, out, _ = striate_command("runs", runs)
    assert (code, out) == (3, listed.to_text() + "\n")
    assert out.splitlines()[0].split() == [
        "run",
        "data",
        "network",
        "accuracy",
        "95",
        "%",
        "interval",
        "measured",
        "on",
        "time",
        "state",
    ]
    assert out.splitlines()[-1] == "go on with what is unfinished by: striate train --resume RUN"
    code, out, _ = striate_command("runs", runs, "--json")
    assert json.loads(out) == listed.to_dict()
    assert {row["folder"]: row["resumable"] for row in listed.to_dict()["runs"]}[str(runs / "stopped")]
    monkeypatch.chdir(runs.parent)
    code, out, _ = striate_command("runs", "runs/finished")
    assert (code, len(out.splitlines())) == (0, 2)
    assert striate.list_runs().to_dict()["runs"] == [
        row | {"folder": f"runs/{row['folder'].rpartition('/')[2]}"} for row in listed.to_dict()["runs"]
    ]


def test_what_is_no_folder_of_runs(tmp_path, striate_command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert striate_command("runs") == (2, "", "striate: there is no folder runs; name the folder that holds the runs\n")
    (tmp_path / "runs").mkdir()
    assert striate_command("runs") == (0, "no runs in runs\n", "")
    with pytest.raises(UsageError, match=r"^there is no folder run; name the folder that holds the runs$"):
        striate.list_runs("run")  # a folder without a run is none that is meant
    (tmp_path / "runs" / "one").mkdir()
    (tmp_path / "runs" / "one" / "recipe.toml").touch()
    with pytest.raises(UsageError, match=r"^there is no folder run; did you mean runs\?$"):
        striate.list_runs("run")
    (tmp_path / "table.csv").touch()
    with pytest.raises(UsageError, match=r"^table\.csv is a file; name the folder that holds the runs$"):
        striate.list_runs("table.csv")


def test_hundreds_are_listed_at_once_and_without_torch(runs):
    for number in range(300):
        shutil.copytree(runs / "stopped", runs / f"{number}", ignore=shutil.ignore_patterns("checkpoints"))
        (runs / f"{number}" / "bundle").symlink_to(runs / "finished" / "bundle")
    code = (
        "import sys, striate\n"
        f"found = striate.list_runs({str(runs)!r})\n"
        "assert len(found.runs) == 310 and 'torch' not in sys.modules, sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    begin = time.process_time()
    striate.list_runs(runs)
    assert time.process_time() - begin < 3  # 0.6 s on a quiet machine


def test_a_bundle_alone_is_one_row_and_not_the_folders_in_it(finished_run):
    (row,) = striate.list_runs(finished_run.folder / "bundle").runs
    assert row.state == "bundle" and row.accuracy == finished_run.metrics["test"]["accuracy"]
