"""The recurrent convolutional layer, by hand and beside its formula."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from striate.errors import UsageError
from striate.nn import RecurrentConv2d


def pixelwise(iterations):
    """One map, 1x1 kernels: u weighs 2, the state 0.5, the bias is 1."""
    layer = RecurrentConv2d(1, 1, 1, iterations=iterations)
    with torch.no_grad():
        layer.feed_forward.weight.fill_(2)
        layer.feed_forward.bias.fill_(1)
        layer.recurrent.weight.fill_(0.5)
    for place in range(iterations + 1):
        layer.norms[place] = nn.Identity()
    return layer


@pytest.mark.parametrize(("iterations", "expected"), [(0, [7, 0]), (1, [10.5, 0]), (2, [12.25, 0]), (3, [13.125, 0])])
def test_by_hand(iterations, expected):
    # 2 * 3 + 1 = 7; 7 + 7 / 2 = 10.5; 7 + 10.5 / 2 = 12.25; 7 + 12.25 / 2 = 13.125. 2 * -3 + 1 = -5 stays below 0.
    answers = pixelwise(iterations)(torch.tensor([3.0, -3.0]).view(1, 1, 1, 2))
    assert answers.flatten().tolist() == expected


def test_beside_the_formula():
    generator = torch.Generator().manual_seed(0)
    layer = RecurrentConv2d(5, 16, iterations=2).double()
    u = torch.randn(2, 5, 9, 7, generator=generator, dtype=torch.float64)
    f, b, r = layer.feed_forward.weight, layer.feed_forward.bias, layer.recurrent.weight

    def normalised(maps):  # over 3 maps: 16 / 8 + 1
        squares = functional.pad(maps**2, (0, 0, 0, 0, 1, 1))
        sums = squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]
        return maps / (1 + 0.001 / 3 * sums) ** 0.75

    driven = functional.conv2d(u, f, b, padding=1)
    state = normalised(driven.clamp(min=0))
    for _ in range(2):
        state = normalised((driven + functional.conv2d(state, r, padding=1)).clamp(min=0))
    torch.testing.assert_close(layer(u), state, rtol=1e-12, atol=1e-12)


def test_the_weights_do_not_grow_with_time():
    counts = {sum(w.numel() for w in RecurrentConv2d(4, 8, iterations=t).parameters()) for t in range(4)}
    assert counts == {9 * 4 * 8 + 8 + 9 * 8 * 8}


@pytest.mark.parametrize("iterations", [0, 1, 3])
def test_each_iteration_sees_two_pixels_further(iterations):
    layer = RecurrentConv2d(1, 8, iterations=iterations)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.fill_(0.1)
    image = torch.zeros(1, 1, 15, 15, requires_grad=True)
    layer(image)[0, 0, 7, 7].backward()
    rows = torch.nonzero(image.grad[0, 0].abs().sum(dim=1)).flatten()
    assert rows.max() - rows.min() + 1 == 3 + 2 * iterations


@pytest.mark.parametrize(
    ("arguments", "said"),
    [({"in_channels": 0}, "in_channels"), ({"out_channels": 1.5}, "out_channels"), ({"iterations": -1}, "iterations")],
)
def test_wrong_sizes_are_refused(arguments, said):
    with pytest.raises(UsageError, match=f"RecurrentConv2d: {said}"):
        RecurrentConv2d(**{"in_channels": 1, "out_channels": 1} | arguments)
