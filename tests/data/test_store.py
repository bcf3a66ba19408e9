from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.data import store as store_module
from striate.data import store_files
from striate.data.assembling import assemble
from striate.data.checking import check_pictures
from striate.data.dataset import Dataset
from striate.data.folders import load_folders
from striate.data.pictures import ArrayPictures
from striate.data.store import PixelStore, open_store
from striate.errors import DataError, UsageError
from striate.pixels import Preprocessing

Tree = Callable[..., Path]
BYTES = 12 * 8 * 8 * 3  # of the pictures below, at 8x8 in colour


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def files(tree: Tree, tmp_path: Path) -> Dataset:
    """Twelve picture files, checked."""
    root = tree(
        *(f"{name}/{number}.{kind}" for name in ("cat", "dog") for number in range(3) for kind in ("png", "jpg"))
    )
    return check_pictures(load_folders(root), cache_folder=tmp_path / "checks")


@pytest.fixture
def arrays() -> Dataset:
    """Ten grey rows of an array, checked."""
    rows = np.random.default_rng(0).integers(0, 256, (10, 5, 7), np.uint8)
    return check_pictures(
        assemble(
            name="x",
            location="x",
            pictures=ArrayPictures.whole({"x": rows}),
            class_names=["a", "b"],
            labels=np.arange(10, dtype=np.int32) % 2,
            splits=np.zeros(10, dtype=np.uint8),
        )
    )


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that were decoded."""
    rows: list[int] = []
    original = store_module._prepared

    def count(dataset: Dataset, rule: Preprocessing, index: int) -> object:
        rows.append(index)
        return original(dataset, rule, index)

    monkeypatch.setattr(store_module, "_prepared", count)
    return rows


def assert_holds(store: PixelStore, dataset: Dataset, rule: Preprocessing) -> None:
    """Row i is the picture i, byte for byte; in any order, with repeats, and as a copy."""
    expected = np.stack([rule.pixels(dataset.pictures.read(index)) for index in range(len(dataset))])
    assert store.shape == expected.shape
    for indices in (np.arange(len(dataset)), np.array([3, 0, 3]), np.zeros(0, dtype=np.int64)):
        rows = store.gather(indices)
        assert rows.dtype == np.uint8
        assert rows.flags.c_contiguous
        assert np.array_equal(rows, expected[indices])
    rows = store.gather(np.array([0]))
    rows[:] = ~rows
    assert np.array_equal(store.gather(np.array([0]))[0], expected[0])


def test_files_are_mapped(files: Dataset, rgb: Preprocessing, cache: Path) -> None:
    store = open_store(files, rgb, cache_folder=cache)
    assert (store.kind, store.bytes, store.note) == ("mapped", BYTES, "")
    assert_holds(store, files, rgb)
    (path,) = cache.iterdir()
    assert np.load(path).shape == (12, 8, 8, 3)  # a plain .npy


def test_small_arrays_are_in_memory(arrays: Dataset, grey: Preprocessing, cache: Path) -> None:
    store = open_store(arrays, grey, cache_folder=cache)
    assert (store.kind, store.bytes, store.note) == ("memory", 10 * 64, "")
    assert_holds(store, arrays, grey)
    assert not cache.exists()


def test_large_arrays_are_mapped(
    arrays: Dataset, grey: Preprocessing, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "SMALL", 639)
    store = open_store(arrays, grey, cache_folder=cache)
    assert store.kind == "mapped"
    assert_holds(store, arrays, grey)


def test_without_a_place_on_the_disk_memory_takes_them(files: Dataset, rgb: Preprocessing, cache: Path) -> None:
    store = open_store(files, rgb, cache_folder=cache, disk_budget=BYTES - 1)
    assert store.kind == "memory"
    assert store.note == "kept in memory only: it takes 2.3 kB, and the cache may take 2.3 kB"
    assert_holds(store, files, rgb)


def test_without_any_place_they_stream(files: Dataset, rgb: Preprocessing, cache: Path) -> None:
    store = open_store(files, rgb, cache_folder=cache, disk_budget=1000, memory_budget=1000)
    assert (store.kind, store.bytes) == ("streamed", 0)
    assert store.note == (
        "decoded anew in every epoch: it takes 2.3 kB, and the cache may take 1.0 kB; memory may take 1.0 kB"
    )
    assert_holds(store, files, rgb)


def test_the_next_run_decodes_nothing_but_a_few(
    files: Dataset, rgb: Preprocessing, cache: Path, prepared: list[int]
) -> None:
    open_store(files, rgb, cache_folder=cache)
    assert sorted(prepared) == list(range(12))
    prepared.clear()
    calls: list[tuple[str, int, int]] = []
    # Another split is the same pictures.
    split = replace(files, splits=np.ones(12, dtype=np.uint8))
    store = open_store(split, rgb, cache_folder=cache, progress=lambda *call: calls.append(call))
    assert len(prepared) == 8
    assert calls == []
    assert_holds(store, files, rgb)


def test_other_pictures_or_another_rule_are_another_file(
    files: Dataset, rgb: Preprocessing, grey: Preprocessing, cache: Path
) -> None:
    for dataset, rule in (
        (files, rgb),
        (files, grey),
        (files, replace(rgb, filter="bicubic")),
        (files.select(np.arange(11)), rgb),
        (files.select(np.arange(12)[::-1]), rgb),
    ):
        assert_holds(open_store(dataset, rule, cache_folder=cache), dataset, rule)
    assert len(list(cache.iterdir())) == 5


@pytest.mark.parametrize("damage", ["cut", "empty", "no npy", "other pixels"])
def test_a_damaged_file_is_made_anew(files: Dataset, rgb: Preprocessing, cache: Path, damage: str) -> None:
    open_store(files, rgb, cache_folder=cache)
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[:-1],
            "empty": b"",
            "no npy": b"x" * len(whole),
            "other pixels": whole[:-BYTES] + bytes(BYTES),
        }[damage]
    )
    store = open_store(files, rgb, cache_folder=cache)
    assert store.kind == "mapped"
    assert_holds(store, files, rgb)
    assert path.read_bytes() == whole


def test_progress(files: Dataset, rgb: Preprocessing, cache: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    open_store(files, rgb, cache_folder=cache, progress=lambda *call: calls.append(call))
    assert calls[0] == ("preparing pictures", 0, 12)
    assert calls[-1] == ("preparing pictures", 12, 12)


def test_an_interrupt_leaves_nothing(
    files: Dataset, rgb: Preprocessing, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("striate.data.parallel.SECONDS_BETWEEN_REPORTS", 0.0)

    def interrupt(task: str, done: int, total: int) -> None:
        if done == 5:
            assert len(list(cache.iterdir())) == 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_store(files, rgb, cache_folder=cache, progress=interrupt)
    assert list(cache.iterdir()) == []


def test_a_disk_that_fills_up(files: Dataset, rgb: Preprocessing, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_array = store_module.write_array

    def fill_up(path: Path, rows: Iterator[np.ndarray], shape: tuple[int, ...], dtype: type) -> None:
        def some() -> Iterator[np.ndarray]:
            yield next(rows)
            raise OSError(28, "No space left on device")

        write_array(path, some(), shape, dtype)

    monkeypatch.setattr(store_module, "write_array", fill_up)
    store = open_store(files, rgb, cache_folder=cache)
    assert store.kind == "memory"
    assert store.note == f"kept in memory only: cannot write to {cache} (No space left on device)"
    assert_holds(store, files, rgb)
    assert list(cache.iterdir()) == []
    assert open_store(files, rgb, cache_folder=cache, memory_budget=0).kind == "streamed"


def test_a_disk_that_is_nearly_full(
    files: Dataset, rgb: Preprocessing, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = store_files.shutil.disk_usage(cache.parent)
    monkeypatch.setattr(
        store_files.shutil, "disk_usage", lambda folder: usage._replace(free=store_files.SPARE_BYTES + BYTES - 1)
    )
    store = open_store(files, rgb, cache_folder=cache)
    assert store.kind == "memory"
    assert store.note == f"kept in memory only: it takes 2.3 kB, and the disk of {cache} has only 268.4 MB free"


def test_a_cache_folder_that_cannot_be_made(files: Dataset, rgb: Preprocessing, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = open_store(files, rgb, cache_folder=tmp_path / "file/cache")
    assert store.kind == "memory"
    assert store.note == f"kept in memory only: cannot write to {tmp_path / 'file/cache'} (Not a directory)"


def test_the_default_folder_is_the_users(
    files: Dataset, rgb: Preprocessing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("striate.user_cache.platformdirs.user_cache_path", lambda name: tmp_path / name)
    assert open_store(files, rgb).kind == "mapped"
    assert len(list((tmp_path / "striate/pixels").iterdir())) == 1


def test_a_picture_that_has_changed(files: Dataset, rgb: Preprocessing, cache: Path) -> None:
    Image.new("RGB", (4, 4)).save(files.pictures.path(7))
    with pytest.raises(DataError) as caught:
        open_store(files, rgb, cache_folder=cache)
    assert str(caught.value) == (
        f"dog/0.png in {files.location} has changed since it was checked; run the command again"
    )
    assert list(cache.iterdir()) == []


def test_a_picture_that_changes_between_two_epochs(files: Dataset, rgb: Preprocessing, cache: Path) -> None:
    streamed = open_store(files, rgb, cache_folder=cache, disk_budget=0, memory_budget=0)
    assert streamed.kind == "streamed"
    first = streamed.gather(np.array([7, 3]))
    path = files.pictures.path(7)
    assert path is not None
    before = path.read_bytes()
    Image.new("RGB", (4, 4)).save(path)
    with pytest.raises(DataError) as caught:
        streamed.gather(np.array([3, 7]))
    assert str(caught.value) == (
        f"dog/0.png in {files.location} has changed since it was checked; run the command again"
    )
    path.write_bytes(before)
    assert np.array_equal(streamed.gather(np.array([7, 3])), first)


def test_a_picture_that_has_gone(files: Dataset, rgb: Preprocessing, cache: Path) -> None:
    streamed = open_store(files, rgb, cache_folder=cache, disk_budget=0, memory_budget=0)
    path = files.pictures.path(0)
    assert path is not None
    path.unlink()
    message = (
        f"cat/0.jpg in {files.location} could be read when it was checked, but not now (No such file or directory)"
    )
    with pytest.raises(DataError) as caught:
        open_store(files, rgb, cache_folder=cache)
    assert str(caught.value) == message
    with pytest.raises(DataError) as caught:
        streamed.gather(np.array([3, 0]))
    assert str(caught.value) == message


def test_a_picture_that_cannot_be_prepared(tree: Tree, tmp_path: Path) -> None:
    root = tree("cat/1.png", "dog/1.png")
    Image.new("L", (60_000, 1)).save(root / "cat/strip.png")
    dataset = check_pictures(load_folders(root), cache_folder=tmp_path / "checks")
    rule = Preprocessing(
        colour="grey", resize="shorter_side", resize_size=(64, 64), crop=(64, 64), mean=(0.5,), std=(0.5,)
    )
    with pytest.raises(DataError) as caught:
        open_store(dataset, rule, cache_folder=tmp_path / "cache")
    assert str(caught.value).startswith(f"cat/strip.png in {root} cannot be prepared: the picture is too long and thin")
    assert str(caught.value).endswith("; remove it")


def test_the_limit_of_the_check_is_the_limit(
    tree: Tree, tmp_path: Path, rgb: Preprocessing, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = check_pictures(load_folders(tree("cat/1.png", "dog/1.png")), cache_folder=tmp_path / "checks")
    monkeypatch.setattr(store_module, "DEFAULT_MAX_PIXELS", 29)  # the pictures have 30
    assert open_store(dataset, rgb, cache_folder=tmp_path / "cache").kind == "mapped"


def test_unchecked_data(files: Dataset, rgb: Preprocessing, cache: Path) -> None:
    with pytest.raises(UsageError, match="call check_pictures first"):
        open_store(replace(files, facts=None), rgb, cache_folder=cache)


def test_no_pictures(files: Dataset, rgb: Preprocessing, cache: Path) -> None:
    store = open_store(files.select(np.zeros(0, dtype=np.int64)), rgb, cache_folder=cache)
    assert store.shape == (0, 8, 8, 3)
    assert store.gather(np.zeros(0, dtype=np.int64)).shape == (0, 8, 8, 3)


def test_nothing_is_written_beside_the_data(files: Dataset, rgb: Preprocessing, cache: Path) -> None:
    root = Path(files.location)
    before = sorted(root.rglob("*"))
    open_store(files, rgb, cache_folder=cache)
    assert sorted(root.rglob("*")) == before
