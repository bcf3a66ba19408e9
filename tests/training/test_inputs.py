import threading

import numpy as np
import pytest
import torch

from striate.augmentation import AugmentationPolicy, Mixup, Rotation, mixing_partners
from striate.pixels import Preprocessing
from striate.training import Recipe, prefetched, prepare_inputs
from striate.training.batches import VISIT, Batch
from striate.training.inputs import Inputs, Targets, prepare_training_inputs

CPU = torch.device("cpu")


class Stored:
    """Random bytes under a rule."""

    def __init__(self, rule, count=7, seed=0):
        height, width = rule.size
        generator = np.random.default_rng(seed)
        self.stored = generator.integers(0, 256, (count, height, width, rule.channels), dtype=np.uint8)
        self.mean, self.std = rule.statistics
        self.reverses_channels = rule.reverses_channels
        self.labels = np.arange(count, dtype=np.int64) % 3
        self.samples = np.arange(count, dtype=np.int64) + 100

    def pixels(self, positions):
        return self.stored[positions]

    def key(self, position):
        return str(position)


def rule(colour, size, mean, std):
    return Preprocessing(colour=colour, resize="exact", resize_size=size, mean=mean, std=std)


RULES = [
    rule("rgb", (32, 40), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    rule("grey", (17, 23), (0.1307,), (0.3081,)),
    rule("rgb", (224, 224), (0.0, 0.0, 0.0), (0.003922, 0.003922, 0.003922)),
    rule("rgb", (600, 600), (0.5, 0.4, 0.3), (0.1, 0.2, 0.7)),  # a picture is more than a block
    Preprocessing(
        colour="rgb",
        resize="exact",
        resize_size=(32, 40),
        mean=(104.0, 117.0, 123.0),
        std=(1.0, 2.0, 57.0),
        range="0..255",
        channel_order="bgr",
    ),
]


@pytest.mark.parametrize("one", RULES, ids=str)
def test_pictures_as_they_are_have_the_bits_of_the_preprocessing(one):
    examples = Stored(one)
    positions = np.array([4, 0, 6, 6, 1])
    inputs = prepare_inputs(examples, positions, device=CPU)
    expected = one.normalise(examples.stored[positions])
    assert inputs.images.dtype == torch.float32
    assert (
        inputs.images.numpy().tobytes() == expected.tobytes()
    )  # tobytes goes by position, not by the layout in memory
    assert inputs.images.is_contiguous(memory_format=torch.channels_last)
    assert inputs.targets.labels.tolist() == [1, 0, 0, 0, 1]
    assert np.array_equal(inputs.positions, positions)


def test_without_augmentation_training_sees_what_validation_sees():
    examples = Stored(RULES[0])
    batch = Batch(np.array([2, 5]), np.zeros(2, np.int64))
    trained = prepare_training_inputs(examples, batch, device=CPU, recipe=Recipe(), epoch=3)
    measured = prepare_inputs(examples, batch.positions, device=CPU)
    assert torch.equal(trained.images, measured.images)


def test_pictures_are_changed_as_bytes_and_then_normalised(monkeypatch):
    seen = {}

    def darker(images, policy, *, seed, epoch, indices):
        seen.update(low=float(images.min()), high=float(images.max()), seed=seed, epoch=epoch, indices=list(indices))
        return images.float() / 255 * 0.5

    monkeypatch.setattr("striate.training.inputs.augment", darker)
    examples = Stored(RULES[0])
    recipe = Recipe(seed=9, augmentation=AugmentationPolicy(rotation=Rotation(degrees=1.0)))
    batch = Batch(np.array([2, 5, 2]), np.array([0, 0, 1]))
    inputs = prepare_training_inputs(examples, batch, device=CPU, recipe=recipe, epoch=3)
    assert seen == {"low": 0.0, "high": 255.0, "seed": 9, "epoch": 3, "indices": [102, 105, 102 + VISIT]}
    pixels = torch.from_numpy(examples.stored[[2, 5, 2]]).double() / 255 * 0.5
    expected = (pixels - torch.tensor(examples.mean).double()) / torch.tensor(examples.std).double()
    torch.testing.assert_close(inputs.images.permute(0, 2, 3, 1).double(), expected, rtol=0, atol=1e-6)
    assert inputs.images.is_contiguous(memory_format=torch.channels_last)


def test_changed_pictures_have_the_order_of_channels_that_the_network_takes(monkeypatch):
    """Blue less 104, green less 117, red less 123, by hand; augmentation sees red, green, blue."""
    monkeypatch.setattr("striate.training.inputs.augment", lambda images, *_, **__: images.float() / 255)
    examples = Stored(RULES[-1])
    recipe = Recipe(augmentation=AugmentationPolicy(rotation=Rotation(degrees=1.0)))
    batch = Batch(np.array([2, 5]), np.zeros(2, np.int64))
    images = prepare_training_inputs(examples, batch, device=CPU, recipe=recipe, epoch=0).images
    red, green, blue = torch.from_numpy(examples.stored[[2, 5]]).double().unbind(3)
    expected = torch.stack([blue - 104, (green - 117) / 2, (red - 123) / 57], 1)
    torch.testing.assert_close(images.double(), expected, rtol=1e-6, atol=2e-5)
    assert images.is_contiguous(memory_format=torch.channels_last)


def test_a_mixed_picture_is_mixed_before_it_is_normalised_and_has_two_labels():
    examples = Stored(RULES[0])
    policy = AugmentationPolicy(mixup=Mixup(alpha=1.0, probability=1.0))
    recipe = Recipe(seed=5, augmentation=policy)
    positions = np.array([3, 1, 4])
    batch = Batch(positions, np.zeros(3, np.int64))
    inputs = prepare_training_inputs(examples, batch, device=CPU, recipe=recipe, epoch=2)
    others = mixing_partners(policy, seed=5, epoch=2, indices=examples.samples[positions], count=7)
    shares = inputs.targets.shares
    assert inputs.targets.labels.tolist() == examples.labels[positions].tolist()
    assert inputs.targets.others.tolist() == examples.labels[others].tolist()
    assert ((shares > 0) & (shares < 1)).all()
    plain = [prepare_inputs(examples, rows, device=CPU).images for rows in (positions, others)]
    share = shares[:, None, None, None]
    torch.testing.assert_close(inputs.images, share * plain[0] + (1 - share) * plain[1], rtol=0, atol=1e-5)
    alone = prepare_training_inputs(
        examples, Batch(positions[2:], np.zeros(1, np.int64)), device=CPU, recipe=recipe, epoch=2
    )
    assert torch.equal(alone.images[0], inputs.images[2])  # whatever the batch


def test_a_mixed_picture_shows_mainly_the_class_of_the_larger_share():
    targets = Targets(torch.tensor([0, 0, 0]), torch.tensor([1, 1, 1]), torch.tensor([0.7, 0.5, 0.2]))
    assert targets.main.tolist() == [0, 0, 1]
    assert targets.part(1, 3).main.tolist() == [0, 1]
    assert Targets(torch.tensor([2, 1])).part(1, 2).main.tolist() == [1]


def test_batches_come_in_order_from_another_thread_two_ahead():
    asked, released = [], threading.Event()

    def prepare(number):
        asked.append((number, threading.current_thread() is threading.main_thread()))
        if number == 1:
            released.set()
        return Inputs(np.array([number]), torch.zeros(1), Targets(torch.zeros(1)))

    with prefetched(prepare, range(5), CPU) as prepared:
        first = next(prepared)
        assert released.wait(10)  # the second is prepared although nobody asked for it yet
        assert first.positions[0] == 0 and len(asked) <= 2
        assert [int(inputs.positions[0]) for inputs in prepared] == [1, 2, 3, 4]
    assert asked == [(number, False) for number in range(5)]


def test_what_goes_wrong_in_the_thread_is_raised_where_the_batch_is_taken():
    def prepare(number):
        raise OSError(f"picture {number} is gone")

    with prefetched(prepare, range(3), CPU) as prepared, pytest.raises(OSError, match="picture 0 is gone"):
        next(prepared)


@pytest.mark.gpu
def test_a_gpu_gets_the_same_pictures():
    examples = Stored(RULES[0], count=64)
    device = torch.device("cuda")
    batches = np.split(np.arange(64), 16)

    def prepare(positions):
        return prepare_inputs(examples, positions, device=device)

    with prefetched(prepare, batches, device) as prepared:
        images = torch.cat([inputs.images for inputs in prepared]).cpu()
    torch.testing.assert_close(images, prepare_inputs(examples, np.arange(64), device=CPU).images, rtol=0, atol=1e-6)
