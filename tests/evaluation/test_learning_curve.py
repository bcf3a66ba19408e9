"""The power law and where it leads, on curves whose law is known."""

import numpy as np
import pytest

from striate.errors import UsageError
from striate.evaluation.learning_curve import PowerLaw, fit_power_law, learning_curve

SIZES = (50, 71, 100, 141, 200, 283, 400)


@pytest.mark.parametrize(
    ("floor", "scale", "slope"), [(0.0, 1.0, 0.5), (0.03, 2.0, 0.75), (0.1, 0.5, 0.25), (0.0, 9.0, 1.5)]
)
def test_a_law_is_found_again(floor, scale, slope):
    errors = np.array([PowerLaw(floor, scale, slope).error(size) for size in SIZES])
    law = fit_power_law(SIZES, errors, np.linspace(1, 5, len(SIZES)))
    assert (law.floor, law.scale, law.slope) == pytest.approx((floor, scale, slope), abs=1e-9)


def test_no_part_of_a_law_is_below_0():
    rising = fit_power_law(SIZES, np.linspace(0.1, 0.2, len(SIZES)), np.ones(len(SIZES)))
    assert rising.scale == 0 and rising.error(10**6) == pytest.approx(0.15)
    steep = fit_power_law(SIZES, np.maximum(0.3 - 0.0007 * np.array(SIZES), 0), np.ones(len(SIZES)))
    assert steep.floor >= 0 and steep.scale >= 0


def drawn(generator, law, count, draws=6):
    """Answers as the law has them: some pictures are hard whatever is learnt, and held out again and again."""
    hard = generator.random(count)
    wrong = np.full((draws, len(SIZES), count), np.nan)
    for draw in range(draws):
        held = generator.permutation(count)[: count // 4]
        moved = 0.01 * generator.normal(size=len(held))
        for place, size in enumerate(SIZES):
            wrong[draw, place, held] = hard[held] + moved < law.error(size)
    return wrong


def test_twice_as_many_pictures_are_in_the_interval_as_often_as_it_says():
    generator, law = np.random.default_rng(0), PowerLaw(0.02, 2.0, 0.6)
    inside = 0
    for seed in range(60):
        found = learning_curve(SIZES, drawn(generator, law, 530), seed=seed).at(800)
        assert found.low <= found.accuracy <= found.high
        inside += found.low <= 1 - law.error(800) <= found.high
    assert inside >= 0.85 * 60


def test_more_pictures_make_it_surer():
    generator, law = np.random.default_rng(1), PowerLaw(0.02, 2.0, 0.6)
    few, many = (learning_curve(SIZES, drawn(generator, law, count)).at(800) for count in (400, 6_000))
    assert many.high - many.low < (few.high - few.low) / 2


def test_what_is_no_curve_is_refused():
    with pytest.raises(UsageError, match="three sizes at least"):
        fit_power_law((1, 2), np.ones(2), np.ones(2))
    with pytest.raises(UsageError, match="expected"):
        learning_curve(SIZES, np.zeros((2, 3, 4)))
