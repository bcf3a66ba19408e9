"""Foreign weights as a bundle: what they answer, what is known of them, and what is refused."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import striate
from striate.errors import UnknownNameError, UsageError, WeightsError
from striate.models import create_model


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "weights.pth"
    network = create_model("resnet20", num_classes=3, seed=5)
    torch.save({"state_dict": {f"module.{name}": tensor for name, tensor in network.state_dict().items()}}, path)
    return path


def test_the_bundle_answers_what_the_network_answers(weights, tmp_path):
    imported = striate.import_weights(weights, "resnet20", output=tmp_path / "bundle", classes=["cat", "dog", "owl"])
    classifier = imported.classifier()
    assert classifier.classes == ("cat", "dog", "owl") and classifier.canary_difference < 1e-5
    rule = imported.contract.preprocessing
    assert (rule.size, rule.resize_size, rule.mean) == ((32, 32), (32, 32), (0.4914, 0.4822, 0.4465))
    pixels = np.random.default_rng(0).integers(0, 256, (5, 40, 50, 3)).astype(np.uint8)
    network = create_model("resnet20", num_classes=3, seed=5).eval()
    with torch.no_grad():
        expected = network(torch.from_numpy(rule.normalise(np.stack([rule.resized(one) for one in pixels])))).numpy()
    assert np.allclose(classifier.decision_function(list(pixels)), expected, atol=1e-4 * np.abs(expected).max())
    assert not len(classifier.seen_pictures().prefixes)
    assert imported.contract.data["name"] == "weights.pth" and imported.contract.metrics == {}
    assert [made.what for made in imported.decisions] == ["weights", "input size", "resize", "normalisation"]


@pytest.mark.slow
def test_what_a_safetensors_file_says_of_itself_counts(tmp_path):
    path = tmp_path / "weights.safetensors"
    network = create_model("lenet5", num_classes=2, seed=0)
    said = {"mean": "0.25", "std": "0.5", "classes": '["yes", "no"]'}
    save_file(dict(network.state_dict()), path, metadata=said)
    imported = striate.import_weights(path, "lenet5", output=tmp_path / "bundle")
    rule = imported.contract.preprocessing
    assert imported.contract.classes == ("yes", "no") and (rule.mean, rule.std) == ((0.25,), (0.5,))
    # The paper's field: 28 x 28 in the middle of 32 x 32.
    assert (rule.colour, rule.resize, rule.resize_size, rule.crop) == ("grey", "exact", (28, 28), (32, 32))
    other = striate.import_weights(path, "lenet5", output=tmp_path / "other", mean=[0.1], std=[0.2])
    assert other.contract.preprocessing.mean == (0.1,)


@pytest.mark.slow
def test_weights_for_grey_pictures_stay_so(tmp_path):
    path = tmp_path / "grey.pth"
    torch.save(create_model("resnet20", num_classes=2, in_channels=1, seed=0).state_dict(), path)
    imported = striate.import_weights(path, "resnet20", output=tmp_path / "bundle", classes=["a", "b"])
    assert imported.contract.architecture.in_channels == 1
    assert imported.contract.preprocessing.mean == (pytest.approx((0.4914 + 0.4822 + 0.4465) / 3),)


@pytest.mark.slow
def test_published_weights_bring_their_classes_and_inputs(published, tmp_path):
    imported = striate.import_weights("imagenet", "resnet20", output=tmp_path / "bundle")
    assert imported.contract.preprocessing == published.preprocessing
    assert imported.contract.classes == published.classes


def test_wrong_input_is_one_sentence_and_leaves_nothing(weights, tmp_path):
    bundle = tmp_path / "bundle"
    three = ["cat", "dog", "owl"]

    def refused(error, match, *arguments, **options):
        with pytest.raises(error, match=match):
            striate.import_weights(*arguments, **{"output": bundle, "classes": three} | options)

    refused(UsageError, "weights.pth does not say what its classes are called", weights, "resnet20", classes=None)
    refused(WeightsError, "is for 3 classes, and 2 names were given", weights, "resnet20", classes=["a", "b"])
    refused(UsageError, "holds 'a' twice", weights, "resnet20", classes=["a", "a", "b"])
    refused(UsageError, "cannot be read from .*: No such file", weights, "resnet20", classes=tmp_path / "names.txt")
    refused(UnknownNameError, "unknown model 'resnet21'", weights, "resnet21")
    refused(WeightsError, "weights.pth is not a resnet32 as it is in the catalogue", weights, "resnet32")
    refused(WeightsError, "do not fit lenet5", weights, "lenet5")
    refused(UsageError, "--mean and --std belong together", weights, "resnet20", mean=[0.5])
    refused(UsageError, "exists already", weights, "resnet20", output=tmp_path)
    refused(UsageError, "there is no folder", weights, "resnet20", output=tmp_path / "no" / "bundle")
    refused(WeightsError, "does not exist", tmp_path / "nothing.pth", "resnet20")
    assert [path.name for path in tmp_path.iterdir()] == ["weights.pth"]


def test_a_missing_tensor_is_told(tmp_path):
    tensors = create_model("resnet20", num_classes=2, seed=0).state_dict()
    del tensors["layer2.1.conv1.weight"]
    torch.save(tensors, tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match=r"is not a resnet20 .*not in the file: layer2\.1\.conv1\.weight"):
        striate.import_weights(tmp_path / "weights.pth", "resnet20", output=tmp_path / "b", classes=["a", "b"])


@pytest.mark.parametrize("which", [None, "ema"])
def test_of_plain_and_averaged_weights_it_is_said_which_are_taken(tmp_path, which):
    one, other = (create_model("resnet20", num_classes=2, seed=seed) for seed in (0, 1))
    tensors = {f"model.{name}": tensor for name, tensor in one.state_dict().items()} | {"loss.weight": torch.ones(2)}
    torch.save({"state_dict": tensors, "state_dict_ema": other.state_dict()}, tmp_path / "w.ckpt")
    heard = Notes()
    imported = striate.import_weights(
        tmp_path / "w.ckpt", "resnet20", output=tmp_path / "b", classes=["a", "b"], which=which, watcher=heard
    )
    taken = "the averaged (EMA) weights under state_dict_ema" if which else "the plain weights under state_dict"
    assert heard.notes[0].startswith(f"w.ckpt holds plain weights and averaged (EMA) ones: taken are {taken}; ")
    left_out = " (under model.); left out, as no part of the network: loss.weight"
    assert imported.decisions[0].why == "116 of 116 tensors loaded" + ("" if which else left_out)
    sealed = imported.classifier().network().state_dict()
    assert torch.equal(sealed["conv1.weight"], (other if which else one).state_dict()["conv1.weight"])


class Notes(striate.Watcher):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def test_published_weights_are_there_once(tmp_path):
    with pytest.raises(UsageError, match="which='ema' is for a file of weights; published weights are there once"):
        striate.import_weights("imagenet", "mobilenet_v2", output=tmp_path / "b", which="ema")
