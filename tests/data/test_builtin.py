from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest

from striate.data.builtin import BUILT_IN_NAMES, FASHION_CLASSES, load_built_in
from striate.errors import DataError, UnknownNameError


def write_mnist(folder: Path) -> None:
    """Ten training and ten test pictures of 2x2, one a class."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "t10k"):
        pictures = struct.pack(">4B3I", 0, 0, 8, 3, 10, 2, 2) + bytes(range(40))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(pictures)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">4BI", 0, 0, 8, 1, 10) + bytes(range(10)))


def message_of(name: str, root: Path, *, download: bool = False) -> str:
    with pytest.raises(DataError) as caught:
        load_built_in(name, root=root, download=download)
    return str(caught.value)


@pytest.fixture
def torchvision_sets(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands for torchvision.datasets, so that torch need not load."""
    datasets = SimpleNamespace()
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(datasets=datasets))
    monkeypatch.setitem(sys.modules, "torchvision.datasets", datasets)
    return datasets


def test_digits() -> None:
    from sklearn.datasets import load_digits

    original = load_digits()
    dataset = load_built_in("digits")
    assert (dataset.name, dataset.location) == ("digits", "digits")
    assert dataset.classes == tuple("0123456789")
    assert np.array_equal(dataset.labels, original.target)
    assert not dataset.has_splits
    assert dataset.pictures.key(17) == "digits/17"
    read = np.stack([dataset.pictures.read(index) for index in range(len(dataset))])
    assert read.dtype == np.uint8
    assert read.shape == (1797, 8, 8)
    assert np.array_equal(read, np.rint(original.images * 255 / 16))
    assert (read.min(), read.max()) == (0, 255)


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")])
def test_mnist_in_torchvisions_layout_or_plain(tmp_path: Path, name: str, folder: str) -> None:
    write_mnist(tmp_path / "layout" / folder / "raw")
    write_mnist(tmp_path / "plain")
    for root in ("layout", "plain"):
        dataset = load_built_in(name, root=tmp_path / root)
        assert dataset.name == name
        assert len(dataset) == 20
        assert dataset.splits.tolist() == [1] * 10 + [3] * 10
        names = FASHION_CLASSES if name == "fashion-mnist" else tuple("0123456789")
        assert tuple(dataset.classes[label] for label in dataset.labels[:10]) == names
        assert dataset.classes == tuple(sorted(names))


def test_no_local_copy(tmp_path: Path) -> None:
    assert message_of("mnist", tmp_path) == (
        f"no local copy of 'mnist': expected the four IDX files in '{tmp_path}' or in '{tmp_path}/MNIST/raw'; "
        "name the folder that holds it as root (--root), "
        "or allow the download in Python: load_data(..., download=True)"
    )
    assert message_of("cifar10", tmp_path) == (
        f"no local copy of 'cifar10': expected the folder '{tmp_path}/cifar-10-batches-py'; "
        "name the folder that holds it as root (--root), "
        "or allow the download in Python: load_data(..., download=True)"
    )


def test_default_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("striate.user_cache.platformdirs.user_cache_path", lambda name: tmp_path / name)
    write_mnist(tmp_path / "striate/datasets/MNIST/raw")
    assert len(load_built_in("mnist")) == 20


def test_downloads_only_when_allowed(tmp_path: Path, torchvision_sets: SimpleNamespace) -> None:
    def fetch(root: str, *, train: bool, download: bool) -> None:
        assert download
        write_mnist(Path(root) / "MNIST/raw")

    torchvision_sets.MNIST = fetch
    assert len(load_built_in("mnist", root=tmp_path, download=True)) == 20
    torchvision_sets.MNIST = None  # once there, torchvision is not asked
    assert len(load_built_in("mnist", root=tmp_path, download=True)) == 20


def test_failed_download(tmp_path: Path, torchvision_sets: SimpleNamespace) -> None:
    def fail(root: str, *, train: bool, download: bool) -> None:
        raise URLError("no route")

    torchvision_sets.FashionMNIST = fail
    assert message_of("fashion-mnist", tmp_path, download=True) == (
        f"cannot fetch 'fashion-mnist' in '{tmp_path}': <urlopen error no route>"
    )


def test_cifar10(tmp_path: Path, torchvision_sets: SimpleNamespace) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    roots = []

    def read(root: str, *, train: bool, download: bool) -> SimpleNamespace:
        assert not download
        roots.append(root)
        data = np.full((4, 32, 32, 3), 1 if train else 2, dtype=np.uint8)
        return SimpleNamespace(data=data, targets=[1, 0, 2, 1], classes=["cat", "airplane", "dog"])

    torchvision_sets.CIFAR10 = read
    for root in (tmp_path, tmp_path / "cifar-10-batches-py"):
        dataset = load_built_in("cifar10", root=root)
        assert dataset.classes == ("airplane", "cat", "dog")
        assert dataset.labels.tolist() == [0, 1, 2, 0] * 2
        assert dataset.splits.tolist() == [1] * 4 + [3] * 4
        assert dataset.pictures.key(5) == "test/1"
        assert dataset.pictures.read(5)[0, 0].tolist() == [2, 2, 2]
        assert dataset.location == str(tmp_path / "cifar-10-batches-py")
    assert set(roots) == {str(tmp_path)}


def test_damaged_cifar10(tmp_path: Path, torchvision_sets: SimpleNamespace) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()

    def fail(root: str, *, train: bool, download: bool) -> None:
        raise RuntimeError("Dataset not found or corrupted. You can use download=True to download it")

    torchvision_sets.CIFAR10 = fail
    assert message_of("cifar10", tmp_path) == (
        f"cannot read the local copy of 'cifar10' in '{tmp_path}': "
        "Dataset not found or corrupted. You can use download=True to download it"
    )


def test_cifar10_through_torchvision_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tiny set in the published layout: batches are checked against their sums, then read."""
    import hashlib
    import pickle

    from torchvision.datasets import CIFAR10

    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    sums = {}
    for name, content in {
        "data_batch_1": {"data": np.arange(3 * 3072, dtype=np.uint8).reshape(3, 3072), "labels": [0, 1, 1]},
        "test_batch": {"data": np.zeros((2, 3072), np.uint8), "labels": [1, 0]},
        "batches.meta": {"label_names": ["plane", "car"]},
    }.items():
        (folder / name).write_bytes(pickle.dumps(content))
        sums[name] = hashlib.md5((folder / name).read_bytes()).hexdigest()
    monkeypatch.setattr(CIFAR10, "train_list", [["data_batch_1", sums["data_batch_1"]]])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]}
    monkeypatch.setattr(CIFAR10, "meta", meta)
    dataset = load_built_in("cifar10", root=tmp_path)
    assert dataset.classes == ("car", "plane")
    assert dataset.labels.tolist() == [1, 0, 0, 0, 1]
    # Stored as planes of red, green, blue.
    assert dataset.pictures.read(0)[0, :2].tolist() == [[0, 0, 0], [1, 1, 1]]
    (folder / "data_batch_1").write_bytes(b"tampered")
    assert message_of("cifar10", tmp_path).startswith("cannot read the local copy of 'cifar10'")


def test_unknown_name() -> None:
    with pytest.raises(UnknownNameError, match="unknown built-in data set 'minst'; did you mean 'mnist'"):
        load_built_in("minst")
    assert sorted(BUILT_IN_NAMES) == list(BUILT_IN_NAMES)


def test_the_room_loads_neither_torch_nor_scikit_learn() -> None:
    code = (
        "import sys, striate.data; "
        "print([name for name in ('torch', 'torchvision', 'sklearn', 'matplotlib') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
