import pytest
import torch

from striate.errors import UnknownNameError
from striate.nn import convolve2d, cross_correlate2d, list_kernels, named_kernel
from striate.nn.hand_made_kernels import KERNELS

RAMP = torch.arange(5.0).expand(5, 5)  # 1 brighter with every pixel to the right

GAIN_ON_A_RAMP = {"sobel": 8, "prewitt": 6, "scharr": 32}  # 2 pixels apart, times the sum of the weights on one side


def test_names_are_sorted_and_unique():
    assert list_kernels() == sorted(set(list_kernels()))
    needed = {"sobel_x", "sobel_y", "prewitt_x", "prewitt_y", "laplacian", "sharpen", "box_blur", "gaussian_blur"}
    assert needed | {"emboss", "identity"} <= set(list_kernels())


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_a_kernel_is_an_odd_rectangle_with_its_source(kernel):
    height, width = kernel.size
    assert height % 2 == width % 2 == 1
    assert all(len(row) == width for row in kernel.rows)
    assert kernel.tensor().shape == kernel.size and kernel.tensor().dtype == torch.float32
    assert torch.equal(kernel.tensor(torch.float64) * kernel.divisor, torch.tensor(kernel.rows, dtype=torch.float64))
    assert kernel.what and kernel.source


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_on_an_even_surface_edges_see_nothing_and_the_others_keep_it(kernel):
    total = sum(map(sum, kernel.rows))
    edges = kernel.name.startswith(("sobel", "prewitt", "scharr", "laplacian"))
    assert total == (0 if edges else kernel.divisor)


@pytest.mark.parametrize("name", GAIN_ON_A_RAMP)
def test_edge_kernels_look_one_way(name):
    across, down = named_kernel(f"{name}_x").tensor(), named_kernel(f"{name}_y").tensor()
    assert torch.equal(across.T, down)
    assert (cross_correlate2d(RAMP, across) == GAIN_ON_A_RAMP[name]).all()  # brighter to the right is positive
    assert not cross_correlate2d(RAMP, down).any()
    assert (cross_correlate2d(RAMP.T, down) == GAIN_ON_A_RAMP[name]).all()  # brighter below is positive
    assert (convolve2d(RAMP, across) == -GAIN_ON_A_RAMP[name]).all()  # flipped, the same kernel says the opposite


def test_kernels_are_made_of_smaller_ones():
    smooth, slope = torch.tensor([[1], [2], [1]]), torch.tensor([[-1, 0, 1]])
    assert (smooth * slope).tolist() == [list(row) for row in named_kernel("sobel_x").rows]
    assert (smooth * smooth.T).tolist() == [list(row) for row in named_kernel("gaussian_blur").rows]
    twice = convolve2d(smooth * smooth.T, smooth * smooth.T, padding=2)
    assert twice.tolist() == [list(row) for row in named_kernel("gaussian_blur_5").rows]
    identity, laplacian = named_kernel("identity").tensor(), named_kernel("laplacian").tensor()
    assert torch.equal(named_kernel("sharpen").tensor(), identity - laplacian)


def test_laplacians_see_no_ramp_and_measure_curvature():
    parabola = torch.arange(5.0).square().expand(5, 5)  # second derivative 2
    for name, expected in (("laplacian", 2), ("laplacian_8", 6)):
        kernel = named_kernel(name).tensor()
        assert not cross_correlate2d(RAMP, kernel).any()
        assert (cross_correlate2d(parabola, kernel) == expected).all()


@pytest.mark.parametrize(("name", "variance"), [("gaussian_blur", 0.5), ("gaussian_blur_5", 1.0)])
def test_variance_of_the_blurs(name, variance):
    weights = named_kernel(name).tensor().sum(0)
    offsets = torch.arange(len(weights)) - len(weights) // 2
    assert (weights * offsets**2).sum().item() == variance


def test_unknown_name():
    with pytest.raises(UnknownNameError) as error:
        named_kernel("sobelx")
    assert str(error.value).startswith("unknown kernel 'sobelx'; did you mean 'sobel_x'")
    assert str(error.value).endswith("? see `striate filter --list`")
