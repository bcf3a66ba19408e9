import pytest
import torch
from torch import nn

import striate
from striate.api.signal import random_pictures
from striate.errors import PictureError, UnknownNameError, UsageError
from striate.initialization import Scheme
from striate.models import create_model


def test_a_row_of_the_catalogue_under_the_usual_schemes():
    report = striate.measure_signal("lenet5_relu")
    assert [signal.scheme for signal in report.signals] == ["paper", "he_normal", "xavier_uniform", "lecun_uniform"]
    assert (
        report.name == "lenet5_relu" and report.input_shape == (1, 32, 32) and report.pictures == "16 random pictures"
    )
    assert report.paper.startswith("LeCun")


def test_the_same_seed_gives_the_same_figures():
    first, again, other = (striate.measure_signal("resnet20", ["he_normal"], seed=seed) for seed in (0, 0, 1))
    assert first == again != other


def test_paper_is_what_the_constructor_draws():
    paper = striate.measure_signal("resnet20", ["paper"], seed=3).signals[0]
    own = striate.measure_signal(create_model("resnet20", seed=3), seed=3).signals[0]
    assert (own.scheme, own.layers, own.loss) == ("", paper.layers, paper.loss)


def test_schemes_may_be_written_or_given():
    report = striate.measure_signal("lenet5_relu", ["glorot_uniform", Scheme("normal", "out", 2.0)], pictures=4)
    assert [signal.scheme for signal in report.signals] == ["xavier_uniform", "lecun_normal:fan=out,gain=2.0"]


def test_a_module_is_left_as_it_was():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    before = [parameter.clone() for parameter in network.parameters()]
    report = striate.measure_signal(network, ["he_normal"], input_size=16)
    assert report.name == "Sequential" and report.input_shape == (3, 16, 16)
    assert all(torch.equal(*pair) for pair in zip(before, network.parameters(), strict=True))


def test_pictures_of_a_data_set(striped):
    report = striate.measure_signal("resnet20", ["paper"], data=striped, pictures=6)
    assert report.pictures == f"6 pictures of {striped}"
    assert report.signals[0].layers[-1].shape == (2,)
    assert report.signals[0].outcome == "trains"


def test_a_bundle_as_it_is(finished_run):
    report = striate.measure_signal(finished_run.folder, pictures=4)
    assert report.name.endswith("(resnet20)") and [signal.scheme for signal in report.signals] == [""]


def test_random_pictures_are_like_photographs():
    network = create_model("resnet20", seed=0)
    images, labels = random_pictures(network, (3, 32, 32), 64, seed=0)
    assert images.shape == (64, 3, 32, 32) and labels.bincount().tolist() == [7] * 4 + [6] * 6
    assert images.mean().item() == pytest.approx(0.1, abs=0.1) and images.std().item() == pytest.approx(1, abs=0.1)
    # Means of pictures vary, which those of white noise do not, and neighbours are alike.
    assert images.mean((2, 3)).std().item() > 0.15
    pairs = torch.stack([images[..., :-1].flatten(), images[..., 1:].flatten()])
    assert torch.corrcoef(pairs)[0, 1].item() > 0.6


def test_pixels_of_0_to_255_are_drawn_for_rows_that_take_them():
    images, _ = random_pictures(create_model("nin_imagenet", num_classes=2, seed=0), (3, 64, 64), 4, seed=0)
    assert images.std().item() == pytest.approx(64, rel=0.15)


class Progress(striate.Watcher):
    def __init__(self):
        self.said = []

    def task(self, name, done, total):
        self.said.append((name, done, total))


def test_progress_is_told():
    watcher = Progress()
    striate.measure_signal("lenet5", ["paper", "he_normal"], watcher=watcher)
    assert watcher.said == [("signal", 0, 2), ("signal", 1, 2), ("signal", 2, 2)]


def test_wrong_usage(striped):
    with pytest.raises(UnknownNameError, match="unknown model 'lenet6'"):
        striate.measure_signal("lenet6")
    with pytest.raises(UnknownNameError, match="unknown initialisation 'hee'"):
        striate.measure_signal("lenet5", ["hee"])
    with pytest.raises(UsageError, match="measure_signal: pictures must be a whole number of at least 2, got 1"):
        striate.measure_signal("lenet5", pictures=1)
    with pytest.raises(
        UsageError, match=r"a signal is measured on pictures, \(channels, height, width\), got shape \(4,\)"
    ):
        striate.measure_signal(nn.Linear(4, 2), input_size=(4,))
    with pytest.raises(UsageError, match="pictures have 1 or 3 channels, and the network takes inputs of shape"):
        striate.measure_signal(create_model("resnet20", in_channels=2, num_classes=2), data=striped)


def test_a_picture_that_cannot_be_read(tmp_path, drawn):
    folder = drawn(tmp_path / "data", ("a", "b"), 2)
    (folder / "a" / "000.png").write_bytes(b"no picture")
    with pytest.raises(PictureError, match=r"a/000\.png"):
        striate.measure_signal("resnet20", ["paper"], data=folder)
