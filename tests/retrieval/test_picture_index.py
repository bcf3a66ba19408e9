"""An index of pictures: made, asked, kept, brought up to date."""

import json
import os
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from striate.errors import DataError, PictureError, StriateError, UsageError
from striate.retrieval import PictureIndex
from striate.retrieval.indexed_files import read_index, write_index
from striate.retrieval.picture_index import made_by


@pytest.fixture(scope="module")
def classifier(finished_run):
    return finished_run.classifier()


@pytest.fixture
def folder(drawn, tmp_path):
    return drawn(tmp_path / "photos", ("across", "bands"), 4)


@pytest.fixture
def index(classifier, folder):
    index = PictureIndex(classifier, folder)
    assert index.update().computed == 8
    return index


def ran(classifier, monkeypatch):
    """How many pictures have run through the network since, as a list of their counts."""
    counts = []
    infer = classifier.engine.infer
    monkeypatch.setattr(classifier.engine, "infer", lambda batch: (counts.append(len(batch)), infer(batch))[1])
    return counts


def test_features_are_the_classifiers_of_length_1(index, classifier, folder):
    assert index.paths == sorted(str(path) for path in folder.rglob("*.png"))
    own = classifier.features(index.paths)
    np.testing.assert_allclose(index.features, own / np.linalg.norm(own, axis=1, keepdims=True), atol=1e-6)
    assert repr(index) == f"<PictureIndex of 8 pictures in {str(folder)!r} by resnet20, fp32>"


def test_the_nearest_are_those_of_the_largest_cosine(index, classifier, striped):
    query = str(striped / "bands" / "020.png")
    found = index.search(query, top=3)
    vector = classifier.features(query)[0].astype(np.float64)
    cosines = index.features @ (vector / np.linalg.norm(vector))
    order = np.argsort(-cosines)[:3]
    assert [match.path for match in found[0]] == [index.paths[place] for place in order]
    np.testing.assert_allclose([match.similarity for match in found[0]], cosines[order], atol=1e-5)


def test_a_file_does_not_find_itself_and_its_copies_are_told(index, folder):
    query = folder / "across" / "001.png"
    shutil.copy(query, folder / "bands" / "the_same.png")
    picture = Image.open(query)
    picture.resize((picture.width * 3, picture.height * 3), Image.Resampling.BICUBIC).save(folder / "larger.jpg")
    index.update()
    first, second, *others = index.search(query, top=9)[0]
    assert (first.path, first.copy) == (str(folder / "bands" / "the_same.png"), "the same bytes")
    assert first.similarity == pytest.approx(1, abs=1e-6)
    assert (second.path, second.copy) == (str(folder / "larger.jpg"), "near duplicate")
    assert len(others) == 7
    assert str(query) not in {match.path for match in (first, second, *others)}
    # The bytes alone are no file of the folder: then all are found.
    assert [match.copy for match in index.search(query.read_bytes(), top=2)[0]] == ["the same bytes"] * 2


def test_pictures_in_memory_may_be_asked_for(index, folder):
    pixels = np.asarray(Image.open(folder / "bands" / "002.png"))
    assert index.search(pixels, top=1)[0][0].path == str(folder / "bands" / "002.png")
    assert [len(matches) for matches in index.search([pixels, pixels], top=99)] == [8, 8]
    assert index.search([]) == []


def test_only_what_is_new_or_changed_runs(index, classifier, folder, monkeypatch):
    counts = ran(classifier, monkeypatch)
    assert index.update().unchanged == 8
    assert counts == []
    first, second, third, *_ = sorted(folder.rglob("*.png"))
    os.utime(first)  # touched
    second.rename(folder / "moved.png")
    third.unlink()
    Image.new("RGB", (50, 50), (200, 10, 10)).save(folder / "new.png")
    (folder / "across" / "003.png").write_bytes((folder / "bands" / "000.png").read_bytes())  # changed, to known bytes
    Image.new("RGB", (50, 50), (10, 200, 10)).save(folder / "bands" / "000.png")  # changed
    changes = index.update()
    assert (changes.computed, changes.known_elsewhere, changes.unchanged, changes.removed) == (2, 3, 3, 2)
    assert changes.any
    assert sum(counts) == 2
    anew = PictureIndex(classifier, folder)
    anew.update()
    assert anew.paths == index.paths
    np.testing.assert_array_equal(anew.features, index.features)


def test_what_cannot_be_read_is_told_and_left_out(index, folder):
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "across" / "000.png").write_bytes(b"")
    changes = index.update()
    assert [path for path, _ in changes.errors] == [
        str(folder / name) for name in ("across/000.png", "broken.png", "gone.png")
    ]
    assert changes.errors[0][1] == "the file is empty"
    assert changes.removed == 1
    assert len(index) == 7


def test_an_empty_index_finds_nothing(classifier, tmp_path):
    index = PictureIndex(classifier, tmp_path)
    assert index.update().any is False
    assert index.search(np.zeros((9, 9, 3), np.uint8)) == [[]]


def test_it_is_kept_and_opened(index, classifier, folder, tmp_path, monkeypatch):
    index.save(tmp_path / "kept.npz")
    counts = ran(classifier, monkeypatch)
    opened = PictureIndex.open(tmp_path / "kept.npz", classifier, folder)
    assert opened.paths == index.paths
    np.testing.assert_array_equal(opened.features, index.features)
    assert opened.update().unchanged == 8
    assert counts == []
    # The folder may have moved, which changes the files' states but not their bytes.
    elsewhere = shutil.copytree(folder, tmp_path / "elsewhere")
    moved = PictureIndex.open(tmp_path / "kept.npz", classifier, elsewhere)
    assert moved.update().known_elsewhere == 8
    assert counts == []
    with pytest.raises(UsageError, match=r"there is no index at .*none\.npz"):
        PictureIndex.open(tmp_path / "none.npz", classifier, folder)


def test_another_bundles_index_is_refused(index, classifier, folder, tmp_path):
    write_index(tmp_path / "kept.npz", index._rows, replace(index.made_by, network="vgg16", digest="0" * 64))
    with pytest.raises(UsageError, match=r"kept\.npz was made by another classifier \(vgg16; this one is resnet20\)"):
        PictureIndex.open(tmp_path / "kept.npz", classifier, folder)


def test_other_weights_or_preprocessing_are_another_maker(classifier, finished_run):
    other = finished_run.classifier()
    assert made_by(other) == made_by(classifier)
    files = {**other.contract.files, "model.safetensors": "0" * 64}
    other.bundle = replace(other.bundle, contract=replace(other.contract, files=files))
    assert made_by(other).digest != made_by(classifier).digest
    other = finished_run.classifier()
    preprocessing = replace(other.contract.preprocessing, mean=(0.1, 0.1, 0.1))
    other.bundle = replace(other.bundle, contract=replace(other.contract, preprocessing=preprocessing))
    assert made_by(other).digest != made_by(classifier).digest


def test_another_number_format_is_refused(index, folder, classifier, tmp_path):
    write_index(tmp_path / "kept.npz", index._rows, replace(index.made_by, precision="bf16"))
    with pytest.raises(
        UsageError, match="was made in bf16, and this classifier computes in fp32; open it with precision 'bf16'"
    ):
        PictureIndex.open(tmp_path / "kept.npz", classifier, folder)


def test_a_failed_write_leaves_the_old_index(index, tmp_path, monkeypatch):
    path = tmp_path / "kept.npz"
    index.save(path)
    before = path.read_bytes()

    def fail(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(StriateError, match=r"cannot write the index .*kept\.npz: No space left on device"):
        index.save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir() if "partial" in entry.name] == []


def rewritten(path, **changes):
    """The index with some of its arrays changed."""
    with np.load(path) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    for name, change in changes.items():
        held[name] = change(held[name])
    np.savez(path, **held)


def as_names(*names):
    return lambda _: np.frombuffer(json.dumps(names).encode(), np.uint8)


@pytest.mark.parametrize(
    "changes",
    [
        {"names": as_names(*(f"../{n}.png" for n in range(8)))},
        {"names": as_names(*(f"/etc/{n}.png" for n in range(8)))},
        {"names": as_names(*"hgfedcba")},
        {"names": as_names(*range(8))},
        {"names": as_names("a")},
        {"features": lambda features: features * 2},
        {"features": lambda features: features * np.nan},
        {"features": lambda features: features.astype(np.float64)},
        {"features": lambda features: features[:7]},
        {"digests": lambda digests: digests[:, :31]},
        {"states": lambda states: states.astype(object)},
        {"head": lambda head: np.zeros(1 << 17, np.uint8)},
        {"head": lambda head: np.frombuffer(head.tobytes().replace(b'"version": 1', b'"version": 2'), np.uint8)},
    ],
    ids=[
        "leads out", "absolute", "order", "no texts", "fewer names", "length 2", "no numbers", "doubles", "fewer rows", "digests",
        "objects", "long head", "version",
    ],
)  # fmt: skip
def test_what_is_no_index_is_refused(index, classifier, folder, tmp_path, changes):
    path = tmp_path / "kept.npz"
    index.save(path)
    rewritten(path, **changes)
    with pytest.raises(DataError, match=r"kept\.npz is no index of pictures, or it is damaged \(.+\); delete it"):
        read_index(path)


def test_damage_and_bombs_are_refused(index, tmp_path):
    path = tmp_path / "kept.npz"
    index.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="it is damaged"):
        read_index(path)
    path.write_bytes(whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:])
    with pytest.raises(DataError, match="it is damaged"):
        read_index(path)
    path.write_bytes(whole)
    with np.load(path) as arrays:
        np.savez_compressed(path, **{name: arrays[name] for name in arrays.files})
    with pytest.raises(DataError, match="is not as it is written"):
        read_index(path)


def test_an_array_that_promises_more_than_is_there_is_refused(index, tmp_path):
    path = tmp_path / "kept.npz"
    index.save(path)
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held["features.npy"] = held["features.npy"].replace(b"(8, 64)", b"(8,1<9)").replace(b"(8,1<9)", b"(8, 99)")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    with pytest.raises(DataError, match="features is not as it is written"):
        read_index(path)


def test_wrong_use_is_refused(index, classifier, tmp_path):
    with pytest.raises(UsageError, match=r"there is no folder .*nowhere; name the folder whose pictures"):
        PictureIndex(classifier, tmp_path / "nowhere")
    with pytest.raises(UsageError, match="top must be at least 1, got 0"):
        index.search("x.png", top=0)
    with pytest.raises(PictureError, match="there is no such file"):
        index.search(tmp_path / "x.png")


def test_small_indexes_are_not_sorted_into_lists(index, folder, monkeypatch):
    assert index.accelerate() == 1
    pytest.importorskip("faiss")
    exact = index.search(folder / "across" / "000.png")
    monkeypatch.setattr("striate.retrieval.picture_index.EXACT", 5)
    monkeypatch.setattr("striate.retrieval.nearest.RECALL", 1.0)
    assert index.accelerate() == 1
    assert [match.path for match in index.search(folder / "across" / "000.png")[0]] == [
        match.path for match in exact[0]
    ]
