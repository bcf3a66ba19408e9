"""A tournament on pictures that any network can tell apart, with candidates that take a second each."""

import dataclasses
import json
import os
import shutil
import signal
import time
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import striate
import striate.deciding.tournament_plan as planning
import striate.runs.candidate_run as candidate_room
import striate.runs.tournament as room
from striate.bundle import open_bundle
from striate.deciding.candidates import Proposal
from striate.deciding.selection import choose
from striate.deciding.training_request import TrainingRequest
from striate.decision import Decision
from striate.errors import Interrupted, TrainingError, UsageError
from striate.runs.beginning import prepare_tournament
from striate.runs.tournament_record import (
    FAILED,
    INTERRUPTED,
    LOST,
    OVER,
    SKIPPED,
    TIME_IS_UP,
    WAITING,
    WON,
    read_tournament,
)
from striate.runs.tournament_request import is_exact, request_for
from striate.tasks import SingleLabel
from striate.watching import Watcher


def proposal(name, *, epochs, gain=0.5, first=False, settings=(), model="resnet20"):
    return Proposal(
        name=name,
        kind="scratch",
        why="it is small",
        model=model,
        side=lambda facts: 32,
        looks=48 * epochs,
        fewest_epochs=1,
        settings=("batch_size=16", *settings),
        gain=gain,
        first=first,
        suits=lambda situation: True,
    )


HOPELESS = ("optimizer.learning_rate=0.0000001",)
ROWS = (
    proposal("a first look", epochs=1, first=True, settings=HOPELESS),
    proposal("네 번", epochs=4, gain=0.9),
    proposal("hopeless", epochs=1, gain=0.01, settings=HOPELESS),
)


class Hearing(Watcher):
    """Keeps what it hears, and may send itself a signal at a moment."""

    def __init__(self, at=None):
        self.records, self.notes, self.epochs, self.decisions = [], [], [], []
        self.at = at

    def tournament(self, record, folder):
        self.records.append(record)
        if self.at is not None and self.at(self):
            self.at = None
            os.kill(os.getpid(), signal.SIGINT)

    def epoch(self, result):
        self.epochs.append(result)
        if self.at is not None and self.at(self):
            self.at = None
            os.kill(os.getpid(), signal.SIGTERM)

    def note(self, text):
        self.notes.append(text)

    def decision(self, decision):
        self.decisions.append(decision)


@pytest.fixture
def rows(monkeypatch):
    monkeypatch.setattr(planning, "ROWS", ROWS)
    monkeypatch.setattr(planning, "LONGER", 1.0)
    monkeypatch.setattr(planning, "planned_time", lambda situation: 1e6)
    monkeypatch.setattr("striate.runs.beginning.planned_time", lambda situation: 1e6)
    monkeypatch.setattr(room, "WORTH", 0.0)


@pytest.fixture(scope="module")
def whole(striped, once):
    """A tournament that was never disturbed; do not change it."""
    patch = pytest.MonkeyPatch()
    patch.setattr(planning, "ROWS", ROWS)
    patch.setattr(planning, "LONGER", 1.0)
    patch.setattr("striate.runs.beginning.planned_time", lambda situation: 1e6)
    patch.setattr(room, "WORTH", 0.0)
    try:
        folder = once("runs/tournament", lambda folder: striate.train(striped, output=folder))
    finally:
        patch.undo()
    return striate.Run(folder)


def weights_of(folder):
    return (folder / "bundle" / "model.safetensors").read_bytes()


def test_the_best_has_the_place_and_only_the_best_is_measured_on_test_pictures(whole):
    record = read_tournament(whole.folder)
    first, better, hopeless = record.entries
    assert (first.state, better.state, record.ended) == (WON, WON, OVER)
    assert hopeless.state in (LOST, SKIPPED)  # skipped where the better one has every picture right
    assert record.winner == 1 and record.best.candidate.name == "네 번"
    assert better.accuracy > first.accuracy and better.comparison.rival == "a first look"
    assert better.comparison.wins - better.comparison.losses == better.correct - first.correct
    assert better.interval[0] < better.accuracy <= better.interval[1]
    assert better.input_size == 32 and better.multiply_adds > 4e7 and better.parameters > 250_000
    assert better.ended_after > first.ended_after > 0 and better.wall_seconds > 0
    assert set(whole.metrics) == {"val", "test"}
    assert whole.metrics["val"]["accuracy"] == pytest.approx(better.accuracy)
    assert whole.metrics["test"]["count"] == 6
    recipe = tomllib.loads((whole.folder / "recipe.toml").read_text(encoding="utf-8"))
    assert recipe["schedule"]["epochs"] == 4 and len(whole.history()) == 4
    # What is left of candidates is small.
    left = sorted(path.name for path in (whole.folder / better.folder).iterdir())
    assert left == ["metrics.jsonl", "recipe.toml"]
    assert whole.classifier().classes == ("across", "bands")
    assert striate.list_runs(whole.folder).runs[0].state == "finished"


def test_the_same_seed_comes_to_the_same_and_only_the_winner_sees_the_test_pictures(
    striped, rows, whole, tmp_path, monkeypatch
):
    measured, hearing = [], Hearing()
    seal = candidate_room.seal_run

    def sealing(place, *arguments, **options):
        sealed = seal(place, *arguments, **options)
        measured.append(set(sealed.measured.scores))
        return sealed

    monkeypatch.setattr(candidate_room, "seal_run", sealing)
    again = striate.train(striped, output=tmp_path / "run", watcher=hearing)
    assert weights_of(again.folder) == weights_of(whole.folder)
    one, other = read_tournament(again.folder), read_tournament(whole.folder)
    assert [entry.correct for entry in one.entries] == [entry.correct for entry in other.entries]
    assert len(measured) >= 2 and all(splits == {"val"} for splits in measured)
    # Every decision is heard, as it is written down.
    states = [tuple(entry.state for entry in record.entries) for record in hearing.records]
    assert states[0] == (WAITING, WAITING, WAITING)
    assert states[1] == ("running", WAITING, WAITING)
    assert states[2] == (WON, WAITING, WAITING) and hearing.records[2].best is hearing.records[2].entries[0]
    assert hearing.records[2].next is hearing.records[2].entries[1]
    assert len(hearing.epochs) >= 5
    assert hearing.decisions == [Decision("metric", "accuracy", "the classes are about even")]
    assert (one.metric, one.metric_why) == ("accuracy", "the classes are about even")
    written = json.loads((tmp_path / "run" / "tournament.json").read_text(encoding="utf-8"))
    assert written["ended"] == hearing.records[-1].ended == OVER


def test_what_is_told_as_ready_is_ready_and_deleted_candidates_are_trained_anew(striped, rows, whole, tmp_path):
    folder, ready = tmp_path / "run", []

    class Using(Hearing):
        def tournament(self, record, folder):
            if record.best is not None and not ready:
                ready.append(open_bundle(folder).digest)
            super().tournament(record, folder)

    with pytest.raises(Interrupted):
        striate.train(striped, output=folder, watcher=Using(at=lambda heard: len(heard.epochs) == 2))
    assert ready
    shutil.rmtree(folder / "candidates")
    hearing = Hearing()
    striate.resume(folder, watcher=hearing)
    assert hearing.notes[0] == (
        f"{folder}/candidates/01-a-first-look has been deleted or changed: a first look is trained anew, to be compared with others"
    )
    assert weights_of(folder) == weights_of(whole.folder)
    one, other = read_tournament(folder), read_tournament(whole.folder)
    assert [(entry.state, entry.correct) for entry in one.entries] == [
        (entry.state, entry.correct) for entry in other.entries
    ]


def test_a_signal_after_the_first_keeps_the_best_so_far_and_a_resume_goes_on(striped, rows, whole, tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(Interrupted) as caught:
        striate.train(striped, output=folder, watcher=Hearing(at=lambda heard: len(heard.epochs) == 2))
    assert caught.value.exit_code == 143 and caught.value.kept == folder
    assert str(caught.value).startswith(f"interrupted; the best so far, a first look, is sealed in {folder}, with ")
    assert str(caught.value).endswith(f"go on by: striate train --resume {folder}")
    record = read_tournament(folder)
    assert record.ended == INTERRUPTED and record.resumable and record.winner == 0
    run = striate.Run(folder)
    assert set(run.metrics) == {"val", "test"} and run.classifier().classes == ("across", "bands")
    assert "<title" in run.report.read_text(encoding="utf-8") and run.to_text()
    assert striate.list_runs(folder).runs[0].state == "unfinished"
    assert striate.list_runs(folder).runs[0].accuracy == run.metrics["test"]["accuracy"]
    resumed = striate.resume(folder)
    assert weights_of(resumed.folder) == weights_of(whole.folder)
    assert read_tournament(folder).ended == OVER


def test_what_a_stopped_candidate_has_learnt_is_sealed_if_it_is_better_and_it_goes_on_exactly(
    striped, rows, whole, tmp_path, monkeypatch
):
    folder = tmp_path / "run"
    monkeypatch.setattr(room, "CHANCE", 1.1)  # six validation pictures prove little
    with pytest.raises(Interrupted) as caught:
        striate.train(striped, output=folder, watcher=Hearing(at=lambda heard: len(heard.epochs) == 4))
    record = read_tournament(folder)
    early = record.entries[1]
    assert (record.winner, record.stopped_early, record.best) == (0, 1, early)
    assert (early.state, early.why) == ("stopped", "stopped early at epoch 4")
    assert f"the best so far, 네 번 (stopped early at epoch 4), is sealed in {folder}" in str(caught.value)
    run = striate.Run(folder)
    assert (
        run.metrics["val"]["accuracy"] == pytest.approx(early.accuracy) and early.accuracy > record.entries[0].accuracy
    )
    assert run.metrics["test"]["count"] == 6 and len(run.history()) == 3 and early.parameters > 250_000
    said = f"what is sealed was stopped early, when 3 of 4 epochs had ended; go on by: striate train --resume {folder}"
    assert said in [finding.text for finding in run.findings]
    resumed = striate.resume(folder)
    assert weights_of(resumed.folder) == weights_of(whole.folder)
    record = read_tournament(folder)
    assert (record.winner, record.stopped_early, record.entries[1].why, record.ended) == (1, None, "", OVER)
    assert not list(folder.rglob("unfinished"))


@pytest.mark.slow
def test_a_signal_before_the_first_is_gone_on_from(striped, rows, whole, tmp_path):
    folder = tmp_path / "run"
    with pytest.raises(Interrupted) as caught:
        striate.train(striped, output=folder, watcher=Hearing(at=lambda heard: len(heard.records) == 2))
    assert caught.value.exit_code == 130 and caught.value.kept is None
    assert str(caught.value) == (
        "interrupted before the first classifier was done, so that none is sealed; what was learnt is kept; "
        f"go on by: striate train --resume {folder}"
    )
    assert striate.list_runs(folder).runs[0].state == "unfinished"
    assert weights_of(striate.resume(folder).folder) == weights_of(whole.folder)


def test_a_tournament_that_has_ended_is_answered_as_it_is(whole):
    hearing = Hearing()
    before = weights_of(whole.folder)
    assert striate.resume(whole.folder, watcher=hearing).metrics == whole.metrics
    assert hearing.notes[0] == f"{whole.folder} has ended already; nothing was left to do"
    assert weights_of(whole.folder) == before and not hearing.records


def test_a_candidate_that_cannot_be_trained_is_passed_over(striped, rows, tmp_path, monkeypatch):
    bad = dataclasses.replace(ROWS[1], settings=("batch_size=16", "optimizer.learning_rate=1e18"))
    monkeypatch.setattr(planning, "ROWS", (ROWS[0], bad))
    run = striate.train(striped, output=tmp_path / "run")
    record = read_tournament(run.folder)
    assert [entry.state for entry in record.entries] == [WON, FAILED]
    assert "loss" in record.entries[1].why and run.metrics["test"]["count"] == 6


@pytest.mark.slow
def test_where_none_can_be_trained_the_last_reason_is_said(striped, rows, tmp_path, monkeypatch):
    bad = [dataclasses.replace(row, settings=("optimizer.learning_rate=1e18",)) for row in ROWS[:2]]
    monkeypatch.setattr(planning, "ROWS", tuple(bad))
    with pytest.raises(TrainingError, match="loss"):
        striate.train(striped, output=tmp_path / "run")
    with pytest.raises(TrainingError, match=r"^no candidate could be trained; of the last it was said: .*loss"):
        striate.resume(tmp_path / "run")


@pytest.mark.slow
def test_a_time_limit_leaves_out_what_does_not_fit_and_says_so(striped, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(room.Tournament, "_seconds_left", property(lambda tournament: 400.0))
    slow = dataclasses.replace(ROWS[1], most_epochs=4)
    monkeypatch.setattr(planning, "ROWS", (ROWS[0], slow))
    monkeypatch.setattr(planning, "OVERHEAD", 1000.0)
    monkeypatch.setattr("striate.runs.beginning.time_to_learn", lambda limit: 1e6)
    run = striate.train(striped, output=tmp_path / "run", time_limit="10m")
    record = read_tournament(run.folder)
    assert [entry.state for entry in record.entries] == [WON, SKIPPED]
    assert "the time limit leaves 6\u202fmin 40\u202fs" in record.entries[1].why and record.ended == TIME_IS_UP


@pytest.mark.parametrize(
    "stop",
    [
        "take_place",
        pytest.param("finish", marks=pytest.mark.slow),
        pytest.param("forget_candidate", marks=pytest.mark.slow),
    ],
)
def test_what_is_killed_between_decision_and_deed_comes_to_the_same(striped, rows, whole, tmp_path, monkeypatch, stop):
    folder, calls = tmp_path / "run", []
    deed = getattr(room, stop)

    def killed(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 2 or stop == "finish":
            raise MemoryError("the process was killed here")
        return deed(*arguments, **options)

    monkeypatch.setattr(room, stop, killed)
    with pytest.raises(MemoryError):
        striate.train(striped, output=folder)
    monkeypatch.setattr(room, stop, deed)
    assert open_bundle(folder).digest
    resumed = striate.resume(folder)
    assert weights_of(resumed.folder) == weights_of(whole.folder)
    assert [entry.state for entry in read_tournament(folder).entries][:2] == [WON, WON]


def test_what_is_asked_for_or_suits_is_what_candidates_are_compared_by(striped, rows):
    for asked, found in (("log_loss", ("log_loss", "asked for")), (None, ("accuracy", "the classes are about even"))):
        prepared = prepare_tournament(
            TrainingRequest(data=striped, metric=asked), watcher=Watcher(), begun=time.monotonic()
        )
        assert (prepared.record.metric, prepared.record.metric_why) == found
        assert prepared.metric == Decision("metric", *found)


def uneven_pictures(folder):
    """Grey noise, of which the rare class is a little brighter: 27 and 9 pictures to learn from, 15 and 5 to validate."""
    generator = np.random.default_rng(0)
    for split, counts in (("train", (27, 9)), ("val", (15, 5))):
        for name, count in zip(("common", "rare"), counts, strict=True):
            (folder / split / name).mkdir(parents=True)
            for place in range(count):
                pixels = generator.integers(0, 200, (28, 28), dtype=np.uint8) + (10 if name == "rare" else 0)
                Image.fromarray(pixels.astype(np.uint8)).save(folder / split / name / f"{place}.png")
    return folder


def test_with_few_validation_pictures_heads_are_compared_by_cross_validation_on_all(tmp_path, monkeypatch):
    linear = dataclasses.replace(
        ROWS[0], name="linear", model="linear", side=None, looks=0, settings=(), balances=("loss",)
    )
    monkeypatch.setattr(planning, "ROWS", (linear,))
    monkeypatch.setattr("striate.runs.beginning.planned_time", lambda situation: 1e6)
    monkeypatch.setattr(room, "WORTH", 0.0)
    compared = []
    monkeypatch.setattr(
        "striate.runs.comparing.choose", lambda *given, **said: compared.append(given) or choose(*given, **said)
    )
    run = striate.train(uneven_pictures(tmp_path / "data"), output=tmp_path / "run")
    plain, weighted = read_tournament(run.folder).entries
    assert (plain.pictures, weighted.pictures) == (
        20,
        20,
    )  # what is told of each is of the validation pictures, as ever
    assert weighted.comparison.verdict.endswith(", cross-validated on 56 pictures")
    ((candidate, incumbent, labels),) = compared
    assert np.bincount(labels).tolist() == [42, 14]
    assert candidate.probabilities.shape == incumbent.probabilities.shape == (56, 2)
    right = (incumbent.probabilities.argmax(axis=1) == labels).mean()
    assert right < 0.95  # what it was fitted to, a head on 784 pixels knows by heart
    assert run.metrics["val"]["count"] == 20


def test_where_classes_are_uneven_each_counts_the_same_and_candidates_make_up_for_it(tmp_path):
    data = uneven_pictures(tmp_path / "data")

    def tried(**asked):
        request = TrainingRequest(data=data, **asked)
        prepared = prepare_tournament(request, watcher=Watcher(), begun=time.monotonic())
        requests = [
            request_for(entry.candidate, prepared.record.asked, prepared.dataset, precision="fp32", time_limit=None)
            for entry in prepared.record.entries
        ]
        return prepared.record.metric, {(request.model, request.balance) for request in requests}

    metric, ways = tried()
    assert metric == "balanced_accuracy"
    assert {("lenet5", None), ("lenet5", "loss"), ("lenet5", "sampler"), ("linear", "none"), ("linear", "loss")} <= ways
    metric, ways = tried(metric="accuracy")
    assert metric == "accuracy" and {balance for _, balance in ways} == {None}
    _, ways = tried(balance="sampler")  # what is asked for holds for all
    assert {balance for _, balance in ways} == {"sampler"}


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"model": "lenet5"}, "--model"),
        ({"epochs": 1, "settings": ("balance='loss'",)}, "--epochs and --set"),
        ({"transfer": "head", "weights": "imagenet"}, "--transfer"),
        ({"quick": True}, "--quick"),
    ],
)
def test_a_metric_is_refused_where_nothing_is_compared(named, said):
    with pytest.raises(UsageError) as caught:
        striate.train("nothing", metric="f1_macro", **named)
    assert str(caught.value) == (
        f"--metric f1_macro says what several classifiers are compared by, and {said} has one alone trained; "
        f"leave out --metric, or {said}"
    )


def test_without_mistakes_the_log_loss_can_still_get_better(tournament_story, tmp_path):
    entry = dataclasses.replace(tournament_story[2].entries[0], correct=206)
    record = dataclasses.replace(tournament_story[2], entries=(entry, *tournament_story[2].entries[1:]))
    dataset, why = SimpleNamespace(task=SingleLabel()), []
    for metric in ("balanced_accuracy", "log_loss"):
        record = dataclasses.replace(record, metric=metric)
        going = room.Tournament(tmp_path, record, dataset, watcher=Watcher(), signals=None, begun=0.0)
        why.append(going._why_not(1))
    assert why == ["the best so far has every one of 206 pictures right", ""]


def test_quick_is_the_first_alone(striped, rows, tmp_path):
    hearing = Hearing()
    run = striate.train(striped, output=tmp_path / "run", quick=True, watcher=hearing)
    assert len([note for note in hearing.notes if note.startswith("no split was given")]) == 1
    assert read_tournament(run.folder) is None
    assert len(run.history()) == 1 and run.metrics["test"]["count"] == 6


@pytest.mark.parametrize(
    "exact",
    [
        {"model": "lenet5"},
        {"epochs": 1},
        {"settings": ["schedule.epochs=1"]},
        {"batch_size": 16},
        {"init": "he_normal"},
    ],
)
def test_who_says_how_gets_that_and_no_tournament(striped, rows, tmp_path, exact):
    assert is_exact(TrainingRequest(data=striped, **exact))
    for holds_for_all in ({"size": 32}, {"augment": "none"}, {"balance": "loss"}, {"weights": "imagenet"}, {"seed": 3}):
        assert not is_exact(TrainingRequest(data=striped, **holds_for_all))
    assert not is_exact(TrainingRequest(data=striped, weights="imagenet", transfer="auto"))
    assert is_exact(TrainingRequest(data=striped, weights="imagenet", transfer="head"))


@pytest.mark.slow
def test_what_is_said_of_the_pictures_holds_for_every_candidate(striped, rows, tmp_path):
    run = striate.train(striped, output=tmp_path / "run", size=40, augment="none", seed=5)
    record = read_tournament(run.folder)
    assert {entry.input_size for entry in record.entries if entry.accuracy is not None} == {40}
    for entry in record.entries[:2]:
        recipe = tomllib.loads((run.folder / entry.folder / "recipe.toml").read_text(encoding="utf-8"))
        assert recipe["seed"] == 5 and not recipe["augmentation"]
