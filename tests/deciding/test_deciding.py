"""What is decided of a run: its rate, batch size, augmentation, and the row and size that suit its weights."""

import time

import pytest
import tomli_w
import torch

import striate.deciding.deciding as room
from striate.augmentation import named_policy
from striate.deciding.deciding import decide, suit_rate
from striate.deciding.run_plan import RunPlan
from striate.deciding.training_request import TrainingRequest
from striate.errors import UnknownNameError
from striate.initialization import drafting, named_scheme
from striate.models import create_model
from striate.training import Decision, Recipe
from striate.watching import Watcher
from striate.weights.input_rule import resized_in_proportion


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


@pytest.mark.parametrize(
    ("model", "optimizer", "rate"),
    [
        ("vgg11", {"name": "sgd", "learning_rate": 0.1}, 0.01),
        ("vgg11_bn", {"name": "sgd", "learning_rate": 0.1}, 0.1),
        ("vgg11", {"name": "sgd", "learning_rate": 0.005}, 0.005),
        ("vgg11", {"name": "adamw", "learning_rate": 0.1}, 0.1),
    ],
)
def test_without_batch_norm_the_rate_is_lower(model, optimizer, rate):
    with drafting():
        network = create_model(model, num_classes=2)
    recipe, decisions = suit_rate(Recipe.from_dict({"model": model, "optimizer": optimizer}), network)
    assert recipe.optimizer.learning_rate == rate
    lowered = [Decision("learning rate", "0.01", f"{model} has no batch norm")]
    assert decisions == (lowered if rate != optimizer["learning_rate"] else [])


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
    assert plan.recipe.model == "resnet20"
    assert watcher.decisions["model"][1].startswith("pictures of about ")


@pytest.fixture
def tried(tmp_path, monkeypatch):
    """A function that decides with a file of MobileNetV2's weights, and answers the plan, the network and what was tried."""
    path = tmp_path / "weights.pth"
    torch.save(create_model("mobilenet_v2", num_classes=5, seed=1).state_dict(), path)
    asked = []

    def twin(network, twins, starting, preprocessing, dataset, recipe, *, watcher, prepare):
        asked.append(("twin", tuple(twins)))
        other = create_model("mobilenet_v2_tf", num_classes=2, seed=0)
        assert prepare("mobilenet_v2_tf", other).size == preprocessing.size
        room.start_from(other, starting, room.model_row("mobilenet_v2_tf"))
        return other, Decision("model", "mobilenet_v2_tf", "it suits them")

    def size(network, preprocessing, larger, dataset, recipe, *, watcher):
        asked.append(("size", larger, str(network) == str(create_model("mobilenet_v2_tf", num_classes=2))))
        return resized_in_proportion(preprocessing, larger), Decision("input size", f"{larger} x {larger}", "it helps")

    monkeypatch.setattr(room, "choose_twin", twin)
    monkeypatch.setattr(room, "choose_size", size)
    monkeypatch.setattr(
        "striate.deciding.transfer_choice.can_be_judged", lambda dataset: False
    )  # no advice is needed here

    def decide_with(data, **options):
        watcher = Notes()
        request = TrainingRequest(
            data=data,
            model="mobilenet_v2",
            weights=path,
            **({"mean": [0.5], "std": [0.5], "precision": "fp32", "device": "cpu"} | options),
        )
        found = decide(request, watcher=watcher, begun=time.monotonic())
        return found, asked, watcher

    return decide_with


def test_row_and_size_are_tried_for_weights_of_which_nothing_is_known(tried, striped):
    found, asked, watcher = tried(striped)
    assert asked == [("twin", ("mobilenet_v2_tf",)), ("size", 96, True)]
    assert found.plan.recipe.model == "mobilenet_v2_tf" and found.plan.preprocessing.size == (96, 96)
    assert str(found.network) == str(create_model("mobilenet_v2_tf", num_classes=2))
    assert watcher.decisions["model"] == ("mobilenet_v2_tf", "it suits them")
    assert watcher.decisions["input size"] == ("96 x 96", "it helps")


def test_a_twin_brings_its_own_mean_and_deviation_where_nobody_says_others(tried, striped):
    found, _, watcher = tried(striped, mean=None, std=None)
    assert found.plan.preprocessing.mean == (0.5,) * 3 and found.plan.preprocessing.std == (0.5,) * 3
    assert watcher.decisions["normalisation"][1] == "what mobilenet_v2_tf was published with"


def test_a_size_that_was_asked_for_stays(tried, striped):
    found, asked, _ = tried(striped, size=64)
    assert [what for what, *_ in asked] == ["twin"] and found.plan.preprocessing.size == (64, 64)


@pytest.mark.parametrize("options", [{"transfer": "head"}, {"transfer": "full"}, {"epochs": 1}])
def test_who_says_how_to_learn_gets_what_was_named(tried, striped, options):
    found, asked, _ = tried(striped, **options)
    assert asked == [] and found.plan.recipe.model == "mobilenet_v2"


def test_too_few_pictures_try_nothing(tried, striped, monkeypatch):
    monkeypatch.setattr(room, "can_be_judged", lambda dataset: False)
    found, asked, _ = tried(striped)
    assert asked == [] and found.plan.recipe.transfer.kind == "head"
