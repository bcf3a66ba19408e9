import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from striate.data import load_data
from striate.data.near_copies import find_near_copies
from striate.data.simple_pictures import SIMPLE, colours_stored, same_levels_stored, share_of_two_levels
from striate.doctor import audit, diagnose
from striate.pixels.perceptual_hashes import grey_thumbnail, reduced, small_colours

SHAPES = ("square", "circle", "triangle")
PALETTE = ((220, 30, 30), (30, 160, 60), (40, 60, 210), (240, 200, 40), (20, 20, 20), (240, 240, 240))


def _drawing(shape, ink, ground, left, top, side):
    picture = Image.new("RGB", (96, 96), ground)
    draw = ImageDraw.Draw(picture)
    right, bottom = left + side, top + side
    if shape == "square":
        draw.rectangle((left, top, right, bottom), fill=ink)
    elif shape == "circle":
        draw.ellipse((left, top, right, bottom), fill=ink)
    else:
        draw.polygon([((left + right) / 2, top), (left, bottom), (right, bottom)], fill=ink)
    return picture


def _drawings(count, seed, colours="any", centred=False):
    """Distinct pictures of one shape each, with its name; ink and ground differ in lightness."""
    generator = np.random.default_rng(seed)
    made = {}
    while len(made) < count:
        shape = SHAPES[generator.integers(3)]
        if colours == "palette":
            ink, ground = (PALETTE[place] for place in generator.choice(len(PALETTE), 2, replace=False))
        else:
            ink, ground = (tuple(int(level) for level in generator.integers(0, 256, 3)) for _ in range(2))
        lightness = [int(np.dot(colour, (0.299, 0.587, 0.114))) for colour in (ink, ground)]
        side = int(generator.integers(30, 66))
        left, top = (48 - side // 2,) * 2 if centred else generator.integers(2, 94 - side, 2).tolist()
        if abs(lightness[0] - lightness[1]) >= 20:
            made[(shape, ink, ground, left, top, side)] = (_drawing(shape, ink, ground, left, top, side), shape)
    return list(made.values())


def _noisy(picture, seed):
    noise = np.random.default_rng(seed).normal(0, 12, (96, 96, 3))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def _stored_anew(picture):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=50)
    return Image.open(file).convert("RGB")


def _seen(pictures):
    small = [reduced(picture) for picture in pictures]
    return [np.stack([make(one) for one in small]) for make in (grey_thumbnail, small_colours)]


@pytest.mark.parametrize(("colours", "centred"), [("any", False), ("any", True), ("palette", False)])
@pytest.mark.parametrize("count", [20, 80, 200])
def test_distinct_drawings_are_copies_of_nothing(count, colours, centred):
    found = find_near_copies(*_seen([picture for picture, _ in _drawings(count, count, colours, centred)]))
    assert found.strict and found.pairs.tolist() == []


def test_distinct_drawings_with_noise_are_copies_of_nothing():
    noisy = [_noisy(picture, seed) for seed, (picture, _) in enumerate(_drawings(60, 3, "palette"))]
    found = find_near_copies(*_seen(noisy))
    assert found.strict and found.pairs.tolist() == []


@pytest.mark.parametrize("colours", ["any", "palette"])
@pytest.mark.parametrize("change", [_stored_anew, lambda picture: picture.resize((48, 48))], ids=["quality 50", "half"])
def test_copies_among_drawings_are_found(change, colours):
    pictures = [picture for picture, _ in _drawings(200, 7, colours)]
    found = find_near_copies(*_seen(pictures + [change(picture) for picture in pictures[:60]]))
    planted = {(row, 200 + row) for row in range(60)}
    pairs = set(map(tuple, found.pairs.tolist()))
    assert pairs <= planted and len(pairs) >= 0.95 * len(planted)


def test_a_set_of_drawings_has_no_fault(tmp_path):
    for shape in SHAPES:
        (tmp_path / shape).mkdir()
    drawings = _drawings(60, 5)
    for place, (picture, shape) in enumerate(drawings):
        picture.save(tmp_path / shape / f"{place:02}.png")
    assert [one for one in diagnose(audit(load_data(tmp_path))) if "copies" in one.kind] == []
    picture, shape = drawings[4]
    picture.resize((48, 48)).save(tmp_path / SHAPES[SHAPES.index(shape) - 1] / "small.png")
    (found,) = (one for one in diagnose(audit(load_data(tmp_path))) if "copies" in one.kind)
    assert found.kind == "contradicting-near-copies" and {file[-9:] for file in found.files} >= {"small.png"}


def test_two_levels_explain_a_shape_and_what_is_beside_it():
    pictures = np.zeros((3, 32, 32), np.uint8)
    pictures[0, 5:20, 5:20] = 255
    pictures[1] = np.arange(0, 256, 8)  # 32 columns; 15 levels hold one each, and its neighbours count
    pictures[2] = np.random.default_rng(0).integers(0, 256, (32, 32))
    shares = share_of_two_levels(pictures)
    # Of the ramp the columns at 0 and 8 (the first hold as many as any), of width 1 each, and one on each side.
    assert shares[0] == 1 and shares[1] == pytest.approx(4 / 32, abs=2 / 32)
    assert shares[2] < 0.8 < SIMPLE


def test_what_storing_anew_changes():
    colours = np.full((1, 8, 8, 3), 100, np.uint8)
    colours[0, 2, 2, 0] = 140  # a step of 40 to each that is beside it: 16 levels and 10
    allowed = colours_stored(colours)[0]
    assert allowed[:, :, 1:].tolist() == np.full((8, 8, 2), 16).tolist()
    assert allowed[1:4, 1:4, 0].tolist() == np.full((3, 3), 26).tolist() and (allowed[:, :, 0] == 26).sum() == 9
    levels = np.zeros((3, 32, 32), np.uint8)
    levels[:, 0, 0] = 200  # a range of 200: 8 and 20 levels
    others = levels.copy()
    others[1, 9, 9], others[2, 9, 9] = 28, 29
    assert same_levels_stored(levels, others).tolist() == [True, True, False]
    assert same_levels_stored(levels[:0], others[:0]).shape == (0,)
