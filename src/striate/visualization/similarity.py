"""How alike two maps of one picture are: by their ranks, and by their structure."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_WINDOW, _DEVIATION = 11, 1.5  # pixels: of the Gaussian within which structure is compared


def rank_correlation(first: Tensor, second: Tensor) -> Tensor:
    """(N,) float64 in [-1, 1]: Spearman's correlation of two maps of each picture; equal values share their mean rank.

    A map that is the same everywhere has no order: its correlation is 0, and 1 with another such map.

    Args:
        first: (N, H, W) float.
        second: Like `first`.

    Example:
        >>> rank_correlation(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), torch.tensor([[[5.0, 7.0], [8.0, 90.0]]]))
        tensor([1.0000], dtype=torch.float64)
    """
    ranks = [_ranks(maps.flatten(1).double()) for maps in (first, second)]
    centred = [rank - rank.mean(dim=1, keepdim=True) for rank in ranks]
    lengths = [rank.norm(dim=1) for rank in centred]
    product = lengths[0] * lengths[1]
    both_flat = (lengths[0] == 0) & (lengths[1] == 0)
    correlation = (centred[0] * centred[1]).sum(dim=1) / torch.where(product > 0, product, 1.0)
    return torch.where(both_flat, 1.0, correlation.clamp(-1, 1))


def structural_similarity(first: Tensor, second: Tensor) -> Tensor:
    """(N,) float64 in [-1, 1]: SSIM of two maps of each picture, each brought to the range from 0 to 1 before.

    The constants are the paper's, and so is the window, a Gaussian of 11 x 11 places with a deviation of 1.5; in maps
    that are smaller the window is as large as they are. It lies wholly within the maps.

    Args:
        first: (N, H, W) float.
        second: Like `first`.

    Example:
        >>> maps = torch.arange(400.0).view(1, 20, 20)
        >>> structural_similarity(maps, 3 * maps + 5).item(), structural_similarity(maps, -maps).item() < 0
        (1.0, True)

    Source: Wang, Bovik, Sheikh, Simoncelli 2004, Image Quality Assessment, section III.B.
    """
    x, y = (_unit_range(maps.double())[:, None] for maps in (first, second))
    window = torch.outer(*(gaussian(min(_WINDOW, side), _DEVIATION).to(x.device) for side in x.shape[2:]))[None, None]

    def local_mean(values: Tensor) -> Tensor:
        return functional.conv2d(values, window)

    mean_x, mean_y = local_mean(x), local_mean(y)
    variance_x = local_mean(x * x) - mean_x**2
    variance_y = local_mean(y * y) - mean_y**2
    covariance = local_mean(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    structure = (2 * covariance + c2) / (variance_x + variance_y + c2)
    answer: Tensor = (luminance * structure).mean(dim=(1, 2, 3))
    return answer


def gaussian(side: int, deviation: float) -> Tensor:
    """(side,) float64: a bell around the middle, which adds up to 1.

    Example:
        >>> gaussian(3, 1.0)
        tensor([0.2741, 0.4519, 0.2741], dtype=torch.float64)
    """
    places = torch.arange(side, dtype=torch.float64) - (side - 1) / 2
    bell = (-(places**2) / (2 * deviation**2)).exp()
    return bell / bell.sum()


def _ranks(values: Tensor) -> Tensor:
    """(N, places) -> the place of each in its row's order, from 0; equal ones share the mean of theirs."""
    answer = torch.empty_like(values)
    for row, ranks in zip(values, answer, strict=True):
        _, group, counts = row.unique(return_inverse=True, return_counts=True)
        last = counts.cumsum(0).double() - 1
        ranks.copy_((last - (counts - 1) / 2)[group])
    return answer


def _unit_range(maps: Tensor) -> Tensor:
    lowest, highest = maps.amin(dim=(1, 2), keepdim=True), maps.amax(dim=(1, 2), keepdim=True)
    extent = highest - lowest
    return (maps - lowest) / torch.where(extent > 0, extent, 1.0)
