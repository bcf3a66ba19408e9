"""Two measures of likeness, each beside another way to compute it."""

import numpy as np
import pytest
import torch

from striate.visualization.similarity import rank_correlation, structural_similarity


def drawn(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def test_ranks_with_ties_are_scipys():
    stats = pytest.importorskip("scipy.stats")
    first, second = (drawn(3, 9, 7) * 6).round(), (drawn(3, 9, 7, seed=1) * 4).round()
    wanted = [stats.spearmanr(a.flatten(), b.flatten()).statistic for a, b in zip(first, second, strict=True)]
    torch.testing.assert_close(rank_correlation(first, second), torch.tensor(wanted, dtype=torch.float64))


def test_ranks_by_hand():
    first = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    assert rank_correlation(first, -first).item() == pytest.approx(-1)
    # Ranks 0 1 2 3 beside 1 0 3 2: the squared differences add up to 4, and 1 - 6 * 4 / (4 * 15) is 0.6.
    assert rank_correlation(first, torch.tensor([[[2.0, 1.0], [9.0, 8.0]]])).item() == pytest.approx(0.6)


def test_maps_without_an_order():
    flat = torch.ones(1, 3, 3)
    assert rank_correlation(flat, drawn(1, 3, 3)).item() == 0
    assert rank_correlation(flat, 5 * flat).item() == 1
    assert structural_similarity(flat, 5 * flat).item() == pytest.approx(1)


def test_structure_is_that_of_a_loop():
    x, y = drawn(14, 13), drawn(14, 13, seed=1) + drawn(14, 13)
    x, y = ((m - m.min()) / (m.max() - m.min()) for m in (x.double().numpy(), y.double().numpy()))
    bell = np.exp(-((np.arange(11) - 5.0) ** 2) / 4.5)
    weights = np.outer(bell, bell) / np.outer(bell, bell).sum()
    found = []
    for row in range(4):
        for column in range(3):
            a, b = (m[row : row + 11, column : column + 11] for m in (x, y))
            ma, mb = (weights * a).sum(), (weights * b).sum()
            va, vb = (weights * (a - ma) ** 2).sum(), (weights * (b - mb) ** 2).sum()
            both = (weights * (a - ma) * (b - mb)).sum()
            found.append((2 * ma * mb + 1e-4) * (2 * both + 9e-4) / ((ma**2 + mb**2 + 1e-4) * (va + vb + 9e-4)))
    ours = structural_similarity(torch.tensor(x)[None], torch.tensor(y)[None])
    assert ours.item() == pytest.approx(np.mean(found), rel=1e-9)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (4, 30)])
def test_small_maps(shape):
    maps = drawn(2, *shape)
    torch.testing.assert_close(structural_similarity(maps, maps), torch.ones(2, dtype=torch.float64))
