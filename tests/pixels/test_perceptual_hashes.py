import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn

from striate.pixels.perceptual_hashes import frequencies, grey_thumbnail, hashes, reduced, turned

HERE = Path(__file__).parent
PICTURES = runpy.run_path(str(HERE / "hashed_pictures.py"))["hashed_pictures"]()
THUMBNAILS = np.stack([grey_thumbnail(picture) for picture in PICTURES])


def test_the_hashes_are_those_of_imagehash_bit_by_bit():
    assert hashes(frequencies(THUMBNAILS)).tolist() == np.load(HERE / "perceptual_hashes.npz")["words"].tolist()


def test_the_frequencies_are_those_of_the_cosine_transform():
    expected = dctn(THUMBNAILS.astype(float), axes=(1, 2))[:, :8, :8]
    np.testing.assert_allclose(frequencies(THUMBNAILS), expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("turn", range(8))
def test_turned_frequencies_are_those_of_turned_pictures(turn):
    pictures = THUMBNAILS[:, :, ::-1] if turn >= 4 else THUMBNAILS
    expected = frequencies(np.rot90(pictures, turn % 4, axes=(1, 2)))
    np.testing.assert_allclose(turned(frequencies(THUMBNAILS))[turn], expected, rtol=0, atol=1e-8)


def test_a_window_is_what_is_left_when_the_rest_is_cut_off():
    # A picture eight times as large, cut where the window ends and scaled to the same size.
    large = THUMBNAILS.repeat(8, axis=1).repeat(8, axis=2)
    left, top, right, bottom = 1 / 8, 1 / 16, 0, 1 / 16
    smooth = [np.asarray(Image.fromarray(one).resize((256, 256), Image.Resampling.BICUBIC, box=None)) for one in large]
    cut = [Image.fromarray(one).crop((32, 16, 256, 240)).resize((32, 32), Image.Resampling.BOX) for one in smooth]
    expected = frequencies(np.stack([np.asarray(one) for one in cut]))
    found = frequencies(THUMBNAILS, (left, top, right, bottom))
    low = np.s_[:, :4, :4]  # in the higher ones linear interpolation tells
    assert np.corrcoef(found[low].ravel(), expected[low].ravel())[0, 1] > 0.999
    assert np.mean(np.bitwise_count(hashes(found) ^ hashes(expected))) < 5


def test_a_picture_of_one_tone_has_no_bit_but_the_first():
    flat = np.full((2, 32, 32), 90, np.uint8)
    assert hashes(frequencies(flat)).tolist() == [1 << 63, 1 << 63]
    assert len(hashes(frequencies(flat[:0]))) == 0


def test_a_reduced_picture_is_averaged_in_blocks_and_has_nearly_the_same_hash():
    pixels = np.arange(130 * 300 * 3, dtype=np.uint32).reshape(130, 300, 3) // 461 % 256
    picture = Image.fromarray(pixels.astype(np.uint8))
    small = np.asarray(reduced(picture))
    assert small.shape == (65, 75, 3)
    blocks = pixels.reshape(65, 2, 75, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(small, blocks, rtol=0, atol=0.51)
    seen = np.stack([grey_thumbnail(reduced(picture)) for picture in PICTURES])
    assert np.bitwise_count(hashes(frequencies(seen)) ^ hashes(frequencies(THUMBNAILS))).max() <= 6
