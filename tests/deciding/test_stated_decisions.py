"""Every decision that is printed and recorded says what was done: whole runs, each statement beside the recipe and the figures."""

import re
import signal
import time

import pytest
import torch

import striate
from striate.deciding.decide import decide
from striate.deciding.run_plan import RunPlan
from striate.deciding.stated_decisions import state_taken
from striate.deciding.training_request import TrainingRequest
from striate.decision import Decision
from striate.errors import Interrupted
from striate.models import create_model
from striate.training import Recipe
from striate.training.batches import batch_sizes, count_looks
from striate.wording import plural


class Listener(striate.Watcher):
    def __init__(self, interrupt_at=0):
        self.decisions, self._interrupt_at = [], interrupt_at

    def decision(self, decision):
        self.decisions.append(decision)

    def step(self, report):
        if report.step == self._interrupt_at:
            signal.raise_signal(signal.SIGINT)


def numbers(text):
    return [float(number.replace(",", "")) for number in re.findall(r"[0-9][0-9,]*(?:\.[0-9]+)?(?:e-?[0-9]+)?", text)]


def check_epochs(decision, plan, training):
    epochs, per_epoch = plan.recipe.schedule.epochs, len(batch_sizes(training, plan.recipe.batch_size))
    steps = plan.settings.total_steps
    looks, pictures = numbers(decision.why)[:2]
    assert (looks, pictures) == (count_looks(steps, training, plan.recipe.batch_size), training)
    if steps == epochs * per_epoch:
        assert decision.value == str(epochs)
    else:
        done, of = numbers(decision.value)
        assert (
            decision.value.startswith("about ") and of == epochs and done == pytest.approx(steps / per_epoch, rel=0.05)
        )


def check_batch_size(decision, plan, training):
    assert decision.value == str(plan.recipe.batch_size)
    if " steps then" in decision.why:
        assert numbers(decision.why) == [training, len(batch_sizes(training, plan.recipe.batch_size))]


def check_steps(decision, plan, training):
    planned = plan.recipe.schedule.epochs * len(batch_sizes(training, plan.recipe.batch_size))
    assert numbers(decision.value)[0] == plan.settings.total_steps
    assert decision.value.startswith("about ") == (plan.settings.total_steps < planned)


def check_augmentation(decision, plan, training):
    listed = decision.value.rpartition(": ")[2]
    assert listed == (", ".join(one.name for one in plan.recipe.augmentation.active) or "nothing changes")


def check_normalisation(decision, plan, training):
    mean, deviation = decision.value.removeprefix("mean ").split(", deviation ")
    for said, values in ((mean, plan.preprocessing.mean), (deviation, plan.preprocessing.std)):
        assert numbers(said) == pytest.approx(values if len(set(values)) > 1 else values[:1], rel=1e-3)


def check_transfer(decision, plan, training):
    kind, _, stages = decision.value.partition(":")
    assert (kind, int(stages or 0)) == (plan.recipe.transfer.kind, plan.recipe.transfer.trainable_stages)


def says(of_plan):
    """A check that the value is this of the plan."""

    def check(decision, plan, training):
        assert decision.value == of_plan(plan)

    return check


def kind_of_recipe(plan):
    return "fine_tune" if plan.settings.weights else "lenet" if plan.recipe.model.startswith("lenet") else "scratch"


CHECKS = {
    "model": says(lambda plan: plan.recipe.model),
    "recipe": says(kind_of_recipe),
    "epochs": check_epochs,
    "steps": check_steps,
    "loss": says(lambda plan: plan.recipe.loss.name),
    "batch size": check_batch_size,
    "learning rate": says(lambda plan: f"{plan.recipe.optimizer.learning_rate:.3g}"),
    "augmentation": check_augmentation,
    "weights": says(lambda plan: plan.settings.weights.rpartition("/")[2]),
    "input size": says(lambda plan: "{} x {}".format(*plan.preprocessing.size)),
    "normalisation": check_normalisation,
    "precision": says(lambda plan: plan.recipe.precision),
    "transfer": check_transfer,
    "head": says(lambda plan: "fitted first" if plan.recipe.fit_head_first else "no"),
}


def check_decisions(plan, training):
    """Each statement beside the plan that is carried out; one that has no check here is an error."""
    for decision in plan.decisions:
        CHECKS[decision.what](decision, plan, training)
    told = {decision.what for decision in plan.decisions}
    assert len(told) == len(plan.decisions)
    if plan.settings.total_steps == 0:
        assert not told & {"epochs", "steps", "batch size", "learning rate", "loss", "recipe"}
    else:
        assert "epochs" in told


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "weights.pth"
    torch.save(create_model("resnet20", num_classes=3, seed=0).state_dict(), path)
    return path


FROM_WEIGHTS = {"mean": [0.5], "std": [0.25]}

DECIDED = {
    "nothing said": {},
    "epochs": {"epochs": 3},
    "epochs set": {"settings": ["schedule.epochs=7"]},
    "batch size": {"batch_size": 12},
    "batch size of the memory": {"batch_size": "auto"},
    "batch size set": {"settings": ["batch_size=48"]},
    "rate": {"settings": ["optimizer.learning_rate=0.0123"]},
    "rate without batch norm": {"model": "nin_cifar10"},
    "loss": {"model": "lenet5", "settings": ["loss.name=cross_entropy"]},
    "loss of the paper": {"model": "lenet5"},
    "augmentation": {"augment": "strong"},
    "augmentation changed": {"augment": "light", "settings": ["augmentation.noise.deviation=0.1"]},
    "augmentation set": {"settings": ["augmentation.noise.deviation=0.1"]},
    "no augmentation": {"augment": "none"},
    "size": {"size": 48},
    "one size only": {"model": "lenet5", "size": 32},
    "precision": {"precision": "fp32"},
    "ample time": {"time_limit": "3h", "epochs": 2},
    "head": {"weights": True, "transfer": "head"},
    "head of many draws": {"weights": True, "transfer": "head", "settings": ["transfer.draws=3"]},
    "head with epochs": {"weights": True, "transfer": "head", "epochs": 4, "batch_size": 16},
    "stages": {"weights": True, "transfer": "stages:2", "epochs": 2},
    "full": {"weights": True, "epochs": 2},
    "auto": {"weights": True, "transfer": "auto", "epochs": 2},
    "auto without epochs": {"weights": True},
    "weights that are not used": {"weights": True, "transfer": "scratch", "epochs": 2},
}


@pytest.mark.parametrize("case", DECIDED)
def test_what_is_decided_is_what_is_stated(case, striped, weights):
    options = {"model": "resnet20", "precision": "fp32"} | DECIDED[case]
    if options.get("weights"):
        options = options | FROM_WEIGHTS | {"weights": weights}
    request = TrainingRequest(data=striped, device="cpu", **options)
    decided = decide(request, watcher=striate.Watcher(), begun=time.monotonic())
    check_decisions(decided.plan, len(decided.dataset.indices("train")))


def test_a_recipe_file_is_what_was_asked_for(striped, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        "batch_size = 24\n[schedule]\nepochs = 5\n[optimizer]\nlearning_rate = 0.02\n[augmentation.noise]\ndeviation = 0.1\n"
    )
    request = TrainingRequest(data=striped, device="cpu", model="resnet20", precision="fp32", recipe=path)
    plan = decide(request, watcher=striate.Watcher(), begun=time.monotonic()).plan
    check_decisions(plan, 48)
    stated = {decision.what: (decision.value, decision.why) for decision in plan.decisions}
    assert stated["recipe"] == ("scratch", f"training starts from random weights; what {path} says lies over it")
    assert stated["epochs"] == ("5", "240 looks at 48 training pictures; asked for")
    assert stated["batch size"] == ("24", "asked for") and stated["learning rate"] == ("0.02", "asked for")
    assert stated["augmentation"] == ("noise", "asked for")


def test_looks_are_epochs_times_pictures(striped):
    request = TrainingRequest(data=striped, device="cpu", model="resnet20", precision="fp32")
    plan = decide(request, watcher=striate.Watcher(), begun=time.monotonic()).plan
    stated = {decision.what: (decision.value, decision.why) for decision in plan.decisions}
    why = "4,800 looks at 48 training pictures; the recipe wants about 1,500,000 looks, in 15 to 100 epochs"
    assert stated["epochs"] == ("100", why)
    assert stated["batch size"] == ("8", "an epoch of 48 pictures has 6 steps then")


def test_a_time_limit_that_cuts_states_what_it_leaves(striped, monkeypatch):
    import striate.deciding.time_fit as room
    from striate.training import TimePlan

    def measure(deadline, *arguments):
        return TimePlan(deadline, reserve=0, step_seconds=10.0, validation_seconds=0.0), 0.0

    monkeypatch.setattr(room, "measure", measure)
    request = TrainingRequest(data=striped, device="cpu", model="resnet20", precision="fp32", time_limit="2m", size=32)
    plan = decide(request, watcher=striate.Watcher(), begun=time.monotonic()).plan
    check_decisions(plan, 48)
    stated = {decision.what: (decision.value, decision.why) for decision in plan.decisions}
    steps = plan.settings.total_steps
    assert 6 < steps <= 11
    assert stated["steps"][0] == f"about {steps} of 600"
    assert stated["epochs"] == (
        f"about {steps / 6:.2g} of 100",
        f"about {steps * 8} looks at 48 training pictures; the time limit leaves no more",
    )


def test_what_a_time_limit_cut_is_stated_as_it_was_taken_in_the_end():
    planned = [Decision("model", "resnet20", "asked for"), Decision("epochs", "about 2.3 of 100", "about 110 looks")]
    planned.append(Decision("steps", "about 14 of 600", "10,000 ms a step"))
    recipe = Recipe.from_dict({"batch_size": 8, "schedule": {"epochs": 100}})
    taken = state_taken(planned, recipe, training_pictures=48, steps=9)
    assert [(decision.what, decision.value, decision.why) for decision in taken] == [
        ("model", "resnet20", "asked for"),
        ("epochs", "1.5 of 100", "72 looks at 48 training pictures; the time limit left no more"),
        ("steps", "9 of 600", "the time limit left no more"),
    ]
    for steps in (0, 600):  # a head that was fitted at once; a run that came to its end
        assert state_taken(planned, recipe, training_pictures=48, steps=steps) == tuple(planned)


def check_carried_out(run, listener=None):
    """What was stated beside what the run's figures, bundle and report say was done."""
    plan = RunPlan.from_toml(run.folder / "recipe.toml")
    history, training = run.history(), run.contract.data["training_pictures"]
    check_decisions(plan, training)
    assert listener is None or tuple(listener.decisions) == plan.decisions
    assert run.contract.architecture.model == plan.recipe.model
    assert run.contract.preprocessing == plan.preprocessing
    steps = history[-1]["step"] if history else 0
    assert steps == plan.settings.total_steps
    looks = sum(round(row["seconds"] * row["pictures_per_second"]) for row in history)
    assert looks == (count_looks(steps, training, plan.recipe.batch_size) if steps else 0)
    page = run.report.read_text()
    for decision in plan.decisions:
        assert f"<bdi>{decision.value}</bdi>" in page
    pictures = plural(training, "picture")
    if steps:
        assert len(history) == plan.recipe.schedule.epochs
        assert f"trained on {pictures}" in page and f": {plural(len(history), 'epoch')} in " in page
    else:
        assert f"its head fitted to {pictures}" in page and "to be trained" not in page


def test_a_finished_run_did_what_it_said(finished_run):
    check_carried_out(finished_run)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"transfer": "head"}, id="head"),
        pytest.param({"transfer": "stages:1", "epochs": 2}, id="stages"),
        pytest.param({"epochs": 1, "augment": "light", "settings": ["batch_size=20"]}, id="full"),
    ],
)
def test_a_run_from_weights_did_what_it_said(options, striped, weights, tmp_path):
    listener = Listener()
    run = striate.train(
        striped,
        model="resnet20",
        weights=weights,
        precision="fp32",
        output=tmp_path / "run",
        watcher=listener,
        **FROM_WEIGHTS,
        **options,
    )
    check_carried_out(run, listener)


def test_a_resumed_run_did_what_it_said_at_first(striped, tmp_path):
    listener = Listener(interrupt_at=2)
    with pytest.raises(Interrupted):
        striate.train(
            striped,
            model="lenet5_dense",
            epochs=1,
            batch_size=16,
            balance="sampler",
            precision="fp32",
            output=tmp_path / "run",
            watcher=listener,
        )
    check_carried_out(striate.resume(tmp_path / "run"), listener)
