"""Moving digits: what the generator makes, and that one frame alone tells nothing of the way."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch

SOURCE = Path(__file__).parents[2] / "benchmarks" / "moving_digits.py"


@pytest.fixture(scope="module")
def moving_digits():
    spec = importlib.util.spec_from_file_location("moving_digits", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def corner(frame):
    rows, columns = np.nonzero(frame[0])
    return np.array([rows.min(), columns.min()])


def test_each_digit_moves_a_pixel_a_frame_its_way(moving_digits):
    digits = np.ones((3, 8, 8), np.float32)
    sequences, ways = moving_digits.moving(digits, 40, seed=0)
    assert sequences.shape == (40, 4, 1, 16, 16)
    assert set(ways) == {0, 1, 2, 3}
    for sequence, way in zip(sequences, ways, strict=True):
        corners = np.array([corner(frame) for frame in sequence])
        assert (np.diff(corners, axis=0) == list(moving_digits.WAYS.values())[way]).all()
        assert (sequence.sum(axis=(1, 2, 3)) == 64).all()


def test_the_last_frame_says_nothing_of_the_way(moving_digits):
    digits = np.ones((1, 8, 8), np.float32)
    sequences, ways = moving_digits.moving(digits, 6000, seed=1)
    ends = np.array([corner(frame) for frame in sequences[:, -1]])
    assert (ends.min(axis=0) == 3).all() and (ends.max(axis=0) == 5).all()
    for way in range(4):
        np.testing.assert_allclose(ends[ways == way].mean(axis=0), [4, 4], atol=0.1)


def test_the_digits_are_the_built_in_ones(moving_digits):
    digits = moving_digits.digit_pictures()
    assert digits.shape == (1797, 8, 8)
    assert digits.min() == 0 and digits.max() == 1


def test_the_same_seed_draws_the_same(moving_digits):
    digits = np.ones((1, 8, 8), np.float32)
    assert all(
        np.array_equal(one, other)
        for one, other in zip(
            moving_digits.moving(digits, 5, seed=3), moving_digits.moving(digits, 5, seed=3), strict=True
        )
    )


def test_the_network_takes_any_number_of_frames(moving_digits):
    network = moving_digits.WayClassifier()
    assert network(torch.zeros(2, 5, 1, 16, 16)).shape == network(torch.zeros(2, 1, 1, 16, 16)).shape == (2, 4)


@pytest.mark.slow
def test_frames_tell_the_way_and_one_alone_does_not(moving_digits):
    measured = moving_digits.measure(seed=0)
    assert measured["frames"] >= 0.95
    assert 0.15 <= measured["last frame"] <= 0.35
