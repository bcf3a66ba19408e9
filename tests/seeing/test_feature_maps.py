"""A layer's maps."""

import numpy as np
import pytest

import striate
from striate.errors import UsageError

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)


def test_only_a_run_can_be_looked_back_at():
    message = (
        "through-training looks back at a run, and lenet5 is of none; train one with --set keep_epochs=6, and name its"
    )
    with pytest.raises(UsageError, match=message):
        striate.visualize("lenet5", PICTURE, method="through-training")
