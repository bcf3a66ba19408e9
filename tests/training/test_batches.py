import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.training.batches import batch_sizes, epoch_batches


def order_of(batches):
    return np.concatenate([batch.positions for batch in batches])


@given(st.integers(2, 5000), st.integers(2, 300))
def test_no_batch_has_one_picture_and_none_is_dropped(length, batch_size):
    sizes = batch_sizes(length, batch_size)
    assert sum(sizes) == length
    assert min(sizes) >= 2
    assert max(sizes) <= batch_size + 1


@pytest.mark.parametrize(
    ("length", "batch_size", "sizes"),
    [(4, 2, [2, 2]), (5, 2, [2, 3]), (2, 64, [2]), (1, 64, [1]), (64, 64, [64]), (65, 64, [65])],
)
def test_sizes(length, batch_size, sizes):
    assert batch_sizes(length, batch_size) == sizes


def test_batches_visit_every_picture_once_in_an_order_of_the_epoch():
    first = order_of(epoch_batches(101, 10, seed=1, epoch=0))
    second = order_of(epoch_batches(101, 10, seed=1, epoch=1))
    assert sorted(first) == list(range(101))
    assert first.tolist() != second.tolist()
    again = order_of(epoch_batches(101, 7, seed=1, epoch=0))
    assert first.tolist() == again.tolist()  # the batch size cuts the order, it does not change it
