"""The same pictures from the same seed: whatever the batches, workers, ranks and threads, and after a resume."""

import hashlib
import os

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from striate.augmentation import (
    AugmentationPolicy,
    Elastic,
    PcaColour,
    VerticalFlip,
    augment,
    draw_policy,
    mix,
    mixing_partners,
    named_policy,
    permutation,
)
from striate.augmentation.named import ALONE

COUNT = 2000
SIDE = 12
STRONG = named_policy("strong", drawn=False).to_dict()
COLOURS = PcaColour(
    deviation=0.1, eigenvalues=(0.2, 0.02, 0.005), eigenvectors=((0.6, 0.6, 0.52), (0.7, -0.7, 0.0), (0.4, 0.4, -0.82))
)


def every_operation():
    """Every operation at once, each for a part of the pictures."""
    strong = named_policy("strong", drawn=False)
    fields = {operation.name: operation for operation in strong.active}
    fields |= {"pca_colour": COLOURS, "vertical_flip": VerticalFlip(probability=0.3)}
    fields |= {"elastic": Elastic(alpha=10.0, sigma=2.0, probability=0.4)}
    for operation in ALONE:
        if operation.name in ("scaling", "translation"):
            fields[operation.name] = operation
    return AugmentationPolicy(**fields)


POLICY = every_operation()


def pictures(positions):
    """Small pictures that any process can make again: what they show depends on their position alone."""
    generator = np.random.default_rng(5).random((64, SIDE, SIDE, 3), dtype=np.float32)
    return torch.from_numpy(generator[np.asarray(positions) % 64]).permute(0, 3, 1, 2)


def changed(positions, *, epoch=1, seed=9):
    """What the training loop does with a batch: augmented, and mixed with partners that are augmented themselves."""
    place = {"seed": seed, "epoch": epoch, "indices": positions}
    images = augment(pictures(positions), POLICY, **place)
    partners = mixing_partners(POLICY, **place, count=COUNT)
    others = augment(pictures(partners), POLICY, seed=seed, epoch=epoch, indices=partners)
    mixed, weights = mix(images, others, POLICY, **place)
    return torch.cat([mixed.flatten(1), weights[:, None]], dim=1).numpy()


def digest(rows):
    assert rows.shape == (COUNT, 3 * SIDE * SIDE + 1)
    return hashlib.sha256(np.ascontiguousarray(rows).tobytes()).hexdigest()


def in_batches(order, size):
    return np.concatenate([changed(order[start : start + size]) for start in range(0, len(order), size)])


ORDER = permutation(9, 1, COUNT)


@pytest.fixture(scope="module")
def expected():
    """The digest of the first 2,000 pictures of an epoch, in batches of 100."""
    return digest(in_batches(ORDER, 100))


class Batches(Dataset):
    """Batches as a worker makes them."""

    def __init__(self, size):
        self.batches = np.split(ORDER, range(size, COUNT, size))

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, place):
        return changed(self.batches[place])


def test_every_operation_is_in_it():
    assert len(POLICY.active) == 20
    drawn = draw_policy(POLICY, seed=9, epoch=1, indices=range(COUNT))
    assert all(draws.on.any() for draws in drawn.values())


@pytest.mark.parametrize("size", [COUNT, 333, 64])
def test_batch_sizes(size, expected):
    assert digest(in_batches(ORDER, size)) == expected


def test_single_pictures():
    assert np.array_equal(in_batches(ORDER[:60], 1), in_batches(ORDER[:60], 60))


@pytest.mark.filterwarnings("ignore:This DataLoader will create")  # more workers than processors are meant
@pytest.mark.parametrize("workers", [0, pytest.param(1, marks=pytest.mark.slow), 4])
def test_workers(workers, expected):
    loader = DataLoader(
        Batches(250), batch_size=None, num_workers=workers, multiprocessing_context="fork" if workers else None
    )
    assert digest(np.concatenate([np.asarray(rows) for rows in loader])) == expected


@pytest.mark.parametrize("threads", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_threads(threads, expected):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert digest(in_batches(ORDER, 500)) == expected
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("ranks", [pytest.param(1, marks=pytest.mark.slow), 2, 3])
def test_ranks(ranks, expected):
    rows = np.empty((COUNT, 3 * SIDE * SIDE + 1), dtype=np.float32)
    for rank in range(ranks):
        rows[rank::ranks] = in_batches(ORDER[rank::ranks], 150)
    assert digest(rows) == expected


def test_a_resume_in_mid_epoch(expected):
    assert digest(np.concatenate([in_batches(ORDER[:700], 100), in_batches(ORDER[700:], 100)])) == expected


def test_another_seed_or_epoch_is_another_picture():
    first = changed(ORDER[:50])
    assert not np.array_equal(first, changed(ORDER[:50], epoch=2))
    assert not np.array_equal(first, changed(ORDER[:50], seed=10))


def test_to_switch_one_operation_on_changes_no_other_draw():
    alone = {"rotation": STRONG["rotation"]}
    from striate.table_reading import read_dataclass

    few = draw_policy(read_dataclass(AugmentationPolicy, alone), seed=0, epoch=0, indices=range(50))
    many = draw_policy(POLICY, seed=0, epoch=0, indices=range(50))
    assert np.array_equal(few["rotation"].on, many["rotation"].on)
    assert np.array_equal(few["rotation"].values, many["rotation"].values)
    values = np.stack([many[name].values[:, 0] for name in ("brightness", "contrast", "saturation")])
    assert len(np.unique(values.round(12))) == values.size


def test_layout_and_type_are_kept():
    images = pictures(range(8)).contiguous(memory_format=torch.channels_last)
    result = augment(images, POLICY, seed=0, epoch=0, indices=range(8))
    assert result.is_contiguous(memory_format=torch.channels_last)
    plain = augment(images.contiguous(), POLICY, seed=0, epoch=0, indices=range(8))
    assert plain.is_contiguous() and torch.equal(plain, result)
    half = augment(images.to(torch.bfloat16), POLICY, seed=0, epoch=0, indices=range(8))
    assert half.dtype == torch.bfloat16 and torch.isfinite(half).all()


def test_what_is_given_stays_as_it_is():
    images = pictures(range(8))
    before = images.clone()
    augment(images, POLICY, seed=0, epoch=0, indices=range(8))
    for operation in (*ALONE, COLOURS):
        if operation.name != "pca_colour" or operation is COLOURS:
            augment(images, AugmentationPolicy(**{operation.name: operation}), seed=0, epoch=0, indices=range(8))
    assert torch.equal(images, before)


def test_no_pictures():
    assert augment(torch.rand(0, 3, 4, 4), POLICY, seed=0, epoch=0, indices=[]).shape == (0, 3, 4, 4)


def work(rank, ranks, port, folder):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.distributed.init_process_group("gloo", rank=rank, world_size=ranks)
    part = torch.from_numpy(in_batches(ORDER[rank::ranks], 150))
    sizes = [len(ORDER[other::ranks]) for other in range(ranks)]
    parts = [torch.empty(max(sizes), part.shape[1]) for _ in range(ranks)]
    padded = torch.zeros(max(sizes), part.shape[1])
    padded[: len(part)] = part
    torch.distributed.all_gather(parts, padded)
    if rank == 0:
        rows = np.empty((COUNT, part.shape[1]), dtype=np.float32)
        for other in range(ranks):
            rows[other::ranks] = parts[other][: sizes[other]].numpy()
        (folder / "digest").write_text(digest(rows))
    torch.distributed.destroy_process_group()


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_that_are_processes(ranks, tmp_path, expected):
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    context = torch.multiprocessing.get_context("fork")
    processes = [context.Process(target=work, args=(rank, ranks, port, tmp_path)) for rank in range(ranks)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    assert (tmp_path / "digest").read_text() == expected


@pytest.mark.gpu
def test_a_gpu_has_the_same_draws_noise_and_colours_and_nearly_the_same_movements():
    place = {"seed": 9, "epoch": 1, "indices": np.arange(COUNT)}
    images = pictures(np.arange(COUNT))
    for operation in (*(row for row in ALONE if row.name != "pca_colour"), COLOURS):
        policy = AugmentationPolicy(**{operation.name: operation})
        ours = augment(images, policy, **place)
        theirs = augment(images.cuda(), policy, **place).cpu()
        moved = policy.random_resized_crop.active or any(
            getattr(policy, name).active
            for name in ("scaling", "shear", "rotation", "translation", "perspective", "elastic")
        )
        if moved:
            assert torch.allclose(ours, theirs, atol=2e-5, rtol=0), operation.name
        else:
            assert torch.equal(ours, theirs), operation.name
    both = augment(images.cuda(), POLICY, **place)
    for start in range(0, COUNT, 500):
        part = slice(start, start + 500)
        alone = augment(images[part].cuda(), POLICY, seed=9, epoch=1, indices=np.arange(COUNT)[part])
        assert torch.equal(alone, both[part])
