import numpy as np
import pytest

from striate.data.hamming_search import within_distance


def _clusters(count, seed):
    """Words of which many are near one another."""
    generator = np.random.default_rng(seed)
    words = generator.integers(0, 2**64, count // 3 + 1, dtype=np.uint64)[generator.integers(0, count // 3 + 1, count)]
    for _ in range(10):
        flip = np.uint64(1) << generator.integers(0, 64, count).astype(np.uint64)
        words = words ^ np.where(generator.random(count) < 0.5, flip, np.uint64(0))
    return words


@pytest.mark.parametrize(("count", "radius"), [(1, 0), (5, 3), (300, 10), (2000, 12), (2000, 4), (2000, 0), (100, 40)])
def test_all_near_words_are_found_once(count, radius):
    words = _clusters(count, seed=count)
    queries = np.concatenate([words[::-1], _clusters(50, seed=1)])
    parts = list(within_distance(words, queries, radius))
    found = [pair for rows, others in parts for pair in zip(rows.tolist(), others.tolist(), strict=True)]
    rows, others = np.nonzero(np.bitwise_count(queries[:, np.newaxis] ^ words) <= radius)
    assert sorted(found) == list(zip(rows.tolist(), others.tolist(), strict=True))


def test_nothing_is_found_in_nothing():
    words = np.zeros(3, np.uint64)
    assert list(within_distance(words[:0], words, 3)) == list(within_distance(words, words[:0], 3)) == []


def test_a_query_is_compared_with_few_of_many_words(monkeypatch):
    from striate.data import hamming_search

    compared = []
    close = hamming_search._close

    def counting(words, queries, rows, found, radius):
        compared.append(len(rows))
        return close(words, queries, rows, found, radius)

    monkeypatch.setattr(hamming_search, "_close", counting)
    words = np.random.default_rng(0).integers(0, 2**64, 20_000, dtype=np.uint64)
    for _ in within_distance(words, words[:500], 10):
        pass
    assert sum(compared) < 0.02 * 500 * 20_000
