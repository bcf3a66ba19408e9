"""Which class is asked about, and which units answer most."""

import numpy as np
import pytest
import torch

from striate.errors import UnknownNameError, UsageError
from striate.seeing.observation import observe, strongest_places
from striate.seeing.seen_network import seen_network

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)


def test_strongest_places():
    maps = torch.tensor([[[1.0, 3.0]], [[2.0, 0.0]], [[-1.0, -2.0]]])
    assert strongest_places(maps, None, 2) == [((0, 0, 1), 3.0), ((1, 0, 0), 2.0)]
    assert strongest_places(maps, 2, 9) == [((2, 0, 0), -1.0)]
    assert strongest_places(maps, (1, 0, 1), 9) == [((1, 0, 1), 0.0)]
    assert strongest_places(torch.tensor([1.0, 5.0]), None, 1) == [((1,), 5.0)]


def test_a_class_is_asked_for_by_name_or_number():
    seen = seen_network("lenet5", seed=0)
    digit = PICTURE[:28, :28]
    assert observe(seen, digit, target="class 3").target == observe(seen, digit, target="3").target == 3
    with pytest.raises(UnknownNameError, match="unknown class 'clas 3'; did you mean 'class 3'"):
        observe(seen, digit, target="clas 3")
    with pytest.raises(UsageError, match="the network has 10 classes, 0 to 9; got 10"):
        observe(seen, digit, target=10)
