import io

import numpy as np
import pytest
from PIL import Image

from striate.errors import UnknownNameError
from striate.robustness import SHIFTS, choose_shifts
from striate.robustness.blurring import even_disk, trail
from striate.robustness.light import DAYLIGHT, LUMINANCE, planckian
from striate.robustness.shifts import GROUPS, KNOWN


@pytest.fixture(scope="module")
def photograph():
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((64, 64), Image.Resampling.BICUBIC))


@pytest.mark.parametrize("name", KNOWN)
def test_every_shift_keeps_shape_and_type_of_any_picture(name, photograph):
    shift = KNOWN[name]
    pictures = (photograph, photograph[..., :1], photograph[:40], photograph[:1, :1], np.zeros((28, 28, 1), np.uint8))
    for picture in pictures:
        before = picture.copy()
        for level in range(len(shift.levels)):
            changed = shift.apply(picture, level, seed=0, picture=1)
            assert changed.shape == picture.shape and changed.dtype == np.uint8
            assert not np.shares_memory(changed, picture)
        assert np.array_equal(picture, before)


@pytest.mark.parametrize("name", KNOWN)
def test_a_picture_comes_out_the_same_again_and_levels_go_further(name, photograph):
    shift = KNOWN[name]
    first, again = ([shift.apply(photograph, n, seed=3, picture=9) for n in range(len(shift.levels))] for _ in "ab")
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert [level.size for level in shift.levels] == sorted(level.size for level in shift.levels)
    assert shift.levels[0].size > shift.neutral
    changes = [np.abs(one.astype(int) - photograph).mean() for one in first]
    assert changes[0] > 0
    if shift.group != "corruption":  # the published severities do not all grow
        assert changes == sorted(changes) or name in ("turned", "nearer", "farther", "tilted", "sheared", "off_centre")


def test_what_is_drawn_differs_from_picture_to_picture_and_by_seed(photograph):
    for name in ("sensor_noise", "covered", "fog", "gaussian_noise", "side_light"):
        apply = KNOWN[name].apply
        one = apply(photograph, 2, seed=0, picture=1)
        assert not np.array_equal(one, apply(photograph, 2, seed=0, picture=2))
        assert not np.array_equal(one, apply(photograph, 2, seed=1, picture=1))


def test_a_stop_is_twice_the_light():
    # sRGB 128 is .2159 of the light of white; twice that is sRGB 176, half of it 92.
    grey = np.full((4, 4, 1), 128, np.uint8)
    brighter, darker = KNOWN["brighter"], KNOWN["darker"]
    assert brighter.levels[1].size == darker.levels[0].size == 1
    assert np.unique(brighter.apply(grey, 1, seed=0, picture=0)).tolist() == [176]
    assert np.unique(darker.apply(grey, 0, seed=0, picture=0)).tolist() == [92]


def test_the_colour_of_a_black_body():
    daylight = planckian(DAYLIGHT)
    assert planckian(2856) @ LUMINANCE == pytest.approx(1, abs=2e-3)
    assert daylight.max() / daylight.min() < 1.06  # nearly white: daylight lies a little off the Planckian locus
    # CIE standard illuminant A is a black body of 2,856 K: x, y = .44757, .40745, of which linear sRGB is 1.8, .84, .25 here.
    x, y = 0.44757, 0.40745
    matrix = np.array(
        [[3.2404542, -1.5371385, -0.4985314], [-0.969266, 1.8760108, 0.041556], [0.0556434, -0.2040259, 1.0572252]]
    )
    assert planckian(2856) == pytest.approx(matrix @ [x / y, 1, (1 - x - y) / y], abs=0.02)
    grey = np.full((2, 2, 3), 120, np.uint8)
    warm = KNOWN["warm_light"].apply(grey, 2, seed=0, picture=0)[0, 0].astype(int)
    cold = KNOWN["cold_light"].apply(grey, 3, seed=0, picture=0)[0, 0].astype(int)
    assert warm[0] > 120 > warm[2] and cold[0] < 120 < cold[2]
    assert np.array_equal(KNOWN["warm_light"].apply(grey[..., :1], 4, seed=0, picture=0), grey[..., :1])


def test_light_from_one_side_leaves_the_lit_side_and_takes_the_stops_from_the_other():
    white = np.full((101, 101, 1), 255, np.uint8)
    lit = KNOWN["side_light"].apply(white, 1, seed=0, picture=4)[..., 0].astype(float) / 255
    light = np.where(lit <= 0.04045, lit / 12.92, ((lit + 0.055) / 1.055) ** 2.4)
    assert light.max() == pytest.approx(1, abs=0.01)
    assert light.min() == pytest.approx(1 / 4, rel=0.02)  # two stops


def test_turning_by_a_quarter_is_exact(photograph):
    turned = KNOWN["turned"].apply(photograph, 4, seed=0, picture=2)
    assert any(np.array_equal(turned, np.rot90(photograph, turns)) for turns in (1, 3))
    assert np.array_equal(KNOWN["mirrored"].apply(photograph, 0, seed=0, picture=0), photograph[:, ::-1])
    assert np.array_equal(KNOWN["upside_down"].apply(photograph, 0, seed=0, picture=0), np.rot90(photograph, 2))


def test_off_centre_by_a_share_of_the_side(photograph):
    moved = KNOWN["off_centre"].apply(photograph, 3, seed=0, picture=5)
    found = [
        (down, across)
        for down in range(-20, 21)
        for across in range(-20, 21)
        if np.array_equal(
            moved[max(0, down) : 64 + min(0, down), max(0, across) : 64 + min(0, across)],
            photograph[max(0, -down) : 64 - max(0, down), max(0, -across) : 64 - max(0, across)],
        )
    ]
    assert len(found) == 1 and np.hypot(*found[0]) == pytest.approx(0.3 * 64, abs=1)


def test_a_tilted_square_becomes_narrower_and_one_edge_longer():
    square = np.zeros((200, 200, 1), np.uint8)
    square[80:120, 80:120] = 255
    for picture in range(8):
        tilted = KNOWN["tilted"].apply(square, 1, seed=0, picture=picture)[..., 0] > 127
        width, height = tilted.any(axis=0).sum(), tilted.any(axis=1).sum()
        # 30 degrees, a field of view of 50: the near edge at 20 cos / (1 - 20 sin / d) with d = 100 / tan 25, the far one below.
        d = 100 / np.tan(np.deg2rad(25))
        near, far = 20 * np.cos(np.pi / 6) / (1 - 10 / d), 20 * np.cos(np.pi / 6) / (1 + 10 / d)
        tall = 40 / (1 - 10 / d)
        assert sorted((width, height)) == pytest.approx(sorted((near + far, tall)), abs=1.5)


def test_farther_halves_and_nearer_doubles_what_is_seen():
    disc = np.zeros((200, 200, 1), np.uint8)
    rows, columns = np.mgrid[:200, :200]
    disc[(rows - 99.5) ** 2 + (columns - 99.5) ** 2 < 15**2] = 255
    area = (disc > 127).sum()
    half = KNOWN["farther"].apply(disc, 2, seed=0, picture=0)[50:150, 50:150]
    assert half.sum() / 255 == pytest.approx(area / 4, rel=0.01)
    assert (KNOWN["nearer"].apply(disc, 2, seed=0, picture=0) > 127).sum() == pytest.approx(area * 4, rel=0.03)


def test_covered_by_the_share_that_it_says():
    white = np.full((100, 100, 3), 255, np.uint8)
    for level, share in enumerate((0.05, 0.1, 0.2, 0.35, 0.5)):
        covered = KNOWN["covered"].apply(white, level, seed=0, picture=level)
        assert (covered == 128).all(axis=2).mean() == pytest.approx(share, abs=0.01)


def test_jpeg_is_pillows(photograph):
    buffer = io.BytesIO()
    Image.fromarray(photograph).save(buffer, "JPEG", quality=30)
    assert np.array_equal(KNOWN["jpeg"].apply(photograph, 1, seed=0, picture=0), np.asarray(Image.open(buffer)))
    assert KNOWN["jpeg"].levels[1].size == 70


def test_kernels_sum_to_one_and_reach_as_far_as_they_say():
    disk = even_disk(3.5)
    assert disk.sum() == pytest.approx(1) and disk.shape == (11, 11) and np.allclose(disk, disk[::-1, ::-1])
    # The mean square distance of a disk's points from its middle is r^2 / 2; sharing each bilinearly adds about 1/6 along each axis.
    rows, columns = np.mgrid[-5:6, -5:6]
    assert (disk * (rows**2 + columns**2)).sum() == pytest.approx(3.5**2 / 2 + 1 / 3, rel=0.02)
    assert 0.9 < even_disk(0.05).max() < 1  # a little goes out of the middle, however small
    line = trail(10, 0.0)
    assert line.sum() == pytest.approx(1) and line.shape == (13, 13)
    assert np.flatnonzero(line.sum(axis=0) > 1e-9).tolist() == list(range(1, 12))
    assert np.flatnonzero(line.sum(axis=1) > 1e-9).tolist() == [6]


def test_sensor_noise_has_its_deviation():
    grey = np.full((200, 200, 1), 128, np.uint8)
    noisy = KNOWN["sensor_noise"].apply(grey, 2, seed=0, picture=0).astype(float)
    assert noisy.std() == pytest.approx(20, rel=0.02) and noisy.mean() == pytest.approx(128, abs=0.5)


def test_shifts_are_chosen_by_name_or_group():
    assert choose_shifts(None, corruptions=False) == SHIFTS
    assert len(choose_shifts(None, corruptions=True)) == len(SHIFTS) + 15
    assert [shift.name for shift in choose_shifts(("angle", "fog"), corruptions=False)] == [
        "turned",
        "upside_down",
        "mirrored",
        "fog",
    ]
    assert {shift.group for shift in KNOWN.values()} == set(GROUPS)
    with pytest.raises(UnknownNameError, match=r"'turn'.*turned"):
        choose_shifts(("turn",), corruptions=True)
