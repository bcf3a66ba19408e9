import pytest
import torch

from striate.errors import UsageError
from striate.training.recipe import Recipe, ResizingConfig
from striate.training.resizing import cost_ahead, resized, shrink, side_share

RISING = ResizingConfig(first=0.5, full_from=0.8)


def test_the_side_rises_and_stays():
    assert [round(side_share(RISING, progress=place), 3) for place in (0, 0.2, 0.4, 0.6, 0.8, 0.9, 1)] == [
        *(0.5, 0.625, 0.75, 0.875, 1, 1, 1)
    ]
    assert side_share(ResizingConfig(), progress=0) == 1


def test_cost_goes_with_the_area():
    # The mean of (1/2 + p / 1.6)**2 over 0..0.8 is 7/12; over the rest it is 1.
    assert cost_ahead(RISING, progress=0) == pytest.approx(0.8 * 7 / 12 + 0.2, abs=1e-3)
    assert cost_ahead(RISING, progress=0.8) == cost_ahead(ResizingConfig(), progress=0) == 1


@pytest.mark.parametrize(
    ("size", "share", "least", "expected"),
    [
        ((64, 64), 0.5, (1, 1), (32, 32)),
        ((64, 64), 0.55, (1, 1), (32, 32)),  # 35.2 pixels: 4.4 steps of 8
        ((64, 64), 0.58, (1, 1), (40, 40)),
        ((32, 32), 0.25, (9, 9), (9, 9)),
        ((12, 40), 0.5, (1, 1), (8, 16)),  # 0.75 and 2.5 steps: a half goes to the even number
        ((100, 100), 1.0, (1, 1), (100, 100)),
    ],
)
def test_sizes_are_whole_steps(size, share, least, expected):
    assert resized(size, share, least=least) == expected


def test_shrinking_takes_means():
    pixels = torch.tensor([[0, 100], [50, 250]], dtype=torch.uint8).repeat_interleave(4, 0).repeat_interleave(4, 1)
    pixels = pixels[None, None].contiguous(memory_format=torch.channels_last)
    assert shrink(pixels, (8, 8)) is pixels
    small = shrink(pixels, (4, 4))
    assert small.dtype == torch.uint8 and small.shape == (1, 1, 4, 4)
    assert small[0, 0, 0].tolist() == [0, pytest.approx(13, abs=2), pytest.approx(87, abs=2), 100]
    assert small.float().mean().item() == pytest.approx(100, abs=1)


def test_a_recipe_has_it():
    recipe = Recipe.from_dict({"resizing": {"first": 0.5}})
    assert recipe.resizing == ResizingConfig(first=0.5) and recipe.resizing.active and not Recipe().resizing.active
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    with pytest.raises(UsageError, match=r"resizing.first must be in 0.25..1, got 0.1"):
        ResizingConfig(first=0.1)
    with pytest.raises(UsageError, match=r"resizing.full_from must be above 0 and at most 1, got 0"):
        ResizingConfig(full_from=0.0)
