from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from striate.data.idx import is_idx_folder, load_idx, read_idx
from striate.errors import DataError


def encoded(array: npt.NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def pictures(count: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, 3, 4), np.uint8)


Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A function that makes a folder with MNIST's names: five pictures to train, two to test."""

    def make(*, separator: str = "-", zipped: bool = False, labels: tuple[int, ...] = (3, 10, 2, 3, 2, 10, 2)) -> Path:
        root = tmp_path / f"set{separator}{zipped}"
        root.mkdir()
        values = np.array(labels, dtype=np.uint8)
        for part, rows in (("train", slice(0, 5)), ("t10k", slice(5, None))):
            for kind, array in (("images", pictures(7)[rows]), ("labels", values[rows])):
                data = encoded(array)
                name = f"{part}-{kind}{separator}idx{array.ndim}-ubyte"
                (root / (name + ".gz" * zipped)).write_bytes(gzip.compress(data) if zipped else data)
        return root

    return make


def message_of(function: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(DataError) as caught:
        function(*arguments)
    return str(caught.value)


@pytest.mark.parametrize("separator", ["-", "."])
@pytest.mark.parametrize("zipped", [False, True])
def test_four_files_in_each_spelling(folder: Folder, separator: str, zipped: bool) -> None:
    root = folder(separator=separator, zipped=zipped)
    assert is_idx_folder(root)
    dataset = load_idx(root)
    assert dataset.name == root.name
    assert dataset.location == str(root)
    assert dataset.classes == ("10", "2", "3")  # by code point
    assert [dataset.classes[label] for label in dataset.labels] == ["3", "10", "2", "3", "2", "10", "2"]
    assert dataset.splits.tolist() == [1] * 5 + [3] * 2
    assert [dataset.pictures.key(index) for index in (0, 4, 5, 6)] == ["train/0", "train/4", "test/0", "test/1"]
    for index, expected in enumerate(pictures(7)):
        assert np.array_equal(dataset.pictures.read(index), expected)


def test_class_names_by_label(folder: Folder) -> None:
    names = ("a", "b", "z", "c", *"defghi", "b2")
    dataset = load_idx(folder(), name="set", class_names=names)
    assert dataset.name == "set"
    assert dataset.classes == ("b2", "c", "z")
    assert message_of(lambda root: load_idx(root, name="set", class_names=names[:5]), folder(zipped=True)).endswith(
        "has the label 10, but set has only the labels 0 to 4"
    )


def test_one_part_alone(folder: Folder) -> None:
    root = folder()
    for kind in ("images-idx3", "labels-idx1"):
        (root / f"t10k-{kind}-ubyte").unlink()
    assert load_idx(root).splits.tolist() == [1] * 5


def test_a_missing_file_is_named(folder: Folder) -> None:
    root = folder(zipped=True)
    (root / "t10k-labels-idx1-ubyte.gz").unlink()
    assert message_of(load_idx, root) == f"'t10k-labels-idx1-ubyte' (or with .gz) is missing in {root}; add it"
    root = folder()
    (root / "train-images-idx3-ubyte").unlink()
    assert message_of(load_idx, root) == f"'train-images-idx3-ubyte' (or with .gz) is missing in {root}; add it"


def test_a_class_that_training_never_saw(folder: Folder) -> None:
    root = folder(labels=(1, 2, 1, 2, 1, 2, 7))
    assert message_of(load_idx, root) == (
        f"'test' has pictures of class '7', which 'train' lacks, in {root}; "
        "add pictures to 'train', or remove those in 'test'"
    )


def test_pictures_and_labels_of_different_sets(folder: Folder) -> None:
    root = folder()
    (root / "t10k-labels-idx1-ubyte").write_bytes(encoded(np.zeros(3, np.uint8)))
    assert message_of(load_idx, root) == (
        f"{root}/t10k-images-idx3-ubyte has 2 pictures but t10k-labels-idx1-ubyte 3 labels; "
        "they belong to different sets"
    )


def test_pictures_without_pixels(folder: Folder) -> None:
    root = folder()
    (root / "t10k-images-idx3-ubyte").write_bytes(encoded(np.zeros((2, 0, 4), np.uint8)))
    assert message_of(load_idx, root) == (
        f"{root}/t10k-images-idx3-ubyte announces pictures of 0x4 pixels; get the file anew"
    )


def test_files_of_no_pictures(folder: Folder) -> None:
    root = folder()
    for part in ("train", "t10k"):
        (root / f"{part}-images-idx3-ubyte").write_bytes(encoded(np.zeros((0, 3, 4), np.uint8)))
        (root / f"{part}-labels-idx1-ubyte").write_bytes(encoded(np.zeros(0, np.uint8)))
    assert message_of(load_idx, root) == f"no picture in {root}"


def test_plain_files_are_mapped_and_cannot_be_written(folder: Folder) -> None:
    array = read_idx(folder() / "train-images-idx3-ubyte", 3)
    assert isinstance(array, np.memmap)
    assert not array.flags.writeable
    assert not read_idx(folder(zipped=True) / "train-images-idx3-ubyte.gz", 3).flags.writeable


GOOD = encoded(pictures(2))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"",
            "{path} is not an IDX file of unsigned bytes in 3 dimensions: it starts with nothing, not 00 00 08 03",
        ),
        (
            b"\x00\x00\x08\x01" + GOOD[4:],
            "{path} is not an IDX file of unsigned bytes in 3 dimensions: it starts with 00 00 08 01, not 00 00 08 03",
        ),
        (GOOD[:9], "{path} ends within its header; get the file anew"),
        (GOOD[:-1], "{path} holds fewer values than the 24 that its header announces; get the file anew"),
        (GOOD + b"x", "{path} holds more values than the 24 that its header announces; get the file anew"),
        (
            b"\x00\x00\x08\x03" + b"\xff" * 12,
            "{path} holds fewer values than the 79,228,162,458,924,105,385,300,197,375 that its header announces; "
            "get the file anew",
        ),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_damaged_files(tmp_path: Path, data: bytes, message: str, zipped: bool) -> None:
    path = tmp_path / ("x.gz" if zipped else "x")
    path.write_bytes(gzip.compress(data) if zipped else data)
    assert message_of(read_idx, path, 3) == message.format(path=path)


def test_damaged_gzip(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    whole = gzip.compress(GOOD)
    path.write_bytes(whole[:-9])
    assert message_of(read_idx, path, 3) == f"cannot read {path}: it is cut off; get the file anew"
    path.write_bytes(whole[:-8] + bytes(8))
    assert message_of(read_idx, path, 3).startswith(f"cannot read {path}: CRC check failed")
    path.write_bytes(b"not gzip")
    assert message_of(read_idx, path, 3) == f"cannot read {path}: Not a gzipped file (b'no'); get the file anew"
    assert message_of(read_idx, tmp_path / "gone", 3) == (
        f"cannot read {tmp_path / 'gone'}: No such file or directory; get the file anew"
    )


def test_other_folders(tmp_path: Path) -> None:
    assert not is_idx_folder(tmp_path)
    assert not is_idx_folder(tmp_path / "none")


FILES = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FILES
@given(st.lists(st.integers(0, 5), min_size=1, max_size=3), st.booleans(), st.data())
def test_any_array_is_read_as_it_was_written_and_no_other_length(
    tmp_path: Path, shape: list[int], zipped: bool, data: st.DataObject
) -> None:
    size = int(np.prod(shape))
    array = np.frombuffer(data.draw(st.binary(min_size=size, max_size=size)), np.uint8).reshape(shape)
    content, path = encoded(array), tmp_path / ("file.gz" if zipped else "file")
    path.write_bytes(gzip.compress(content) if zipped else content)
    found = read_idx(path, len(shape))
    assert found.shape == array.shape and np.array_equal(found, array)
    del found  # where it is mapped the file is held
    for other in (content[: data.draw(st.integers(0, len(content) - 1))], content + b"\0"):
        path.write_bytes(gzip.compress(other) if zipped else other)
        assert str(path) in message_of(read_idx, path, len(shape))


@FILES
@given(st.binary(max_size=40), st.integers(1, 3), st.booleans())
def test_any_bytes_are_an_array_or_one_sentence(tmp_path: Path, content: bytes, dimensions: int, zipped: bool) -> None:
    path = tmp_path / ("file.gz" if zipped else "file")
    path.write_bytes(bytes([0, 0, 8, dimensions]) + content)
    try:
        assert read_idx(path, dimensions).ndim == dimensions
    except DataError as error:
        assert str(path) in str(error) and "\n" not in str(error)
