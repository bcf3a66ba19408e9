"""The convolutional LSTM cell: numbers by hand, and beside scipy's convolutions."""

import math

import numpy as np
import pytest
import torch
from scipy.signal import correlate2d
from scipy.special import expit

from striate.errors import UsageError
from striate.nn import ConvLSTMCell


def drawn(*arguments, seed=0, **options):
    """A cell in double precision, every weight of which is drawn, its peepholes too."""
    cell = ConvLSTMCell(*arguments, **options).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in cell.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator, dtype=torch.float64) / 2)
    return cell


def test_one_pixel_by_hand():
    cell = ConvLSTMCell(1, 1, 1, size=(1, 1)).double()
    with torch.no_grad():  # rows i, f, C, o; columns X, H
        cell.convolution.weight.copy_(
            torch.tensor([[1, 2], [3, 4], [0.5, 0.25], [1, -1]], dtype=torch.float64).view(4, 2, 1, 1)
        )
        cell.convolution.bias.copy_(torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64))
        cell.input_peephole.fill_(0.5)
        cell.forget_peephole.fill_(-1)
        cell.output_peephole.fill_(2)
    one = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    hidden, memory = cell(0.2 * one, (0.3 * one, -0.4 * one))
    # i: 0.2 + 0.6 - 0.2 + 0.1 = 0.7; f: 0.6 + 1.2 + 0.4 + 0.2 = 2.4; C: 0.1 + 0.075 + 0.3 = 0.475
    expected = -0.4 / (1 + math.exp(-2.4)) + math.tanh(0.475) / (1 + math.exp(-0.7))
    assert memory.item() == pytest.approx(expected, abs=1e-15)
    # o: 0.2 - 0.3 + 0.4 = 0.3, and twice the NEW memory
    assert hidden.item() == pytest.approx(math.tanh(expected) / (1 + math.exp(-0.3 - 2 * expected)), abs=1e-15)


def test_the_first_frame_has_nothing_before_it():
    cell = drawn(2, 3, size=(4, 5))
    frame = torch.randn(2, 2, 4, 5, dtype=torch.float64)
    nothing = torch.zeros(2, 3, 4, 5, dtype=torch.float64)
    for one, other in zip(cell(frame), cell(frame, (nothing, nothing)), strict=True):
        assert torch.equal(one, other)


def test_three_frames_beside_scipy():
    cell = drawn(2, 3, 5, size=(6, 7))
    weights = {name: value.detach().numpy() for name, value in cell.named_parameters()}
    kernels, biases = weights["convolution.weight"].reshape(4, 3, 5, 5, 5), weights["convolution.bias"].reshape(4, 3)
    frames = np.random.default_rng(0).normal(size=(3, 2, 6, 7))

    def convolved(gate, maps):
        return np.stack(
            [
                sum(correlate2d(one, kernel, mode="same") for one, kernel in zip(maps, kernels[gate, to], strict=True))
                + biases[gate, to]
                for to in range(3)
            ]
        )

    hidden = memory = np.zeros((3, 6, 7))
    state = None
    for frame in frames:
        maps = np.concatenate([frame, hidden])
        let_in = expit(convolved(0, maps) + weights["input_peephole"] * memory)
        kept = expit(convolved(1, maps) + weights["forget_peephole"] * memory)
        memory = kept * memory + let_in * np.tanh(convolved(2, maps))
        hidden = expit(convolved(3, maps) + weights["output_peephole"] * memory) * np.tanh(memory)
        state = cell(torch.from_numpy(frame[np.newaxis]), state)
        np.testing.assert_allclose(state[0][0].detach(), hidden, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(state[1][0].detach(), memory, rtol=1e-12, atol=1e-12)


def test_the_gradient_goes_through_time():
    cell = drawn(1, 2, size=(3, 3))
    frames = [torch.randn(1, 1, 3, 3, dtype=torch.float64, requires_grad=True) for _ in range(2)]

    def last(*given):
        state = None
        for frame in given:
            state = cell(frame, state)
        return state[0]

    assert torch.autograd.gradcheck(last, frames)


def test_open_gates_keep_and_closed_ones_forget():
    cell = ConvLSTMCell(1, 1, 1, size=(1, 1))
    for forget, kept in ((50.0, 0.75), (-50.0, 0.0)):
        with torch.no_grad():
            cell.convolution.weight.zero_()
            cell.convolution.bias.copy_(torch.tensor([-50.0, forget, 0.0, 50.0]))
        one = torch.ones(1, 1, 1, 1)
        hidden, memory = cell(one, (one, 0.75 * one))
        assert memory.item() == pytest.approx(kept)
        assert hidden.item() == pytest.approx(math.tanh(kept))


def test_parameters():
    assert sum(weight.numel() for weight in ConvLSTMCell(3, 8, 5, size=(9, 4)).parameters()) == (
        4 * (25 * (3 + 8) * 8 + 8) + 3 * 8 * 9 * 4
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"in_channels": 0}, "ConvLSTMCell: in_channels must be a whole number of at least 1, got 0"),
        ({"kernel_size": 4}, "ConvLSTMCell: kernel_size must be odd, so that the maps keep their size, got 4"),
        ({"size": (3,)}, r"ConvLSTMCell: size must be a height and a width, got \(3,\)"),
        ({"size": (3, 0)}, "ConvLSTMCell: width must be a whole number of at least 1, got 0"),
    ],
)
def test_wrong_sizes_are_refused(arguments, said):
    with pytest.raises(UsageError, match=said):
        ConvLSTMCell(**{"in_channels": 1, "hidden_channels": 1, "size": (3, 3)} | arguments)


def test_a_frame_of_another_size_is_refused():
    with pytest.raises(UsageError, match=r"takes a frame of shape \(N, 1, 3, 3\), got \(2, 1, 4, 3\)"):
        ConvLSTMCell(1, 1, size=(3, 3))(torch.zeros(2, 1, 4, 3))
