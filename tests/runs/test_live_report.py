"""The page of a run that is still training, as a browser that has it open meets it."""

import signal
import time

import pytest

import striate
import striate.runs.live_report as room
from striate.errors import Interrupted, TrainingError
from striate.report import says_ended

QUICK = {"model": "lenet5_dense", "epochs": 3, "settings": ["batch_size=16"]}
REFRESH = '<meta http-equiv="refresh" content="3">'


class Reading(striate.Watcher):
    """Reads the page when something happens."""

    def __init__(self, page):
        self.page, self.steps, self.epochs = page, {}, {}

    def step(self, report):
        self.steps[report.step] = self.page.read_text()

    def epoch(self, result):
        self.epochs[result.epoch] = self.page.read_text()


def test_the_page_grows_while_training_runs_and_ends_with_it(striped, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "SECONDS_BETWEEN_WRITES", 0.0)
    reading = Reading(tmp_path / "run" / "report.html")
    run = striate.train(striped, **QUICK, output=tmp_path / "run", watcher=reading)
    first = reading.steps[1]
    assert "The pictures are being made ready." in first and "No epoch has ended yet." in first
    assert "Epoch 1, batch 1 of 3: loss " in reading.steps[2]
    for epoch, page in reading.epochs.items():
        assert REFRESH in page and "In progress" in page and f"{epoch} of 3 epochs done; " in page
        assert f"Loss over {epoch} epoch" in page and f"Learning rate over {epoch} epoch" in page
        assert f"<code>striate train --resume {run.folder}</code>" in page
        assert "runs no script" in page and "<script" not in page
    last = run.report.read_text()
    assert says_ended(run.report) and REFRESH not in last and "In progress" not in last and "--resume" not in last


@pytest.mark.slow
def test_epochs_that_end_soon_after_one_another_share_a_page(striped, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "SECONDS_BETWEEN_WRITES", 3600.0)
    reading = Reading(tmp_path / "run" / "report.html")
    striate.train(striped, **QUICK, output=tmp_path / "run", watcher=reading)
    assert "1 of 3 epochs done" not in reading.epochs[3]


@pytest.mark.slow
def test_an_interrupted_run_says_how_to_go_on_and_a_resume_takes_the_page_up_again(striped, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "SECONDS_BETWEEN_WRITES", 0.0)

    class Interrupting(striate.Watcher):
        def step(self, report):
            if report.step == 5:
                signal.raise_signal(signal.SIGINT)

    folder = tmp_path / "run"
    with pytest.raises(Interrupted):
        striate.train(striped, **QUICK, output=folder, watcher=Interrupting())
    page = (folder / "report.html").read_text()
    assert "Stopped" in page and REFRESH not in page and not says_ended(folder / "report.html")
    assert "<bdi>Interrupted in epoch 2, batch 2; all is saved.</bdi>" in page
    assert f"<code>striate train --resume {folder}</code>" in page and "Loss over 1 epoch:" in page
    reading = Reading(folder / "report.html")
    run = striate.resume(folder, watcher=reading)
    assert "1 of 3 epochs done" in reading.steps[6] and REFRESH in reading.steps[6]
    assert says_ended(run.report)


def test_a_run_that_failed_says_why(striped, tmp_path):
    settings = [*QUICK["settings"], "optimizer.learning_rate=1e30", "optimizer.gradient_clip=0"]
    with pytest.raises(TrainingError):
        striate.train(striped, **(QUICK | {"settings": settings}), output=tmp_path / "run")
    page = (tmp_path / "run" / "report.html").read_text()
    assert "Stopped" in page and "<bdi>The loss is not finite at epoch 1, batch " in page and REFRESH not in page


@pytest.mark.slow
def test_a_run_that_was_killed_while_reporting_is_not_taken_for_ended(striped, tmp_path, monkeypatch):
    """The bundle is there, and so is a page, but not the last one: it is sealed and reported again."""
    import striate.runs.carrying_out as training

    def fail(*arguments):
        raise RuntimeError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(training, "write_training_report", fail)
        with pytest.raises(RuntimeError, match="the power went"):
            striate.train(striped, **QUICK, output=tmp_path / "run")
    assert (tmp_path / "run" / "bundle").exists() and (tmp_path / "run" / "report.html").exists()
    assert "It ended with RuntimeError." in (tmp_path / "run" / "report.html").read_text()
    run = striate.resume(tmp_path / "run")
    assert says_ended(run.report)


@pytest.mark.slow
def test_a_page_that_cannot_be_written_stops_no_training(striped, tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, "write_while_running", full)
    assert says_ended(striate.train(striped, **QUICK, output=tmp_path / "run").report)


def test_a_page_costs_little(finished_run, striped, tmp_path):
    from striate.data.preparation import prepare_data
    from striate.deciding.run_plan import RunPlan

    dataset = prepare_data(striped, seed=0, root=None, watcher=striate.Watcher())
    plan = RunPlan.from_toml(finished_run.folder / "recipe.toml")
    history = finished_run.history()
    long = [history[0] | {"epoch": epoch, "train_loss": 1 / epoch} for epoch in range(1, 201)]
    with room.live_report(tmp_path, plan, dataset) as live:
        live.epoch(long)
        seconds = []
        for _ in range(5):
            live._written = -float("inf")
            begun = time.process_time()
            live.epoch(long)
            seconds.append(time.process_time() - begun)
    assert min(seconds) < 0.05, seconds
