"""Which row and which size suit weights of which nothing is known."""

import pytest
import torch

import striate.deciding.weights_fit as room
from striate.data.preparation import prepare_data
from striate.deciding.judge import SampleJudge
from striate.models import create_model, twin_rows
from striate.pixels import Preprocessing
from striate.training import Recipe
from striate.transfer import StageScore
from striate.watching import Watcher
from striate.weights.starting_weights import find_weights


def rule(side, mean=0.5, std=0.5):
    return Preprocessing(
        colour="rgb",
        resize="shorter_side",
        resize_size=(side, side),
        crop=(side, side),
        mean=(mean,) * 3,
        std=(std,) * 3,
    )


class Told:
    """Scores that are told instead of measured, in the order in which they are asked for; it takes down what was asked."""

    able = True

    def __init__(self, *scores):
        self.scores, self.asked = scores, []

    def score(self, network, preprocessing, recipe):
        logme, accuracy = self.scores[len(self.asked)]
        self.asked.append((network, preprocessing.size))
        return StageScore("features", 8, logme, accuracy, 48)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "mobilenet_v2.pth"
    torch.save(create_model("mobilenet_v2", num_classes=5, seed=1).state_dict(), path)
    return find_weights(path, "mobilenet_v2", watcher=Watcher())


def twin_of(weights, judge):
    network = create_model("mobilenet_v2", num_classes=2, seed=0)
    recipe = Recipe(model="mobilenet_v2")
    twins = twin_rows("mobilenet_v2")
    return network, *room.choose_twin(network, twins, weights, rule(32), recipe, judge=judge)


@pytest.mark.parametrize(
    ("own", "other", "better"),
    [
        ((0.1, 0.8), (0.2, 0.9), True),
        ((0.1, 0.8), (0.12, 0.8), True),
        ((0.1, 0.8), (0.109, 0.9), False),  # not clearly
        ((0.1, 0.8), (0.2, 0.79), False),  # the head disagrees
        ((0.2, 0.9), (0.1, 0.8), False),
        ((0.1, 0.8), (0.1, 0.8), False),
    ],
)
def test_a_twin_must_be_clearly_better(weights, own, other, better):
    judge = Told(own, other)
    network, chosen, decision = twin_of(weights, judge)
    assert [judged is network for judged, _ in judge.asked] == [True, False]
    if not better:
        assert chosen is network and decision is None
        return
    assert chosen is judge.asked[1][0] and str(chosen) != str(network)
    assert (decision.what, decision.value) == ("model", "mobilenet_v2_tf")
    shown = [f"{100 * accuracy:.1f}\u202f%" for accuracy in (other[1], own[1])]
    assert f"LogME {other[0]:.3f} against {own[0]:.3f}, a head {shown[0]} against {shown[1]}" in decision.why
    assert decision.why.endswith(
        "; training keeps mobilenet_v2 where it is named with --transfer head or another way of learning"
    )
    # It has the weights, and the head that its row would have been given.
    assert torch.equal(chosen.features[0][0].weight, weights.file.tensors["features.0.0.weight"])
    head = create_model("mobilenet_v2_tf", num_classes=2, seed=0).classifier[1]
    assert torch.equal(chosen.classifier[1].weight, head.weight)


def test_of_several_twins_the_best_is_taken(weights):
    network = create_model("mobilenet_v2", num_classes=2, seed=0)
    judge = Told((0.1, 0.8), (0.3, 0.9), (0.2, 0.9))
    chosen, _ = room.choose_twin(
        network,
        ["mobilenet_v2_tf", "mobilenet_v2"],
        weights,
        rule(32),
        Recipe(model="mobilenet_v2"),
        judge=judge,
    )
    assert chosen is judge.asked[1][0]


@pytest.mark.parametrize(
    ("own", "other", "enlarged"),
    [((0.1, 0.8), (0.2, 0.7), True), ((0.1, 0.8), (0.14, 0.99), False), ((0.1, 0.8), (0.0, 0.8), False)],
)
def test_pictures_are_enlarged_where_that_helps_much(own, other, enlarged):
    network, judge = create_model("resnet20", num_classes=2, seed=0), Told(own, other)
    before = rule(32)
    found, decision = room.choose_size(network, before, 64, Recipe(), judge=judge)
    assert judge.asked == [(network, (32, 32)), (network, (64, 64))]
    if not enlarged:
        assert found is before and decision is None
        return
    assert found == rule(64)
    assert (decision.what, decision.value) == ("input size", "64 x 64")
    assert "LogME 0.200 against 0.100 at 32, a head 70.0\u202f% against 80.0\u202f%" in decision.why


@pytest.mark.parametrize("larger", [16, 32])
def test_pictures_that_are_large_enough_are_not_tried(larger):
    judge, before = Told(), rule(32)
    assert room.choose_size(None, before, larger, Recipe(), judge=judge) == (before, None)
    assert judge.asked == []


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["mobilenet_v2", "mobilenet_v2_tf"])
def test_tensorflow_s_weights_get_tensorflow_s_padding(real_data, asked):
    """Whichever of the two rows was asked for."""
    dataset = prepare_data(real_data("hymenoptera"), seed=0, root=None, watcher=Watcher())
    path = real_data("weights/mobilenet_v2_imagenet_torchvision_names.pth")
    starting = find_weights(path, asked, watcher=Watcher())
    network = create_model(asked, num_classes=2, seed=0)
    room.start_from(network, starting, room.model_row(asked))
    found, decision = room.choose_twin(
        network,
        twin_rows(asked),
        starting,
        rule(160),
        Recipe(model=asked),
        judge=SampleJudge(dataset, seed=0, watcher=Watcher()),
    )
    assert str(found) == str(create_model("mobilenet_v2_tf", num_classes=2))
    assert (found is network) is (asked == "mobilenet_v2_tf") is (decision is None)
