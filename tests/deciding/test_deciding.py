"""What is decided of a run: its rate, batch size, augmentation, and the row and size that suit its weights."""

import ast
import time
from pathlib import Path

import pytest
import tomli_w
import torch

import striate.deciding.deciding as room
from striate.augmentation import named_policy
from striate.data.store import SPOT_CHECKS
from striate.deciding.decide import decide
from striate.deciding.deciding import Deciding
from striate.deciding.run_plan import RunPlan
from striate.deciding.training_request import TrainingRequest
from striate.errors import UnknownNameError, UsageError
from striate.initialization import named_scheme
from striate.models import create_model
from striate.training import Decision
from striate.transfer import StageScore, advise
from striate.watching import Watcher


class Notes(Watcher):
    def __init__(self):
        self.notes, self.decisions = [], {}

    def note(self, text):
        self.notes.append(text)

    def decision(self, decision):
        self.decisions[decision.what] = (decision.value, decision.why)


def decided(data, watcher=None, **options):
    request = TrainingRequest(data=data, epochs=1, precision="fp32", device="cpu", **options)
    return decide(request, watcher=watcher or Watcher(), begun=time.monotonic())


def recipe_file(folder, **tables):
    path = folder / "recipe.toml"
    path.write_text(tomli_w.dumps(tables))
    return path


def test_digits_get_the_standard_policy_for_signs():
    assert decided("digits").plan.recipe.augmentation == named_policy("standard", drawn=True)


def test_a_single_key_changes_the_chosen_policy_alone():
    policy = decided("digits", settings=["augmentation.rotation.degrees=3"]).plan.recipe.augmentation
    assert policy.rotation.degrees == 3.0
    assert policy.scaling == named_policy("standard", drawn=True).scaling


def test_a_files_policy_is_the_whole_policy(tmp_path):
    path = recipe_file(tmp_path, augmentation={"noise": {"deviation": 0.1}})
    policy = decided("digits", recipe=path).plan.recipe.augmentation
    assert [operation.name for operation in policy.active] == ["noise"]
    path = recipe_file(tmp_path, augmentation={})
    assert not decided("digits", recipe=path).plan.recipe.augmentation.changes
    path = recipe_file(tmp_path, batch_size=16)
    assert decided("digits", recipe=path).plan.recipe.augmentation.changes


def test_a_run_measures_its_own_colours_and_keeps_them(striped, tmp_path):
    plan = decided(striped, model="resnet20", settings=["augmentation.pca_colour.deviation=0.1"]).plan
    colours = plan.recipe.augmentation.pca_colour
    assert colours.measured and colours.eigenvalues[0] > 0.01
    path = tmp_path / "recipe.toml"
    path.write_text(plan.to_toml())
    assert RunPlan.from_toml(path).recipe == plan.recipe


def test_what_changes_a_class_is_said():
    watcher = Notes()
    decided("digits", watcher, settings=["augmentation.horizontal_flip.probability=0.5"])
    assert "horizontal_flip mirrors digits and letters: b becomes d, and a mirrored 3 is no 3" in watcher.notes


def test_a_first_layer_that_pictures_make_is_said(striped):
    watcher = Notes()
    decided(striped, watcher, model="airbench94")
    why = "of 48 training pictures, drawn by the seed, before the first step"
    assert watcher.decisions["first layer"] == ("whitens patches", why)
    other = Notes()
    decided(striped, other, model="resnet9_x0_25")
    assert "first layer" not in other.decisions


def test_pictures_cannot_grow_in_a_network_of_one_size():
    with pytest.raises(UsageError) as error:
        decided("digits", model="lenet5", settings=["resizing.first=0.5"])
    assert str(error.value) == (
        "lenet5 takes pictures of 32 x 32 pixels only, so they cannot grow while it learns: resizing.first must be 1, got 0.5"
    )


def test_a_rate_that_was_asked_for_stays(striped):
    for settings, rate in (((), 0.01), (("optimizer.learning_rate=0.2",), 0.2)):
        recipe = decided(striped, model="nin_cifar10", settings=settings).plan.recipe
        assert recipe.optimizer.learning_rate == rate


def test_the_batch_size_is_measured(striped, monkeypatch):
    """What is measured is the network that will train, at the size that its pictures have."""
    seen = {}

    def choose(network, recipe, size, *, training_pictures, scale_rate, watcher):
        seen.update(model=recipe.model, size=size, pictures=training_pictures, scale_rate=scale_rate)
        return recipe.from_dict(recipe.to_dict() | {"batch_size": 24}), [Decision("batch size", "24", "measured")]

    monkeypatch.setattr(room, "choose_batch_size", choose)
    watcher = Notes()
    plan = decided(striped, watcher, model="resnet20", batch_size="auto").plan
    assert seen == {"model": "resnet20", "size": (32, 32), "pictures": 48, "scale_rate": True}
    assert (plan.recipe.batch_size, plan.settings.total_steps) == (24, 2)
    assert watcher.decisions["batch size"] == ("24", "measured")
    decided(striped, model="resnet20", batch_size="auto", settings=["optimizer.learning_rate=0.2"])
    assert not seen["scale_rate"]


def test_new_weights_are_drawn_as_was_asked(striped):
    found = decided(striped, model="resnet20", init="he_normal", balance="sampler")
    assert (found.plan.recipe.initialization, found.plan.recipe.balance) == ("he_normal", "sampler")
    own = create_model("resnet20", num_classes=2, init=named_scheme("he_normal"), seed=0)
    assert torch.equal(found.network.conv1.weight, own.conv1.weight)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"init": "he_norml"}, "'he_norml'; did you mean 'he_normal'"),
        ({"balance": "los"}, "unknown balance 'los'; did you mean 'loss'"),
        ({"augment": "standrad"}, "'standrad'; did you mean 'standard'"),
        ({"precision": "fp23"}, "unknown precision 'fp23'; did you mean 'fp32'"),
    ],
)
def test_wrong_names_are_said_before_the_pictures_are_read(tmp_path, options, text):
    request = TrainingRequest(data=tmp_path / "not there", **options)
    with pytest.raises(UnknownNameError) as error:
        decide(request, watcher=Watcher(), begun=time.monotonic())
    assert text in str(error.value)


def test_published_weights_choose_a_network_only_if_they_are_used(striped, monkeypatch):
    watcher = Notes()
    plan = decided(striped, watcher, weights="imagenet", transfer="scratch").plan
    assert plan.recipe.model == "resnet9_x0_25"
    assert watcher.decisions["model"][1].startswith("pictures of about ")


class Told:
    """A judge that says of every network and input what it was told, and takes down what it was asked."""

    def __init__(self, scores=(), able=True):
        self.able, self.asked = able, []
        self._scores = iter(scores)

    def score(self, network, preprocessing, recipe):
        self.asked.append((network, preprocessing.size))
        logme, accuracy = next(self._scores)
        return StageScore("features", 1280, logme, accuracy, 48)

    def advise(self, network, preprocessing, recipe, *, time_budget):
        self.asked.append(("advice", recipe.model, preprocessing.size))
        scores = [StageScore(name, 1280, 1.0, 0.99, 48) for name in ("early", "middle", "late", "features")]
        return advise(scores, training_pictures=48, classes=2, network=recipe.model)


TWIN, LARGER = ((0.1, 0.8), (0.2, 0.9)), ((0.2, 0.9), (0.3, 0.9))
"""What is told where a twin is better, and where larger pictures are."""


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of MobileNetV2's weights, of which nothing is known."""
    path = tmp_path_factory.mktemp("weights") / "weights.pth"
    torch.save(create_model("mobilenet_v2", num_classes=5, seed=1).state_dict(), path)
    return path


@pytest.fixture
def tried(weights):
    """A function that decides with those weights, and answers what was decided, what the judge was asked, and who watched."""

    def decide_with(data, scores=(), able=True, **options):
        watcher, judge = Notes(), Told(scores, able)
        request = TrainingRequest(
            data=data,
            weights=weights,
            **({"model": "mobilenet_v2", "mean": [0.5], "std": [0.5], "precision": "fp32", "device": "cpu"} | options),
        )
        found = decide(request, watcher=watcher, begun=time.monotonic(), call_judge=lambda dataset, **named: judge)
        return found, judge.asked, watcher

    return decide_with


def test_row_and_size_are_tried_for_weights_of_which_nothing_is_known(tried, striped):
    found, asked, watcher = tried(striped, [*TWIN, *LARGER])
    twin = str(create_model("mobilenet_v2_tf", num_classes=2))
    assert [(str(network) == twin, size) for network, size in asked[:4]] == [
        (False, (32, 32)),
        (True, (32, 32)),
        (True, (32, 32)),
        (True, (96, 96)),
    ]
    assert asked[4:] == [("advice", "mobilenet_v2_tf", (96, 96))]
    assert found.plan.recipe.model == "mobilenet_v2_tf" and found.plan.preprocessing.size == (96, 96)
    assert str(found.network) == twin
    assert watcher.decisions["model"][0] == "mobilenet_v2_tf"
    assert watcher.decisions["input size"][0] == "96 x 96"
    assert "LogME 0.300 against 0.200 at 32" in watcher.decisions["input size"][1]


def test_a_twin_brings_its_own_mean_and_deviation_where_nobody_says_others(tried, striped):
    found, _, watcher = tried(striped, [*TWIN, *LARGER], mean=None, std=None)
    assert found.plan.preprocessing.mean == (0.5,) * 3 and found.plan.preprocessing.std == (0.5,) * 3
    assert watcher.decisions["normalisation"][1] == "what mobilenet_v2_tf was published with"


def test_a_size_that_was_asked_for_stays(tried, striped):
    found, asked, _ = tried(striped, TWIN, size=64)
    assert [size for *_, size in asked] == [(64, 64)] * 3 and found.plan.preprocessing.size == (64, 64)


@pytest.mark.parametrize("options", [{"transfer": "head"}, {"transfer": "full"}, {"epochs": 1}])
def test_who_says_how_to_learn_gets_what_was_named(tried, striped, options):
    found, asked, _ = tried(striped, **options)
    assert asked == [] and found.plan.recipe.model == "mobilenet_v2"


def test_a_file_of_weights_says_whose_it_is_where_nobody_does(tried, striped):
    """A twin may suit it better then, whatever is said of how to learn."""
    found, asked, watcher = tried(striped, TWIN, model=None, transfer="head", size=64)
    assert [size for *_, size in asked] == [(64, 64)] * 2 and found.plan.recipe.model == "mobilenet_v2_tf"
    assert found.plan.recipe.transfer.kind == "head"
    assert watcher.decisions["model"][0] == "mobilenet_v2_tf"


def test_too_few_pictures_try_nothing(tried, striped):
    found, asked, _ = tried(striped, able=False)
    assert asked == [] and found.plan.recipe.transfer.kind == "head"


def test_what_is_measured_of_colours_is_read_from_what_was_prepared_with_the_check(striped, monkeypatch, tmp_path):
    """Mean and deviation are, and the directions in which augmentation changes colours: some pictures are read to compare."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    request = TrainingRequest(data=striped, model="resnet20", augment="pca_colour", device="cpu")
    deciding = Deciding(request, Watcher())
    deciding.check_request()
    deciding.read_data()
    read = []
    original = type(deciding.dataset.pictures).read
    monkeypatch.setattr(
        type(deciding.dataset.pictures), "read", lambda self, index: read.append(index) or original(self, index)
    )
    deciding.choose_network()
    deciding.choose_input()
    deciding.choose_augmentation()
    assert deciding.recipe.augmentation.pca_colour.measured
    assert len(read) == SPOT_CHECKS


def test_a_network_that_is_a_head_alone_is_fitted_unless_epochs_were_asked_for():
    watcher = Notes()
    request = TrainingRequest(data="digits", model="linear", device="cpu")
    found = decide(request, watcher=watcher, begun=time.monotonic()).plan
    assert found.recipe.transfer.kind == "head" and found.recipe.fit_head_first and not found.settings.total_steps
    assert watcher.decisions["transfer"] == ("head", "the network is its last layer alone, which is fitted at once")
    steps = decided("digits", model="linear").plan
    assert steps.recipe.transfer.kind == "scratch" and steps.settings.total_steps


def test_questions_are_short():
    """A question that takes more lines is two."""
    (tree,) = (
        node for node in ast.parse(Path(room.__file__).read_text()).body if getattr(node, "name", "") == "Deciding"
    )
    methods = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert len(methods) > 15
    for method in methods:
        told = method.body[0] if ast.get_docstring(method) else None
        lines = method.end_lineno - method.lineno + 1 - (told.end_lineno - told.lineno + 1 if told else 0)
        assert lines <= 25, f"{method.name} has {lines} lines"
