"""The sheet shows what training would see."""

import time

import numpy as np
import pytest
import torch

import striate
from striate.api.augment import augment_sheet, pick_pictures
from striate.augmentation import AugmentationPolicy, Rotation, augment, named_policy
from striate.data import ArrayPictures, Dataset
from striate.data.facts import SAMPLED, data_facts
from striate.data.preparation import prepare_data
from striate.deciding.decide import decide
from striate.deciding.training_request import TrainingRequest
from striate.errors import UnknownNameError, UsageError
from striate.training import Recipe
from striate.watching import Watcher


class Notes(Watcher):
    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


@pytest.fixture(scope="module")
def digits():
    return augment_sheet("digits", pictures=3, draws=4)


def test_digits_are_not_mirrored_by_default(digits):
    assert striate.augment_sheet is augment_sheet
    assert digits.policy == named_policy("standard", drawn=True)
    assert not digits.policy.horizontal_flip.active and digits.warnings == ()


def test_each_draw_says_what_was_done(digits):
    assert [row.label for row in digits.rows] == sorted({row.label for row in digits.rows})
    for row in digits.rows:
        assert row.key.startswith("digits/") and len(row.draws) == 4
        for draw in row.draws:
            assert [change.operation for change in draw] == ["scaling", "rotation", "translation"]
            assert draw[1].text == f"rotation {draw[1].values[0]:+.1f}°" and abs(draw[1].values[0]) <= 10
    assert digits.to_dict()["pictures"][0]["draws"][0][1]["operation"] == "rotation"


def test_the_first_draw_is_what_the_first_epoch_sees(striped, monkeypatch):
    """The sheet's pictures are those that training's own code makes of the same rows."""
    import striate.api.augment as module
    from striate.data import open_store
    from striate.data.examples import SplitExamples
    from striate.training.inputs import augmented

    seen = []
    original = module.draw_epoch
    monkeypatch.setattr(module, "draw_epoch", lambda *a, **k: seen.append((a, k, original(*a, **k))) or seen[-1][2])
    policy = AugmentationPolicy(rotation=Rotation(degrees=20.0))
    augment_sheet(striped, policy=policy, pictures=4, draws=2, model="resnet20", seed=5)
    (reader, training, indices, *_), options, (images, _) = seen[1]
    assert options == {"seed": 5, "epoch": 1}
    dataset = prepare_data(striped, seed=5, root=None, watcher=Watcher())
    assert data_facts(dataset).colour
    examples = SplitExamples.of(dataset, open_store(dataset, reader.preprocessing), reader.preprocessing, "train")
    positions = np.searchsorted(training, indices)
    recipe = Recipe.from_dict({"seed": 5, "augmentation": policy.to_dict()})
    same = augmented(examples, positions, examples.samples[positions], recipe, 1, torch.device("cpu"))
    assert torch.equal(images, same)


def test_every_class_comes_before_one_comes_again(digits):
    dataset = striate.load_data("digits")
    training = np.arange(len(dataset))
    picked = pick_pictures(dataset, training, count=12, seed=0)
    counts = np.bincount(dataset.labels[picked], minlength=10)
    assert len(picked) == 12 and counts.min() == 1 and counts.max() == 2
    assert len(pick_pictures(dataset, training[:3], count=12, seed=0)) == 3


def test_what_changes_a_class_is_said_aloud_and_on_the_sheet():
    watcher = Notes()
    sheet = augment_sheet("digits", policy="horizontal_flip", pictures=1, draws=1, watcher=watcher)
    assert sheet.warnings == ("horizontal_flip mirrors digits and letters: b becomes d, and a mirrored 3 is no 3",)
    assert sheet.warnings[0] in watcher.notes


def test_operations_for_colour_say_that_grey_pictures_have_none():
    watcher = Notes()
    sheet = augment_sheet("digits", policy="hue", pictures=1, draws=1, watcher=watcher)
    assert "hue changes nothing here: the pictures are grey" in watcher.notes
    assert sheet.rows[0].draws == ((),)


def test_colour_pictures_with_everything(striped):
    sheet = augment_sheet(striped, policy="strong", pictures=2, draws=6, size=32)
    assert sheet.policy.pca_colour.measured
    seen = {change.operation for row in sheet.rows for draw in row.draws for change in draw}
    assert {"random_resized_crop", "brightness", "pca_colour"} <= seen and {"mixup", "cutmix"} & seen
    mixed = [change.text for row in sheet.rows for draw in row.draws for change in draw if change.operation == "cutmix"]
    assert all(text.endswith(("across", "bands")) for text in mixed)


def test_settings_change_single_keys():
    sheet = augment_sheet("digits", settings=["rotation.degrees=45", "noise.deviation=0.1"], pictures=1, draws=1)
    assert sheet.policy.rotation.degrees == 45 and sheet.policy.noise.deviation == 0.1
    assert sheet.policy.scaling == named_policy("standard", drawn=True).scaling


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"policy": "rotatoin"}, UnknownNameError, "unknown augmentation policy 'rotatoin'; did you mean 'rotation'"),
        ({"settings": ["rotation.degree=4"]}, UnknownNameError, "unknown augmentation policy key 'rotation.degree'"),
        ({"pictures": 0}, UsageError, "pictures must lie in 1..64, got 0"),
        ({"draws": 65}, UsageError, "draws must lie in 1..64, got 65"),
        ({"size": 0}, UsageError, "size must lie in 1..4096 pixels, got 0"),
        ({"model": "resnet19"}, UnknownNameError, "unknown model 'resnet19'"),
    ],
)
def test_what_makes_no_sense(arguments, error, message):
    with pytest.raises(error) as caught:
        augment_sheet("digits", **arguments)
    assert str(caught.value).startswith(message)


def test_a_single_operation_does_what_the_room_does():
    images = torch.rand(3, 1, 8, 8)
    policy = named_policy("rotation", drawn=True)
    assert not torch.equal(augment(images, policy, seed=0, epoch=0, indices=range(3)), images)


def test_the_colours_of_a_sheet_are_those_that_training_changes():
    """Of more pictures than are looked at: the sheet and a run measure the same ones."""
    count = 800
    pixels = np.random.default_rng(0).integers(0, 256, (count, 8, 8, 3)) * np.linspace(0.2, 1, count).reshape(
        -1, 1, 1, 1
    )
    pictures = ArrayPictures.whole({"noise": pixels.astype(np.uint8)})
    labels = (np.arange(count) % 2).astype(np.int32)
    dataset = Dataset("noise", "noise", ("a", "b"), pictures, labels, np.zeros(count, np.uint8))
    dataset = prepare_data(dataset, seed=0, root=None, watcher=Watcher())
    assert len(dataset.indices("train")) > SAMPLED
    sheet = augment_sheet(dataset, policy="pca_colour", pictures=1, draws=1, model="resnet20")
    request = TrainingRequest(data=dataset, model="resnet20", augment="pca_colour", precision="fp32", device="cpu")
    recipe = decide(request, watcher=Watcher(), begun=time.monotonic()).plan.recipe
    assert sheet.policy.pca_colour.eigenvalues == recipe.augmentation.pca_colour.eigenvalues != ()
