"""A toy experiment from its file to its verdict, and what is kept of it."""

import json
import signal

import numpy as np
import pytest

import striate
from striate.errors import DataError, Interrupted, UsageError
from striate.reproductions.work import Session
from striate.watching import Watcher

TOY = """
claim = "A network that learns errs less than one that does not."
claims = [22]
source = "lesson 0"
method = "learn"
data = "digits"
shown = ["error", "noisy.error", "parameters"]
[arms.learns]
layers = ["conv 8 3", "relu", "max 2", "flatten"]
[arms.hardly]
layers = ["flatten"]
recipe = { optimizer = { learning_rate = 1e-9 } }
[tests.noisy]
noise = { deviation = 1.0 }
[recipe]
batch_size = 20
[quick]
seeds = 3
epochs = 6
pictures = 200
minutes = 0.1
[whole]
seeds = 3
epochs = 3
minutes = 0.1
[[rules]]
says = "what learns errs at least 30 points less"
measure = "error"
of = "learns"
to = "hardly"
below = -0.3
[[published]]
arm = "learns"
measure = "error"
value = 0.05
where = "nowhere"
"""


class Counting(Watcher):
    """Counts the cells that are measured."""

    def __init__(self):
        self.cells, self.notes, self.warnings = [], [], []

    def finding(self, what, value, aside):
        self.cells.append(what)

    def note(self, text):
        self.notes.append(text)

    def warning(self, text):
        self.warnings.append(text)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """The experiment's file, its first result, and who watched."""
    folder = tmp_path_factory.mktemp("toy")
    file = folder / "toy.toml"
    file.write_text(TOY)
    watcher = Counting()
    return file, striate.reproduce(str(file), quick=True, output=folder / "result", watcher=watcher), watcher


def test_the_verdict_follows_from_what_was_learnt(toy):
    _, found, watcher = toy
    assert found.verdict == "holds"
    errors = {arm: found.answers(arm, "error").values for arm in ("learns", "hardly")}
    assert max(errors["learns"]) < 0.3 < 0.7 < min(errors["hardly"])
    assert watcher.cells == [f"{arm}, seed {seed}" for seed in range(3) for arm in ("learns", "hardly")]
    assert "2 arms with 3 seeds, about 6.0\u202fs of processor time" in watcher.notes[0]
    assert min(found.answers("learns", "noisy.error").values) > max(errors["learns"])
    assert found.answers("hardly", "parameters").values == (650.0, 650.0, 650.0)  # (64 + 1) * 10


def test_what_is_written_tells_all(toy):
    _, found, _ = toy
    kept = json.loads((found.folder / "result.json").read_text())
    assert kept == json.loads(json.dumps(found.to_dict()))
    assert kept["seeds"] == [0, 1, 2]
    assert kept["arms"]["hardly"]["parameters"] == {"mean": 650.0, "std": 0.0, "values": [650.0] * 3}
    assert kept["published"] == [{"arm": "learns", "measure": "error", "value": 0.05, "where": "nowhere"}]
    assert {"device", "processor", "torch", "striate", "threads"} <= kept["cells"][0]["made_on"].keys()
    assert found.picture.read_bytes().startswith(b"\x89PNG")
    text = found.to_text()
    assert "claim    A network that learns errs less than one that does not." in text
    assert "published: learns, test error 5.0\u202f%: nowhere" in text
    assert "verdict  holds (quick, 3 seeds" in text
    assert "<td" in found._repr_html_()


def test_what_is_kept_is_not_measured_again(toy):
    file, found, _ = toy
    before = (found.folder / "result.json").read_bytes()
    (found.folder / "cells/hardly-1.json").write_text("{")  # a damaged one counts for nothing
    watcher = Counting()
    again = striate.reproduce(str(file), quick=True, output=found.folder, watcher=watcher)
    assert watcher.cells == ["hardly, seed 1"]
    assert again.to_dict()["rules"] == found.to_dict()["rules"]
    fewer = striate.reproduce(str(file), quick=True, seeds=1, output=found.folder, watcher=watcher)
    assert watcher.cells == ["hardly, seed 1"]
    assert fewer.rulings[0].estimate.over == "pictures"
    assert fewer.verdict == "holds"
    assert before  # the result of three seeds was there


def test_one_seed_is_the_same_whatever_comes_with_it(toy, tmp_path):
    file, found, _ = toy
    alone = striate.reproduce(str(file), quick=True, seeds=1, output=tmp_path / "alone")
    assert alone.answers("learns", "error").values[0] == found.answers("learns", "error").values[0]
    assert np.array_equal(alone.answers("learns", "error").wrong, found.answers("learns", "error").wrong)


def test_a_signal_ends_it_and_the_same_call_goes_on(toy, tmp_path, monkeypatch):
    file, _, _ = toy

    class Ending(Counting):
        def finding(self, what, value, aside):
            super().finding(what, value, aside)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(
        Interrupted, match=r"interrupted; 1 of 6 results are kept in .*: the same command goes on with the others"
    ):
        striate.reproduce(str(file), quick=True, output=tmp_path / "ended", watcher=Ending())
    assert not (tmp_path / "ended/result.json").exists()
    watcher = Counting()
    assert striate.reproduce(str(file), quick=True, output=tmp_path / "ended", watcher=watcher).verdict == "holds"
    assert watcher.cells == [f"{arm}, seed {seed}" for seed in range(3) for arm in ("learns", "hardly")][1:]


def test_a_loss_that_is_not_finite_is_told_and_counts_as_it_is(tmp_path):
    file = tmp_path / "wild.toml"
    file.write_text(TOY.replace("learning_rate = 1e-9", "learning_rate = 1e30"))
    watcher = Counting()
    found = striate.reproduce(str(file), quick=True, seeds=1, output=tmp_path / "wild", watcher=watcher)
    assert any("hardly, seed 0: the loss is not finite" in note for note in watcher.notes)
    assert found.answers("hardly", "error").values[0] > 0.7


def test_counted_claims_of_two_networks(tmp_path):
    """Weights 8.7 times fewer, multiply-adds 2.2 times more: which reading of "twelve times" holds is said."""
    found = striate.reproduce("googlenet-against-alexnet", quick=True, output=tmp_path / "counted")
    assert found.verdict == "does not hold"
    assert [ruling.verdict for ruling in found.rulings] == ["does not hold", "does not hold", "holds", "holds"]
    assert found.rulings[0].estimate.value == pytest.approx(1_582_671_872 / 724_406_816)
    assert found.rulings[1].estimate.value == pytest.approx(60_965_224 / 6_998_552)


def test_missing_data_and_wrong_places_are_said(tmp_path):
    file = tmp_path / "photos.toml"
    file.write_text(TOY.replace('data = "digits"', 'data = "imagenette"'))
    with pytest.raises(
        DataError,
        match=r"no local copy of 'imagenette': expected FOLDER/imagenette/train/CLASS .* name the FOLDER with --data",
    ):
        striate.reproduce(str(file), output=tmp_path / "out", data=tmp_path)
    with pytest.raises(UsageError, match="--data needs the folder that holds local copies"):
        striate.reproduce(str(file), data=tmp_path / "none")
    with pytest.raises(UsageError, match=r"--seeds must be in 1\.\.1000, got 0"):
        striate.reproduce(str(file), seeds=0)
    with pytest.raises(UsageError, match=r"--output needs a folder, and .* is a file"):
        striate.reproduce(str(file), output=file)


def test_a_session_reads_data_once():
    import torch

    session = Session(None, torch.device("cpu"), Watcher(), lambda: False)
    assert session.dataset("digits") is session.dataset("digits")
