"""What is asked for comes first; what is not said is chosen, with a reason."""

import dataclasses
import time

import pytest
import torch

import striate.deciding.transfer_choice as room
from striate.augmentation import named_policy
from striate.deciding.decide import decide
from striate.deciding.training_request import AUTO, TrainingRequest, ask_recipe
from striate.deciding.transfer_choice import (
    EPOCHS_ASKED,
    TransferWish,
    ask_transfer,
    choose_epochs,
    choose_transfer,
    parse_transfer,
)
from striate.errors import UnknownNameError, UsageError
from striate.models import create_model
from striate.training import Recipe
from striate.training.recipe import TransferConfig
from striate.transfer import STAGE_RATE, StageScore, advise
from striate.watching import Watcher


class Notes(Watcher):
    def __init__(self):
        self.notes, self.decisions = [], {}

    def note(self, text):
        self.notes.append(text)

    def decision(self, decision):
        self.decisions[decision.what] = (decision.value, decision.why)


@pytest.mark.parametrize(
    ("text", "kind", "stages"),
    [
        ("head", "head", 0),
        (" full", "full", 0),
        ("scratch", "scratch", 0),
        ("auto", "auto", 0),
        ("stages:12", "stages", 12),
    ],
)
def test_a_way_of_learning_is_a_word(text, kind, stages):
    assert parse_transfer(text) == TransferWish(kind, stages)


@pytest.mark.parametrize("text", ["stagez:1", "stages", "stages:0", "stages:-1", "stages:1.5", "heads", "", "Head"])
def test_other_words_are_none(text):
    with pytest.raises(UsageError) as error:
        parse_transfer(text)
    assert (
        str(error.value)
        == f"--transfer must be scratch, head, full, stages:N, head:STAGE, head:STAGE+STAGE or auto, got {text!r}"
    )


def asked_for(tmp_path=None, **options):
    request = TrainingRequest(data="digits", **options)
    return ask_transfer(request, ask_recipe(request))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, TransferWish("scratch")),
        ({"weights": "a.pth"}, TransferWish(AUTO)),
        ({"weights": "a.pth", "epochs": 3}, TransferWish("full", why=EPOCHS_ASKED)),
        ({"weights": "a.pth", "settings": ["schedule.epochs=3"]}, "full"),
        ({"weights": "a.pth", "epochs": 3, "transfer": "auto"}, AUTO),
        ({"weights": "a.pth", "transfer": "scratch"}, "scratch"),
        ({"transfer": "scratch"}, "scratch"),
        ({"weights": "a.pth", "settings": ["transfer.kind=head"]}, "head"),
        (
            {"weights": "a.pth", "settings": ["transfer.kind=stages", "transfer.trainable_stages=2"]},
            TransferWish("stages", 2),
        ),
        ({"weights": "a.pth", "settings": ["transfer.kind=head"], "transfer": "full"}, "full"),
        # What else the table says leaves the way open.
        ({"weights": "a.pth", "settings": ["transfer.draws=2"]}, AUTO),
        ({"weights": "a.pth", "epochs": 3, "settings": ["transfer.stage_rate=0.5"]}, "full"),
    ],
)
def test_what_was_asked_for(options, expected):
    wish = asked_for(**options)
    assert wish == expected if isinstance(expected, TransferWish) else wish.kind == expected


@pytest.mark.parametrize("kind", ["head", "head:conv1+conv2", "stages:2", "full", "auto"])
def test_without_weights_there_is_nothing_to_transfer(kind):
    with pytest.raises(UsageError) as error:
        asked_for(transfer=kind)
    assert str(error.value) == (
        f"--transfer {kind} starts from trained weights; give --weights imagenet or a file, or --transfer scratch"
    )


def test_wrong_numbers_in_the_table():
    with pytest.raises(UsageError, match=r"transfer\.trainable_stages must be 1 or more where"):
        asked_for(weights="a.pth", settings=["transfer.kind=stages"])
    with pytest.raises(UnknownNameError, match=r"unknown transfer 'heads'; did you mean 'head'\?"):
        asked_for(weights="a.pth", settings=["transfer.kind=heads"])


class Adviser:
    """A judge that gives the advice that it was told, and takes down the seconds that it was given."""

    def __init__(self, told=None, able=True):
        self.told, self.able, self.budgets = told, able, []

    def advise(self, network, preprocessing, recipe, *, time_budget):
        self.budgets.append(time_budget)
        return self.told


def choose(wish, *, model="resnet20", recipe=None, asked=None, head_is_new=True, limit=None, judge=None):
    network = create_model(model, num_classes=2, seed=0)
    recipe = recipe or Recipe(model=model, augmentation=named_policy("standard", drawn=False))
    choice = choose_transfer(
        wish,
        recipe,
        asked or {},
        network,
        None,
        head_is_new=head_is_new,
        limit=limit,
        judge=judge or Adviser(),
    )
    return choice, {decision.what: (decision.value, decision.why) for decision in choice.decisions}


@pytest.mark.parametrize(
    ("wish", "transfer", "shown"),
    [
        (TransferWish("head"), TransferConfig(kind="head", stage_rate=STAGE_RATE), "head"),
        (TransferWish("full"), TransferConfig(kind="full", stage_rate=STAGE_RATE), "full"),
        (
            TransferWish("stages", 2),
            TransferConfig(kind="stages", trainable_stages=2, stage_rate=STAGE_RATE, draws=room.STAGE_DRAWS),
            "stages:2",
        ),
    ],
)
def test_the_recipe_has_what_was_asked_for(wish, transfer, shown):
    choice, decisions = choose(wish)
    assert choice.recipe.transfer == transfer and choice.recipe.fit_head_first
    assert decisions["transfer"] == (shown, "asked for")
    assert ("head" in decisions) is (wish.kind != "head")
    assert choice.advice is None


def test_what_the_user_says_of_the_table_stays():
    recipe = Recipe(transfer=TransferConfig(kind="stages", trainable_stages=3, stage_rate=0.5, draws=2))
    asked = {"transfer": {"stage_rate": 0.5, "draws": 2}}
    choice, _ = choose(TransferWish("stages", 1), recipe=recipe, asked=asked)
    assert choice.recipe.transfer == TransferConfig(kind="stages", trainable_stages=1, stage_rate=0.5, draws=2)


def test_without_augmentation_one_draw_is_enough():
    choice, _ = choose(TransferWish("stages", 1), recipe=Recipe())
    assert choice.recipe.transfer.draws == 1


@pytest.mark.parametrize(
    ("wish", "new", "asked", "fitted"),
    [
        ("full", True, {}, True),
        ("full", False, {}, False),
        ("full", True, {"fit_head_first": False}, False),
        ("full", False, {"fit_head_first": True}, True),
        ("head", False, {}, True),
        ("head", True, {"fit_head_first": False}, True),  # else nothing would learn at all
    ],
)
def test_whether_the_head_is_fitted_first(wish, new, asked, fitted):
    choice, _ = choose(TransferWish(wish), head_is_new=new, asked=asked)
    assert choice.recipe.fit_head_first is fitted


def test_a_head_that_is_not_dense_is_not_fitted():
    with pytest.raises(UsageError) as error:
        choose(TransferWish("head"), model="nin_cifar10")
    assert str(error.value) == (
        "--transfer head fits a dense last layer, and the head of nin_cifar10 is a ClassMaps; "
        "use --transfer head:mlpconv3, stages:1 or full"
    )
    choice, decisions = choose(TransferWish(AUTO), model="nin_cifar10", asked={"fit_head_first": True})
    assert choice.recipe.transfer.kind == "full" and not choice.recipe.fit_head_first
    assert decisions["transfer"] == ("full", "this network's head cannot be fitted to vectors")


def test_more_stages_than_there_are():
    with pytest.raises(UsageError) as error:
        choose(TransferWish("stages", 99))
    assert str(error.value) == "--transfer stages:99: resnet20 has 4 stages; give 1 to 4"
    assert choose(TransferWish("stages", 4))[0].recipe.transfer.trainable_stages == 4


def advice(accuracies, pictures=5000, **options):
    names = ["relu1", "layer1", "layer2", "layer3", "features"]
    scores = [StageScore(name, 16, own, own, 1000) for name, own in zip(names, accuracies, strict=True)]
    return advise(scores, training_pictures=pictures, classes=2, **options)


@pytest.mark.parametrize(
    ("found", "kind", "stages"),
    [
        (advice([0.6, 0.7, 0.8, 0.99, 0.99]), "head", 0),
        (advice([0.6, 0.7, 0.7, 0.9, 0.9], seconds_per_picture=0.001), "stages", 2),
        (advice([0.5, 0.5, 0.5, 0.5, 0.5], seconds_per_picture=0.001), "full", 0),
    ],
)
def test_auto_takes_the_advice(found, kind, stages):
    judge = Adviser(found)
    recipe = Recipe(augmentation=named_policy("standard", drawn=False))
    choice, decisions = choose(TransferWish(AUTO), recipe=recipe, judge=judge)
    assert choice.advice is found and found.kind == ("scratch" if found.transfer == "scratch" else kind)
    assert (choice.recipe.transfer.kind, choice.recipe.transfer.trainable_stages) == (kind, stages)
    way, why = decisions["transfer"]
    assert way == ("full" if found.transfer == "scratch" else found.transfer)  # what is said is what is done
    assert why.startswith(" ".join(found.reasons)) and ("begins with them all the same" in why) is (kind == "full")
    assert "epochs" not in decisions
    _, decisions = choose(TransferWish(AUTO), recipe=recipe, judge=judge, limit=100.0)
    assert ("epochs" in decisions) is (found.seconds is not None)
    assert judge.budgets == [None, room.SHARE_OF_LIMIT * 100]


def test_epochs_that_were_asked_for_stay():
    found = advice([0.6, 0.7, 0.7, 0.9, 0.9], seconds_per_picture=0.001)
    asked = {"schedule": {"epochs": 30}}
    choice, decisions = choose(TransferWish(AUTO), asked=asked, judge=Adviser(found))
    assert choice.recipe.schedule.epochs == 30 and "epochs" not in decisions


def test_pictures_that_are_too_few_to_be_judged_get_a_head():
    judge = Adviser(advice([0.6, 0.7, 0.7, 0.9, 0.9], seconds_per_picture=0.001), able=False)
    choice, decisions = choose(TransferWish(AUTO), judge=judge)
    assert choice.recipe.transfer.kind == "head" and choice.advice is None and judge.budgets == []
    assert decisions["transfer"][1].startswith("a single picture a class is too little to judge stages by")


@pytest.mark.parametrize(
    ("seconds", "budget", "most", "expected"),
    [(10.0, 20.0, 15, 10), (10.0, 20.0, 7, 7), (100.0, 20.0, 15, 5), (0.01, 20.0, 15, 15)],
)
def test_epochs_fit_the_time_but_are_enough(seconds, budget, most, expected):
    """`seconds` are for the advice's five epochs."""
    recipe = Recipe.from_dict({"schedule": {"epochs": most}})
    found = dataclasses.replace(advice([0.6, 0.7, 0.7, 0.9, 0.9], seconds_per_picture=0.001), seconds=seconds, epochs=5)
    chosen, decision = choose_epochs(recipe, found, budget)
    assert chosen.schedule.epochs == expected
    assert decision.why == f"about {seconds / 5:.1f} s an epoch here, 20 s are meant for them"


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "resnet20.pth"
    torch.save(create_model("resnet20", num_classes=7, seed=1).state_dict(), path)
    return path


def decided(data, **options):
    watcher = Notes()
    request = TrainingRequest(data=data, model="resnet20", precision="fp32", device="cpu", **options)
    return decide(request, watcher=watcher, begun=time.monotonic()), watcher


def test_scratch_leaves_weights_alone_and_says_so(striped, tmp_path):
    found, watcher = decided(striped, weights=tmp_path / "not there.pth", transfer="scratch")
    assert "the weights are not used: training from scratch draws new ones" in watcher.notes
    assert found.plan.recipe.transfer == TransferConfig() and not found.plan.recipe.fit_head_first
    assert (found.plan.settings.weights, found.plan.settings.weights_sha256) == ("", "")
    assert watcher.decisions["recipe"][0] == "scratch" and "weights" not in watcher.decisions
    assert torch.equal(found.network.conv1.weight, create_model("resnet20", num_classes=2, seed=0).conv1.weight)


def test_the_recipe_of_a_run_that_had_weights_trains_from_scratch(striped, weights, tmp_path):
    first, _ = decided(striped, weights=weights, transfer="stages:1", mean=[0.5], std=[0.5])
    assert first.plan.recipe.transfer.kind == "stages" and first.plan.recipe.freeze_statistics
    path = tmp_path / "recipe.toml"
    path.write_text(first.plan.to_toml())
    with pytest.raises(UsageError, match="--transfer stages starts from trained weights; give --weights"):
        decided(striped, recipe=path)
    second, _ = decided(striped, recipe=path, transfer="scratch")
    recipe = second.plan.recipe
    assert (recipe.transfer, recipe.fit_head_first, recipe.freeze_statistics) == (TransferConfig(), False, False)
    again, _ = decided(striped, recipe=path, weights=weights, mean=[0.5], std=[0.5])
    assert again.plan.recipe == first.plan.recipe


def test_the_head_alone_takes_no_steps(striped, weights):
    options = {"weights": weights, "transfer": "head", "mean": [0.5], "std": [0.5]}
    found, watcher = decided(striped, **options)
    assert found.plan.settings.total_steps == 0
    assert watcher.decisions["transfer"] == ("head", "asked for")
    assert not {"epochs", "batch size", "augmentation"} & watcher.decisions.keys()
    assert not any("not used" in note for note in watcher.notes)


def test_options_that_a_head_has_no_use_for_are_said(striped, weights):
    options = {"weights": weights, "transfer": "head", "mean": [0.5], "std": [0.5]}
    why = "not used: the head alone is fitted at once to the pictures as they are"
    _, watcher = decided(striped, **options, batch_size="auto")
    assert f"--batch-size is {why}" in watcher.notes
    _, watcher = decided(striped, **options, epochs=3, augment="light")
    assert f"--epochs and --augment are {why}; with --set transfer.draws=4 to changed ones too" in watcher.notes
    found, watcher = decided(striped, **options, augment="light", settings=["transfer.draws=4"])
    assert not any("not used" in note for note in watcher.notes)
    assert found.plan.recipe.transfer.draws == 4
