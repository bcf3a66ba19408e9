"""What the frozen part says is what torch says, is computed once, and is never taken for something else's."""

import copy
import dataclasses
import hashlib
from contextlib import closing

import numpy as np
import pytest
import torch

import striate.transfer.frozen_outputs as room
from striate.augmentation import named_policy
from striate.models import create_model, split_after
from striate.training import Recipe, StoppedError
from striate.training.inputs import augmented, normalise
from striate.transfer import compute_outputs, maps_of, output_shapes, split_vectors, stage_vectors

CPU = torch.device("cpu")
SIZE = (32, 32)


@dataclasses.dataclass(frozen=True, eq=False)
class Stored:
    """Random bytes; `tag` stands for how they were prepared."""

    count: int = 6
    seed: int = 0
    tag: str = ""
    mean: tuple = (0.4, 0.5, 0.6)
    std: tuple = (0.2, 0.25, 0.3)
    reverses_channels = False

    @property
    def labels(self):
        return np.arange(self.count, dtype=np.int64) % 2

    @property
    def samples(self):
        return np.arange(self.count, dtype=np.int64) + 50

    @property
    def stored(self):
        return np.random.default_rng(self.seed).integers(0, 256, (self.count, *SIZE, 3), dtype=np.uint8)

    @property
    def digest(self):
        return hashlib.sha256(self.stored.tobytes() + f"{self.tag} {self.mean} {self.std}".encode()).hexdigest()

    def pixels(self, positions):
        return self.stored[positions]

    def key(self, position):
        return str(position)

    def images(self):
        pixels = torch.from_numpy(self.stored).permute(0, 3, 1, 2).double() / 255
        mean, std = (torch.tensor(values, dtype=torch.float64)[:, None, None] for values in (self.mean, self.std))
        return ((pixels - mean) / std).float()


@pytest.fixture(scope="module")
def network():
    """Batch norms that have seen something: fresh ones would hide an engine that forgets them."""
    made = create_model("resnet20", num_classes=3, seed=0)
    with torch.no_grad():
        made(torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(1)))
    return made.eval()


@pytest.fixture
def silent(monkeypatch):
    """Nothing can be computed from here on."""

    def refuse(*arguments):
        raise AssertionError("computed again")

    return lambda: monkeypatch.setattr(room, "_run", refuse)


def close(mine, expected):
    scale = np.abs(expected).max()
    return mine.shape == expected.shape and np.abs(mine - expected).max() < 1e-4 * scale


@torch.inference_mode()
def test_the_vectors_of_all_stages_are_torchs_own_and_are_found_again(network, tmp_path, silent):
    examples, told = Stored(), []
    part = stage_vectors(network, SIZE)
    options = {"recipe": Recipe(), "device": CPU, "cache_folder": tmp_path}
    rows = compute_outputs(part, examples, **options, progress=lambda *place: told.append(place))
    assert rows.dtype == np.float32 and told == [("features", 6, 6)]
    vectors = split_vectors(network, rows, output_shapes(part, CPU))
    stages = ("relu1", "layer1", "layer2", "layer3")
    assert list(vectors) == [*(name for stage in stages for name in (stage, f"{stage} maximum")), "features"]
    expected = part.module(examples.images())
    for found, own in zip(vectors.values(), expected, strict=True):
        assert close(found, own.numpy())
    assert (vectors["features"] == rows[:, -64:]).all()
    silent()
    again = compute_outputs(stage_vectors(copy.deepcopy(network), SIZE), Stored(), **options)
    assert again.tobytes() == rows.tobytes() and not again.flags.writeable


@torch.inference_mode()
def test_answers_that_are_the_same_come_twice(tmp_path):
    network = create_model(
        "lenet5", num_classes=2, in_channels=3, seed=0
    ).eval()  # its last stage is the vector before the head
    part = stage_vectors(network, SIZE)
    rows = compute_outputs(part, Stored(), recipe=Recipe(), device=CPU, cache_folder=tmp_path)
    vectors = split_vectors(network, rows, output_shapes(part, CPU))
    expected = part.module(Stored().images())
    assert len(vectors) == len(expected) and all(
        close(found, own.numpy()) for found, own in zip(vectors.values(), expected, strict=True)
    )
    assert vectors["features"].tobytes() == vectors[network.stages[-1]].tobytes()


@torch.inference_mode()
def test_the_maps_of_a_stage_are_torchs_own_and_so_are_those_of_a_draw(network, tmp_path, silent, monkeypatch):
    monkeypatch.setattr(room, "pictures_at_once", lambda size: 4)  # so that the last batch is another size
    examples, told = Stored(), []
    recipe = Recipe(seed=3, augmentation=named_policy("standard", drawn=False))
    options = {"recipe": recipe, "device": CPU, "cache_folder": tmp_path}
    part = maps_of(network, "layer2", SIZE)
    assert output_shapes(part, CPU) == [(32, 16, 16)]
    before, _ = split_after(network, "layer2")
    plain = compute_outputs(part, examples, **options)
    assert close(plain, before(examples.images()).numpy())
    draw = compute_outputs(part, examples, **options, draw=2, progress=lambda *place: told.append(place))
    assert told == [("features, draw 2", 4, 6), ("features, draw 2", 6, 6)]
    changed = augmented(examples, np.arange(6), examples.samples, recipe, 2, CPU)
    assert close(draw, before(normalise(changed, examples, levels=1)).numpy())
    assert not close(draw, plain)
    silent()
    assert (compute_outputs(part, examples, **options, draw=2) == draw).all()


def name_of(part, examples=None, recipe=None, draw=0):
    return room._name(part, examples or Stored(), recipe or Recipe(), CPU, draw)


def moved(network, name):
    other = copy.deepcopy(network)
    with torch.no_grad():
        other.get_parameter(name).view(-1)[0] += 1e-3
    return other


def test_what_answers_depend_on_is_in_their_name(network):
    name = name_of(stage_vectors(network, SIZE))
    assert name == name_of(stage_vectors(copy.deepcopy(network).train(), SIZE))
    assert name == name_of(stage_vectors(moved(network, "fc.weight"), SIZE)), "the head is not run"
    others = [
        name_of(stage_vectors(moved(network, "layer3.2.bn2.bias"), SIZE)),
        name_of(stage_vectors(network, (48, 48))),
        name_of(stage_vectors(network, SIZE), Stored(seed=1)),
        name_of(stage_vectors(network, SIZE), Stored(tag="another filter")),
        name_of(stage_vectors(network, SIZE), draw=1),
        name_of(maps_of(network, "layer2", SIZE)),
        name_of(maps_of(network, "layer1", SIZE)),
    ]
    assert len({name, *others}) == 1 + len(others)


def test_statistics_are_weights_too(network):
    other = copy.deepcopy(network)
    other.bn1.running_mean += 1e-3
    assert name_of(stage_vectors(other, SIZE)) != name_of(stage_vectors(network, SIZE))


def test_maps_know_what_leads_to_them_and_nothing_else(network):
    """A run that is resumed has other weights behind the frozen part, and finds its maps."""
    name = name_of(maps_of(network, "layer2", SIZE))
    assert name == name_of(maps_of(moved(network, "layer3.0.conv1.weight"), "layer2", SIZE))
    assert name != name_of(maps_of(moved(network, "layer2.2.bn2.bias"), "layer2", SIZE))


def test_seed_and_policy_count_for_draws_alone(network):
    part = stage_vectors(network, SIZE)
    standard = named_policy("standard", drawn=False)
    recipes = [
        Recipe(augmentation=standard),
        Recipe(seed=1, augmentation=standard),
        Recipe(augmentation=named_policy("light", drawn=False)),
    ]
    assert len({name_of(part, recipe=recipe) for recipe in recipes}) == 1
    assert len({name_of(part, recipe=recipe, draw=1) for recipe in recipes}) == 3
    assert len({name_of(part, recipe=recipes[0], draw=draw) for draw in range(4)}) == 4
    assert name_of(part, recipe=dataclasses.replace(recipes[0], batch_size=8), draw=1) == name_of(
        part, recipe=recipes[0], draw=1
    )


def test_rows_that_share_their_weights_do_not_share_their_answers():
    plain = create_model("mobilenet_v2", seed=0)
    padded = create_model("mobilenet_v2_tf", seed=0)
    padded.load_state_dict(plain.state_dict())
    assert name_of(stage_vectors(plain, SIZE)) != name_of(stage_vectors(padded, SIZE))
    stage = plain.stages[-2]
    assert name_of(maps_of(plain, stage, SIZE)) != name_of(maps_of(padded, stage, SIZE))


def test_compiled_parts_are_kept_until_they_are_forgotten(network, monkeypatch):
    monkeypatch.setattr(room, "_COMPILED", {})
    monkeypatch.setattr(room, "_compile", lambda part: object())
    part = stage_vectors(network, SIZE)
    first = room._in_openvino(part)
    assert room._in_openvino(part) is first
    room.forget_compiled()
    assert room._in_openvino(part) is not first


WIDTH = 2 * (16 + 16 + 32 + 64) + 64


class Counting:
    """In place of an engine: it answers how many times it was asked."""

    def __init__(self):
        self.rounds = 0

    def __call__(self, images):
        self.rounds += 1
        return np.full((len(images), WIDTH), self.rounds, np.float32)


@pytest.fixture
def counting(monkeypatch):
    engine = Counting()
    monkeypatch.setattr(room, "_in_openvino", lambda part: engine)
    monkeypatch.setattr(room, "pictures_at_once", lambda size: 4)
    return engine


def outputs(network, folder, **options):
    part = stage_vectors(network, SIZE)
    return compute_outputs(part, Stored(), recipe=Recipe(), device=CPU, cache_folder=folder, **options)


def test_a_stop_leaves_nothing_behind(network, tmp_path, counting):
    with pytest.raises(StoppedError):
        outputs(network, tmp_path, stop=lambda: counting.rounds == 1)
    assert counting.rounds == 1 and list(tmp_path.iterdir()) == []
    assert outputs(network, tmp_path).shape == (6, WIDTH)
    assert len(list(tmp_path.iterdir())) == 1


def test_without_room_on_the_disk_answers_stay_in_memory(network, tmp_path, counting, monkeypatch):
    monkeypatch.setattr(room, "DISK_BUDGET", 100)
    rows = outputs(network, tmp_path / "small")
    assert rows[:, 0].tolist() == [1, 1, 1, 1, 2, 2] and not (tmp_path / "small").exists()
    monkeypatch.setattr(room, "DISK_BUDGET", 1 << 20)
    (tmp_path / "file").write_text("no folder")
    assert outputs(network, tmp_path / "file" / "frozen")[:, 0].tolist() == [3, 3, 3, 3, 4, 4]


def test_a_disk_that_fills_up_while_it_is_written(network, tmp_path, counting, monkeypatch):
    def fail(path, rows, shape, dtype):
        with closing(rows):
            next(iter(rows))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(room, "write_array", fail)
    assert outputs(network, tmp_path)[:, 0].tolist() == [2, 2, 2, 2, 3, 3]
    monkeypatch.setattr(room, "MEMORY_BUDGET", 100)
    with pytest.raises(MemoryError) as error:
        outputs(network, tmp_path)
    assert str(error.value) == "what the frozen part says takes 7.7 kB: neither disk nor memory has room for it"


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-4],
        lambda content: content[: len(content) // 2],
        lambda content: content + b"\0\0\0\0",
        lambda content: b"",
        lambda content: content[:10] + b"(" + content[11:],  # numpy's reader raises a TokenError
        lambda content: content.replace(b"(6, ", b"(7, "),
        lambda content: content.replace(b"<f4", b"<f8"),
    ],
)
def test_a_damaged_file_is_not_taken(network, tmp_path, counting, damage):
    outputs(network, tmp_path)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert outputs(network, tmp_path)[:, 0].tolist() == [3, 3, 3, 3, 4, 4]
    outputs(network, tmp_path)
    assert counting.rounds == 4, "the whole file took the damaged one's place"


@pytest.mark.gpu
@torch.inference_mode()
def test_a_gpu_answers_the_same(network, tmp_path):
    device = torch.device("cuda")
    part = maps_of(copy.deepcopy(network).to(device), "layer2", SIZE)
    rows = compute_outputs(part, Stored(), recipe=Recipe(), device=device, cache_folder=tmp_path)
    before, _ = split_after(network, "layer2")
    assert np.abs(rows - before(Stored().images()).numpy()).max() < 1e-2 * np.abs(rows).max()


def test_large_pictures_go_through_a_few_at_a_time(tmp_path, monkeypatch):
    """Sixty-four of 224 x 224 take MobileNetV2 half a gigabyte more, and are answered no faster."""
    taken = []

    def answer(images):
        taken.append(len(images))
        return np.zeros((len(images), 3), np.float32)

    monkeypatch.setattr(room, "_in_openvino", lambda part: answer)
    means = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten())
    part = room.FrozenPart(means, 3, (224, 224), "few")
    compute_outputs(part, Stored(20), recipe=Recipe(), device=CPU, cache_folder=tmp_path)
    assert taken == [8, 8, 4]
