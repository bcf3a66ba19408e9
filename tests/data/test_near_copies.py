import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from striate.data import assign_splits, check_pictures, load_data
from striate.data.near_copies import HOWS, find_near_copies, near_copies_in
from striate.pixels.perceptual_hashes import grey_thumbnail, reduced, small_colours

Change = Callable[[Image.Image], Image.Image]


def _picture(seed, size=(120, 90)):
    """Patches and shapes of many sizes, as no two photographs share."""
    generator = np.random.default_rng(seed)
    pixels = np.zeros((size[1], size[0], 3))
    for cells, strength in ((3, 80), (7, 60), (15, 40)):
        patches = Image.fromarray(generator.integers(0, 256, (cells, cells, 3)).astype(np.uint8))
        pixels += (np.asarray(patches.resize(size, Image.Resampling.BICUBIC)).astype(float) - 128) * strength / 100
    return Image.fromarray(np.clip(pixels + 120, 0, 255).astype(np.uint8))


def _stored_anew(picture):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=50)
    return Image.open(file).convert("RGB")


def _cropped(left, top, right, bottom):
    def crop(picture):
        width, height = picture.size
        return picture.crop(
            (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
        )

    return crop


def _gamma(power):
    return lambda picture: picture.point([round(255 * (level / 255) ** power) for level in range(256)] * 3)


CHANGES: dict[str, tuple[Change, str]] = {
    "stored anew": (_stored_anew, ""),
    "half": (lambda picture: picture.resize((60, 45)), ""),
    "double": (lambda picture: picture.resize((240, 180)), ""),
    "lighter": (lambda picture: ImageEnhance.Brightness(picture).enhance(1.2), ""),
    "darker": (lambda picture: ImageEnhance.Brightness(picture).enhance(0.8), ""),
    "more contrast": (lambda picture: ImageEnhance.Contrast(picture).enhance(1.2), ""),
    "less contrast": (lambda picture: ImageEnhance.Contrast(picture).enhance(0.8), ""),
    "gamma 1.2": (_gamma(1.2), ""),
    "gamma 0.8": (_gamma(0.8), ""),
    "grey": (lambda picture: picture.convert("L").convert("RGB"), ""),
    "mirrored": (lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "mirrored"),
    "upside down": (
        lambda picture: picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        "mirrored and turned by 180 degrees",
    ),
    "quarter": (lambda picture: picture.transpose(Image.Transpose.ROTATE_90), "turned by 90 degrees"),
    "half turn": (lambda picture: picture.transpose(Image.Transpose.ROTATE_180), "turned by 180 degrees"),
    "three quarters": (lambda picture: picture.transpose(Image.Transpose.ROTATE_270), "turned by 270 degrees"),
    "3 % at each edge": (_cropped(0.03, 0.03, 0.03, 0.03), ""),
    "8 % at each edge": (_cropped(0.08, 0.08, 0.08, 0.08), "cropped"),
    "8 % at a corner": (_cropped(0, 0.08, 0.08, 0), "cropped"),
}


def _found(pictures):
    small = [reduced(picture) for picture in pictures]
    return find_near_copies(*(np.stack([make(one) for one in small]) for make in (grey_thumbnail, small_colours)))


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_found_and_nothing_else(name):
    change, words = CHANGES[name]
    originals = [_picture(seed) for seed in range(12)]
    found = _found(originals + [change(picture) for picture in originals[:8]])
    assert found.pairs.tolist() == [[row, 12 + row] for row in range(8)] and not found.strict
    assert found.edges.min() >= 0.9
    if name != "3 % at each edge":  # so little that it need not be said
        assert {found.words(place) for place in range(8)} == {words}


def test_a_chain_of_changes_is_found_pair_by_pair():
    picture = _picture(3)
    mirrored = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    found = _found([_picture(1), picture, _picture(2), mirrored, _stored_anew(mirrored)])
    assert found.pairs.tolist() == [[1, 3], [1, 4], [3, 4]]
    assert [found.words(place) for place in range(3)] == ["mirrored", "mirrored", ""]


def test_a_copy_is_far_closer_than_others_of_its_kind():
    from striate.data.near_copies import _far_closer, _Part

    first, second = np.array([0, 2, 4, 6]), np.array([1, 3, 5, 7])
    edges = np.array([0.98, 0.98, 0.98, 0.96], np.float32)
    certain = np.array([False, False, True, False])
    nearest = np.array([0.94, 0.9, 0.96, 0.2, 0.97, 0.9, 0, 0], np.float32)  # at 0.95 it is 2.5 times as far
    kept = _far_closer(_Part(first, second, edges, np.zeros(4, bool), np.zeros(4, np.int64), certain), nearest)
    assert list(zip(kept.first.tolist(), kept.second.tolist(), strict=True)) == [(0, 1), (4, 5), (6, 7)]


def test_the_same_shape_in_another_colour_or_light_is_another_picture():
    def drawn(ink, seed):
        shape = np.asarray(_picture(seed).convert("L"))[:, :, np.newaxis] > 120
        return Image.fromarray(np.where(shape, ink, 10).astype(np.uint8))

    others = [_picture(seed) for seed in range(20, 50)]
    red, orange, blue, faint = ([220, 20, 20], [220, 60, 20], [20, 20, 220], [60, 16, 16])
    assert _found([*others, drawn(red, 1), drawn(blue, 1)]).pairs.tolist() == []
    assert _found([*others, drawn(red, 1), drawn(faint, 1)]).pairs.tolist() == []
    assert _found([*others, drawn(red, 1), drawn(orange, 1)]).pairs.tolist() == [[30, 31]]


def test_pictures_in_which_nothing_is_to_be_seen_are_copies_of_nothing():
    flat = [Image.new("RGB", (40, 40), (tone, tone, tone)) for tone in (10, 90, 200)]
    assert _found([*flat, *flat]).pairs.shape == (0, 2)
    assert _found([_picture(0)]).pairs.shape == (0, 2)


def test_where_distinct_pictures_look_alike_only_the_nearest_are_copies():
    # One scene, in each picture covered elsewhere: hashes are near, edges are not the same.
    generator = np.random.default_rng(0)
    scene = np.asarray(_picture(0)).copy()
    pictures = []
    for _ in range(60):
        pixels = scene.copy()
        for _ in range(5):
            top, left = generator.integers(0, 80), generator.integers(0, 110)
            pixels[top : top + 18, left : left + 18] = generator.integers(0, 256, (1, 1, 3))
        pictures.append(Image.fromarray(pixels))
    found = _found([*pictures, _stored_anew(pictures[7]), pictures[9].transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
    assert found.strict and found.pairs.tolist() == [[7, 60]]


def test_progress_is_told_for_each_way():
    pictures = [_picture(seed) for seed in range(3)]
    told = []
    find_near_copies(
        np.stack([grey_thumbnail(picture) for picture in pictures]),
        np.stack([small_colours(picture) for picture in pictures]),
        progress=lambda *step: told.append(step),
    )
    assert told[0] == ("looking for near copies", 0, len(HOWS)) and told[-1] == (
        "looking for near copies",
        len(HOWS),
        len(HOWS),
    )


def test_a_folder_of_files_is_searched_and_what_was_seen_is_kept(tmp_path):
    for place in ("a", "b"):
        (tmp_path / "photos" / place).mkdir(parents=True)
    for seed in range(12):
        _picture(seed).save(tmp_path / "photos" / "ab"[seed % 2] / f"{seed:02}.png")
    _picture(3).resize((60, 45)).save(tmp_path / "photos" / "b" / "small.png")
    Image.new("RGB", (12, 12)).save(tmp_path / "photos" / "b" / "tiny.png")
    for _ in range(2):  # the second time from the cache
        dataset = check_pictures(load_data(tmp_path / "photos"), cache_folder=tmp_path / "cache")
        found = near_copies_in(dataset)
        keys = [dataset.pictures.key(int(row)) for row in found.pairs.ravel()]
        assert keys == ["b/03.png", "b/small.png"] and found.words(0) == ""
    assert np.array_equal(dataset.facts.thumbnails[0], grey_thumbnail(reduced(_picture(0))))
    assert not dataset.facts.thumbnails[-1].any()
    split = assign_splits(dataset, seed=0)
    assert len({int(split.splits[row]) for row in found.pairs[0]}) == 1


def test_pairs_among_some_rows():
    pictures = [_picture(seed) for seed in (1, 2, 3, 1, 2, 3)]
    found = _found([picture if place < 3 else _stored_anew(picture) for place, picture in enumerate(pictures)])
    assert found.pairs.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert found.among(np.array([1, 2, 4])).pairs.tolist() == [[0, 2]]
    assert found.among(np.array([], np.int64)).pairs.shape == (0, 2)
    assert found.renumbered(np.arange(6) * 10).pairs.tolist() == [[0, 30], [10, 40], [20, 50]]


def test_a_look_that_is_not_thorough_finds_what_was_neither_turned_nor_cropped():
    pictures = [_picture(seed) for seed in range(6)]
    changed = [
        _stored_anew(pictures[0]),
        pictures[1].resize((60, 45)),
        CHANGES["quarter"][0](pictures[2]),
        CHANGES["8 % at each edge"][0](pictures[3]),
    ]
    both = [*pictures, *changed]
    grey, colours = (np.stack([make(picture) for picture in both]) for make in (grey_thumbnail, small_colours))
    assert find_near_copies(grey, colours, thorough=False).pairs.tolist() == [[0, 6], [1, 7]]
    assert find_near_copies(grey, colours).pairs.tolist() == [[0, 6], [1, 7], [2, 8], [3, 9]]
