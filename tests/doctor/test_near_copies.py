"""Near copies in one split, across splits and under two labels; with exact copies, which belong to them."""

import numpy as np
import pytest
from PIL import Image

from striate.data import load_data
from striate.doctor import audit, diagnose

MIRROR = Image.Transpose.FLIP_LEFT_RIGHT


def _picture(seed):
    generator = np.random.default_rng(seed)
    pixels = np.zeros((60, 80, 3))
    for cells, strength in ((3, 0.8), (7, 0.6), (15, 0.4)):
        patches = Image.fromarray(generator.integers(0, 256, (cells, cells, 3)).astype(np.uint8))
        pixels += (np.asarray(patches.resize((80, 60), Image.Resampling.BICUBIC)).astype(float) - 128) * strength
    return Image.fromarray(np.clip(pixels + 120, 0, 255).astype(np.uint8))


@pytest.fixture
def photos(tmp_path):
    for split in ("train", "test"):
        for label in ("cat", "dog"):
            (tmp_path / split / label).mkdir(parents=True)
    for seed in range(24):
        place = f"{'test' if seed % 4 == 0 else 'train'}/{'cat' if seed % 2 else 'dog'}"
        if place == "test/dog" and seed % 8 == 0:
            place = "test/cat"
        _picture(seed).save(tmp_path / place / f"{seed:02}.png")
    return tmp_path


def _near(folder):
    found = diagnose(audit(load_data(folder)))
    return [(one.kind, one.words, one.files, one.splits) for one in found if "copies" in one.kind]


def test_none_among_distinct_pictures(photos):
    assert _near(photos) == []


def test_each_kind_names_what_belongs_together(photos):
    _picture(1).transpose(MIRROR).save(photos / "train" / "cat" / "mirrored.png")
    _picture(8).resize((40, 30)).save(photos / "train" / "cat" / "small.png")
    _picture(2).crop((6, 4, 74, 56)).save(photos / "train" / "cat" / "cropped.png")
    found = _near(photos)
    assert [one[:3] for one in found] == [
        (
            "contradicting-near-copies",
            "2 pictures that show the same (cropped) are labelled 'cat' and 'dog'",
            ("train/cat/cropped.png", "train/dog/02.png"),
        ),
        (
            "leaked-near-copies",
            "2 pictures that show the same are in test and train",
            ("test/cat/08.png", "train/cat/small.png"),
        ),
        (
            "near-copies",
            "2 pictures show the same (mirrored)",
            ("train/cat/01.png", "train/cat/mirrored.png"),
        ),
    ]
    # What had no validation split has got one, and near copies are on one side of it.
    assert [len(set(splits)) for _, _, _, splits in found] == [1, 2, 1]


def test_exact_copies_belong_to_the_near_copies_of_either(photos):
    # The near copy is in train beside the first; an exact copy of the first is in test.
    _picture(1).save(photos / "test" / "cat" / "same.png")
    _picture(1).resize((40, 30)).save(photos / "train" / "cat" / "small.png")
    kinds = {kind: files for kind, _, files, _ in _near(photos)}
    assert kinds["leaked-near-copies"] == ("test/cat/same.png", "train/cat/01.png", "train/cat/small.png")
    assert kinds["leaked-copies"] == ("test/cat/same.png", "train/cat/01.png")


def test_what_is_broken_is_left_out(photos):
    (photos / "train" / "cat" / "broken.png").write_bytes((photos / "train" / "cat" / "01.png").read_bytes()[:900])
    _picture(3).resize((40, 30)).save(photos / "train" / "cat" / "small.png")
    assert [(kind, files) for kind, _, files, _ in _near(photos)] == [
        ("near-copies", ("train/cat/03.png", "train/cat/small.png"))
    ]
