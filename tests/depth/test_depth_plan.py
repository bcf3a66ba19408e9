"""What the degradation experiment decides."""

import time

from striate.depth.depth_plan import fit_time
from striate.training import Recipe


def test_a_time_limit_gives_the_epochs_that_fit():
    recipe = Recipe()
    now = time.monotonic()
    fitted, decision = fit_time(recipe, 10.0, now + 100, epochs_asked=False)
    assert (
        fitted.schedule.epochs == 8
        and decision.why == "about 10.0\u202fs an epoch of all four, 1\u202fmin 20\u202fs in all"
    )
    assert fit_time(recipe, 10.0, now + 1000, epochs_asked=True)[0].schedule.epochs == 30
    assert fit_time(recipe, 10.0, None, epochs_asked=True)[0].schedule.epochs == 30
