"""Training as its users see it: from a folder to a run, and back after anything that can go wrong."""

import dataclasses
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import striate
from striate.deciding.training_request import TrainingRequest
from striate.errors import DataError, Interrupted, StriateError, TrainingError, UsageError, WeightsError

QUICK = {"model": "resnet20", "epochs": 2, "settings": ["batch_size=16"]}


class Recorder(striate.Watcher):
    def __init__(self):
        self.notes, self.decisions, self.epochs, self.steps, self.tasks = [], {}, [], [], set()

    def note(self, text):
        self.notes.append(text)

    def decision(self, decision):
        self.decisions[decision.what] = (decision.value, decision.why)

    def epoch(self, result):
        self.epochs.append(result)

    def step(self, report):
        self.steps.append(report)

    def task(self, name, done, total):
        self.tasks.add(name)


def weights_of(folder):
    return load_file(folder / "bundle" / "model.safetensors")


def test_all_that_can_be_said_of_a_run_arrives_in_the_request(monkeypatch):
    names = {field.name for field in dataclasses.fields(TrainingRequest)} - {"data"}
    said = {name: f"error=0.{place:02}" for place, name in enumerate(sorted(names), 1)}
    monkeypatch.setattr("striate.api.train._train", lambda request, output, **how: request)
    request = striate.train("digits", **said)
    assert dataclasses.asdict(request) == said | {"data": "digits"}


def test_a_run_holds_all_that_it_should(finished_run, striped):
    folder = finished_run.folder
    assert sorted(path.name for path in folder.iterdir()) == [
        "bundle",
        "checkpoints",
        "findings.json",
        "metrics.jsonl",
        "recipe.toml",
        "report.html",
        "split.csv",
    ]
    assert set(finished_run.metrics) == {"val", "test"}
    assert [row["epoch"] for row in finished_run.history()] == [1, 2, 3]
    contract = finished_run.contract
    assert contract.data["training_pictures"] == 48
    assert contract.precisions["fp32"].agreement == 1.0
    assert contract.precisions["fp32"].pictures == 6
    assert len(contract.metrics["test"]["fingerprint"]) == 64
    assert repr(finished_run) == f"<Run {folder}>"
    page = finished_run.report.read_text()
    assert "resnet20" in page and f"striate predict {folder}" in page
    assert "The 16 filters of conv1, 3 x 3 weights each, in colour" in page
    assert "What is sought is bands, the second of two classes of one size; " in page and "chosen on val</th>" in page
    recipe = page[page.index('<section id="recipe">') : page.index("</section>", page.index('<section id="recipe">'))]
    assert "<details>" in recipe and "batch_size = 16" in recipe and "decisions" not in recipe


def test_what_ships_is_the_average_of_the_last_epoch(finished_run):
    from striate.training import checkpoints

    last = load_file(checkpoints(finished_run.folder / "checkpoints")[-1])
    for name, tensor in weights_of(finished_run.folder).items():
        assert torch.equal(tensor, last[f"average.{name}"]), name


def test_the_same_command_gives_the_same_bytes(finished_run, finished_options, striped, tmp_path):
    striate.train(striped, **finished_options, output=tmp_path / "run")
    for name in ("bundle/model.safetensors", "bundle/seen.bin", "split.csv"):
        assert (tmp_path / "run" / name).read_bytes() == (finished_run.folder / name).read_bytes(), name


@pytest.mark.slow
def test_another_seed_gives_another_run(finished_run, striped, tmp_path):
    striate.train(striped, **QUICK, seed=1, output=tmp_path / "run")
    assert (tmp_path / "run" / "split.csv").read_text() != (finished_run.folder / "split.csv").read_text()


def test_decisions_are_said_and_written_down(striped, tmp_path):
    recorder = Recorder()
    striate.train(striped, epochs=1, output=tmp_path / "run", watcher=recorder)
    assert recorder.decisions["model"] == (
        "resnet9_x0_25",
        "pictures of about 46 pixels, 48 to learn from: a narrow residual network learns most of few",
    )
    assert recorder.decisions["normalisation"][1] == "measured on the training pictures"
    assert {"model", "recipe", "epochs", "batch size", "augmentation", "input size", "precision"} <= set(
        recorder.decisions
    )
    text = (tmp_path / "run" / "recipe.toml").read_text()
    for value, why in recorder.decisions.values():
        assert json.dumps(value) in text and why in text
    assert len(recorder.epochs) == 1 and recorder.steps and "sealing" in recorder.tasks


@pytest.mark.parametrize(
    "name",
    [
        "lenet5",
        pytest.param("lenet5_dense", marks=pytest.mark.slow),
        "resnet20",
        pytest.param("mobilenet_v2", marks=pytest.mark.slow),
        pytest.param("googlenet", marks=pytest.mark.slow),  # enlarges pictures as small as these
    ],
)
@pytest.mark.parametrize("grey", [pytest.param(False, marks=pytest.mark.slow), True])
def test_every_network_trains_on_tiny_pictures(name, grey, tmp_path):
    from PIL import Image

    generator = np.random.default_rng(0)
    for place, label in enumerate(("a", "b")):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(5):
            pixels = generator.integers(0, 100, (8, 8) if grey else (8, 8, 3)) + 150 * place
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "data" / label / f"{number}.png")
    run = striate.train(tmp_path / "data", model=name, epochs=1, output=tmp_path / "run")
    assert run.contract.architecture.in_channels == (1 if grey else 3)
    assert run.classifier().predict(tmp_path / "data" / "a" / "0.png").shape == (1,)


@pytest.mark.slow
def test_a_thousand_classes(tmp_path):
    from PIL import Image

    for label in range(1000):
        (tmp_path / "data" / f"{label:04}").mkdir(parents=True)
        for number in range(2):
            pixels = np.full((8, 8, 3), label % 256, np.uint8)
            pixels[0, 0] = (number, label // 256, 7)
            Image.fromarray(pixels).save(tmp_path / "data" / f"{label:04}" / f"{number}.png")
    run = striate.train(tmp_path / "data", model="lenet5_dense", epochs=1, output=tmp_path / "run")
    assert len(run.classifier().classes) == 1000
    assert run.metrics["test"]["top_k"] == 5


def test_a_given_split_is_kept_and_val_stands_for_both(drawn, tmp_path):
    drawn(tmp_path / "data" / "train", ("a", "b"), 8)
    drawn(tmp_path / "data" / "val", ("a", "b"), 4, seed=1)
    run = striate.train(tmp_path / "data", **QUICK, output=tmp_path / "run")
    assert set(run.metrics) == {"val"}
    assert run.metrics["val"]["count"] == 8
    assert (tmp_path / "run" / "split.csv").read_text().count(",val,") == 8


def test_broken_pictures_are_set_aside(drawn, tmp_path):
    drawn(tmp_path / "data", ("a", "b"), 10)
    (tmp_path / "data" / "a" / "bad.jpg").write_text("no picture")
    whole = next((tmp_path / "data" / "b").glob("*.png")).read_bytes()
    (tmp_path / "data" / "b" / "cut.png").write_bytes(whole[: len(whole) // 2])
    recorder = Recorder()
    run = striate.train(tmp_path / "data", **QUICK, output=tmp_path / "run", watcher=recorder)
    assert recorder.notes[0].startswith("2 pictures are set aside because they cannot be used, such as a/bad.jpg: ")
    assert len((tmp_path / "run" / "split.csv").read_text().splitlines()) == 1 + 20
    assert "a/bad.jpg" in run.report.read_text()


def test_a_first_layer_is_made_from_pictures_before_the_first_step(striped, tmp_path):
    options = {"model": "airbench94", "epochs": 1, "settings": ["batch_size=16"], "precision": "fp32", "size": 32}
    run = striate.train(striped, **options, output=tmp_path / "run")
    weight = run.classifier().network().whitening.weight
    assert torch.equal(weight[:12], -weight[12:])  # both ways along each eigenvector, and nothing learnt since
    assert "first layer" in (tmp_path / "run" / "recipe.toml").read_text()


@pytest.mark.slow
def test_few_photographs_from_scratch_get_a_word_of_advice(drawn, tmp_path):
    drawn(tmp_path / "data", ("a", "b"), 6, side=100)
    recorder = Recorder()
    striate.train(tmp_path / "data", epochs=1, size=32, output=tmp_path / "run", watcher=recorder)
    assert recorder.decisions["model"][0] == "resnet9_x0_25"
    assert any("trained weights (--weights imagenet) bring a much better result" in note for note in recorder.notes)


@pytest.mark.slow
def test_weights_of_a_bundle_start_another_run(finished_run, striped, tmp_path):
    recorder = Recorder()
    weights = finished_run.folder / "bundle" / "model.safetensors"
    striate.train(striped, **QUICK, weights=weights, mean=[0.5], std=[0.25], output=tmp_path / "run", watcher=recorder)
    assert recorder.decisions["weights"][0] == "model.safetensors"
    assert recorder.decisions["normalisation"] == ("mean 0.5, deviation 0.25", "asked for")
    with pytest.raises(WeightsError):
        striate.train(striped, model="mobilenet_v2", weights=weights, output=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def sentence(call, *arguments, **options):
    with pytest.raises(StriateError) as caught:
        call(*arguments, **options)
    text = str(caught.value)
    assert "\n" not in text
    return type(caught.value), text


def test_wrong_usage_is_one_clear_sentence_and_leaves_no_folder(striped, tmp_path):
    (tmp_path / "empty").mkdir()
    cases = [
        ({"data": tmp_path / "nothing"}, UsageError, "nothing"),
        ({"data": tmp_path / "empty"}, DataError, "empty"),
        ({"model": "resnet21"}, UsageError, "unknown model 'resnet21'; did you mean 'resnet20'"),
        ({"epochs": 0}, UsageError, "schedule.epochs must be 1 or more, got 0"),
        ({"mean": [0.5]}, UsageError, "--mean and --std belong together; give both or neither"),
        ({"mean": [0.5, 0.5], "std": [1.0]}, UsageError, "--mean needs 1 or 3 numbers, got 2"),
        ({"settings": ["optimizer.lr=1"]}, UsageError, "unknown recipe key 'optimizer.lr'"),
        ({"device": "cuda:9"}, UsageError, "there is no device 'cuda:9' here"),
        ({"device": "tpu"}, UsageError, "device"),
        ({"time_limit": "soon"}, UsageError, "a duration is written like 90s, 10m or 1h30m, got 'soon'"),
        ({"time_limit": "1s"}, UsageError, "the time limit leaves no time to train after"),
        ({"weights": tmp_path / "no.pth"}, WeightsError, "no.pth"),
        ({"recipe": tmp_path / "no.toml"}, UsageError, "cannot read the recipe"),
    ]
    for changes, kind, text in cases:
        options = {"data": striped, "output": tmp_path / "run"} | QUICK | changes
        found, message = sentence(striate.train, options.pop("data"), **options)
        assert issubclass(found, kind) and text in message, message
        assert not (tmp_path / "run").exists()


def test_a_run_that_exists_is_not_touched(finished_run, striped):
    before = {path: path.stat().st_mtime_ns for path in finished_run.folder.rglob("*")}
    found, message = sentence(striate.train, striped, output=finished_run.folder)
    assert found is UsageError and "exists already; nothing was changed" in message
    assert {path: path.stat().st_mtime_ns for path in finished_run.folder.rglob("*")} == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_run_that_another_process_trains_is_left_alone(finished_options, striped, tmp_path):
    said = []

    class Second(striate.Watcher):
        def epoch(self, result):
            said.append(sentence(striate.resume, tmp_path / "run"))

    run = striate.train(striped, **finished_options | {"epochs": 1}, output=tmp_path / "run", watcher=Second())
    (found, message), *_ = said
    assert found is UsageError and message.startswith(f"{run.folder} is being trained by another process; wait")
    found, message = sentence(striate.resume, tmp_path / "none")
    assert (
        found is UsageError
        and message == f"there is no run {tmp_path / 'none'}; `striate runs` lists the runs in a folder"
    )


def test_resuming_a_finished_run_says_so(finished_run):
    recorder = Recorder()
    assert striate.resume(finished_run.folder, watcher=recorder).folder == finished_run.folder
    doubts = [finding.text for finding in finished_run.findings if finding.severity == "warning"]
    assert recorder.notes == [f"{finished_run.folder} has ended already; nothing was left to do", *doubts]
    found, message = sentence(striate.resume, finished_run.folder / "bundle")
    assert found is UsageError and message.endswith("bundle is not a run: it has no recipe.toml")


def test_a_signal_saves_in_mid_epoch_and_a_resume_gives_the_same_bytes(
    finished_run, finished_options, striped, tmp_path
):
    class Interrupting(striate.Watcher):
        def step(self, report):
            if report.step == 5:
                signal.raise_signal(signal.SIGTERM)

    folder = tmp_path / "run"
    handler = signal.getsignal(signal.SIGINT)  # a shell's background job is started with it ignored
    with pytest.raises(Interrupted) as caught:
        striate.train(striped, **finished_options, output=folder, watcher=Interrupting())
    assert caught.value.exit_code == 143
    assert str(caught.value) == (
        f"interrupted in epoch 2, batch 2; all is saved: go on by: striate train --resume {folder}"
    )
    assert signal.getsignal(signal.SIGINT) is handler
    assert not (folder / "bundle").exists()
    striate.resume(folder)
    for name, tensor in weights_of(folder).items():
        assert torch.equal(tensor, weights_of(finished_run.folder)[name]), name
    assert [row["train_loss"] for row in striate.Run(folder).history()] == [
        row["train_loss"] for row in finished_run.history()
    ]


@pytest.mark.slow
def test_a_resume_wants_the_same_pictures(drawn, tmp_path):
    class Interrupting(striate.Watcher):
        def epoch(self, result):
            signal.raise_signal(signal.SIGINT)

    data = drawn(tmp_path / "data", ("a", "b"), 10)
    with pytest.raises(Interrupted):
        striate.train(data, **QUICK, output=tmp_path / "run", watcher=Interrupting())
    picture = data / "a" / "000.png"
    content = picture.read_bytes()
    picture.unlink()
    found, message = sentence(striate.resume, tmp_path / "run")
    assert found is DataError
    assert message == f"1 pictures of the run are no longer in {data}, such as a/000.png; put them back to go on"
    picture.write_bytes((data / "a" / "001.png").read_bytes() + b" ")
    found, message = sentence(striate.resume, tmp_path / "run")
    assert message.startswith(f"1 pictures in {data} were changed since the run began, such as a/000.png")
    picture.write_bytes(content)
    (data / "a" / "new.png").write_bytes(content + b"  ")  # a new picture is left out
    striate.resume(tmp_path / "run")
    assert len(striate.Run(tmp_path / "run").history()) == 2


@pytest.mark.parametrize("threads", [3, 0])
def test_a_resume_takes_up_the_number_of_threads(finished_run, tmp_path, monkeypatch, threads):
    import striate.api.train as room

    written = tomllib.loads((finished_run.folder / "recipe.toml").read_text())["run"]["threads"]
    assert written == torch.get_num_threads()
    shutil.copytree(finished_run.folder, tmp_path / "run", ignore=shutil.ignore_patterns("bundle"))
    recipe = tmp_path / "run" / "recipe.toml"
    recipe.write_text(
        recipe.read_text().replace(f"\nthreads = {written}\n", f"\nthreads = {threads}\n" if threads else "\n")
    )
    monkeypatch.setattr(room, "carry_out", lambda *arguments, **options: torch.get_num_threads())
    recorder = Recorder()
    assert striate.resume(tmp_path / "run", watcher=recorder) == (threads or written)
    assert torch.get_num_threads() == written
    said = "the run does not say with how many threads it was begun: with another number, its last bits differ"
    assert recorder.notes == ([] if threads else [said])


def test_a_full_disk_keeps_the_last_checkpoint(striped, tmp_path, monkeypatch):
    import striate.runs.learning as room

    honest = room.save_checkpoint

    def fail(state, folder):
        if state.epoch == 2:
            raise OSError(errno.ENOSPC, "No space left on device", str(folder / "x"))
        return honest(state, folder)

    monkeypatch.setattr(room, "save_checkpoint", fail)
    found, message = sentence(striate.train, striped, **QUICK, output=tmp_path / "run")
    assert found is TrainingError
    assert message == (
        f"No space left on device: {tmp_path / 'run/checkpoints/x'}; the last checkpoint, step-00000003.safetensors, is kept; "
        f"once that is mended, go on by: striate train --resume {tmp_path / 'run'}"
    )
    monkeypatch.setattr(room, "save_checkpoint", honest)
    assert striate.resume(tmp_path / "run").metrics["test"]["count"] == 6


def test_a_full_disk_at_the_end_of_the_first_epoch_says_what_is_lost(striped, tmp_path, monkeypatch):
    import striate.runs.learning as room

    def fail(state, folder):
        raise OSError(errno.ENOSPC, "No space left on device", str(folder / "x"))

    with monkeypatch.context() as patch:
        patch.setattr(room, "save_checkpoint", fail)
        _, message = sentence(striate.train, striped, **QUICK, output=tmp_path / "run")
    assert message == (
        f"No space left on device: {tmp_path / 'run/checkpoints/x'}; no checkpoint could be kept, so that what was learnt in "
        f"1 epoch is lost; once that is mended, go on by: striate train --resume {tmp_path / 'run'}"
    )
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=1_000_000))
    _, message = sentence(striate.resume, tmp_path / "run")
    assert message == (
        f"the disk of {tmp_path / 'run'} has 1.0 MB free, and a checkpoint takes up to 3.2 MB; make room, "
        f"then go on by: striate train --resume {tmp_path / 'run'}"
    )


KILLED_BEFORE_THE_RECIPE = """
import os, signal, sys, striate, striate.api.train as room
room.write_durably = lambda *arguments: os.kill(os.getpid(), signal.SIGKILL)
striate.train(sys.argv[1], model="resnet20", epochs=1, output=sys.argv[2], settings=["batch_size=16"])
"""


def test_killed_before_the_recipe_a_new_run_takes_the_folder(striped, tmp_path):
    folder = tmp_path / "run"
    arguments = [sys.executable, "-c", KILLED_BEFORE_THE_RECIPE, str(striped), str(folder)]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
    assert [path.name for path in folder.iterdir()] == ["split.csv"]
    found, message = sentence(striate.resume, folder)
    assert found is UsageError
    assert message == (
        f"the run {folder} was stopped before it began, and nothing of it is kept; start it anew by: "
        f"striate train DATA --output {folder}"
    )
    (folder / "split.csv").rename(folder / "mine.csv")  # anything else is somebody's
    with pytest.raises(UsageError, match="exists already; nothing was changed; name another one"):
        striate.train(striped, **QUICK, output=folder)
    (folder / "mine.csv").rename(folder / "split.csv")
    left = folder / ".recipe.toml.999999999.0123456789abcdef.partial"
    left.write_text("half")
    assert striate.train(striped, **QUICK, output=folder).metrics["test"]["count"] == 6
    assert not left.exists()
    left.write_text("half")
    striate.resume(folder)
    assert not left.exists()


def test_a_loss_that_is_not_finite_names_the_checkpoint(striped, tmp_path):
    settings = [*QUICK["settings"], "optimizer.learning_rate=1e30", "optimizer.gradient_clip=0"]
    found, message = sentence(striate.train, striped, **(QUICK | {"settings": settings}), output=tmp_path / "run")
    assert found is TrainingError
    assert message.startswith("the loss is not finite at epoch 1, batch ")
    assert message.endswith("there is no checkpoint yet; try a lower --set optimizer.learning_rate")


@pytest.mark.slow
def test_tensorboard(striped, tmp_path):
    striate.train(striped, **QUICK, output=tmp_path / "run", tensorboard=True)
    assert list((tmp_path / "run" / "tensorboard").glob("events.*"))


@pytest.mark.slow
def test_a_time_limit_is_kept(striped, tmp_path):
    begun = time.monotonic()
    recorder = Recorder()
    run = striate.train(
        striped,
        model="resnet20",
        epochs=100_000,
        settings=["batch_size=16"],
        time_limit="16s",
        output=tmp_path / "run",
        watcher=recorder,
    )
    assert time.monotonic() - begun < 16
    assert recorder.steps[-1].step >= 3
    assert (run.folder / "bundle").exists()
    # The learning rate went down to its end, although the run was cut short.
    assert run.history()[-1]["learning_rate"] < 0.05 * max(row["learning_rate"] for row in run.history())


KILLED = """
import json, os, signal, sys, striate
class Killer(striate.Watcher):
    def step(self, report):
        if report.epoch == 3 and report.batch == 2:
            os.kill(os.getpid(), signal.SIGKILL)
striate.train(sys.argv[1], output=sys.argv[2], watcher=Killer(), **json.loads(sys.argv[3]))
"""


@pytest.mark.slow
def test_killed_in_epoch_three_a_resume_gives_the_same_bytes(finished_run, finished_options, striped, tmp_path):
    folder = tmp_path / "run"
    arguments = [sys.executable, "-c", KILLED, str(striped), str(folder), json.dumps(finished_options)]
    killed = subprocess.run(arguments, env=dict(os.environ), check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [row["epoch"] for row in striate.Run(folder).history()] == [1, 2]
    striate.resume(folder)
    one, other = (path / "bundle" / "model.safetensors" for path in (folder, finished_run.folder))
    assert one.read_bytes() == other.read_bytes()
