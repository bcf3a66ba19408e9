"""A view is the middle of a picture, moved, turned and scaled as the numbers that are drawn say."""

from __future__ import annotations

import torch
from torch.nn import functional

from striate.visualization.random_views import random_view


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ramps(height: int, width: int) -> torch.Tensor:
    """(1, 2, height, width): each pixel's row, and its column, from the middle."""
    rows, columns = (torch.arange(side, dtype=torch.float32) - (side - 1) / 2 for side in (height, width))
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"))[None]


def test_without_movement_it_is_the_middle():
    picture = torch.rand(2, 3, 12, 16, generator=seeded(0))
    view = random_view(picture, (8, 10), seeded(1), movement=0)
    torch.testing.assert_close(view, picture[:, :, 2:10, 3:13], atol=1e-5, rtol=0)


def test_where_pixels_come_from_is_turned_scaled_and_moved():
    size = (42, 28)
    for seed in range(20):
        right, down, larger, turn = (torch.rand(4, generator=seeded(seed)) * 2 - 1).tolist()
        view = random_view(ramps(84, 84), size, seeded(seed))
        angle = torch.deg2rad(torch.tensor(7.0 * turn))
        rows, columns = ramps(*size)[0]
        expected = 1.07**larger * (angle.sin() * columns + angle.cos() * rows) + 1.4 * down
        torch.testing.assert_close(view[0, 0], expected, atol=1e-3, rtol=0)
        expected = 1.07**larger * (angle.cos() * columns - angle.sin() * rows) + 1.4 * right
        torch.testing.assert_close(view[0, 1], expected, atol=1e-3, rtol=0)


def test_all_pictures_are_moved_alike_and_beyond_the_rim_is_a_mirror():
    picture = torch.rand(1, 1, 20, 20, generator=seeded(0))
    both = torch.cat([picture, picture * 2])
    view = random_view(both, (20, 20), seeded(3), movement=2)
    torch.testing.assert_close(view[1], view[0] * 2)
    wide = functional.pad(picture, [19] * 4, mode="reflect")
    assert view.min() >= wide.min() and view.max() <= wide.max() * 2
