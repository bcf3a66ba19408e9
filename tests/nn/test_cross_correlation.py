import itertools

import numpy as np
import pytest
import torch
from scipy import signal
from torch.nn import functional

from striate.errors import UsageError
from striate.nn import convolve2d, cross_correlate2d

OURS = {"convolve": convolve2d, "correlate": cross_correlate2d}
SCIPY = {"convolve": signal.convolve2d, "correlate": signal.correlate2d}
KERNELS = list(itertools.product((1, 2, 3, 4), (1, 2, 3, 5)))


def integers(*shape, seed=0, low=-9):
    return np.random.default_rng(seed).integers(low, 10, shape)


@pytest.mark.parametrize("verb", OURS)
@pytest.mark.parametrize("mode", ["valid", "same"])
def test_equals_scipy_exactly(verb, mode):
    picture = integers(7, 8)
    for shape in KERNELS:
        kernel = integers(*shape, seed=1)
        result = OURS[verb](picture, kernel, padding=mode)
        assert result.dtype == torch.int64
        assert np.array_equal(result.numpy(), SCIPY[verb](picture, kernel, mode)), shape
        floats = OURS[verb](torch.from_numpy(picture).float(), torch.from_numpy(kernel).float(), padding=mode)
        assert floats.dtype == torch.float32 and torch.equal(floats, result.float())


@pytest.mark.parametrize("verb", OURS)
def test_full_padding_equals_scipy_exactly(verb):
    picture = integers(7, 8)
    for height, width in KERNELS:
        kernel = integers(height, width, seed=1)
        result = OURS[verb](picture, kernel, padding=(height - 1, width - 1))
        assert np.array_equal(result.numpy(), SCIPY[verb](picture, kernel, "full"))


@pytest.mark.parametrize("verb", OURS)
def test_a_stride_takes_every_so_manyth_value(verb):
    picture, kernel = integers(9, 8), integers(3, 2, seed=1)
    for mode, steps in itertools.product(("valid", "same"), (1, 2, 3, (1, 2), (3, 1))):
        vertical, horizontal = (steps, steps) if isinstance(steps, int) else steps
        expected = SCIPY[verb](picture, kernel, mode)[::vertical, ::horizontal]
        assert np.array_equal(OURS[verb](picture, kernel, stride=steps, padding=mode).numpy(), expected)


def test_explicit_padding_is_that_of_torch():
    picture, kernel = torch.from_numpy(integers(6, 7)).double(), torch.from_numpy(integers(3, 2, seed=1)).double()
    for padding in (0, 1, 3, (0, 2), (2, 1)):
        expected = functional.conv2d(picture[None, None], kernel[None, None], padding=padding)[0, 0]
        assert torch.equal(cross_correlate2d(picture, kernel, padding=padding), expected)


def test_convolution_flips_both_axes():
    picture, kernel = torch.from_numpy(integers(6, 7)), torch.tensor([[1, 2], [3, 4]])
    assert torch.equal(convolve2d(picture, kernel), cross_correlate2d(picture, torch.tensor([[4, 3], [2, 1]])))
    point = torch.tensor([[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    assert convolve2d(point, kernel).tolist() == [[1, 2], [3, 4]]  # a point of light shows the kernel,
    assert cross_correlate2d(point, kernel).tolist() == [[4, 3], [2, 1]]  # and cross-correlation shows it turned


def test_convolution_associates_and_cross_correlation_does_not():
    picture, first, second = (torch.from_numpy(integers(9, 9, seed=seed)) for seed in range(3))
    first, second = first[:3, :3], second[:2, :2]
    together = convolve2d(first, second, padding=1)
    assert torch.equal(convolve2d(convolve2d(picture, first), second), convolve2d(picture, together))
    together = cross_correlate2d(first, second, padding=1)
    twice = cross_correlate2d(cross_correlate2d(picture, first), second)
    assert not torch.equal(twice, cross_correlate2d(picture, together))


def test_every_map_is_filtered_on_its_own():
    pictures, kernel = torch.from_numpy(integers(2, 3, 5, 6)), torch.from_numpy(integers(3, 3, seed=1))
    result = cross_correlate2d(pictures, kernel)
    assert result.shape == (2, 3, 3, 4)
    for number, channel in itertools.product(range(2), range(3)):
        assert torch.equal(result[number, channel], cross_correlate2d(pictures[number, channel], kernel))
    assert torch.equal(cross_correlate2d(pictures[0], kernel), result[0])
    assert cross_correlate2d(pictures[:0], kernel).shape == (0, 3, 3, 4)


@pytest.mark.parametrize(
    ("inputs", "kernel", "expected"),
    [
        (np.uint8, np.uint8, torch.int64),
        (np.bool_, np.int32, torch.int64),
        (np.uint8, np.float32, torch.float32),
        (np.float32, np.int64, torch.float32),
        (np.float32, np.float64, torch.float64),
        (">f4", np.float32, torch.float32),
        (np.uint16, np.float16, torch.float16),
    ],
)
def test_dtypes(inputs, kernel, expected):
    result = cross_correlate2d(np.full((2, 2), 1, inputs), np.full((2, 2), 1, kernel))
    assert result.dtype == expected and result.item() == 4


def test_whole_numbers_do_not_overflow():
    assert cross_correlate2d(np.full((3, 3), 255, np.uint8), np.full((3, 3), 255, np.uint8)).item() == 9 * 255**2
    assert cross_correlate2d(np.array([[2**60]]), np.array([[3]])).item() == 3 * 2**60


def test_arrays_in_any_order_are_read_and_never_changed():
    picture, kernel = integers(6, 7), integers(3, 2, seed=1)
    before = picture.copy()
    result = cross_correlate2d(picture[::-1, ::-1], kernel.T[::-1].T)
    assert np.array_equal(result.numpy(), signal.correlate2d(picture[::-1, ::-1], kernel.T[::-1].T, "valid"))
    same = cross_correlate2d(picture, np.array([[1]]))
    same += 1
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("verb", OURS)
def test_gradients_flow(verb):
    picture = torch.zeros(5, 5, dtype=torch.float64, requires_grad=True)
    kernel = torch.arange(9.0, dtype=torch.float64).view(3, 3).requires_grad_()
    assert torch.autograd.gradcheck(OURS[verb], (picture, kernel))


@pytest.mark.parametrize("verb", OURS)
@pytest.mark.parametrize(
    ("inputs", "kernel", "arguments", "message"),
    [
        ((5,), (1, 1), {}, "inputs must be (H, W), (C, H, W) or (N, C, H, W), got shape (5,)"),
        ((1,) * 5, (1, 1), {}, "inputs must be (H, W), (C, H, W) or (N, C, H, W), got shape (1, 1, 1, 1, 1)"),
        ((5, 5), (1, 3, 3), {}, "kernel must be (height, width), got shape (1, 3, 3)"),
        ((5, 5), (0, 3), {}, "kernel must be (height, width), got shape (0, 3)"),
        ((5, 5), (3, 6), {}, "a kernel of 3x6 is larger than the padded input, 5x5"),
        ((5, 5), (3, 8), {"padding": 1}, "a kernel of 3x8 is larger than the padded input, 7x7"),
        ((5, 5), (3, 3), {"stride": 0}, "stride must be a whole number of at least 1, got 0"),
        ((5, 5), (3, 3), {"stride": (1, 0)}, "stride[1] must be a whole number of at least 1, got 0"),
        ((5, 5), (3, 3), {"padding": -1}, "padding must be a whole number of at least 0, got -1"),
        (
            (5, 5),
            (3, 3),
            {"padding": (1, 1, 1)},
            "padding must be a whole number or a pair (height, width), got (1, 1, 1)",
        ),
        ((5, 5), (3, 3), {"padding": "full"}, "padding must be a whole number, a pair, 'valid' or 'same', got 'full'"),
    ],
)
def test_what_makes_no_sense(verb, inputs, kernel, arguments, message):
    with pytest.raises(UsageError) as error:
        OURS[verb](torch.zeros(inputs), torch.zeros(kernel), **arguments)
    assert str(error.value) == f"{OURS[verb].__name__}: {message}"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([[1, 2], [3, 4]], "inputs must be a tensor or an array, got list"),
        (torch.zeros(2, 2, dtype=torch.complex64), "inputs must be real numbers, got torch.complex64"),
        (np.zeros((2, 2), complex), "inputs must be real numbers, got complex128"),
        (np.array([["a"]]), "inputs must be real numbers, got <U1"),
    ],
)
def test_what_is_no_map(inputs, message):
    with pytest.raises(UsageError) as error:
        cross_correlate2d(inputs, torch.zeros(1, 1))
    assert str(error.value) == f"cross_correlate2d: {message}"
