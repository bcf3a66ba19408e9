"""Run folders: made, checked, swept, and the tables in them."""

import json
import os
import sys

import pytest

from striate.errors import StriateError, UsageError
from striate.evaluation import Finding
from striate.training.run_folder import (
    check_output,
    create_run_folder,
    held,
    read_findings,
    read_history,
    sweep_run,
    write_findings,
    write_history,
)


def test_folders_are_numbered_when_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [str(create_run_folder(None, data_name="digits", model="lenet5")) for _ in range(3)]
    assert names == ["runs/digits-lenet5", "runs/digits-lenet5-2", "runs/digits-lenet5-3"]


def test_a_folder_has_a_plain_name_whatever_the_datas_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = create_run_folder(None, data_name="f\udcf6to\n\u202e 고양이", model="lenet5")
    assert str(folder) == "runs/f_to__ 고양이-lenet5"


def test_an_output_that_exists_is_refused_and_left_as_it_is(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError) as caught:
        create_run_folder(tmp_path, data_name="a", model="b")
    assert str(caught.value) == f"--output {tmp_path} exists already; nothing was changed; name another one"
    (tmp_path / "recipe.toml").touch()
    with pytest.raises(UsageError, match="name another one"):  # a folder of the depth experiment cannot be resumed
        check_output(tmp_path)
    (tmp_path / "split.csv").touch()
    with pytest.raises(UsageError, match=f"go on with it by: striate train --resume {tmp_path}"):
        check_output(tmp_path)
    with pytest.raises(UsageError, match="is a file; name a folder that does not exist yet"):
        check_output(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_an_empty_folder_and_one_far_below_are_fine(tmp_path):
    for folder in (tmp_path / "empty", tmp_path / "a" / "b" / "c"):
        check_output(folder)
        assert create_run_folder(folder, data_name="a", model="b") == folder


def test_history_has_no_nan_and_survives_a_cut_line(tmp_path):
    write_history(tmp_path, [{"epoch": 1, "val_loss": float("nan")}, {"epoch": 2, "val_loss": 0.5}])
    path = tmp_path / "metrics.jsonl"
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {"epoch": 1, "val_loss": None},
        {"epoch": 2, "val_loss": 0.5},
    ]
    path.write_text(path.read_text() + '{"epoch": 3, "val')
    assert [row["epoch"] for row in read_history(tmp_path)] == [1, 2]
    assert read_history(tmp_path / "no") == []


def test_findings_are_read_as_they_were_written_and_a_broken_file_is_told(tmp_path):
    assert read_findings(tmp_path) == ()
    findings = (Finding("at chance", "warning"), Finding("no validation split was given"))
    write_findings(tmp_path, findings)
    assert read_findings(tmp_path) == findings
    (tmp_path / "findings.json").write_text('[{"text": 1}]')
    with pytest.raises(StriateError, match=f"{tmp_path}/findings.json cannot be read: "):
        read_findings(tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing tells here whether a process lives")
def test_what_a_killed_process_left_half_written_is_swept_from_both_places(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    kept = [tmp_path / "metrics.jsonl", tmp_path / "checkpoints" / "step-00000003.safetensors"]
    left = [path.with_name(f".{path.name}.4194305.0123456789abcdef.partial") for path in kept]
    for path in (*kept, *left):
        path.touch()
    sweep_run(tmp_path)
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_run_is_trained_by_one_process_at_a_time(tmp_path):
    with held(tmp_path), pytest.raises(UsageError) as caught, held(tmp_path):
        pass
    assert str(caught.value) == (
        f"{tmp_path} is being trained by another process; wait until that one has ended, or end it by Ctrl-C there"
    )
    with held(tmp_path):  # it is free again
        assert list(tmp_path.iterdir()) == []
