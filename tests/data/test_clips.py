"""Clips from folders, to splits; and what is still taken for pictures."""

import numpy as np
import pytest
from PIL import Image

from striate.data import assign_splits, check_pictures, load_data, read_split_csv, write_split_csv
from striate.data.loading import kind_of
from striate.data.preparation import listed_pictures
from striate.errors import DataError


def draw(path, value=0, size=(4, 4)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, value, value)).save(path)


def draw_clip(folder, count=3, *, seed=0, name="{}.png", size=(4, 4)):
    folder.mkdir(parents=True)
    generator = np.random.default_rng(seed)
    for number in range(count):
        pixels = generator.integers(0, 256, size, dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name.format(number))


def draw_gif(path, count=3, *, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(seed)
    frames = [Image.fromarray(generator.integers(0, 256, (4, 4), dtype=np.uint8)) for _ in range(count)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def keys(dataset):
    return {dataset.pictures.key(row): dataset.classes[dataset.labels[row]] for row in range(len(dataset))}


@pytest.fixture
def clips(tmp_path):
    root = tmp_path / "clips"
    for place in range(12):
        draw_clip(root / "up" / str(place), 3 + place % 2, seed=place)
        draw_gif(root / "down" / f"{place}.gif", seed=100 + place)
    (root / "up" / "notes.txt").write_text("of it")
    return root


def test_folders_of_frames_and_gif_files(clips):
    dataset = load_data(clips)
    assert (kind_of(clips), dataset.kind, dataset.plural) == ("frames", "frames", "clips")
    assert list(keys(dataset))[:4] == ["down/0.gif", "down/1.gif", "down/2.gif", "down/3.gif"]
    assert keys(dataset)["up/10"] == "up"
    assert dataset.ignored == {"files that are no clips": 1}
    assert dataset.notes[0].startswith(
        "down/0.gif and the like are taken for clips, one label each; to learn from their"
    )
    assert [dataset.pictures.count(row) for row in (0, 12, 13)] == [3, 3, 4]


def test_they_are_checked_split_and_found_again(clips, tmp_path):
    for frame in (clips / "up" / "6").iterdir():
        frame.write_bytes((clips / "up" / "4" / frame.name).read_bytes())  # an exact copy
    (clips / "down" / "3.gif").write_bytes((clips / "down" / "3.gif").read_bytes()[:-20])
    (clips / "up" / "7" / "1.png").write_bytes(b"no picture")
    dataset = check_pictures(load_data(clips))
    assert {problem.key: problem.reason for problem in dataset.problems} == {
        "down/3.gif": "the file is truncated: its GIF data stops too early",
        "up/7": "the file is no JPEG, PNG, BMP, GIF, TIFF, WebP, AVIF, JPEG 2000 or HEIC picture",
    }
    facts = dataset.checked_facts
    assert set(facts.widths) == set(facts.heights) == {4}
    assert not facts.colour.any()
    split = assign_splits(dataset, seed=0)
    write_split_csv(split, tmp_path / "split.csv")
    again = listed_pictures(dataset, read_split_csv(tmp_path / "split.csv"), classes=split.classes)
    assert keys(again) == keys(split)
    draw(clips / "up" / "0" / "2.png", 7)
    changed = check_pictures(load_data(clips))
    with pytest.raises(DataError, match=r"1 clips in .* were changed since the run began, such as up/0"):
        listed_pictures(changed, read_split_csv(tmp_path / "split.csv"), classes=split.classes)


def test_splits_above_the_classes(tmp_path):
    for split in ("train", "test"):
        for name in ("a", "b"):
            draw_clip(tmp_path / split / name / "one", name="frame_{:03}.png")
    dataset = load_data(tmp_path)
    assert keys(dataset) == {"train/a/one": "a", "train/b/one": "b", "test/a/one": "a", "test/b/one": "b"}
    assert dataset.counts() == {"a": {"train": 1, "test": 1}, "b": {"train": 1, "test": 1}}


def test_colour_is_seen(tmp_path):
    for name in ("a", "b"):
        draw_clip(tmp_path / name / "one", seed=ord(name), size=(4, 4, 3))
    assert check_pictures(load_data(tmp_path)).checked_facts.colour.all()


@pytest.mark.parametrize(
    "names",
    [
        ("1.png", "2.png", "4.png"),  # a gap
        ("8.png", "9.png"),  # from the middle
        ("IMG_0100.png", "IMG_0101.png"),
        ("1.png",),
        ("left.png", "right.png"),
        ("a1.png", "b2.png"),
        ("1.png", "01.png"),
    ],
)
def test_other_folders_in_class_folders_hold_pictures(tmp_path, names):
    for name in ("cat", "dog"):
        for file in names:
            draw(tmp_path / name / "sub" / file)
    assert kind_of(tmp_path) == load_data(tmp_path).kind == "picture"


def test_what_may_be_pictures_is_taken_for_pictures(tmp_path, striped):
    for name in ("cat", "dog"):
        draw(tmp_path / "beside" / name / "sub" / "1.png")
        draw(tmp_path / "beside" / name / "sub" / "2.png")
        draw(tmp_path / "beside" / name / "picture.png")
        for number, side in enumerate((4, 5)):
            draw(tmp_path / "sizes" / name / "sub" / f"{number}.png", size=(side, side))
            draw(tmp_path / "breeds" / name / f"{name}s" / f"{name}_{number}.png")
            draw(tmp_path / "splits" / name / "train" / f"{number}.png")
        draw_gif(tmp_path / "still" / name / "1.gif", 1)
        draw_gif(tmp_path / "mixed" / name / "1.gif")
        draw(tmp_path / "mixed" / name / "2.png")
    for folder in ("beside", "sizes", "breeds", "splits", "still", "mixed"):
        assert kind_of(tmp_path / folder) == "picture", folder
    assert kind_of(striped) == "picture"


def test_one_class_is_refused(tmp_path):
    draw_clip(tmp_path / "up" / "1")
    with pytest.raises(DataError, match="only one class"):
        load_data(tmp_path)
