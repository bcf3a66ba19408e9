import io
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import striate
import striate.models
from striate.errors import UnknownNameError, UsageError, WeightsError
from striate.initialization import initialize


def same(network, tensors, *, but=()):
    state = network.state_dict()
    return all(torch.equal(state[name], tensor) for name, tensor in tensors.items() if not name.startswith(tuple(but)))


def state_of(*, seed=1, **arguments):
    return striate.models.create_model("resnet20", seed=seed, **arguments).state_dict()


def test_without_weights_it_is_the_room_s(monkeypatch):
    network = striate.create_model("resnet20", num_classes=3, in_channels=1, seed=4)
    assert (network.num_classes, network.in_channels, network.training) == (3, 1, True)
    assert same(network, state_of(seed=4, num_classes=3, in_channels=1))


def test_published_weights(published):
    told = []

    class Recorder(striate.Watcher):
        def task(self, name, done, total):
            told.append((name, done, total))

    network = striate.create_model("resnet20", num_classes=1000, weights="imagenet", watcher=Recorder())
    assert same(network, state_of(num_classes=1000))
    assert network.training
    size = Path(published.url.removeprefix("file://")).stat().st_size
    assert told[-1] == (f"downloading {published.file_name}", size, size)
    told.clear()
    striate.create_model("resnet20", num_classes=1000, weights="imagenet", watcher=Recorder())
    assert told == []  # it is in the cache


def test_as_many_classes_as_the_weights_have(published):
    assert striate.create_model("resnet20", weights="imagenet").num_classes == 1000


def test_another_number_of_classes_gets_a_new_head(published):
    network = striate.create_model("resnet20", num_classes=5, weights="imagenet", seed=7)
    assert same(network, state_of(num_classes=1000), but=["fc."])
    fresh = striate.create_model("resnet20", num_classes=5, seed=7)
    assert torch.equal(network.head.weight, fresh.head.weight)


@pytest.mark.parametrize("given", [Path, str])
def test_a_file(given, tmp_path):
    path = tmp_path / "mine.safetensors"
    save_file(state_of(num_classes=4), path)
    network = striate.create_model("resnet20", weights=given(path))
    assert network.num_classes == 4
    assert same(network, state_of(num_classes=4))


def test_a_path_called_imagenet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(state_of(), "imagenet")
    assert same(striate.create_model("resnet20", weights="./imagenet"), state_of())
    assert same(striate.create_model("resnet20", weights=Path("./imagenet").absolute()), state_of())


def test_weights_for_another_number_of_channels_are_adapted(published):
    network = striate.create_model("resnet20", in_channels=1, weights="imagenet")
    colour = striate.create_model("resnet20", weights="imagenet")
    assert network.in_channels == 1
    assert torch.equal(network.conv1.weight, colour.conv1.weight.sum(1, keepdim=True))
    assert torch.equal(network.layer3[2].conv2.weight, colour.layer3[2].conv2.weight)


def test_weights_that_fill_a_part_are_refused(tmp_path):
    tensors = {name: tensor for name, tensor in state_of().items() if not name.startswith("layer3.2.")}
    torch.save(tensors, tmp_path / "part.pth")
    with pytest.raises(
        WeightsError, match=r"part\.pth does not fill resnet20: 104 of 114 tensors loaded; not in the file"
    ):
        striate.create_model("resnet20", weights=tmp_path / "part.pth")


def test_a_row_without_published_weights():
    with pytest.raises(UsageError) as error:
        striate.create_model("efficientnet_b0_tf", weights="imagenet")
    assert str(error.value) == (
        "efficientnet_b0_tf has no published ImageNet weights; its sibling 'efficientnet_b0' has them: "
        "take that network, or give a file"
    )


def test_an_unknown_row_comes_first():
    with pytest.raises(UnknownNameError, match="did you mean 'resnet20'"):
        striate.create_model("resnet21", weights="imagenet")


def test_what_makes_no_sense_comes_before_a_download(monkeypatch):
    monkeypatch.setattr("striate.api.create_model.find_weights", None)
    with pytest.raises(UsageError) as error:
        striate.create_model("resnet20", num_classes=0, weights="imagenet")
    assert str(error.value) == "ResNet: num_classes must be a whole number of at least 1, got 0"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(WeightsError, match="does not exist"):
        striate.create_model("resnet20", weights=tmp_path / "no.pth")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_download_is_shown_on_a_terminal(published, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    striate.create_model("resnet20", weights="imagenet")
    said = sys.stderr.getvalue()
    size = Path(published.url.removeprefix("file://")).stat().st_size
    task = f"\rdownloading {published.file_name}"
    assert said.startswith(f"{task}    0% of {size / 1e6:.1f} MB")
    assert said.endswith(f"{task}  100% of {size / 1e6:.1f} MB\n")


def test_elsewhere_nothing_is_said(published, capsys):
    striate.create_model("resnet20", weights="imagenet")
    assert capsys.readouterr() == ("", "")


def test_auxiliary_heads_can_be_left_out(tmp_path):
    whole = striate.create_model("googlenet_bn", num_classes=3, seed=0)
    assert [path for path in whole.state_dict() if path.startswith("aux")]
    torch.save(whole.state_dict(), tmp_path / "weights.pth")
    network = striate.create_model("googlenet_bn", auxiliary=False, weights=tmp_path / "weights.pth")
    assert not [path for path in network.state_dict() if path.startswith("aux")]
    images = torch.randn(1, 3, 32, 32)
    assert torch.equal(network.eval()(images), whole.eval()(images))


def test_new_weights_are_drawn_by_a_scheme():
    network = striate.create_model("resnet20", seed=0, init="xavier_uniform")
    bound = (6 / (27 + 144)) ** 0.5
    assert 0.95 * bound < network.conv1.weight.abs().max().item() <= bound
    assert same(network, striate.create_model("resnet20", seed=0, init="glorot_uniform").state_dict())
    other = striate.create_model("resnet20", seed=5)
    initialize(other, "xavier_uniform", seed=0)
    assert same(network, other.state_dict())
    assert same(striate.create_model("resnet20", seed=1, init="paper"), state_of())


def test_an_unknown_scheme():
    with pytest.raises(UnknownNameError, match="unknown initialisation 'he_norm'; did you mean 'he_normal'"):
        striate.create_model("resnet20", init="he_norm")


def test_a_scheme_and_weights_exclude_each_other(tmp_path):
    with pytest.raises(UsageError) as error:
        striate.create_model("resnet20", init="he_normal", weights="imagenet")
    assert str(error.value) == (
        "init='he_normal' says how new weights are drawn, and weights='imagenet' puts trained ones in their place; "
        "give one of the two"
    )
    torch.save(state_of(), tmp_path / "own.pth")
    assert same(striate.create_model("resnet20", init="paper", weights=tmp_path / "own.pth"), state_of())
