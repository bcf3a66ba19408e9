import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from striate.training.batches import VISIT, batch_sizes, count_looks, epoch_batches, even_order, part_sizes


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


@pytest.mark.parametrize("batch_size", [2, 16, 64, 128, 200])
def test_looks_are_the_pictures_of_so_many_batches(batch_size):
    sizes = batch_sizes(129, batch_size) * 3
    assert [count_looks(steps, 129, batch_size) for steps in range(len(sizes))] == np.cumsum([0, *sizes])[:-1].tolist()
    assert count_looks(40 * 23, 1439, 64) == 57_560


def test_batches_visit_every_picture_once_in_an_order_of_the_epoch():
    first = order_of(epoch_batches(101, 10, seed=1, epoch=0))
    second = order_of(epoch_batches(101, 10, seed=1, epoch=1))
    assert sorted(first) == list(range(101))
    assert first.tolist() != second.tolist()
    again = order_of(epoch_batches(101, 7, seed=1, epoch=0))
    assert first.tolist() == again.tolist()  # the batch size cuts the order, it does not change it


@given(st.integers(2, 5000), st.integers(1, 300))
def test_the_parts_of_a_batch_are_even_and_single_only_where_they_must_be(length, most):
    sizes = part_sizes(length, most)
    assert sum(sizes) == length
    assert max(sizes) - min(sizes) <= 1
    assert max(sizes) <= max(most, 3 if most == 2 else 1)
    assert min(sizes) >= min(2, most)


UNEVEN = np.array([0] * 90 + [2] * 8 + [5] * 3)


@pytest.mark.parametrize("epoch", [0, 1, 7])
def test_drawn_evenly_every_class_comes_equally_often_and_the_epoch_is_as_long(epoch):
    batches = epoch_batches(101, 10, seed=4, epoch=epoch, even=UNEVEN)
    order = order_of(batches)
    assert len(order) == 101 and [len(batch.positions) for batch in batches] == batch_sizes(101, 10)
    counts = np.bincount(UNEVEN[order], minlength=6)
    assert sorted(counts[[0, 2, 5]].tolist()) == [33, 34, 34] and counts.sum() == 101
    # Within a class no picture comes twice before another has come once.
    for label in (0, 2, 5):
        times = np.bincount(order, minlength=101)[label == UNEVEN]
        assert times.max() - times.min() <= 2  # an epoch may begin and end in the middle of a round
    again = order_of(epoch_batches(101, 10, seed=4, epoch=epoch, even=UNEVEN))
    assert order.tolist() == again.tolist()
    assert order.tolist() != order_of(epoch_batches(101, 10, seed=5, epoch=epoch, even=UNEVEN)).tolist()


def test_drawn_evenly_a_common_class_shows_all_its_pictures_in_turn():
    shown = np.concatenate([even_order(UNEVEN, seed=0, epoch=epoch) for epoch in range(3)])
    assert set(range(101)) - set(shown.tolist()) <= set(range(90)) and len(set(shown.tolist())) >= 98


def test_a_picture_that_comes_again_in_an_epoch_is_drawn_anew():
    batches = epoch_batches(101, 10, seed=0, epoch=0, even=UNEVEN)
    samples = np.arange(101) + 500
    draws = np.concatenate([batch.draws(samples) for batch in batches])
    assert len(set(draws.tolist())) == 101
    assert set((draws % VISIT).tolist()) <= set(samples.tolist())
    plain = epoch_batches(101, 10, seed=0, epoch=0)
    assert np.array_equal(np.concatenate([batch.draws(samples) for batch in plain]), samples[order_of(plain)])
