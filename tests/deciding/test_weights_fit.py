"""Which row and which size suit weights of which nothing is known."""

import copy

import pytest
import torch

import striate.deciding.weights_fit as room
from striate.data.preparation import prepare_data
from striate.models import create_model, twin_rows
from striate.pixels import Preprocessing
from striate.training import Recipe
from striate.transfer import StageScore, stage_vectors
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


@pytest.fixture(scope="module")
def dataset(striped):
    return prepare_data(striped, seed=0, root=None, watcher=Watcher())


@pytest.fixture
def scores(monkeypatch):
    """Scores that are told instead of measured, in the order in which they are asked for; it takes down what was asked."""

    def tell(*told):
        asked = []

        def answer(network, examples, recipe, watcher):
            logme, accuracy = told[len(asked)]
            asked.append((network, examples))
            return StageScore("features", 8, logme, accuracy, len(examples.labels))

        monkeypatch.setattr(room, "score_vector", answer)
        return asked

    return tell


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "mobilenet_v2.pth"
    torch.save(create_model("mobilenet_v2", num_classes=5, seed=1).state_dict(), path)
    return find_weights(path, "mobilenet_v2", watcher=Watcher())


def twin_of(dataset, weights):
    network = create_model("mobilenet_v2", num_classes=2, seed=0)
    recipe = Recipe(model="mobilenet_v2")
    twins = twin_rows("mobilenet_v2")
    return network, *room.choose_twin(network, twins, weights, rule(32), dataset, recipe, watcher=Watcher())


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
def test_a_twin_must_be_clearly_better(dataset, weights, scores, own, other, better):
    asked = scores(own, other)
    network, chosen, decision = twin_of(dataset, weights)
    assert [one is network for one, _ in asked] == [True, False]
    if not better:
        assert chosen is network and decision is None
        return
    assert chosen is asked[1][0] and str(chosen) != str(network)
    assert (decision.what, decision.value) == ("model", "mobilenet_v2_tf")
    shown = [f"{100 * accuracy:.1f}\u202f%" for accuracy in (other[1], own[1])]
    assert f"LogME {other[0]:.3f} against {own[0]:.3f}, a head {shown[0]} against {shown[1]}" in decision.why
    assert decision.why.endswith("; training keeps mobilenet_v2 where --transfer names a way of learning, such as head")
    # It has the weights, and the head that its row would have been given.
    assert torch.equal(chosen.features[0][0].weight, weights.file.tensors["features.0.0.weight"])
    head = create_model("mobilenet_v2_tf", num_classes=2, seed=0).classifier[1]
    assert torch.equal(chosen.classifier[1].weight, head.weight)


def test_of_several_twins_the_best_is_taken(dataset, weights, scores):
    network = create_model("mobilenet_v2", num_classes=2, seed=0)
    asked = scores((0.1, 0.8), (0.3, 0.9), (0.2, 0.9))
    chosen, _ = room.choose_twin(
        network,
        ["mobilenet_v2_tf", "mobilenet_v2"],
        weights,
        rule(32),
        dataset,
        Recipe(model="mobilenet_v2"),
        watcher=Watcher(),
    )
    assert chosen is asked[1][0]


@pytest.mark.parametrize(
    ("own", "other", "enlarged"),
    [((0.1, 0.8), (0.2, 0.7), True), ((0.1, 0.8), (0.14, 0.99), False), ((0.1, 0.8), (0.0, 0.8), False)],
)
def test_pictures_are_enlarged_where_that_helps_much(dataset, scores, own, other, enlarged):
    network, asked = create_model("resnet20", num_classes=2, seed=0), scores(own, other)
    before = rule(32)
    found, decision = room.choose_size(network, before, 64, dataset, Recipe(), watcher=Watcher())
    assert [examples.preprocessing.size for _, examples in asked] == [(32, 32), (64, 64)]
    assert [examples.pixels(examples.samples[:2]).shape for _, examples in asked] == [(2, 32, 32, 3), (2, 64, 64, 3)]
    if not enlarged:
        assert found is before and decision is None
        return
    assert found == rule(64)
    assert (decision.what, decision.value) == ("input size", "64 x 64")
    assert "LogME 0.200 against 0.100 at 32, a head 70.0\u202f% against 80.0\u202f%" in decision.why


@pytest.mark.parametrize("larger", [16, 32])
def test_pictures_that_are_large_enough_are_not_tried(dataset, scores, larger):
    asked = scores()
    before = rule(32)
    assert room.choose_size(None, before, larger, dataset, Recipe(), watcher=Watcher()) == (before, None)
    assert asked == []


@pytest.mark.slow
def test_the_score_is_that_of_the_vector_before_the_head(dataset, monkeypatch):
    """Of real features; the network is left as it is."""
    network = create_model("resnet20", num_classes=2, seed=0)
    before = copy.deepcopy(network.state_dict())
    seen = {}
    honest = room.score_stages

    def look(features, labels, *, seed):
        seen.update(features)
        return honest(features, labels, seed=seed)

    monkeypatch.setattr(room, "score_stages", look)
    monkeypatch.setattr(room, "MOST_PICTURES", 20)
    found, decision = room.choose_size(network, rule(32), 64, dataset, Recipe(), watcher=Watcher())
    assert seen.keys() == {"features"} and seen["features"].shape == (20, network.feature_width)
    assert found.size in ((32, 32), (64, 64)) and (decision is None) is (found.size == (32, 32))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert stage_vectors(network, (32, 32)).input_size == (32, 32)


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
        network, twin_rows(asked), starting, rule(160), dataset, Recipe(model=asked), watcher=Watcher()
    )
    assert str(found) == str(create_model("mobilenet_v2_tf", num_classes=2))
    assert (found is network) is (asked == "mobilenet_v2_tf") is (decision is None)
