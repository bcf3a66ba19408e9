"""The nearest vectors, exactly and by lists, beside scipy's cosine distances."""

import sys

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from striate.errors import StriateError
from striate.retrieval.nearest import HELD, InvertedLists, nearest, unit_vectors


def vectors(count, width=16, seed=0):
    return unit_vectors(np.random.default_rng(seed).normal(size=(count, width)))


def test_by_hand():
    found = nearest(np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32), np.array([[0.8, 0.6]], np.float32), 3)
    assert found[0].tolist() == [[2, 0, 1]]
    np.testing.assert_allclose(found[1], [[0.96, 0.8, 0.6]], atol=1e-6)


def test_all_of_them_are_compared():
    rows, queries = vectors(500), vectors(7, seed=1)
    places, cosines = nearest(rows, queries, 10)
    distances = cdist(queries.astype(np.float64), rows.astype(np.float64), "cosine")
    assert places.tolist() == np.argsort(distances, axis=1)[:, :10].tolist()
    np.testing.assert_allclose(cosines, 1 - np.sort(distances, axis=1)[:, :10], atol=1e-6)


def test_of_equals_the_first_is_named_first():
    rows = np.repeat(np.eye(2, dtype=np.float32), [3, 4], axis=0)
    assert nearest(rows, rows[-1:], 3)[0].tolist() == [[3, 4, 5]]


def test_more_queries_than_are_held_at_once(monkeypatch):
    monkeypatch.setattr("striate.retrieval.nearest.HELD", 1000)
    assert HELD != 1000
    rows, queries = vectors(400), vectors(9, seed=1)
    one_by_one = [nearest(rows, query[np.newaxis], 4)[0][0].tolist() for query in queries]
    assert nearest(rows, queries, 4)[0].tolist() == one_by_one


def test_fewer_rows_than_are_asked_for():
    assert nearest(vectors(3), vectors(1), 10)[0].shape == (1, 3)
    assert nearest(np.zeros((0, 16), np.float32), vectors(2), 10)[0].shape == (2, 0)


def test_a_vector_of_zeros_is_like_nothing():
    rows = unit_vectors(np.array([[0, 0], [-1, 0]]))
    assert rows.tolist() == [[0, 0], [-1, 0]]
    assert nearest(rows, np.array([[1, 0]], np.float32), 2)[1].tolist() == [[0, -1]]


def test_lists_find_nearly_all_and_say_how_many():
    pytest.importorskip("faiss")
    rows = unit_vectors(np.repeat(vectors(100), 50, axis=0) + 0.2 * vectors(5000, seed=1))
    lists = InvertedLists(rows)
    queries = unit_vectors(rows[::100] + 0.05 * vectors(50, seed=2))
    found, cosines = lists.nearest(queries, 10)
    true, true_cosines = nearest(rows, queries, 10)
    assert lists.recall >= 0.99
    assert np.mean([len(set(one) & set(other)) / 10 for one, other in zip(found, true, strict=True)]) >= 0.97
    np.testing.assert_allclose(cosines[:, 0], true_cosines[:, 0], atol=1e-5)


def test_without_faiss_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(StriateError, match=r"needs the package faiss-cpu: pip install 'striate\[search\]'"):
        InvertedLists(vectors(10))
