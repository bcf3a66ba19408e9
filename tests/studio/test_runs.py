"""The room of runs: only what the folder holds is reached, what learns is read as it is written, and answers are those of the bundle."""

import json
import time

import numpy as np
import pytest

import striate
from striate.studio.jobs import MOST, Job, Jobs


def wait(studio, wish):
    job = studio.json("runs/answers", {"runs": wish})
    deadline = time.monotonic() + 120
    while not job["ended"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        job = studio.json(f"runs/jobs/{job['job']}")
    return studio.json(f"runs/jobs/{job['job']}")


def test_without_runs_the_page_says_how_to_get_one(empty_studio):
    assert "There are no runs yet" in empty_studio.page("runs")


def test_the_list_has_the_run_with_its_accuracy(studio, finished_run):
    listed = striate.list_runs(finished_run.folder).runs[0]
    text = studio.page("runs")
    assert f'data-name="{finished_run.folder.name}"' in text
    states = {run["name"]: run for run in studio.json("runs/states")["runs"]}
    assert states[finished_run.folder.name]["accuracy"] == listed.accuracy
    assert states[finished_run.folder.name]["state"] == "finished"


def test_a_run_has_its_page_its_report_and_its_curves(studio, finished_run):
    name = finished_run.folder.name
    text = studio.page(f"runs/{name}", "ko")
    assert "정확도" in text and "보고서" in text
    assert f"striate stress {finished_run.folder}" in text
    found = studio.json(f"runs/learning/{name}")
    history = finished_run.history()
    assert [row["val_loss"] for row in found["rows"]] == [row["val_loss"] for row in history]
    assert found["state"] == "finished"


def test_a_page_of_its_folder_may_only_show_itself(studio, finished_run):
    name = finished_run.folder.name
    answer = studio.get(f"/studio/api/runs/pages/{name}/report.html")
    assert answer.body == finished_run.report.read_bytes()
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "script" not in answer.headers["Content-Security-Policy"]
    assert 'sandbox=""' in studio.page(f"runs/{name}/pages/report.html")
    for other in ("recipe.toml", "..%2Fother", "none.html"):
        assert studio.get(f"/studio/api/runs/pages/{name}/{other}").status == 404


@pytest.mark.parametrize("name", ["none", "..", "%2e%2e", "%2Fetc", "a" * 3000])
def test_other_places_are_not_reached(studio, name):
    assert studio.get(f"/studio/api/runs/learning/{name}").status == 404
    assert studio.get(f"/studio/runs/{name}").status in (404, 307)


def test_its_answers_are_those_of_evaluate(studio, finished_run, striped):
    told = wait(studio, [finished_run.folder.name])
    result = told["result"]
    measured = striate.evaluate(finished_run.folder, striped, split=result["split"])
    assert result["count"] == measured.scores.count
    assert result["right"][0] / result["count"] == pytest.approx(measured.scores.accuracy)
    cells = np.zeros((2, 2), dtype=int)
    for row in result["rows"]:
        cells[tuple(row["cell"])] += 1
        assert row["right"][0] == (row["cell"][0] == row["cell"][1])
        assert row["true"] == result["classes"][row["cell"][0]]
    assert cells.sum() == result["count"]
    picture = studio.get(f"/studio/api/runs/jobs/{told['job']}/pictures/0?side=96")
    assert picture.status == 200 and picture.headers["Content-Type"] == "image/png"
    assert picture.body.startswith(b"\x89PNG")
    for place in ("-1", "99999999", "x", "1" * 30):
        assert studio.get(f"/studio/api/runs/jobs/{told['job']}/pictures/{place}").status == 404
    assert studio.get(f"/studio/api/runs/jobs/{told['job']}/pictures/0?side=5000").status == 400


def test_the_same_wish_is_answered_once(studio, finished_run):
    first = wait(studio, [finished_run.folder.name])
    assert studio.json("runs/answers", {"runs": [finished_run.folder.name]})["job"] == first["job"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "the body must be JSON"),
        (b"[]", "the body must be JSON"),
        (b'{"runs": []}', "one run or two are asked, got 0"),
    ],
)
def test_a_wish_that_is_none_is_refused(studio, body, said):
    answer = studio.ask("POST", "/studio/api/runs/answers", body)
    assert answer.status == 400 and said in answer.json()["detail"]


def test_side_by_side_needs_two(studio, finished_run):
    answer = studio.get(f"/studio/runs/side-by-side?run={finished_run.folder.name}")
    assert answer.status == 400
    assert "two runs are put side by side, got 1" in answer.body.decode()


def test_what_learns_is_read_while_it_is_written(empty_studio):
    folder = empty_studio.studio.runs / "learns"
    folder.mkdir()
    (folder / "recipe.toml").write_text(
        'model = "lenet5"\n[run]\ndata_name = "digits"\ncreated = "2026-01-01T00:00:00+00:00"\n[schedule]\nepochs = 5\n'
    )
    (folder / "split.csv").write_text("path,label,split,sha256\n")
    row = {"epoch": 1, "val_loss": 0.5, "train_loss": None, "val_accuracy": 0.75, "learning_rate": "<b>"}
    (folder / "metrics.jsonl").write_text(json.dumps(row) + '\n{"epoch": 2, "val_l')
    found = empty_studio.json("runs/learning/learns")
    assert found["state"] == "unfinished" and found["reason"] == "epoch 1 of 5"
    assert found["rows"] == [
        {
            "epoch": 1,
            "train_loss": None,
            "val_loss": 0.5,
            "train_accuracy": None,
            "val_accuracy": 0.75,
            "learning_rate": None,
            "seconds": None,
        }
    ]
    assert 0 <= found["written_ago"] < 60
    assert "striate train --resume" in empty_studio.page("runs/learns")


def test_jobs_that_are_under_way_are_not_forgotten():
    jobs = Jobs()
    jobs._jobs = {number: Job(number, number, ended=number > 2) for number in range(1, MOST + 1)}
    assert jobs.find("1").number == 1
    with pytest.raises(Exception, match="there is no job '99' any more"):
        jobs.find("99")
