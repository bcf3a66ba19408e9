"""The network's names in a file, whatever a training program put before them."""

import pytest
import torch

from striate.errors import WeightsError
from striate.initialization import drafting
from striate.models import create_model
from striate.weights import load_weights, read_weights
from striate.weights.caffe_names import CAFFE
from striate.weights.naming import twins_of


@pytest.fixture(scope="module")
def network():
    return create_model("resnet20", num_classes=2, seed=0)


def loaded(tmp_path, content):
    """What of a file went into a new network, and that network's tensors."""
    torch.save(content, tmp_path / "w.pth")
    other = create_model("resnet20", num_classes=2, seed=1)
    return load_weights(other, read_weights(tmp_path / "w.pth").tensors, row="resnet20"), other.state_dict()


@pytest.mark.parametrize(
    ("written", "taken_off"),
    [
        ("", ""),
        ("model.", "model."),
        ("net.", "net."),
        ("backbone.", "backbone."),
        ("encoder.", "encoder."),
        ("module.", ""),
        ("_orig_mod.", ""),
        ("model._orig_mod.", "model."),
        ("module.model.backbone.", "model.backbone."),
        ("model.module.encoder.net.", "model.module.encoder.net."),
        ("classifier_under_test.", "classifier_under_test."),
    ],
)
def test_what_stands_before_all_names_is_taken_off(tmp_path, network, written, taken_off):
    own = network.state_dict()
    report, tensors = loaded(tmp_path, {"state_dict": {written + name: tensor for name, tensor in own.items()}})
    assert report.prefix == taken_off and not report.missing and not report.unexpected
    assert all(torch.equal(tensors[name], tensor) for name, tensor in own.items())
    assert report.summary() == "116 of 116 tensors loaded" + (f" (under {taken_off})" if taken_off else "")


def test_a_prefix_and_a_publishers_names(tmp_path, network):
    theirs = {f"model.{name.replace('fc.', 'linear.')}": tensor for name, tensor in network.state_dict().items()}
    report, _ = loaded(tmp_path, theirs)
    assert report.summary() == (
        "116 of 116 tensors loaded (named as by akamaster/pytorch_resnet_cifar10, under model.)"
    )


def test_what_training_keeps_beside_the_network_is_named(tmp_path, network):
    own = network.state_dict()
    report, _ = loaded(
        tmp_path, {f"net.{name}": tensor for name, tensor in own.items()} | {"loss.weight": torch.ones(2)}
    )
    assert report.outside == report.unexpected == ("loss.weight",)
    assert (
        report.summary() == "116 of 116 tensors loaded (under net.); left out, as no part of the network: loss.weight"
    )
    averaged = torch.optim.swa_utils.AveragedModel(network).state_dict()
    report, _ = loaded(tmp_path, averaged)
    assert report.outside == ("n_averaged",)


def test_what_the_network_would_be_with_is_not_beside_it(tmp_path, network):
    more = {"layer3.3.conv1.weight": torch.zeros(64, 64, 3, 3), "attention.weight": torch.zeros(3)}
    for prefix in ("", "net."):
        report, _ = loaded(tmp_path, {prefix + name: tensor for name, tensor in (network.state_dict() | more).items()})
        assert report.outside == () and set(report.unexpected) == set(more)


def test_twins_are_those_that_the_weights_belong_to():
    with drafting():
        ours = create_model("alexnet_caffe").state_dict()
    caffe = {CAFFE_NAME[name.rpartition(".")[0]] + "." + name.rpartition(".")[2]: ours[name] for name in ours}
    assert twins_of("alexnet_caffe", ours.keys(), caffe) == ["caffenet"]
    assert twins_of("alexnet_caffe", ours.keys(), ours) == ["alexnet", "caffenet"]


CAFFE_NAME = {ours: name for name, ours in CAFFE[1].layers.items()}


def test_a_network_that_is_there_twice_is_refused(tmp_path, network):
    own = network.state_dict()
    with pytest.raises(WeightsError) as error:
        loaded(tmp_path, {f"{side}.{name}": tensor for side in ("student", "teacher") for name, tensor in own.items()})
    assert str(error.value) == (
        "the weights hold resnet20 2 times, under 'student.' and 'teacher.'; "
        "keep the tensors of one of them alone in the file"
    )
