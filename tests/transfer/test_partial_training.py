"""Training from trained weights as its users see it: what learns, what stays, and going on after a stop."""

import signal
import tomllib

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import striate
import striate.transfer.frozen_outputs as frozen_outputs
import striate.transfer.partial_training as room
from striate.data.preparation import reload_data
from striate.deciding.run_plan import RunPlan
from striate.errors import Interrupted, TrainingError, UsageError
from striate.models import CutNetwork, create_model
from striate.runs.carrying_out import open_examples
from striate.runs.restoring import restore_network
from striate.training import Recipe, checkpoints

OPTIONS = {"model": "resnet20", "mean": [0.5], "std": [0.25], "settings": ["batch_size=16"], "precision": "fp32"}
STAGES = OPTIONS | {"transfer": "stages:1", "epochs": 2, "augment": "standard"}


class Recorder(striate.Watcher):
    def __init__(self):
        self.notes, self.decisions, self.steps, self.tables = [], {}, [], []

    def note(self, text):
        self.notes.append(text)

    def decision(self, decision):
        self.decisions[decision.what] = (decision.value, decision.why)

    def step(self, report):
        self.steps.append(report.step)

    def plan(self, text):
        self.tables.append(text)


def recipe_of(folder):
    return tomllib.loads((folder / "recipe.toml").read_text())


def sealed(folder):
    return load_file(folder / "bundle" / "model.safetensors")


def same_bytes(one, other):
    return one.numpy().tobytes() == other.numpy().tobytes() and one.dtype == other.dtype


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Of resnet20 for seven other classes; its batch norms have seen pictures."""
    network = create_model("resnet20", num_classes=7, seed=1)
    with torch.no_grad():
        network(torch.randn(16, 3, 32, 32, generator=torch.Generator().manual_seed(0)))
        network.layer1[0].bn1.bias[:4] = -0.0
    path = tmp_path_factory.mktemp("weights") / "resnet20.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def tensors(weights):
    return torch.load(weights, weights_only=True)


@pytest.fixture(scope="module")
def head_run(striped, weights, tmp_path_factory):
    """A run whose head alone learnt."""
    recorder = Recorder()
    folder = tmp_path_factory.mktemp("runs") / "head"
    return striate.train(
        striped, **OPTIONS, weights=weights, transfer="head", output=folder, watcher=recorder
    ), recorder


@pytest.fixture(scope="module")
def stages_run(striped, weights, tmp_path_factory):
    """A run whose last stage learnt from kept maps, with draws of the augmentation."""
    recorder = Recorder()
    folder = tmp_path_factory.mktemp("runs") / "stages"
    return striate.train(striped, **STAGES, weights=weights, output=folder, watcher=recorder), recorder


def test_a_head_is_fitted_without_a_step(head_run, tensors):
    run, recorder = head_run
    assert recorder.steps == [] and run.history() == []
    recipe = recipe_of(run.folder)
    assert recipe["transfer"] | {"stage_rate": 0} == {
        "kind": "head",
        "trainable_stages": 0,
        "head_stages": [],
        "draws": 1,
        "stage_rate": 0,
    }
    assert (recipe["fit_head_first"], recipe["run"]["total_steps"]) == (True, 0)
    assert recorder.tables[0].endswith("130 of 269,202 parameters learn, 269,072 are frozen")
    found = sealed(run.folder)
    assert {name for name, tensor in found.items() if not same_bytes(tensor, tensors[name])} == {"fc.weight", "fc.bias"}
    assert found.keys() == tensors.keys()


def test_what_comes_from_a_warm_cache_is_sealed_to_the_same_bytes(head_run, striped, weights, tmp_path):
    again = striate.train(striped, **OPTIONS, weights=weights, transfer="head", output=tmp_path / "run")
    for name in ("engine.xml", "engine.bin", "model.safetensors", "seen.bin"):
        one, other = (run.folder / "bundle" / name for run in (head_run[0], again))
        assert one.read_bytes() == other.read_bytes(), name


def test_what_a_head_alone_learnt_ships_like_any_other(head_run, striped):
    run, _ = head_run
    assert (
        run.metrics["test"]["accuracy"] == run.metrics["val"]["accuracy"] == 1.0
    )  # hues, which any features tell apart
    page = run.report.read_text()
    assert "resnet20" in page and "nan" not in page.lower().split()
    prediction = run.classifier().predict([striped / "across" / "000.png", striped / "bands" / "000.png"])
    assert list(prediction) == ["across", "bands"]
    assert striate.evaluate(run.folder, striped).scores.accuracy == 1.0
    recorder = Recorder()
    striate.resume(run.folder, watcher=recorder)
    assert recorder.notes == [f"{run.folder} has ended already; nothing was left to do"]


def test_stages_learn_and_the_rest_keeps_its_bytes(stages_run, tensors):
    run, recorder = stages_run
    recipe = recipe_of(run.folder)
    assert recipe["transfer"] == {
        "kind": "stages",
        "trainable_stages": 1,
        "head_stages": [],
        "stage_rate": 0.7,
        "draws": 4,
    }
    assert recipe["fit_head_first"] and recipe["run"]["total_steps"] == 6
    assert recorder.decisions["transfer"] == ("stages:1", "asked for")
    assert recorder.steps == [1, 2, 3, 4, 5, 6] and len(run.history()) == 2
    assert "layer2  stage      51,072  frozen     -  statistics kept" in recorder.tables[0]
    found = sealed(run.folder)
    changed = {name for name, tensor in found.items() if not same_bytes(tensor, tensors[name])}
    learnt = {name for name in found if name.startswith(("layer3.", "fc."))}
    assert {name for name in learnt if name.endswith("weight")} <= changed <= learnt
    assert run.metrics["test"]["accuracy"] == 1.0


class Interrupting(striate.Watcher):
    def step(self, report):
        if report.step == 5:
            signal.raise_signal(signal.SIGTERM)


@pytest.mark.slow
def test_a_resume_in_mid_epoch_gives_the_same_bytes_without_the_weights_file(
    stages_run, striped, weights, tmp_path, monkeypatch
):
    """The maps of all draws are found again, although what follows them has learnt on."""
    run, _ = stages_run
    own = tmp_path / "own.pth"
    own.write_bytes(weights.read_bytes())
    folder = tmp_path / "run"
    with pytest.raises(Interrupted, match="interrupted in epoch 2, batch 2; all is saved"):
        striate.train(striped, **STAGES, weights=own, output=folder, watcher=Interrupting())
    own.unlink()
    monkeypatch.setattr(frozen_outputs, "_run", lambda *arguments: pytest.fail("computed again"))
    striate.resume(folder)
    one, other = (path / "bundle" / "model.safetensors" for path in (folder, run.folder))
    assert one.read_bytes() == other.read_bytes()
    assert [row["val_loss"] for row in striate.Run(folder).history()] == [row["val_loss"] for row in run.history()]


def test_stopped_before_the_first_checkpoint_it_begins_again_with_the_weights(
    striped, weights, tensors, tmp_path, monkeypatch
):
    class Early(striate.Watcher):
        def task(self, name, done, total):
            if name == "features, draw 1":
                signal.raise_signal(signal.SIGINT)

    own = tmp_path / "own.pth"
    own.write_bytes(weights.read_bytes())
    folder = tmp_path / "run"
    with pytest.raises(Interrupted) as caught:
        # Another seed has other draws, which are in no cache.
        striate.train(striped, **STAGES, seed=1, weights=own, output=folder, watcher=Early())
    assert str(caught.value) == f"interrupted before the first step; go on by: striate train --resume {folder}"
    assert not checkpoints(folder / "checkpoints")
    torch.save(create_model("resnet20", num_classes=7, seed=2).state_dict(), own)
    with pytest.raises(UsageError) as error:
        striate.resume(folder)
    assert str(error.value) == f"{own} is not the file that the run was started with; put that one back"
    own.write_bytes(weights.read_bytes())
    started = []
    monkeypatch.setattr(
        "striate.api.train.carry_out", lambda folder, run, dataset, network, **named: started.append(network)
    )
    striate.resume(folder)
    assert same_bytes(started[0].state_dict()["layer1.0.bn1.bias"], tensors["layer1.0.bn1.bias"])


@pytest.fixture
def leaky(striped, weights, tmp_path):
    """A function that runs one epoch of `stages:1` on a network whose freezing leaks."""

    def train():
        recorder = Recorder()
        options = OPTIONS | {"transfer": "stages:1", "epochs": 1, "augment": "none"}
        with pytest.raises(TrainingError) as caught:
            striate.train(striped, **options, weights=weights, output=tmp_path / "run", watcher=recorder)
        assert not (tmp_path / "run" / "bundle").exists()
        return str(caught.value), recorder

    return train


def test_statistics_that_leak_are_named(leaky, monkeypatch):
    monkeypatch.setattr(room, "MAPS_BUDGET", 0)  # kept maps never reach the frozen layers
    monkeypatch.setattr(room, "set_training_mode", lambda network, plan: network.train())
    monkeypatch.setattr(
        "striate.training.state.TrainingState.enter_training", lambda self, recipe: self.set_mode(self.network)
    )
    message, recorder = leaky()
    assert message.startswith("39 of 78 frozen tensors changed in training: bn1.running_mean, bn1.running_var, ")
    assert "what layer2 says of the pictures is too much to keep: they pass the frozen stages in every epoch" in (
        recorder.notes
    )


def test_weights_that_leak_are_named(leaky, monkeypatch):
    monkeypatch.setattr(room, "MAPS_BUDGET", 0)
    honest = room.freeze

    def leak(network, plan):
        honest(network, plan)
        network.layer1[0].conv1.weight.requires_grad_(True)

    monkeypatch.setattr(room, "freeze", leak)
    message, _ = leaky()
    assert message == ("1 of 78 frozen tensors changed in training: layer1.0.conv1.weight; expected all as they were")


def test_maps_that_fit_nowhere_are_not_kept(striped, weights, tmp_path, monkeypatch):
    def full(*arguments, **named):
        raise MemoryError("neither disk nor memory has room for it")

    monkeypatch.setattr(room, "compute_outputs", full)
    monkeypatch.setattr(room, "fit_new_head", lambda *arguments, **named: None)
    seen = []

    def stop(state, recipe, training, validation, **named):
        seen.append((state.after, type(training).__name__, type(validation).__name__))
        raise TrainingError("stopped by the test")

    monkeypatch.setattr("striate.runs.learning.fit", stop)
    monkeypatch.setattr("striate.runs.learning.fit_new_head", lambda *arguments, **named: None)
    recorder = Recorder()
    with pytest.raises(TrainingError, match="stopped by the test"):
        striate.train(striped, **STAGES, weights=weights, output=tmp_path / "run", watcher=recorder)
    assert seen == [("", "SplitExamples", "SplitExamples")]
    assert recorder.notes[-1].startswith(
        "what layer2 says of the pictures is too much to keep, neither on the disk nor in"
    )


@pytest.mark.parametrize(
    "transfer",
    [{"kind": "full"}, {"kind": "head"}, {"kind": "scratch"}, {"kind": "stages", "trainable_stages": 4}],
    ids=lambda table: table["kind"],
)
def test_where_no_stage_is_frozen_or_none_learns_no_maps_are_kept(transfer):
    recipe = Recipe.from_dict({"transfer": transfer})
    partial = room.PartialTraining.of(create_model("resnet20", num_classes=2, seed=0), recipe)
    taken = room.choose_inputs(partial, "pictures", "others", device=None, watcher=striate.Watcher(), stop=None)
    assert taken == ("pictures", "others", "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"transfer": "stages:99"}, "--transfer stages:99: resnet20 has 4 stages; give 1 to 4"),
        (
            {"transfer": "stagez:1"},
            "--transfer must be scratch, head, full, stages:N, head:STAGE, head:STAGE+STAGE or auto, got 'stagez:1'",
        ),
        (
            {"transfer": "head", "weights": None, "mean": None, "std": None},
            "--transfer head starts from trained weights; give --weights imagenet or a file, or --transfer scratch",
        ),
    ],
)
def test_wrong_usage_leaves_no_folder(striped, weights, tmp_path, options, message):
    with pytest.raises(UsageError) as error:
        striate.train(striped, **(OPTIONS | {"weights": weights} | options), output=tmp_path / "run")
    assert str(error.value) == message
    assert not (tmp_path / "run").exists()


def test_the_head_of_lenet_5_is_fixed(tmp_path):
    path = tmp_path / "lenet5.pth"
    torch.save(create_model("lenet5", seed=0).state_dict(), path)
    with pytest.raises(UsageError) as error:
        striate.train("digits", model="lenet5", weights=path, transfer="head", output=tmp_path / "run")
    assert str(error.value) == (
        "--transfer head fits a dense last layer, and the head of lenet5 is a RBFOutput; use --transfer head:f6, stages:1 or full"
    )


def test_a_resume_before_the_first_checkpoint_draws_the_same_weights(striped, tmp_path, monkeypatch):
    started = []

    def stop(folder, run, dataset, network, **named):
        started.append(network)
        raise Interrupted("stopped by the test")

    monkeypatch.setattr("striate.api.train.carry_out", stop)
    with pytest.raises(Interrupted):
        striate.train(striped, model="resnet20", init="he_normal", epochs=1, output=tmp_path / "run")
    with pytest.raises(Interrupted):
        striate.resume(tmp_path / "run")
    first, second = (network.state_dict() for network in started)
    assert all(same_bytes(tensor, second[name]) for name, tensor in first.items())
    paper = create_model("resnet20", num_classes=2, seed=0)
    assert not torch.equal(first["conv1.weight"], paper.conv1.weight)


@pytest.mark.slow
def test_auto_needs_no_word_at_all(striped, weights, tmp_path):
    recorder = Recorder()
    run = striate.train(striped, **OPTIONS, weights=weights, output=tmp_path / "run", watcher=recorder)
    assert recorder.decisions["transfer"][0] == recipe_of(run.folder)["transfer"]["kind"] == "head"
    assert recorder.decisions["transfer"][1].startswith("48 training pictures of 2 classes, 24 a class, are few; ")
    assert run.metrics["test"]["accuracy"] == 1.0


HEADS = (("layer1",), ("layer2", "layer3"), ("layer1", "features"))


def test_one_pass_shows_to_the_bit_what_every_head_takes(head_run, striped, tmp_path, monkeypatch):
    """A cut network's own pass shows the same, and is not made."""
    run, _ = head_run
    plan = RunPlan.from_toml(run.folder / "recipe.toml")
    network = restore_network(run.folder, plan, watcher=striate.Watcher())
    dataset = reload_data(
        striped,
        root=None,
        table=run.folder / "split.csv",
        excluded=run.folder / "excluded.csv",
        classes=plan.classes,
        task=plan.recipe.task,
        watcher=striate.Watcher(),
    )
    _, training, _ = open_examples(dataset, plan, striate.Watcher())
    cpu = torch.device("cpu")

    def seen(stages):
        part = frozen_outputs.vectors_before_head(CutNetwork(network, stages), plan.preprocessing.size)
        return np.array(frozen_outputs.compute_outputs(part, training, recipe=plan.recipe, device=cpu))

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "own"))
    own = [seen(stages) for stages in HEADS]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "shared"))
    partial = room.PartialTraining.of(network, plan.recipe)
    random_before = torch.get_rng_state()
    room.keep_for_other_heads(partial, [training], HEADS, device=cpu)
    assert torch.equal(torch.get_rng_state(), random_before)
    monkeypatch.setattr(frozen_outputs, "_run", None)
    for stages, rows in zip(HEADS, own, strict=True):
        assert same_bytes(torch.from_numpy(seen(stages)), torch.from_numpy(rows)), stages
    cut = room.PartialTraining.of(CutNetwork(network, ("layer1",)), plan.recipe)
    room.keep_for_other_heads(cut, [training], HEADS, device=cpu)  # of which nothing follows for others
